//! `--json`: every line of stdout parses, the last is the summary, and a failure is one object on stderr.

use serde_json::Value;

use super::person::{Answer, Person};
use super::pigment::Pigment;

const OF_A_RUN: [&str; 13] = [
    "requests",
    "pages",
    "fetched",
    "archived",
    "duplicates",
    "conflicts",
    "rejected",
    "published_rows",
    "unpublished_rows",
    "more",
    "covered",
    "open",
    "lost",
];

#[track_caller]
fn is_summed_up(answer: &Answer, command: &str) -> Value {
    let summary = answer.summary();
    assert_eq!(summary["command"], command, "{answer}");
    assert!(summary["outcome"].is_string(), "{answer}");
    summary
}

#[track_caller]
fn tells_of_a_run(answer: &Answer, command: &str) {
    let summary = is_summed_up(answer, command);
    let lacking: Vec<_> = OF_A_RUN.iter().filter(|field| summary.get(**field).is_none_or(Value::is_null)).collect();
    assert!(lacking.is_empty() && summary["version"].is_u64(), "{lacking:?} are not in {answer}");
}

/// One error object, with everything a scheduler decides by.
#[track_caller]
fn tells_of_a_failure(answer: &Answer, code: &str, retryable: bool) {
    let errors = answer.errors();
    assert_eq!(errors.len(), 1, "{answer}");
    let error = &errors[0];
    assert_eq!((&error["code"], &error["retryable"]), (&code.into(), &retryable.into()), "{answer}");
    assert_eq!(error["exit_code"].as_i64(), answer.code.map(i64::from), "{answer}");
    assert!(error["message"].is_string() && error["help"].is_string(), "{answer}");
}

#[test]
fn every_verb_ends_with_a_summary() {
    let pigment = Pigment::with(500);
    let person = Person::facing(&pigment);
    for (line, command) in [
        ("init", "init"),
        ("sync --dry-run", "sync"),
        ("status", "status"),
        ("verify", "verify"),
        ("publish --dry-run", "publish"),
        ("publish", "publish"),
        ("config show", "config"),
    ] {
        let answer = person.runs(&format!("{line} --json")).exits(0);
        is_summed_up(&answer, command);
        assert_eq!(answer.stderr, "", "{answer}");
    }
}

#[test]
fn a_run_tells_all_its_numbers_when_it_succeeds() {
    let pigment = Pigment::with(500);
    let person = Person::facing(&pigment);
    let sync = person.runs("sync --json").exits(0);
    tells_of_a_run(&sync, "sync");
    assert_eq!(sync.counted("requests"), pigment.requests());
    tells_of_a_run(&person.runs("backfill --since 30d --json").exits(0), "backfill");
}

#[test]
fn a_run_tells_all_its_numbers_when_it_fails() {
    for (faults, exit, code, retryable) in [
        ("status:403", 4, "key_rejected", false),
        ("status:503@3+", 75, "api_unavailable", true),
        ("cursor-missing@2", 3, "cursor_missing", true),
    ] {
        for command in ["sync", "backfill --since 30d"] {
            let pigment = Pigment::failing(500, faults);
            let person = Person::facing(&pigment).with("OCHRE_API__RETRY_BUDGET", "0s");
            let answer = person.runs(&format!("{command} --json")).exits(exit);
            tells_of_a_run(&answer, command.split(' ').next().unwrap());
            tells_of_a_failure(&answer, code, retryable);
            assert_eq!(answer.summary()["outcome"], "failed", "{answer}");
        }
    }
}

#[test]
fn a_command_that_could_not_begin_still_ends_with_a_summary() {
    let person = Person::facing_url("http://127.0.0.1:9");
    for line in ["sync", "status", "verify", "publish", "backfill --since 30d"] {
        let answer = person.runs(&format!("{line} --json")).exits(10);
        is_summed_up(&answer, line.split(' ').next().unwrap());
        tells_of_a_failure(&answer, "no_archive", false);
    }
    let person = person.with("OCHRE_WALK__LAAG", "1m");
    let answer = person.runs("sync --json").exits(78);
    is_summed_up(&answer, "sync");
    tells_of_a_failure(&answer, "configuration", false);
}

#[test]
fn a_run_that_could_not_begin_tells_its_numbers_too() {
    let person = Person::facing_url("http://127.0.0.1:9");
    tells_of_a_run(&person.runs("sync --json").exits(10), "sync");
    tells_of_a_run(&person.runs("backfill --since 30d --json").exits(10), "backfill");
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_a_summary_too() {
    let person = Person::facing_url("http://127.0.0.1:9");
    for line in ["sync --json --max-time soon", "sync --json --nonsense", "verify --level 9 --json"] {
        let answer = person.runs(line).exits(2);
        answer.summary();
        tells_of_a_failure(&answer, "usage", false);
    }
}

#[test]
fn a_stale_archive_is_told_as_one_error() {
    let person = Person::facing_url("http://127.0.0.1:9");
    person.runs("init").exits(0);
    let answer = person.runs("status --check --json").exits(21);
    is_summed_up(&answer, "status");
    tells_of_a_failure(&answer, "stale", false);
}
