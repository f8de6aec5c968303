//! `simulate` and `demo`: Ochre with no Pigment at all.

use super::person::Person;
use super::pigment::{exchange, truth};

#[test]
fn a_simulated_pigment_serves_whoever_reads_its_first_line() {
    let host = Person::stranded();
    let mut serving = host.starts("simulate --events 1500 --seed 3 --key open-sesame --dialect skill");
    let url = serving.prints();
    let guest = Person::facing_url(&url).with("AUDIT_LOG_API_KEY", "open-sesame");
    guest.runs("init").exits(0);
    let shown = truth(&url);
    guest.runs("sync").exits(0);
    let held = guest.archive().ids();
    // The oldest hour is the margin's, and the simulator's clock runs.
    assert!(held.len() + 20 > shown.len() && held.difference(&shown).count() <= 2, "{} of {}", held.len(), shown.len());
    assert!(exchange(&url, "GET /_sim/stats", "").contains("\"200\":"));
    guest.with("AUDIT_LOG_API_KEY", "wrong").runs("sync").exits(4);
    serving.is_sent("TERM");
    let ended = serving.ends();
    assert!(matches!(ended.code, Some(0 | 143)), "{ended}");
}

#[test]
fn the_faults_that_can_be_simulated_are_listed() {
    Person::stranded().runs("simulate --fault help").exits(0).says("status:CODE@N").says("cursor-ttl:SPAN");
}

#[test]
fn the_demo_archives_verifies_and_says_what_is_next() {
    let person = Person::stranded();
    person.runs("demo --events 60").exits(0).says("archived").says("verified").says("no gaps").says("next:");
    person.runs("verify --archive ./ochre-demo").exits(0);
    let again = person.runs("demo --events 60 --json --archive ./other").exits(0);
    assert_eq!(again.counted("findings"), 0, "{again}");
    assert_eq!(again.counted("record_rows"), again.counted("lake_rows"), "{again}");
}
