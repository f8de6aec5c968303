//! The plan of a day: who does something when, and when the API's stream takes it in.

use std::time::Duration;

use chrono::{Datelike, NaiveDate};

use super::act::Act;
use super::chance::{Chance, mix};
use super::json::push_uuid;
use crate::domain::Timestamp;

const TICKS_PER_SECOND: u64 = 10_000_000;
const TICKS_PER_HOUR: u64 = 3_600 * TICKS_PER_SECOND;
const TICKS_PER_DAY: i64 = 24 * TICKS_PER_HOUR as i64;

/// Weight of each UTC hour on a working day: two offices, in Europe and on the American east coast.
const WORKDAY: [u64; 24] =
    [2, 1, 1, 1, 2, 6, 22, 58, 96, 108, 104, 78, 70, 104, 118, 112, 96, 70, 44, 36, 28, 18, 8, 4];
/// Weight of each hour on Saturdays and Sundays.
const WEEKEND: [u64; 24] = [2, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 12, 10, 12, 14, 14, 12, 10, 10, 12, 12, 8, 5, 3];

/// Which company, how busy, how strange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadSpec {
    /// Everything follows from this number.
    pub seed: u64,
    /// How many events about half a year holds. Days differ by weekday and by chance.
    pub events_per_180_days: u64,
    /// The identifier of the Pigment organization, as the events carry it.
    pub organization: String,
    /// Whether about one event in eight is as unpleasant as the API allows (E28, E29, E30, E46).
    pub hostile: bool,
    /// Whether the JSON is laid out over several lines.
    pub pretty: bool,
}

impl WorkloadSpec {
    /// A tame company with this seed and size.
    pub fn new(seed: u64, events_per_180_days: u64) -> Self {
        Self { seed, events_per_180_days, organization: "org-acme-example".to_owned(), hostile: false, pretty: false }
    }
}

/// One event before it is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPlan {
    /// When the stream took it in: what the API sorts and filters by.
    pub ingested: Timestamp,
    /// When it happened; mostly a moment earlier, sometimes months (E3).
    pub occurred: Timestamp,
    /// What it is: the act in the upper 60 bits, the event's place within the act in the lower four.
    /// Unique within a workload.
    pub seed: u64,
}

/// The `eventId` of a planned event, without rendering it. Identifiers sort as their seeds do (E1).
pub fn event_id(plan: &EventPlan) -> String {
    let mut id = String::with_capacity(36);
    push_uuid(&mut id, plan.seed, mix(plan.seed));
    id
}

/// Every event ingested on this UTC day, oldest first; ties in ascending order of the seed.
pub fn plan_day(spec: &WorkloadSpec, day: NaiveDate) -> Vec<EventPlan> {
    let number = u64::from(day.num_days_from_ce().unsigned_abs());
    let mut chance = Chance::new(mix(spec.seed ^ mix(number)));
    let wanted = events_on(spec, day, &mut chance);
    let hours = if is_weekend(day) { &WEEKEND } else { &WORKDAY };
    let mut plans = Vec::with_capacity(wanted);
    let mut acts = 0_u64;
    while plans.len() < wanted {
        let act = Act::numbered(spec.seed, number << 32 | acts);
        acts += 1;
        push_act(&mut plans, act, Timestamp::start_of(day), hours, &mut chance);
    }
    plans.truncate(wanted);
    plans.sort_unstable_by_key(|plan| (plan.ingested, plan.seed));
    plans
}

fn is_weekend(day: NaiveDate) -> bool {
    day.weekday().number_from_monday() > 5
}

/// Weekdays carry 1.3 of an average day, weekends the little that is left; a seventh up or down by chance.
fn events_on(spec: &WorkloadSpec, day: NaiveDate, chance: &mut Chance) -> usize {
    let share = match day.weekday().number_from_monday() {
        6 => 0.3,
        7 => 0.2,
        _ => 1.3,
    };
    let mean = spec.events_per_180_days as f64 / 180.0 * share * (0.86 + 0.28 * chance.fraction());
    (mean + chance.fraction()) as usize
}

