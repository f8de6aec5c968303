//! Level 1: what is there, against what the log names.

use std::collections::{BTreeSet, HashMap};

use futures_util::TryStreamExt;

use super::VerifyReport;
use crate::domain::finding::Severity;
use crate::domain::layout::ObjectKey;
use crate::domain::views::Archive;
use crate::operations::{Doors, OperationError};

/// Compares the listing with the log. Returns the named objects that are not there.
pub async fn check(
    doors: &Doors,
    archive: &Archive,
    report: &mut VerifyReport,
) -> Result<BTreeSet<String>, OperationError> {
    let mut named = named(archive);
    let mut listing = doors.store.list("");
    while let Some(object) = listing.try_next().await? {
        match named.remove(object.key.as_str()) {
            Some(size) if size == object.size => {}
            Some(size) => {
                let what = format!("has {} bytes, the log says {size}", object.size);
                report.damage(1, "size_mismatch", &object.key, what);
            }
            None => unnamed(archive, &object.key, report),
        }
    }
    let missing: BTreeSet<String> = named.into_keys().map(str::to_owned).collect();
    for key in &missing {
        report.damage(1, "missing_object", key, "is named by the log and missing");
    }
    Ok(missing)
}

fn named(archive: &Archive) -> HashMap<&str, u64> {
    let record = archive.record.segments.iter().map(|segment| &segment.object).chain(&archive.record.quarantine);
    let record = record.map(|object| (object.key.as_str(), object.bytes));
    record.chain(archive.lake.files.iter().map(|file| (file.key.as_str(), file.bytes))).collect()
}

fn unnamed(archive: &Archive, key: &str, report: &mut VerifyReport) {
    match ObjectKey::parse(key) {
        Some(ObjectKey::Identity | ObjectKey::Log { .. } | ObjectKey::Manifest { .. } | ObjectKey::LatestManifest) => {}
        // A writer that lost a race has written under the next version; more than that was committed once.
        Some(ObjectKey::Record { version, .. }) if version > archive.next => {
            report.damage(1, "beyond_log", key, format!("is of a version that the log, at {}, does not reach", archive.next));
        }
        Some(ObjectKey::Record { .. }) => {
            report.find(Severity::Note, 1, "orphan", key, "no commit names it");
        }
        Some(ObjectKey::Lake { publishing, .. }) if archive.lake.open.contains_key(&publishing) => {
            report.find(Severity::Note, 1, "unconfirmed", key, format!("publishing {publishing} is not finished"));
        }
        Some(ObjectKey::Lake { publishing, .. }) if publishing >= archive.next => {
            report.damage(1, "beyond_log", key, format!("is of publishing {publishing}, which the log, at {}, does not reach", archive.next));
        }
        Some(ObjectKey::Lake { .. }) => report.damage(1, "foreign_object", key, "is in the lake and no commit names it"),
        None if key.starts_with("lake") || key.ends_with(".parquet") => {
            report.damage(1, "foreign_object", key, "does not belong there: a glob may read it");
        }
        None => report.find(Severity::Note, 1, "foreign_object", key, "is not Ochre's"),
    }
}
