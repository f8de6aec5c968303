//! Level 1: what is there, against what the log names.

use std::collections::{BTreeSet, HashMap};

use futures_util::StreamExt;

use super::VerifyReport;
use crate::domain::finding::Severity;
use crate::domain::layout::ObjectKey;
use crate::domain::views::Archive;
use crate::operations::{Doors, OperationError};
use crate::ports::StoreErrorKind;

/// Compares the listing with the log. Returns the named objects that are not there.
pub async fn check(
    doors: &Doors,
    archive: &Archive,
    report: &mut VerifyReport,
) -> Result<BTreeSet<String>, OperationError> {
    let mut named = named(archive);
    let mut unnamed_keys = Vec::new();
    let mut listing = doors.store.list("");
    while let Some(object) = listing.next().await {
        let object = match object {
            Ok(object) => object,
            Err(error) if error.kind == StoreErrorKind::Misuse => {
                report.damage(1, "foreign_object", &error.key, error.reason);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        match named.remove(object.key.as_str()) {
            Some(size) if size == object.size => {}
            Some(size) => {
                let what = format!("has {} bytes, the log says {size}", object.size);
                report.damage(1, "size_mismatch", &object.key, what);
            }
            None => unnamed_keys.push(object.key),
        }
    }
    drop(listing);
    // A run beside this one may have committed since the log was read: what is newer is its affair.
    let next = ObjectKey::Log { version: archive.next }.to_string();
    let growing = doors.store.stat(&next).await?.is_some();
    unnamed_keys.iter().for_each(|key| unnamed(archive, key, growing, report));
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

fn unnamed(archive: &Archive, key: &str, growing: bool, report: &mut VerifyReport) {
    match ObjectKey::parse(key) {
        Some(ObjectKey::Identity | ObjectKey::Log { .. } | ObjectKey::Manifest { .. } | ObjectKey::LatestManifest) => {}
        Some(ObjectKey::Record { version: newer, .. } | ObjectKey::Lake { publishing: newer, .. })
            if growing && newer >= archive.next =>
        {
            report.find(Severity::Note, 1, "newer", key, "was written while this check ran");
        }
        // A writer that lost a race has written under the next version; more than that was committed once.
        Some(ObjectKey::Record { version, .. }) if version > archive.next => {
            report.damage(
                1,
                "beyond_log",
                key,
                format!("is of a version that the log, at {}, does not reach", archive.next),
            );
        }
        // Right at the end: what an interrupted run left until the next commit, or what a cut log named.
        Some(ObjectKey::Record { version, .. }) if version == archive.next => {
            let what = "is as new as the log's end: an interrupted run left it, or the log's last entries were removed";
            report.find(Severity::Warning, 1, "unclaimed", key, what);
        }
        Some(ObjectKey::Record { .. }) => {
            report.find(Severity::Note, 1, "orphan", key, "no commit names it");
        }
        Some(ObjectKey::Lake { publishing, .. }) if archive.lake.open.contains_key(&publishing) => {
            report.find(Severity::Note, 1, "unconfirmed", key, format!("publishing {publishing} is not finished"));
        }
        Some(ObjectKey::Lake { publishing, .. }) if publishing >= archive.next => {
            report.damage(
                1,
                "beyond_log",
                key,
                format!("is of publishing {publishing}, which the log, at {}, does not reach", archive.next),
            );
        }
        Some(ObjectKey::Lake { .. }) => {
            report.damage(1, "foreign_object", key, "is in the lake and no commit names it");
        }
        None if key.starts_with("lake") || key.ends_with(".parquet") => {
            report.damage(1, "foreign_object", key, "does not belong there: a glob may read it");
        }
        None => report.find(Severity::Note, 1, "foreign_object", key, "is not Ochre's"),
    }
}
