//! `init`: a place becomes an archive, once.
//!
//! `archive.json` comes first, version 0 of the log names its digest; an `archive.json` alone is an
//! interrupted `init` and is finished by the next one.

use futures_util::TryStreamExt;

use super::error::ErrorKind;
use super::objects::read_named;
use super::{Doors, Journal, OperationError, identifier, writer};
use crate::domain::Digest;
use crate::domain::layout::ObjectKey;
use crate::domain::log::{Action, ArchiveCreated};
use crate::format::commit::{Identity, decode_identity, encode_identity};
use crate::ports::{CreateOutcome, Store};

/// What `init` found or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initialised {
    /// The archive's identifier.
    pub archive: String,
    /// Whether this call made it.
    pub created: bool,
}

/// Makes an archive, finishes an interrupted `init`, or finds that there is one already.
pub async fn init(doors: &Doors) -> Result<Initialised, OperationError> {
    let store = doors.store.as_ref();
    let key = ObjectKey::Identity.to_string();
    let found = store.read(&key).await?;
    let created = found.is_none();
    let bytes = match found {
        Some(bytes) => bytes,
        None => {
            check_place(store).await?;
            let identity = Identity {
                format: 1,
                what: Identity::WHAT.to_owned(),
                archive: identifier(doors.entropy.as_ref()),
                created_at: doors.clock.now(),
            };
            let bytes = encode_identity(&identity)?;
            // Of two that make an archive at once, one is first; both go on with what is there.
            let ours = store.create(&key, bytes.clone()).await? == CreateOutcome::Created;
            if ours { bytes } else { read_named(store, &key).await? }
        }
    };
    let identity = decode_identity(&bytes).map_err(|error| OperationError::damaged(&key, error))?;
    let begun = begin(doors, &identity.archive, Digest::of(&bytes)).await?;
    Ok(Initialised { archive: identity.archive, created: created || begun })
}

/// Writes version 0, unless it is there. Whoever wrote it, it must name this `archive.json`.
async fn begin(doors: &Doors, archive: &str, digest: Digest) -> Result<bool, OperationError> {
    let who = writer(doors.entropy.as_ref(), "init");
    let first = ObjectKey::Log { version: 0 }.to_string();
    let begun = doors.store.stat(&first).await?.is_none();
    if begun {
        refuse_headless(doors.store.as_ref()).await?;
        let mut journal = Journal::begin(doors.store.clone(), who.clone(), archive);
        let fact = Action::ArchiveCreated(ArchiveCreated { archive: archive.to_owned(), digest });
        journal.append(doors.clock.now(), vec![fact]).await?;
    }
    Journal::open(doors.store.clone(), who).await?;
    Ok(begun)
}

/// An `archive.json` with anything but version 0 beside it, and no version 0: the log was taken away.
async fn refuse_headless(store: &dyn Store) -> Result<(), OperationError> {
    let mut listing = store.list("");
    while let Some(object) = listing.try_next().await? {
        match ObjectKey::parse(&object.key) {
            Some(ObjectKey::Identity | ObjectKey::Log { version: 0 }) => {}
            Some(witness) => return Err(OperationError::log_cut(&witness, 0)),
            None => return Err(OperationError::damaged(&object.key, "is not Ochre's")),
        }
    }
    Ok(())
}

/// Refuses a place that holds anything else than an archive; touches nothing.
pub async fn check_place(store: &dyn Store) -> Result<(), OperationError> {
    if store.stat(&ObjectKey::Identity.to_string()).await?.is_some() {
        return Ok(());
    }
    let Some(object) = store.list("").try_next().await? else { return Ok(()) };
    let message = format!("this place is not empty: it holds `{}`", crate::domain::SafeText(&object.key));
    Err(OperationError::new(ErrorKind::Misconfigured, "foreign_content", message)
        .with_help("give the archive a directory or prefix of its own; nothing was written"))
}
