//! Exit codes that no other file meets: usage, no archive, findings, another workspace, a bad place.

use ochre::sim::api::FaultPlan;

use super::person::{Person, is_untouched};
use super::pigment::Pigment;

#[test]
fn a_command_line_that_makes_no_sense_is_2() {
    let person = Person::stranded();
    for line in ["", "sink", "sync --nonsense", "sync --max-time soon", "backfill", "verify --level 9", "config"] {
        person.runs(line).exits(2);
    }
    person.runs("sync").exits(2).says("--archive");
    person.runs("simulate --fault flood").exits(2).says("cursor-ttl:SPAN");
    person.runs("simulate --now yesterday").exits(2).says("RFC 3339");
    let person = person.with("OCHRE_ARCHIVE", "./archive");
    person.runs("init").exits(0);
    person.runs("backfill --since yesterdayish").exits(2).says("yesterdayish").says("2026-Q1");
    person.runs("status --at later").exits(2).says("later");
}

#[test]
fn a_place_without_an_archive_is_10_and_stays_as_it_is() {
    let pigment = Pigment::with(100);
    let person = Person::facing_url(&pigment.url);
    for line in ["sync", "sync --dry-run", "backfill --since 90d", "publish", "publish --dry-run", "status", "verify"] {
        person.runs(line).exits(10).says("ochre init");
        assert!(is_untouched(&person.place("archive")), "`ochre {line}` left something");
    }
    assert_eq!(pigment.requests(), 0, "nobody is asked for what could not be kept");
}

#[test]
fn init_makes_an_archive_once_and_finds_it_ever_after() {
    let person = Person::stranded().with("OCHRE_ARCHIVE", "./archive");
    person.runs("init --dry-run").exits(0);
    assert!(is_untouched(&person.place("archive")));
    person.runs("init").exits(0).says("made archive");
    let made = person.archive();
    person.runs("init").exits(0).says("found archive");
    assert!(person.archive() == made);
}

#[test]
fn init_leaves_a_place_alone_that_holds_something_else() {
    let person = Person::stranded().with("OCHRE_ARCHIVE", "./photos");
    std::fs::create_dir(person.place("photos")).unwrap();
    person.writes("photos/cat.jpg", "meow");
    person.runs("init").exits(78).says("cat.jpg").says("nothing was written");
    let entries = std::fs::read_dir(person.place("photos")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(entries.collect::<Vec<_>>(), ["cat.jpg"]);
}

#[test]
fn another_workspaces_key_is_78_and_nothing_of_it_is_written() {
    let pigment = Pigment::with(500);
    let person = Person::facing(&pigment);
    person.runs("sync").exits(0);
    let before = person.archive();
    pigment.becomes(|settings| settings.faults = FaultPlan::parse("other-organization").unwrap());
    person.runs("sync").exits(78).says("another organisation").says("nothing was written");
    assert!(person.archive() == before);
    pigment.heals();
    person.runs("sync").exits(0);
    pigment.is_archived_by(&person);
}

#[test]
fn an_answer_without_anything_we_hold_is_12_and_claims_nothing() {
    let pigment = Pigment::with(500);
    let person = Person::facing(&pigment);
    let covered = person.runs("sync --json").exits(0).summary()["covered"].clone();
    pigment.becomes(|settings| settings.faults = FaultPlan::parse("empty-answers").unwrap());
    pigment.passes("30m");
    let answer = person.runs("sync --json").exits(12);
    assert_eq!(answer.errors()[0]["code"], "canary_missing", "{answer}");
    assert_eq!(answer.summary()["covered"], covered);
    pigment.heals();
    person.runs("sync").exits(0);
}

#[test]
fn a_gap_that_is_still_open_is_20_for_verify_unless_it_may_be() {
    let pigment = Pigment::failing(2_000, "status:503@18");
    let person = Person::facing(&pigment).with("OCHRE_API__RETRY_BUDGET", "0s");
    person.runs("sync").exits(75);
    person.runs("verify").exits(20).says("not archived; begins to be lost at").says("ochre sync");
    person.runs("verify --fail-on loss").exits(0);
    person.runs("verify --fail-on never").exits(0);
    person.runs("verify --level 3").exits(0);
    person.runs("sync").exits(0);
    person.runs("verify").exits(0);
}

#[test]
fn a_time_budget_ends_a_run_cleanly_and_the_next_one_finishes() {
    let pigment = Pigment::with(2_000);
    let person = Person::facing(&pigment);
    let first = person.runs("sync --json --max-time 0s").exits(0);
    let summary = first.summary();
    assert_eq!((&summary["more"], &summary["outcome"]), (&true.into(), &"ok".into()), "{first}");
    assert!(pigment.requests() <= 2, "{}", pigment.stats());
    let second = person.runs("sync --json").exits(0);
    assert_eq!(second.summary()["more"], false, "{second}");
    pigment.is_archived_by(&person);
    assert_eq!(person.archive().ids().len() as u64, first.counted("archived") + second.counted("archived"));
}

#[test]
fn a_dry_run_prints_the_plan_writes_nothing_and_asks_nobody() {
    let pigment = Pigment::with(300);
    let person = Person::facing(&pigment);
    let before = person.archive();
    person.runs("sync --dry-run").exits(0).says("would walk from now down to").says("nothing is covered yet");
    person.runs("backfill --since 90d --dry-run").exits(0).says("would walk");
    person.runs("publish --dry-run").exits(0).says("would");
    assert!(person.archive() == before && pigment.requests() == 0);
}
