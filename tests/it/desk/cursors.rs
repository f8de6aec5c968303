//! Cursors that die, are missing, or come twice.

use super::person::Person;
use super::pigment::Pigment;

#[test]
fn a_dead_cursor_ends_its_walk_and_a_new_one_brings_the_rest() {
    let pigment = Pigment::failing(2_000, "status:503@18 cursor-ttl:10m");
    let person = Person::facing(&pigment).with("OCHRE_API__RETRY_BUDGET", "0s");
    person.runs("sync").exits(75);
    assert_eq!(person.archive().ids().len(), 1_700);
    pigment.passes("30m");
    let answer = person.runs("sync --json").exits(0);
    assert_eq!(pigment.answered(400), 1, "a dead cursor is asked for once");
    let abandoned = person.archive().facts("WalkAbandoned");
    assert_eq!(abandoned.len(), 1, "{abandoned:?}");
    assert_eq!(abandoned[0]["reason"], "cursor_refused");
    assert!(answer.counted("duplicates") > 1_000, "{answer}");
    assert_eq!(answer.summary()["open"], serde_json::json!([]));
    pigment.is_archived_by(&person);
}

#[test]
fn cursors_that_die_faster_than_they_are_used_end_with_3() {
    // The clock stands still, so every cursor is refused by force.
    let pigment = Pigment::failing(500, "status:400@2 status:400@4 status:400@6 status:400@8");
    let person = Person::facing(&pigment);
    let answer = person.runs("sync --json").exits(3);
    assert_eq!(answer.errors()[0]["code"], "cursor_refused");
    pigment.heals();
    person.runs("sync").exits(0);
    pigment.is_archived_by(&person);
}

fn ends_with_3_and_recovers(fault: &str, word: &str) {
    let pigment = Pigment::failing(1_000, fault);
    let person = Person::facing(&pigment);
    let answer = person.runs("sync --json").exits(3);
    assert_eq!(answer.errors()[0]["code"], word, "{answer}");
    assert_eq!(answer.counted("archived"), 500, "{answer}");
    assert_eq!(pigment.requests(), 5, "there is nothing to ask for");
    assert_eq!(person.archive().facts("WalkCompleted").len(), 0, "a walk without an end is not complete");
    assert_eq!(person.archive().facts("WalkAbandoned")[0]["reason"], word);
    pigment.heals();
    person.runs("sync").exits(0);
    pigment.is_archived_by(&person);
}

#[test]
fn more_events_without_a_cursor_is_no_success() {
    ends_with_3_and_recovers("cursor-missing@5", "cursor_missing");
}

#[test]
fn a_cursor_that_comes_twice_is_no_success() {
    ends_with_3_and_recovers("cursor-repeat@5", "cursor_repeated");
}

#[test]
fn pages_without_events_are_passed_over() {
    let pigment = Pigment::failing(500, "empty-page@3..5 short-pages:70 duplicate-edge");
    let person = Person::facing(&pigment);
    person.runs("sync").exits(0);
    pigment.is_archived_by(&person);
}
