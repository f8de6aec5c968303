//! Golden files: what version 1 of each format looks like, for ever. A reader that fails here can no longer
//! read archives that people have.

use std::path::PathBuf;

use bytes::Bytes;
use ochre::domain::RawEvent;
use ochre::domain::views::Archive;
use ochre::format::{commit, manifest, parquet, quarantine, segment};

fn golden(name: &str) -> Bytes {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name);
    Bytes::from(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

#[test]
fn archive_json_of_version_1_reads_and_is_written_the_same() {
    let bytes = golden("archive-v1.json");
    let identity = commit::decode_identity(&bytes).unwrap();
    assert_eq!(commit::encode_identity(&identity).unwrap(), bytes);
}

#[test]
fn every_action_of_version_1_reads_and_is_written_the_same() {
    let bytes = golden("commits-v1.ndjson");
    let mut kinds = std::collections::BTreeSet::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let read = commit::decode(line).unwrap();
        assert_eq!(commit::encode(&read).unwrap(), line);
        for action in serde_json::to_value(&read.actions).unwrap().as_array().unwrap() {
            kinds.insert(action["type"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(kinds.len(), 10, "each kind of action is in the golden log: {kinds:?}");
}

#[test]
fn the_golden_log_folds_to_the_golden_manifest() {
    let log = golden("commits-v1.ndjson");
    let mut archive = Archive::default();
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        let read = commit::decode(line).unwrap();
        ochre::domain::log::check(&archive, &read).unwrap();
        archive.apply(&read, ochre::domain::Digest::of(line));
    }
    let stored = manifest::decode(&golden("manifest-v1.json.zst")).unwrap().unwrap();
    assert_eq!(stored.archive, archive);
    assert_eq!(stored.version + 1, archive.next);
}

#[test]
fn a_segment_of_version_1_reads() {
    let lines: Vec<RawEvent> = segment::decode(&golden("segment-v1.ndjson.zst")).unwrap().map(Result::unwrap).collect();
    assert!(!lines.is_empty());
    let again: Vec<RawEvent> =
        segment::decode(&segment::encode(&lines).unwrap()).unwrap().map(Result::unwrap).collect();
    assert_eq!(again, lines);
}

#[test]
fn a_quarantine_object_of_version_1_reads() {
    let bodies: Vec<_> = quarantine::decode(&golden("quarantine-v1.ndjson.zst")).unwrap().map(Result::unwrap).collect();
    assert!(!bodies.is_empty());
    assert!(bodies.iter().all(|body| !body.reason.is_empty()));
}

#[test]
fn a_data_file_of_version_1_reads() {
    let rows = parquet::decode(golden("data-file-v1.parquet")).unwrap();
    assert!(!rows.is_empty());
    assert_eq!(parquet::decode(parquet::encode(&rows).unwrap()).unwrap(), rows);
}
