//! Names that try to steer a terminal never reach one raw.

use super::person::{Answer, Person, is_untouched};
use super::pigment::Pigment;
use super::stranger::Stranger;

const STEERING: &str = "evil\u{1b}[2J\u{7}\u{202e}\u{2066}\u{7f}\u{85}\u{200b}";

#[track_caller]
fn is_fit_for_a_terminal(answer: &Answer) {
    let steers = |c: char| {
        let turns =
            matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{feff}');
        turns || (c.is_control() && c != '\n')
    };
    let found = [&answer.stdout, &answer.stderr].into_iter().flat_map(|text| text.chars()).find(|c| steers(*c));
    assert!(found.is_none(), "{:?} is printed by {answer}", found.map(char::escape_unicode).unwrap().to_string());
}

#[test]
fn hostile_events_are_archived_exactly_and_shown_escaped() {
    let pigment = Pigment::shaped(1_500, |settings| settings.workload.hostile = true);
    let person = Person::facing(&pigment);
    for line in ["sync", "status", "verify", "publish", "backfill --since 30d", "sync --dry-run", "status --json"] {
        is_fit_for_a_terminal(&person.runs(line).exits(0));
    }
    pigment.is_archived_by(&person);
}

#[test]
fn a_hostile_organisation_is_shown_escaped() {
    let pigment = Pigment::with(200);
    let person = Person::facing(&pigment);
    person.runs("sync").exits(0);
    pigment.becomes(|settings| settings.workload.organization = STEERING.to_owned());
    for line in ["sync", "sync --json"] {
        let answer = person.runs(line).exits(78).says("evil");
        is_fit_for_a_terminal(&answer);
    }
}

#[test]
fn a_hostile_event_type_is_shown_escaped() {
    let pigment = Pigment::with(200);
    for (count, name) in ["evil\\u001b[2J", "evil\\u202etype", "../../evil", "evil\\u0000"].iter().enumerate() {
        pigment.also_sends(&format!(
            r#"{{"eventId":"odd-{count}","eventTimestamp":"2026-01-01T00:00:00Z","eventType":"{name}"}}"#
        ));
    }
    let person = Person::facing(&pigment).with("OCHRE_PUBLISH__WHEN", "commit");
    for line in ["sync", "status", "verify"] {
        is_fit_for_a_terminal(&person.runs(line).exits(0));
    }
    pigment.is_archived_by(&person);
    let climbs = |key: &String| key.split('/').any(|part| part == "..") || key.contains(char::is_control);
    let strays: Vec<_> = person.archive().files.into_keys().filter(climbs).collect();
    assert!(strays.is_empty(), "{strays:?}");
    assert!(is_untouched(&person.place("evil")) && is_untouched(&person.place("archive/evil")));
}

#[test]
fn hostile_answers_are_shown_escaped() {
    fn steering(_: &str) -> String {
        STEERING.to_owned()
    }
    for status in ["200 OK", "400 Bad", "404 Lost", "429 Slow", "503 Away"] {
        let stranger = Stranger::answering(status, steering);
        let person =
            Person::facing_url(&stranger.url).with("OCHRE_API__RETRY_BUDGET", "0s").with("OCHRE_LOG__LEVEL", "debug");
        person.runs("init").exits(0);
        for line in ["sync", "sync --json"] {
            let answer = person.runs(line);
            assert!(answer.code.is_some_and(|code| code != 0 && code != 1), "{answer}");
            is_fit_for_a_terminal(&answer);
        }
    }
}

#[test]
fn a_hostile_file_name_is_shown_escaped() {
    let person = Person::stranded().with("OCHRE_ARCHIVE", "./photos");
    std::fs::create_dir(person.place("photos")).unwrap();
    std::fs::write(person.place("photos").join(STEERING), "x").unwrap();
    is_fit_for_a_terminal(&person.runs("init").exits(78).says("evil"));
}
