//! A key that Pigment does not take: one request, one clear message, one note in the log.

use ochre::sim::api::{KeyKind, KeySpec};

use super::person::{Answer, KEY, Person};
use super::pigment::Pigment;

/// A Pigment that has this one key.
fn with_key(shape: impl FnOnce(&mut KeySpec)) -> Pigment {
    let mut key = KeySpec::audit(KEY);
    shape(&mut key);
    Pigment::shaped(300, |settings| settings.keys = vec![key])
}

#[track_caller]
fn tells_what_a_key_must_be(answer: Answer) {
    let _ = answer.exits(4).says("Audit logs").says("Security Admin").says("the expiry day itself is not valid");
}

#[test]
fn a_key_that_is_not_known_is_told_apart_and_never_tried_twice() {
    let pigment = with_key(|key| key.secret = "another".to_owned());
    let person = Person::facing(&pigment);
    tells_what_a_key_must_be(person.runs("sync").says("401"));
    assert_eq!((pigment.requests(), pigment.answered(401)), (1, 1));
}

#[test]
fn a_key_of_another_type_is_refused_with_the_type_it_must_have() {
    for kind in [KeyKind::Import, KeyKind::Export] {
        let pigment = with_key(|key| key.kind = kind);
        let person = Person::facing(&pigment);
        tells_what_a_key_must_be(person.runs("sync").says("403"));
        assert_eq!((pigment.requests(), pigment.answered(403)), (1, 1));
    }
}

#[test]
fn a_key_is_dead_on_its_expiry_day_and_alive_the_day_before() {
    let dead = with_key(|_| ());
    let today = dead.now().date();
    dead.becomes(|settings| settings.keys[0].expires = Some(today));
    tells_what_a_key_must_be(Person::facing(&dead).runs("sync"));
    let alive = with_key(|key| key.expires = today.succ_opt());
    // Midnight may have come between the two.
    if alive.now().date() == today {
        Person::facing(&alive).runs("sync").exits(0);
    }
}

#[test]
fn a_rejected_key_leaves_one_note_and_nothing_else() {
    let pigment = Pigment::failing(300, "status:403");
    let person = Person::facing(&pigment);
    let before = person.archive();
    person.runs("sync").exits(4);
    let after = person.archive();
    assert_eq!(after.under("record/").count() + after.under("lake").count(), 0);
    let log = after.log();
    assert_eq!(log.len(), before.log().len() + 1);
    let actions = log.last().unwrap()["actions"].as_array().unwrap();
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert_eq!((&actions[0]["type"], &actions[0]["code"]), (&"RunFailed".into(), &"key_rejected".into()));
    person.runs("sync").exits(4);
    assert_eq!(person.archive().log().len(), log.len(), "the same failure is noted once");
}

#[test]
fn a_key_that_dies_in_mid_walk_keeps_what_was_committed_and_a_new_one_goes_on() {
    let pigment = Pigment::failing(2_000, "status:401@19+");
    let person = Person::facing(&pigment);
    tells_what_a_key_must_be(person.runs("sync"));
    assert_eq!((pigment.requests(), person.archive().ids().len()), (19, 1_800));
    pigment.heals();
    person.runs("sync").exits(0);
    pigment.is_archived_by(&person);
}

#[test]
fn without_a_key_it_says_where_one_goes_and_asks_nobody() {
    let pigment = Pigment::with(100);
    let person = Person::facing(&pigment).with("AUDIT_LOG_API_KEY", "");
    person.runs("sync").exits(78).says("AUDIT_LOG_API_KEY").says("api.key_file").says("Security Admin");
    assert_eq!(pigment.requests(), 0);
}

#[test]
fn a_key_comes_from_a_file_or_a_command_as_well() {
    let pigment = Pigment::with(100);
    let person = Person::facing(&pigment).with("AUDIT_LOG_API_KEY", "");
    person.writes("key", &format!("{KEY}\n"));
    let by_file = person.with("OCHRE_API__KEY_FILE", "key");
    by_file.runs("sync").exits(0);
    let by_command = by_file.with("OCHRE_API__KEY_FILE", "").with("OCHRE_API__KEY_COMMAND", "cat key");
    by_command.runs("sync").exits(0);
}
