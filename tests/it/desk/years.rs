//! Years in seconds: the server's clock is moved, and every decision follows it.

use ochre::domain::Timestamp;
use serde_json::Value;

use super::person::Person;
use super::pigment::Pigment;

/// A person whose own clock may be years behind the server's.
fn patient(pigment: &Pigment) -> Person {
    Person::facing(pigment).with("OCHRE_WALK__CLOCK_TOLERANCE", "36500d")
}

fn days(interval: &Value) -> f64 {
    let at = |name: &str| Timestamp::parse(interval[name].as_str().unwrap()).unwrap();
    at("to").since(at("from")).as_secs_f64() / 86_400.0
}

#[test]
fn a_run_every_150_days_for_two_years_archives_all() {
    let pigment = Pigment::failing(45, "short-pages:10");
    let person = patient(&pigment);
    person.runs("sync").exits(0);
    for _ in 0..5 {
        pigment.passes("150d");
        let answer = person.runs("sync --json").exits(0);
        assert_eq!(answer.summary()["lost"], serde_json::json!([]), "{answer}");
        assert_eq!(answer.summary()["covered"].as_array().unwrap().len(), 1, "{answer}");
    }
    assert!(pigment.truth().len() > 150);
    pigment.is_archived_by(&person);
    person.runs("verify").exits(0);
}

#[test]
fn one_pause_of_200_days_is_one_loss_told_once_and_shown_for_ever() {
    let pigment = Pigment::failing(45, "short-pages:10");
    let person = patient(&pigment);
    person.runs("sync").exits(0);
    pigment.passes("150d");
    person.runs("sync").exits(0);
    pigment.passes("200d");
    let answer = person.runs("sync --json").exits(13).says("history was lost");
    let lost = answer.summary()["lost"].clone();
    assert_eq!(lost.as_array().unwrap().len(), 1, "{answer}");
    assert!((20.0..20.2).contains(&days(&lost[0])), "20 days, the margin and the lag: {lost}");
    assert_eq!((answer.errors().len(), &answer.errors()[0]["retryable"]), (1, &false.into()), "{answer}");
    for span in ["1h", "150d", "150d"] {
        pigment.passes(span);
        let later = person.runs("sync --json").exits(0);
        assert_eq!(later.summary()["lost"], lost, "it is told by every summary, and never again as news");
    }
    let from = lost[0]["from"].as_str().unwrap();
    person.runs("status").exits(0).says(&format!("lost      {from}"));
    person.runs("verify").exits(20).says("left the API's look-back");
    assert_eq!(person.archive().facts("IntervalLost").len(), 1);
    let (truth, held) = (pigment.truth(), person.archive().ids());
    assert!(held.is_subset(&truth) && truth.difference(&held).count() > 0);
}

#[test]
fn nothing_is_called_lost_while_the_clocks_disagree() {
    let pigment = Pigment::failing(45, "short-pages:10");
    let person = Person::facing(&pigment);
    person.runs("sync").exits(0);
    pigment.passes("200d");
    let answer = person.runs("sync --json").exits(0);
    assert_eq!(answer.summary()["lost"], serde_json::json!([]), "{answer}");
    assert_eq!(answer.summary()["open"].as_array().unwrap().len(), 1, "{answer}");
    person.runs("sync").exits(0).says("the local clock and the API's differ");
    let trusting = person.with("OCHRE_WALK__CLOCK_TOLERANCE", "36500d");
    trusting.runs("sync").exits(13);
    trusting.runs("sync").exits(0);
}

#[test]
fn a_backfill_within_the_look_back_extends_what_is_held() {
    let pigment = Pigment::failing(45, "short-pages:10");
    let person = patient(&pigment);
    person.runs("sync").exits(0);
    pigment.passes("100d");
    let answer = person.runs("backfill --since 170d --json").exits(0);
    assert!(answer.counted("archived") > 0, "{answer}");
    pigment.is_archived_by(&person);
}
