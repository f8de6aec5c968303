//! Ctrl-C and SIGTERM: what is committed is safe, and the next run goes on.

use super::person::Person;
use super::pigment::Pigment;

fn stops(signal: &str, code: i32) {
    let pigment = Pigment::failing(2_000, "hang@18");
    let person = Person::facing(&pigment);
    let running = person.starts("sync --json");
    pigment.is_asked(18);
    running.is_sent(signal);
    let answer = running.ends().exits(code);
    assert_eq!(answer.errors().len(), 1, "{answer}");
    assert_eq!((&answer.errors()[0]["code"], &answer.errors()[0]["retryable"]), (&"interrupted".into(), &true.into()));
    assert_eq!(answer.errors()[0]["exit_code"], code, "{answer}");
    assert_eq!(answer.counted("archived"), 1_700, "{answer}");
    let again = person.runs("sync --json").exits(0);
    assert!(again.counted("duplicates") < 100, "it resumes: {again}");
    pigment.is_archived_by(&person);
}

#[test]
fn ctrl_c_is_130() {
    stops("INT", 130);
}

#[test]
fn sigterm_is_143() {
    stops("TERM", 143);
}

#[test]
fn a_run_that_is_stopped_says_what_is_safe() {
    let pigment = Pigment::failing(300, "hang");
    let person = Person::facing(&pigment);
    let running = person.starts("sync");
    pigment.is_asked(1);
    running.is_sent("INT");
    running.ends().exits(130).says("stopping: what is committed is safe").says("run the same command again");
}
