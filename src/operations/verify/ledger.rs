//! Level 0: the log itself.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;

use super::VerifyReport;
use crate::domain::Digest;
use crate::domain::layout::{LOG, MANIFEST, ObjectKey};
use crate::domain::log::check as follows;
use crate::domain::views::Archive;
use crate::format::{commit, manifest};
use crate::operations::error::ErrorKind;
use crate::operations::{Doors, OperationError};
use crate::ports::Store;

/// Folds the log as far as it holds, and says where it does not.
pub async fn check(doors: &Doors, report: &mut VerifyReport) -> Result<Archive, OperationError> {
    let store = doors.store.as_ref();
    let identity = identity(store, report).await?;
    let versions = versions(store, LOG, report).await?;
    if versions.is_empty() {
        report.damage(0, "log_gap", LOG, "holds no commit");
    }
    let mut manifests = versions_of_manifests(store, report).await?;
    let mut archive = Archive::default();
    for (expected, version) in (0..).zip(&versions) {
        let key = ObjectKey::Log { version: *version }.to_string();
        if expected != *version {
            let missing = ObjectKey::Log { version: expected }.to_string();
            report.damage(0, "log_gap", &missing, format!("is missing, and `{key}` follows"));
            break;
        }
        if let Err(what) = fold(store, &key, &mut archive).await? {
            report.damage(0, "log_broken", &key, what);
            break;
        }
        if let Some(key) = manifests.remove(version) {
            compare(store, &key, &archive, report).await?;
        }
    }
    for (version, key) in manifests {
        // A run beside this one may have made it, of commits that came after the listing.
        if store.stat(&ObjectKey::Log { version }.to_string()).await?.is_some() && version >= archive.next {
            continue;
        }
        report.damage(
            0,
            "beyond_log",
            &key,
            format!("was made from a version that the log, at {}, does not reach", archive.next),
        );
    }
    if identity.is_some() && archive.next > 0 && identity != archive.identity {
        report.damage(0, "identity", "archive.json", "is not the one the log began with");
    }
    Ok(archive)
}

async fn identity(store: &dyn Store, report: &mut VerifyReport) -> Result<Option<Digest>, OperationError> {
    let key = ObjectKey::Identity.to_string();
    let Some(bytes) = store.read(&key).await? else {
        if store.list(LOG).try_next().await?.is_none() {
            let message = "there is no archive here: there is no `archive.json`";
            return Err(OperationError::new(ErrorKind::NoArchive, "no_archive", message)
                .with_help("`ochre init` makes one; check `--archive` if you have one"));
        }
        report.damage(0, "missing_object", &key, "is missing");
        return Ok(None);
    };
    if let Err(error) = commit::decode_identity(&bytes) {
        report.damage(0, "identity", &key, error.to_string());
    }
    Ok(Some(Digest::of(&bytes)))
}

/// The versions under a prefix, ascending. What is not a version is a finding.
async fn versions(store: &dyn Store, prefix: &str, report: &mut VerifyReport) -> Result<BTreeSet<u64>, OperationError> {
    let mut versions = BTreeSet::new();
    let mut listing = store.list(prefix);
    while let Some(object) = listing.try_next().await? {
        match ObjectKey::parse(&object.key) {
            Some(ObjectKey::Log { version } | ObjectKey::Manifest { version }) => {
                versions.insert(version);
            }
            Some(ObjectKey::LatestManifest) => {}
            _ => report.damage(0, "foreign_object", &object.key, "does not belong there"),
        }
    }
    Ok(versions)
}

async fn versions_of_manifests(
    store: &dyn Store,
    report: &mut VerifyReport,
) -> Result<BTreeMap<u64, String>, OperationError> {
    let versions = versions(store, MANIFEST, report).await?;
    Ok(versions.into_iter().map(|version| (version, ObjectKey::Manifest { version }.to_string())).collect())
}

async fn fold(store: &dyn Store, key: &str, archive: &mut Archive) -> Result<Result<(), String>, OperationError> {
    let Some(bytes) = store.read(key).await? else { return Ok(Err("is listed and cannot be read".into())) };
    let next = match commit::decode(&bytes) {
        Ok(next) => next,
        Err(error) => return Ok(Err(error.to_string())),
    };
    if let Err(violation) = follows(archive, &next) {
        return Ok(Err(violation.what));
    }
    archive.apply(&next, Digest::of(&bytes));
    Ok(Ok(()))
}

async fn compare(
    store: &dyn Store,
    key: &str,
    archive: &Archive,
    report: &mut VerifyReport,
) -> Result<(), OperationError> {
    let Some(bytes) = store.read(key).await? else { return Ok(()) };
    match manifest::decode(&bytes) {
        Ok(Some(stored)) if stored.archive != *archive => {
            report.damage(0, "manifest_differs", key, "is not what the log folds to");
        }
        Ok(_) => {}
        Err(error) => report.damage(0, "manifest_broken", key, error.to_string()),
    }
    Ok(())
}
