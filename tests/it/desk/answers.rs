//! Answers that are none: 5xx, resets, cut bodies, HTML, JSON that breaks off, events that are no events.

use std::collections::BTreeSet;

use super::person::Person;
use super::pigment::Pigment;

#[test]
fn each_way_of_failing_once_is_tried_again_and_costs_nothing() {
    let pigment = Pigment::failing(1_000, "status:503@2 reset@4 cut@6 html@8 badjson@10");
    let person = Person::facing(&pigment);
    let answer = person.runs("sync --json").exits(0);
    assert_eq!(answer.counted("requests"), pigment.requests());
    assert_eq!(answer.counted("requests"), answer.counted("pages") + 5);
    assert_eq!(answer.counted("fetched"), answer.counted("archived"));
    pigment.is_archived_by(&person);
}

/// Fails for good at the 18th request; what came before stays, and the next run brings the rest.
fn stops_cleanly_and_goes_on(fault: &str, code: i32, word: &str) {
    let pigment = Pigment::failing(2_000, &format!("{fault}@18+"));
    let person = Person::facing(&pigment);
    let answer = person.runs("sync --json").exits(code);
    assert_eq!(answer.errors().len(), 1, "{answer}");
    assert_eq!((&answer.errors()[0]["code"], &answer.errors()[0]["retryable"]), (&word.into(), &true.into()));
    assert_eq!(answer.counted("archived"), 1_700, "{answer}");
    assert!(answer.summary()["covered"][0]["from"].is_string(), "{answer}");
    assert_eq!(person.archive().ids().len(), 1_700);
    let asked = pigment.requests();
    assert!((18..40).contains(&asked), "{asked} requests");
    let quarantined = person.archive().quarantined();
    assert_eq!(quarantined.len(), usize::from(code == 3), "a page is kept raw where it came whole");
    pigment.heals();
    let again = person.runs("sync --json").exits(0);
    assert!(again.counted("archived") < 500, "it resumes instead of starting again: {again}");
    pigment.is_archived_by(&person);
}

#[test]
fn a_server_that_fails_for_good_ends_the_run_with_75() {
    stops_cleanly_and_goes_on("status:503", 75, "api_unavailable");
}

#[test]
fn connections_that_break_for_good_end_the_run_with_75() {
    stops_cleanly_and_goes_on("reset", 75, "api_unavailable");
}

#[test]
fn bodies_that_are_cut_for_good_end_the_run_with_75() {
    stops_cleanly_and_goes_on("cut", 75, "api_unavailable");
}

#[test]
fn html_in_a_pages_place_ends_the_run_with_3_and_is_kept() {
    stops_cleanly_and_goes_on("html", 3, "page_undecodable");
}

#[test]
fn json_that_breaks_off_ends_the_run_with_3_and_is_kept() {
    stops_cleanly_and_goes_on("badjson", 3, "page_undecodable");
}

#[test]
fn an_answer_that_never_comes_ends_with_75() {
    let pigment = Pigment::failing(100, "hang");
    let person = Person::facing(&pigment).with("OCHRE_API__TIMEOUT", "1s").with("OCHRE_API__RETRY_BUDGET", "0s");
    person.runs("sync").exits(75).says("no whole answer in time");
}

#[test]
fn nobody_at_the_address_is_75_too() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let person = Person::facing_url(&format!("http://{closed}"));
    person.runs("init").exits(0);
    person.runs("sync").exits(75).says("does not answer");
}

#[test]
fn events_that_cannot_be_normalised_are_kept_once_however_often_they_come() {
    let pigment = Pigment::failing(1_000, "missing-fields:20");
    let strange = [
        r#"{"eventId":7,"eventTimestamp":"2026-01-01T00:00:00Z"}"#,
        r#"{"eventId":"","eventTimestamp":"2026-01-01T00:00:00Z"}"#,
        r#"{"eventId":"old","eventTimestamp":"1969-12-31T23:59:59Z"}"#,
        r#""no object at all""#,
    ];
    strange.iter().for_each(|text| pigment.also_sends(text));
    let person = Person::facing(&pigment).with("OCHRE_WALK__OVERLAP", "100d");
    let first = person.runs("sync --json").exits(0);
    let rejected = first.counted("rejected");
    assert!(rejected > strange.len() as u64, "{first}");
    assert_eq!(first.counted("fetched"), first.counted("archived") + first.counted("duplicates") + rejected);
    pigment.is_archived_by(&person);
    let kept = person.archive().quarantined();
    let bodies: BTreeSet<_> = kept.iter().map(|entry| entry.body.to_vec()).collect();
    assert_eq!(bodies.len(), kept.len(), "each body once");
    assert_eq!(kept.len() as u64, rejected);
    assert!(strange.iter().all(|text| bodies.contains(text.as_bytes())));

    let second = person.runs("sync --json").exits(0);
    assert!(second.counted("rejected") >= strange.len() as u64 && second.counted("archived") == 0, "{second}");
    assert_eq!(person.archive().quarantined().len(), kept.len(), "and still once");
}

#[test]
fn an_event_that_reads_differently_the_second_time_keeps_its_first_text() {
    let pigment = Pigment::failing(500, "conflict:10");
    let person = Person::facing(&pigment).with("OCHRE_WALK__OVERLAP", "100d");
    person.runs("sync").exits(0);
    let held = person.archive();
    let answer = person.runs("sync --json").exits(0);
    let conflicts = answer.counted("conflicts");
    assert!(conflicts > 0 && answer.counted("duplicates") >= conflicts && answer.counted("archived") == 0, "{answer}");
    assert_eq!(person.archive().ids(), held.ids());
    assert_eq!(person.archive().quarantined().len() as u64, conflicts);
    assert_eq!(person.runs("sync --json").exits(0).counted("conflicts"), conflicts);
    assert_eq!(person.archive().quarantined().len() as u64, conflicts);
}
