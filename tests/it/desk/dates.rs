//! 400 for the date: the start has left the look-back, at first or on the way.

use super::person::Person;
use super::pigment::Pigment;

#[test]
fn a_start_that_the_server_finds_too_old_is_raised_once() {
    let pigment = Pigment::with(1_000);
    pigment.passes("3h");
    let person = Person::facing(&pigment);
    let answer = person.runs("sync --json").exits(0);
    assert_eq!(pigment.answered(400), 1, "the local clock is three hours slow, and the margin is one");
    assert_eq!(answer.counted("requests"), answer.counted("pages") + 1);
    pigment.is_archived_by(&person);
}

#[test]
fn a_start_that_slides_out_of_range_on_the_way_is_raised_once_with_the_same_cursor() {
    let pigment = Pigment::failing(2_000, "status:503@18");
    let person = Person::facing(&pigment).with("OCHRE_API__RETRY_BUDGET", "0s");
    person.runs("sync").exits(75);
    pigment.passes("3h");
    person.runs("sync").exits(0);
    let abandoned = person.archive().facts("WalkAbandoned");
    assert!(abandoned.is_empty(), "the walk goes on: {abandoned:?}");
    assert_eq!(person.archive().facts("WalkCompleted").len(), 2, "the walk that was left, and the head");
    pigment.is_archived_by(&person);
}

#[test]
fn a_server_that_refuses_every_date_ends_with_3_after_one_more_try() {
    let pigment = Pigment::failing(100, "status:400");
    pigment.passes("3h");
    let person = Person::facing(&pigment);
    let answer = person.runs("sync --json").exits(3);
    assert_eq!((answer.errors().len(), pigment.requests()), (1, 2), "{answer}");
    assert_eq!(person.archive().under("record/").count(), 0);
}
