//! An archive that is not what it was: 12, an object named, and nothing written on top.

use serde_json::json;

use super::person::Person;
use super::pigment::Pigment;
use super::tree::Tree;

/// An archive of two whole runs, and the Pigment it came from.
fn archive() -> (Pigment, Person) {
    let pigment = Pigment::with(2_000);
    let person = Person::facing(&pigment);
    person.runs("sync --max-time 0s").exits(0);
    person.runs("sync").exits(0);
    assert!(person.archive().log().len() >= 4);
    (pigment, person)
}

/// Every verb that writes or checks refuses, names this object, and leaves the tree as it is.
#[track_caller]
fn is_refused(person: &Person, named: &str) {
    let before = person.archive();
    for line in ["sync", "backfill --since 30d", "publish", "verify"] {
        let answer = person.runs(line).exits(12).says(named);
        let changed = person.archive().changed_since(&before);
        assert!(changed.is_empty(), "{changed:?} written by {answer}");
    }
}

fn without_manifests(tree: &Tree) {
    tree.under("manifest/").for_each(|(key, _)| tree.remove(key));
}

#[test]
fn an_altered_log_entry() {
    let (_pigment, person) = archive();
    let tree = person.archive();
    without_manifests(&tree);
    let key = tree.entry_from_end(2);
    tree.alter(&key, |commit| commit["at"] = "2020-01-01T00:00:00Z".into());
    // The entry after it no longer names its digest.
    is_refused(&person, &tree.entry_from_end(1));
}

#[test]
fn a_log_entry_that_is_no_json() {
    let (_pigment, person) = archive();
    let tree = person.archive();
    let key = tree.entry_from_end(0);
    tree.overwrite(&key, b"\0\0\0\0");
    is_refused(&person, &key);
}

#[test]
fn a_log_entry_missing_in_the_middle_without_any_manifest() {
    let (_pigment, person) = archive();
    let tree = person.archive();
    without_manifests(&tree);
    tree.remove(&tree.entry_from_end(1));
    is_refused(&person, "log");
}

#[test]
fn a_log_entry_missing_in_the_middle() {
    let (_pigment, person) = archive();
    let tree = person.archive();
    tree.remove(&tree.entry_from_end(1));
    is_refused(&person, "log");
}

#[test]
fn a_log_whose_end_was_cut_off() {
    let (_pigment, person) = archive();
    let tree = person.archive();
    without_manifests(&tree);
    (0..2).for_each(|back| tree.remove(&tree.entry_from_end(back)));
    is_refused(&person, "log");
}

#[test]
fn an_identity_that_is_not_the_one_the_log_began_with() {
    let (_pigment, person) = archive();
    person.archive().alter("archive.json", |identity| identity["created_at"] = "2020-01-01T00:00:00Z".into());
    is_refused(&person, "archive.json");
}

#[test]
fn an_archive_of_a_newer_format() {
    let (_pigment, person) = archive();
    person.archive().alter("archive.json", |identity| identity["format"] = 2.into());
    is_refused(&person, "later version");
}

#[test]
fn a_log_entry_of_a_newer_format() {
    let (_pigment, person) = archive();
    let tree = person.archive();
    tree.alter(&tree.entry_from_end(0), |commit| commit["format"] = 2.into());
    is_refused(&person, "later version");
}

#[test]
fn an_action_that_nobody_knows_and_that_may_matter() {
    let (_pigment, person) = archive();
    let tree = person.archive();
    let action = json!({ "type": "PersonErased" });
    tree.alter(&tree.entry_from_end(0), |commit| commit["actions"].as_array_mut().unwrap().push(action));
    is_refused(&person, "PersonErased");
}

#[test]
fn an_action_that_nobody_knows_and_that_says_it_does_not_matter_is_carried() {
    let (pigment, person) = archive();
    let tree = person.archive();
    let action = json!({ "type": "WeatherNoted", "critical": false, "sky": "grey" });
    tree.alter(&tree.entry_from_end(0), |commit| commit["actions"].as_array_mut().unwrap().push(action));
    person.runs("sync").exits(0);
    person.runs("verify").exits(0);
    pigment.is_archived_by(&person);
}

#[test]
fn a_segment_with_other_bytes_or_none_is_found_by_verify() {
    let (_pigment, person) = archive();
    let tree = person.archive();
    let (key, bytes) = tree.under("record/").next().unwrap();
    let mut altered = bytes.to_vec();
    altered[bytes.len() / 2] ^= 1;
    tree.overwrite(key, &altered);
    person.runs("verify --level 2").exits(12).says(key);
    person.runs("verify --level 1").exits(0);
    tree.remove(key);
    person.runs("verify --level 1").exits(12).says(key);
}

#[test]
fn a_foreign_file_in_the_lake_is_found_by_verify() {
    let (_pigment, person) = archive();
    let folder = person.place("archive/lake/events/event_date=2026-01-01/event_type=Odd");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("00000000000000000001-000.parquet"), "PAR1").unwrap();
    person.runs("verify --level 1").exits(12).says("event_type=Odd");
}
