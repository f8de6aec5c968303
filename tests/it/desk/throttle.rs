//! 429, and how not to get one.

use ochre::adapters::system::SystemClock;
use ochre::ports::Clock as _;

use super::person::Person;
use super::pigment::Pigment;

fn hurried(pigment: &Pigment) -> Person {
    Person::facing(pigment).with("OCHRE_API__WINDOW", "2s")
}

#[test]
fn a_429_is_waited_out_and_asked_once_more() {
    let pigment = Pigment::failing(500, "status:429@3");
    let person = hurried(&pigment);
    let clock = SystemClock::start();
    let answer = person.runs("sync --json").exits(0);
    assert!(clock.elapsed().as_millis() >= 1_900, "the rest of the window: {:?}", clock.elapsed());
    assert_eq!((answer.counted("requests"), pigment.answered(429)), (answer.counted("pages") + 1, 1));
    pigment.is_archived_by(&person);
}

#[test]
fn retry_after_is_believed() {
    let pigment = Pigment::failing(300, "status:429@2 retry-after:1");
    let person = Person::facing(&pigment);
    let clock = SystemClock::start();
    person.runs("sync").exits(0);
    let waited = clock.elapsed().as_millis();
    assert!((950..10_000).contains(&waited), "one second instead of a window of five minutes: {waited} ms");
}

#[test]
fn a_throttle_without_end_is_75_and_never_a_tight_loop() {
    let pigment = Pigment::failing(2_000, "status:429@18+");
    let person = hurried(&pigment);
    let answer = person.runs("sync --json").exits(75);
    assert_eq!(answer.errors()[0]["code"], "throttled", "{answer}");
    assert!(pigment.answered(429) <= 2, "{}", pigment.stats());
    assert_eq!(answer.counted("archived"), 1_700, "what was committed stays");
    pigment.heals();
    person.runs("sync").exits(0);
    pigment.is_archived_by(&person);
}

#[test]
fn requests_keep_their_pace() {
    let pigment = Pigment::with(900);
    let person = Person::facing(&pigment).with("OCHRE_API__WINDOW", "1s").with("OCHRE_API__REQUESTS_PER_WINDOW", "4");
    let clock = SystemClock::start();
    let pages = person.runs("sync --json").exits(0).counted("pages");
    let windows = u128::from((pages - 1) / 4);
    assert!(windows >= 1 && clock.elapsed().as_millis() >= windows * 1_000, "{pages} in {:?}", clock.elapsed());
}