fn push_act(plans: &mut Vec<EventPlan>, act: Act, midnight: Timestamp, hours: &[u64; 24], chance: &mut Chance) {
    let last = midnight.ticks() + TICKS_PER_DAY - 1;
    let mut ticks = midnight.ticks() + moment(hours, chance) as i64;
    let late = lateness(chance);
    let rounding = rounding(chance);
    for part in 0..act.parts() {
        let pause = act.pause(chance);
        ticks = (ticks + pause.as_nanos() as i64 / 100).min(last);
        let ingested = Timestamp::from_ticks(ticks - ticks.rem_euclid(rounding));
        let behind = late + Duration::from_nanos(100 * (20_000 + chance.below(4_000_000)));
        plans.push(EventPlan { ingested, occurred: ingested - behind, seed: act.part_seed(part) });
    }
}

/// Ticks since midnight.
fn moment(hours: &[u64; 24], chance: &mut Chance) -> u64 {
    let mut draw = chance.below(hours.iter().sum());
    let mut hour = 0;
    for weight in hours {
        if draw < *weight {
            break;
        }
        draw -= weight;
        hour += 1;
    }
    hour * TICKS_PER_HOUR + chance.below(TICKS_PER_HOUR)
}

/// Some clocks of the stream count whole milliseconds or seconds only.
fn rounding(chance: &mut Chance) -> i64 {
    match chance.below(100) {
        0..2 => 10_000_000,
        2..8 => 10_000,
        _ => 1,
    }
}

/// About 1.5 % of the acts are taken in late: by seconds, hours, days, and a few by more than a month (E3).
fn lateness(chance: &mut Chance) -> Duration {
    if chance.below(1_000) >= 15 {
        return Duration::ZERO;
    }
    let (least, most) = match chance.below(100) {
        0..55 => (2, 600),
        55..80 => (600, 12 * 3_600),
        80..96 => (12 * 3_600, 6 * 86_400),
        _ => (32 * 86_400, 220 * 86_400),
    };
    Duration::from_secs(least + chance.below(most - least))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_same_day_is_planned_the_same_way_twice() {
        let spec = WorkloadSpec::new(7, 100_000);
        assert_eq!(plan_day(&spec, day("2026-03-04")), plan_day(&spec, day("2026-03-04")));
        assert_ne!(plan_day(&spec, day("2026-03-04")), plan_day(&WorkloadSpec::new(8, 100_000), day("2026-03-04")));
    }

    #[test]
    fn a_plan_is_sorted_unique_and_within_its_day() {
        let spec = WorkloadSpec::new(1, 400_000);
        let plans = plan_day(&spec, day("2026-03-04"));
        assert!(plans.is_sorted_by_key(|plan| (plan.ingested, event_id(plan))));
        assert!(plans.iter().all(|plan| plan.ingested.date() == day("2026-03-04") && plan.occurred < plan.ingested));
        let ids: std::collections::HashSet<_> = plans.iter().map(event_id).collect();
        assert_eq!(ids.len(), plans.len());
    }

    #[test]
    fn half_a_year_holds_about_what_was_asked_for() {
        let spec = WorkloadSpec::new(3, 50_000);
        let days = || day("2026-01-01").iter_days().take(180);
        let sum: usize = days().map(|day| plan_day(&spec, day).len()).sum();
        assert!((47_000..53_000).contains(&sum), "{sum}");
        let weekend: usize = days().filter(|day| is_weekend(*day)).map(|day| plan_day(&spec, day).len()).sum();
        assert!(weekend * 8 < sum && weekend > 0);
    }

    #[test]
    fn ties_late_events_and_office_hours_occur() {
        let plans = plan_day(&WorkloadSpec::new(5, 2_000_000), day("2026-03-04"));
        assert!(plans.windows(3).any(|three| three[0].ingested == three[2].ingested));
        let late = |least: u64| {
            plans.iter().filter(|plan| plan.ingested.since(plan.occurred) > Duration::from_secs(least)).count()
        };
        let share = late(2) as f64 / plans.len() as f64;
        assert!((0.008..0.025).contains(&share), "{share}");
        assert!(late(32 * 86_400) > 0);
        let in_office = plans.iter().filter(|plan| (7..17).contains(&hour(plan.ingested))).count();
        assert!(in_office * 10 > plans.len() * 7);
    }

    fn hour(at: Timestamp) -> i64 {
        at.ticks().rem_euclid(TICKS_PER_DAY) / TICKS_PER_HOUR as i64
    }

    #[test]
    fn nothing_is_planned_for_an_idle_company() {
        assert!(day("2026-01-01").iter_days().take(30).all(|day| plan_day(&WorkloadSpec::new(1, 0), day).is_empty()));
    }
}
