//! Where a walk starts. The plan is a value: it can be printed, tested, refused.

use std::time::Duration;

use serde::Serialize;

use super::BELOW_SINCE;
use crate::domain::Timestamp;
use crate::domain::coverage::Interval;
use crate::domain::log::WalkPurpose;
use crate::domain::views::WalksView;
use crate::domain::window::LOOK_BACK;

const A_DAY: Duration = Duration::from_secs(86_400);

/// The settings a plan follows.
#[derive(Clone, Copy, Debug)]
pub struct WalkRules {
    /// How far below the head a walk reads again (C7).
    pub overlap: Duration,
    /// How far behind the server's clock coverage may claim (C34).
    pub lag: Duration,
    /// How far inside the look-back a walk starts, so that it is still in range on its last page (C9).
    pub margin: Duration,
    /// How much deeper a walk goes once a day.
    pub sweep_daily: Duration,
}

/// Who asks for the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A `sync`: whatever is needed.
    Sync,
    /// A `backfill`: down to this instant, or as deep as the API reaches.
    Since(Timestamp),
}

/// Where a walk will start and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WalkPlan {
    /// Why it is begun.
    pub purpose: WalkPurpose,
    /// `ingestedSince`.
    pub since: Timestamp,
    /// Whether it would start deeper if the API reached deeper.
    pub clamped: bool,
    /// Whether it must meet an event that is held.
    pub canary: bool,
    /// The reason, for people.
    pub reason: String,
}

/// The oldest instant a walk may start from at `now`: the look-back less the margin.
pub fn reach(now: Timestamp, rules: &WalkRules) -> Timestamp {
    now - LOOK_BACK + rules.margin
}

/// Plans the walk that reads the head. `now` is the API server's clock as far as known; `newest` is
/// the newest `ingestionTimestamp` held.
pub fn plan(walks: &WalksView, newest: Option<Timestamp>, now: Timestamp, rules: &WalkRules, asked: Asked) -> WalkPlan {
    let reach = reach(now, rules);
    let (purpose, wanted, reason) = wanted(walks, newest, now, reach, rules, asked);
    let since = wanted.max(reach);
    WalkPlan {
        purpose,
        since,
        clamped: wanted < reach,
        // An event at `since` itself may or may not be shown (C7): only a later one is sure to be met.
        canary: newest.is_some_and(|newest| newest >= since + BELOW_SINCE),
        reason: if wanted < reach { format!("{reason}; the API reaches no deeper") } else { reason.to_owned() },
    }
}

fn wanted(
    walks: &WalksView,
    newest: Option<Timestamp>,
    now: Timestamp,
    reach: Timestamp,
    rules: &WalkRules,
    asked: Asked,
) -> (WalkPurpose, Timestamp, &'static str) {
    let Some(head) = walks.covered.head() else {
        return (WalkPurpose::First, now - LOOK_BACK, "nothing is covered yet");
    };
    // What a live walk still intends to read is its affair; what is below reach is past asking for.
    let gaps = walks.open_gaps().minus(&walks.pending());
    let gap = gaps.within(Interval::new(reach, head)).start();
    let held = newest.map_or(head, |newest| newest.min(head));
    let base = gap.map_or(held, |gap| gap.min(held)) - rules.overlap;
    let sweep_due = walks.swept.is_none_or(|swept| now >= swept + A_DAY);
    match asked {
        Asked::Since(since) if since < base => (WalkPurpose::Backfill, since, "asked for"),
        _ if sweep_due => (WalkPurpose::Sweep, base - rules.sweep_daily, "the daily sweep, below the overlap"),
        _ if gap.is_some_and(|gap| gap < held) => (WalkPurpose::Head, base, "an overlap below the oldest open gap"),
        _ => (WalkPurpose::Head, base, "an overlap below the newest event held"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: WalkRules = WalkRules {
        overlap: Duration::from_secs(6 * 3600),
        lag: Duration::from_secs(300),
        margin: Duration::from_secs(3600),
        sweep_daily: Duration::from_secs(7 * 86_400),
    };

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_seconds(hour * 3600)
    }

    fn held(spans: &[(i64, i64)], swept: i64) -> WalksView {
        WalksView {
            covered: spans.iter().map(|(from, to)| Interval::new(hour(*from), hour(*to))).collect(),
            floor: Some(hour(spans[0].0)),
            swept: Some(hour(swept)),
            ..WalksView::default()
        }
    }

    #[test]
    fn a_first_walk_starts_at_the_look_back_less_the_margin() {
        let plan = plan(&WalksView::default(), None, hour(10_000), &RULES, Asked::Sync);
        assert_eq!((plan.purpose, plan.since), (WalkPurpose::First, hour(10_000 - 180 * 24 + 1)));
        assert!(plan.clamped && !plan.canary);
    }

    #[test]
    fn a_sync_starts_an_overlap_below_the_newest_event_held() {
        let plan = plan(&held(&[(9_000, 9_990)], 9_990), Some(hour(9_980)), hour(10_000), &RULES, Asked::Sync);
        assert_eq!((plan.purpose, plan.since, plan.canary), (WalkPurpose::Head, hour(9_974), true));
    }

    #[test]
    fn a_sync_starts_below_the_oldest_open_gap() {
        let plan = plan(&held(&[(9_000, 9_100), (9_200, 9_990)], 9_990), Some(hour(9_980)), hour(10_000), &RULES, Asked::Sync);
        assert_eq!(plan.since, hour(9_094));
    }

    #[test]
    fn once_a_day_it_sweeps_deeper() {
        let plan = plan(&held(&[(9_000, 9_990)], 9_900), Some(hour(9_980)), hour(10_000), &RULES, Asked::Sync);
        assert_eq!((plan.purpose, plan.since), (WalkPurpose::Sweep, hour(9_974 - 7 * 24)));
    }

    #[test]
    fn after_a_long_pause_no_canary_can_be_asked_for() {
        let plan = plan(&held(&[(0, 1_000)], 1_000), Some(hour(999)), hour(10_000), &RULES, Asked::Sync);
        assert_eq!(plan.since, hour(10_000 - 180 * 24 + 1));
        assert!(plan.clamped && !plan.canary);
    }

    #[test]
    fn a_backfill_goes_as_deep_as_asked_and_no_deeper_than_the_api() {
        let view = held(&[(9_000, 9_990)], 9_990);
        let deep = plan(&view, Some(hour(9_980)), hour(10_000), &RULES, Asked::Since(hour(8_000)));
        assert_eq!((deep.purpose, deep.since), (WalkPurpose::Backfill, hour(8_000)));
        let deeper = plan(&view, Some(hour(9_980)), hour(10_000), &RULES, Asked::Since(hour(10)));
        assert_eq!(deeper.since, hour(10_000 - 180 * 24 + 1));
    }
}
