//! Where a walk starts. The plan is a value: it can be printed, tested, refused.

use std::time::Duration;

use serde::Serialize;

use super::BELOW_SINCE;
use crate::domain::Timestamp;
use crate::domain::coverage::{Coverage, Interval};
use crate::domain::log::WalkPurpose;
use crate::domain::views::Archive;
use crate::domain::window::{EDGE, LOOK_BACK};

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

/// The oldest instant that a walk may start from in need: for an open gap that is about to expire.
pub fn edge(now: Timestamp) -> Timestamp {
    now - LOOK_BACK + EDGE
}

/// Plans the walk that reads the head. `now` is the API server's clock as far as known.
pub fn plan(archive: &Archive, now: Timestamp, rules: &WalkRules, asked: Asked) -> WalkPlan {
    let limit = limit(archive, now, rules);
    let (purpose, wanted, reason) = wanted(archive, now, limit, rules, asked);
    let since = wanted.max(limit);
    WalkPlan {
        purpose,
        since,
        clamped: wanted < limit,
        // An event at `since` itself may or may not be shown (C7): only a later one is sure to be met.
        canary: archive.newest_proven().is_some_and(|newest| newest >= since + BELOW_SINCE),
        reason: if wanted < limit { format!("{reason}; the API reaches no deeper") } else { reason.to_owned() },
    }
}

/// The deepest start: the look-back less the margin; or, where what is missing (an open gap, or all time
/// since the head) begins within the margin and nothing of it is lost yet, just below that.
fn limit(archive: &Archive, now: Timestamp, rules: &WalkRules) -> Timestamp {
    let (edge, reach) = (edge(now), reach(now, rules));
    match needed(archive).start().or(archive.walks.covered.head()) {
        Some(start) if start >= edge => (start - BELOW_SINCE).max(edge).min(reach),
        _ => reach,
    }
}

/// Gaps that no live walk still intends to read.
fn needed(archive: &Archive) -> Coverage {
    archive.walks.open_gaps().minus(&archive.walks.pending())
}

fn wanted(
    archive: &Archive,
    now: Timestamp,
    limit: Timestamp,
    rules: &WalkRules,
    asked: Asked,
) -> (WalkPurpose, Timestamp, &'static str) {
    let Some(head) = archive.walks.covered.head() else {
        return (WalkPurpose::First, now - LOOK_BACK, "nothing is covered yet");
    };
    let held = archive.newest_proven().map_or(head, |newest| newest.min(head));
    // Below a gap the walk must meet an event that is held, or it cannot be told from an answer cut short.
    let gap = needed(archive).within(Interval::new(limit, head)).start();
    let anchor = |gap| archive.newest_proven_before(gap).filter(|at| *at >= limit).unwrap_or(gap);
    let base = gap.map(anchor).map_or(held, |gap| gap.min(held)) - rules.overlap;
    let sweep_due = archive.walks.swept.is_none_or(|swept| now >= swept + A_DAY);
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
    use crate::domain::Digest;
    use crate::domain::log::RecordObject;
    use crate::domain::views::Segment;

    const RULES: WalkRules = WalkRules {
        overlap: Duration::from_secs(6 * 3600),
        lag: Duration::from_secs(300),
        margin: Duration::from_secs(3600),
        sweep_daily: Duration::from_secs(7 * 86_400),
    };

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_seconds(hour * 3600)
    }

    /// An archive that covers these hours, and holds one segment for each of `newest`.
    fn held(spans: &[(i64, i64)], swept: i64, newest: &[i64]) -> Archive {
        let mut archive = Archive::default();
        archive.walks.covered = spans.iter().map(|(from, to)| Interval::new(hour(*from), hour(*to))).collect();
        archive.walks.floor = Some(hour(spans[0].0));
        archive.walks.swept = Some(hour(swept));
        let object = RecordObject { key: String::new(), sha256: Digest::of(b""), bytes: 0, rows: 1 };
        archive.record.segments.extend(newest.iter().map(|newest| Segment {
            version: 1,
            object: object.clone(),
            routing: 1,
            days: Default::default(),
            ingested_min: None,
            ingested_max: Some(hour(*newest)),
        }));
        archive
    }

    #[test]
    fn a_first_walk_starts_at_the_look_back_less_the_margin() {
        let plan = plan(&Archive::default(), hour(10_000), &RULES, Asked::Sync);
        assert_eq!((plan.purpose, plan.since), (WalkPurpose::First, hour(10_000 - 180 * 24 + 1)));
        assert!(plan.clamped && !plan.canary);
    }

    #[test]
    fn a_sync_starts_an_overlap_below_the_newest_event_held() {
        let plan = plan(&held(&[(9_000, 9_990)], 9_990, &[9_980]), hour(10_000), &RULES, Asked::Sync);
        assert_eq!((plan.purpose, plan.since, plan.canary), (WalkPurpose::Head, hour(9_974), true));
    }

    #[test]
    fn a_sync_starts_below_the_oldest_open_gap() {
        let plan =
            plan(&held(&[(9_000, 9_100), (9_200, 9_990)], 9_990, &[9_090, 9_980]), hour(10_000), &RULES, Asked::Sync);
        assert_eq!(plan.since, hour(9_084), "and below the newest event under it");
    }

    #[test]
    fn once_a_day_it_sweeps_deeper() {
        let plan = plan(&held(&[(9_000, 9_990)], 9_900, &[9_980]), hour(10_000), &RULES, Asked::Sync);
        assert_eq!((plan.purpose, plan.since), (WalkPurpose::Sweep, hour(9_974 - 7 * 24)));
    }

    #[test]
    fn after_a_long_pause_no_canary_can_be_asked_for() {
        let plan = plan(&held(&[(0, 1_000)], 1_000, &[999]), hour(10_000), &RULES, Asked::Sync);
        assert_eq!(plan.since, hour(10_000 - 180 * 24 + 1));
        assert!(plan.clamped && !plan.canary);
    }

    #[test]
    fn a_gap_that_is_about_to_expire_is_fetched_inside_the_margin() {
        let oldest = 10_000 - 180 * 24;
        let minutes = |minutes: i64| Timestamp::from_seconds(oldest * 3600 + minutes * 60);
        let mut archive = held(&[(9_000, 9_990)], 9_990, &[9_980]);
        archive.walks.floor = Some(minutes(20));
        let bold = plan(&archive, hour(10_000), &RULES, Asked::Sync);
        assert_eq!((bold.since, bold.clamped), (minutes(20) - BELOW_SINCE, true));
        archive.walks.floor = Some(minutes(-20));
        let late = plan(&archive, hour(10_000), &RULES, Asked::Sync);
        assert_eq!(late.since, minutes(60), "what is cut off by the look-back is lost, margin and all");
    }

    #[test]
    fn a_backfill_goes_as_deep_as_asked_and_no_deeper_than_the_api() {
        let view = held(&[(9_000, 9_990)], 9_990, &[9_980]);
        let deep = plan(&view, hour(10_000), &RULES, Asked::Since(hour(8_000)));
        assert_eq!((deep.purpose, deep.since), (WalkPurpose::Backfill, hour(8_000)));
        let deeper = plan(&view, hour(10_000), &RULES, Asked::Since(hour(10)));
        assert_eq!(deeper.since, hour(10_000 - 180 * 24 + 1));
    }
}
