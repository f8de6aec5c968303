//! An archive in a directory: the [`Store`](crate::ports::Store) of `file://` archives.
//!
//! **Write.** A body goes to a temporary file in `<root>/.tmp/`, on the same file system but outside
//! every tree that engines read; it is fsynced, then linked under its key without replacing anything,
//! then every directory from its own up to the root is fsynced. Only then does a create answer.
//!
//! **Crash.** Before the link nothing happened, and a file in `.tmp/` is left that nobody reads and
//! nobody deletes: it may belong to a living process. After the link the object is whole, because its
//! bytes were durable first.
//!
//! **Errors.** What fails before the link did not happen and is an error. What fails after it, or in a
//! way that does not tell, is [`CreateOutcome::Unknown`](crate::ports::CreateOutcome::Unknown).
//! `Exists` is also answered only after the directories are durable, because whoever linked the object
//! may have died before its own fsync.
//!
//! **Links.** The root may be a symbolic link; below it none is followed. A link, a device or a name
//! that is not UTF-8 is neither shown as an object nor passed over: reading it is a misuse, and a
//! listing names it as an error, because an engine's glob would see it. The check looks before it
//! opens, so it guards against a misplaced link, not against an attacker who swaps one in at the
//! right moment.
//!
//! **Names.** `a` and `a/b` cannot both be objects here, unlike in S3. No key of an archive needs it.

mod listing;
mod object_path;
mod placement;
mod probe;
mod store;

pub use store::DirStore;
