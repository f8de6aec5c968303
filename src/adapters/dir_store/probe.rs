//! Whether a file system can carry an archive.

use std::path::Path;

use tempfile::{NamedTempFile, TempDir};

use super::object_path::{from_io, misuse};
use super::placement::{sync_directory, temporary_directory};
use crate::ports::StoreError;

/// Refuses a file system that folds case, replaces on a no-replace link, or cannot fsync a directory.
/// Works in a directory of its own under `.tmp/` and removes it.
pub(super) fn probe(root: &Path) -> Result<(), StoreError> {
    let trial = tempfile::Builder::new()
        .prefix("probe-")
        .tempdir_in(temporary_directory(root)?)
        .map_err(|error| from_io("", "make a directory for the probe", &error))?;
    check_case(&trial)?;
    check_no_replace(&trial)?;
    sync_directory(trial.path()).map_err(|error| from_io("", "make a directory durable", &error))
}

/// Event types that differ in case only would share a partition directory.
fn check_case(trial: &TempDir) -> Result<(), StoreError> {
    std::fs::write(trial.path().join("case"), b"").map_err(|error| from_io("", "write a probe", &error))?;
    match trial.path().join("CASE").try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(misuse("", "this file system takes `case` and `CASE` for one name; an archive needs both")),
        Err(error) => Err(from_io("", "look for a probe", &error)),
    }
}

/// Everything rests on this: of two creates of one key, one wins and the other leaves it alone.
fn check_no_replace(trial: &TempDir) -> Result<(), StoreError> {
    let target = trial.path().join("target");
    let staged = || NamedTempFile::new_in(trial.path()).map_err(|error| from_io("", "write a probe", &error));
    staged()?.persist_noclobber(&target).map_err(|refused| from_io("", "link a probe", &refused.error))?;
    match staged()?.persist_noclobber(&target) {
        Err(refused) if refused.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(refused) => Err(from_io("", "link a probe", &refused.error)),
        Ok(_) => Err(misuse("", "this file system replaced a file that it was told to leave alone")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_file_system_passes_and_nothing_is_left_behind() {
        let root = tempfile::tempdir().unwrap();
        probe(root.path()).unwrap();
        assert_eq!(std::fs::read_dir(root.path().join(".tmp")).unwrap().count(), 0);
    }

    #[test]
    fn a_folding_file_system_is_refused() {
        let trial = tempfile::tempdir().unwrap();
        std::fs::write(trial.path().join("CASE"), b"").unwrap();
        assert!(check_case(&trial).unwrap_err().reason.contains("one name"));
    }
}
