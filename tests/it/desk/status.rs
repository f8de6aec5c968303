//! `status`: the home screen, and the alarm.

use super::person::Person;
use super::pigment::Pigment;

#[test]
fn it_tells_what_is_held_and_how_much_time_is_left() {
    let pigment = Pigment::with(500);
    let person = Person::facing(&pigment);
    person.runs("status").exits(0).says("nothing yet").says("ochre sync");
    person.runs("sync").exits(0);
    person.runs("status").exits(0).says("coverage").says("headroom  179 days");
    let before = person.archive();
    person.runs("status --json").exits(0);
    assert!(person.archive() == before, "looking changes nothing");
}

#[test]
fn the_check_is_21_only_when_the_head_is_too_old() {
    let pigment = Pigment::with(200);
    let person = Person::facing(&pigment);
    person.runs("status --check").exits(21).says("--check");
    person.runs("sync").exits(0);
    person.runs("status --check").exits(0);
    person.runs("status --check 1h").exits(0);
    person.runs("status --check 1s").exits(21).says("ochre sync");
}

#[test]
fn ages_are_told_as_of_the_time_given() {
    let pigment = Pigment::with(200);
    let person = Person::facing(&pigment);
    person.runs("sync").exits(0);
    let later = pigment.now() + std::time::Duration::from_secs(200 * 86_400);
    person.runs(&format!("status --at {}", later.to_seconds_string())).exits(0).says("headroom  NONE");
    person.runs(&format!("status --check --at {}", later.to_seconds_string())).exits(21);
    let soon = pigment.now() + std::time::Duration::from_secs(100 * 86_400);
    person.runs(&format!("status --at {}", soon.to_seconds_string())).exits(0).says("headroom  79 days");
}

#[test]
fn a_key_that_fails_is_shown_with_the_day_data_is_lost_from() {
    let pigment = Pigment::with(500);
    let person = Person::facing(&pigment);
    let head = person.runs("sync --json").exits(0).summary()["covered"][0]["to"].as_str().unwrap().to_owned();
    pigment.becomes(|settings| settings.keys[0].revoked = true);
    person.runs("sync").exits(4);
    let lost_from =
        ochre::domain::Timestamp::parse(&head).unwrap() + ochre::sim::api::LOOK_BACK - ochre::domain::window::EDGE;
    person
        .runs("status")
        .exits(0)
        .says("FAILING")
        .says("the API rejects the key")
        .says(&format!("data is lost from {lost_from}"));
    let summary = person.runs("status --json").exits(0).summary();
    assert_eq!(summary["failure"]["code"], "key_rejected");
    pigment.heals();
    person.runs("sync").exits(0);
    person.runs("status").exits(0).never_says("FAILING");
}

#[test]
fn windows_say_what_can_be_had_until_when() {
    let pigment = Pigment::with(500);
    let person = Person::facing(&pigment);
    let before = person.runs("backfill --since 400d --dry-run --json").exits(0);
    let windows: Vec<_> = before.records().into_iter().filter(|record| record["type"] == "window").collect();
    assert_eq!(windows.len(), 3, "400 days are three windows of at most 180: {before}");
    assert_eq!(windows[0]["stretches"][0]["reach"], "before_archive");
    let last = windows[2]["stretches"].as_array().unwrap().last().unwrap().clone();
    assert!(last["reach"]["reachable"]["expires"].is_string(), "{before}");
    assert_eq!(windows[0]["to"], windows[1]["from"]);
    person
        .runs("backfill --since 400d")
        .exits(0)
        .says("asked for")
        .says("expired before this archive began")
        .says("reachable; begins to expire at");
    pigment.is_archived_by(&person);
    person.runs("backfill --since 30d").exits(0).says("  archived");
}
