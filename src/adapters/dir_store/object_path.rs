//! Keys as paths below the root, and what the file system's refusals mean.

use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::ports::{StoreError, StoreErrorKind};

/// Where bodies lie before they have a key; never an object, never listed.
pub(super) const TEMPORARY: &str = ".tmp";

/// The longest name that the usual file systems take.
const SEGMENT_BYTES_MAX: usize = 255;

/// Refuses a key that is no plain relative path: it would escape the root, or two spellings would be one file.
pub(super) fn check_key(key: &str) -> Result<(), StoreError> {
    let flaw = key.split('/').find_map(segment_flaw);
    match flaw {
        Some(flaw) => Err(misuse(key, flaw)),
        None if key.split('/').next() == Some(TEMPORARY) => Err(misuse(key, "`.tmp` is reserved for temporary files")),
        None => Ok(()),
    }
}

fn segment_flaw(segment: &str) -> Option<&'static str> {
    match segment {
        "" => Some("the key has an empty segment"),
        "." | ".." => Some("the key has a dot segment"),
        _ if segment.contains(['\0', '\\']) => Some("the key has a NUL or a backslash"),
        _ if segment.len() > SEGMENT_BYTES_MAX => Some("the key has a segment of more than 255 bytes"),
        _ => None,
    }
}

/// The directory part of a key, without the last slash; empty for the root.
pub(super) fn directory_of(key: &str) -> &str {
    key.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// Every directory from `directory` up, the root's empty name last.
pub(super) fn with_parents(directory: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(directory), |below| (!below.is_empty()).then(|| directory_of(below)))
}

/// What lies at a checked key, symbolic links not followed anywhere below the root; `None` where nothing does.
pub(super) fn look(root: &Path, key: &str) -> Result<Option<(PathBuf, Metadata)>, StoreError> {
    let mut path = root.to_path_buf();
    let mut found = None;
    for segment in key.split('/') {
        path.push(segment);
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => return Err(misuse(key, "a symbolic link lies on the way")),
            Ok(metadata) => found = Some(metadata),
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(from_io(key, "look", &error)),
        }
    }
    Ok(found.map(|metadata| (path, metadata)))
}

/// Looks for an object: a directory is none, anything but a plain file is a misuse.
pub(super) fn look_for_object(root: &Path, key: &str) -> Result<Option<(PathBuf, u64)>, StoreError> {
    check_key(key)?;
    match look(root, key)? {
        Some((path, metadata)) if metadata.is_file() => Ok(Some((path, metadata.len()))),
        Some((_, metadata)) if !metadata.is_dir() => Err(misuse(key, "what lies there is not a plain file")),
        _ => Ok(None),
    }
}

/// Whether the error says that there is no such file.
pub(super) fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// An error that only another key or another store can avoid.
pub(super) fn misuse(key: &str, reason: impl Into<String>) -> StoreError {
    StoreError { kind: StoreErrorKind::Misuse, key: key.to_owned(), reason: reason.into() }
}

/// An error of the file system in the store's terms. `verb` completes "cannot {verb}".
pub(super) fn from_io(key: &str, verb: &str, error: &io::Error) -> StoreError {
    let kind = match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreErrorKind::Refused,
        ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::DirectoryNotEmpty
        | ErrorKind::AlreadyExists
        | ErrorKind::InvalidFilename
        | ErrorKind::InvalidInput
        | ErrorKind::CrossesDevices
        | ErrorKind::Unsupported => StoreErrorKind::Misuse,
        _ => StoreErrorKind::Unavailable,
    };
    StoreError { kind, key: key.to_owned(), reason: format!("cannot {verb}: {error}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_keys_pass_and_twisted_ones_do_not() {
        let longest = "x".repeat(255);
        for key in ["a", "log/0.json", "event_type=A%2FB/x", "a/..b", "a/.tmp", "ü/ ", longest.as_str()] {
            assert!(check_key(key).is_ok(), "{key}");
        }
        let too_long = "x".repeat(256);
        for key in ["", "/a", "a/", "a//b", ".", "a/../b", "../a", "a\0", "a\\b", ".tmp/a", ".tmp", too_long.as_str()] {
            assert_eq!(check_key(key).unwrap_err().kind, StoreErrorKind::Misuse, "{key}");
        }
    }

    #[test]
    fn parents_end_at_the_root() {
        assert_eq!(with_parents("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(with_parents("").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn io_errors_say_what_to_do() {
        let kind = |kind: ErrorKind| from_io("k", "write", &kind.into()).kind;
        assert_eq!(kind(ErrorKind::PermissionDenied), StoreErrorKind::Refused);
        assert_eq!(kind(ErrorKind::StorageFull), StoreErrorKind::Unavailable);
        assert_eq!(kind(ErrorKind::NotADirectory), StoreErrorKind::Misuse);
    }

    proptest! {
        #[test]
        fn no_passing_key_leaves_the_root(key in "[a./\\\\]{0,12}") {
            if check_key(&key).is_ok() {
                let path = Path::new("/root").join(&key);
                prop_assert!(path.components().all(|part| !matches!(part, std::path::Component::ParentDir)));
                prop_assert!(path.starts_with("/root") && path.as_os_str().len() == key.len() + 6);
            }
        }
    }
}
