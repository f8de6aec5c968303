//! Recording what is lost: rarely, and only when it is certain.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::coverage::{Coverage, Interval};
use crate::domain::log::{Action, IntervalLost};
use crate::domain::views::WalksView;
use crate::domain::walk::{BELOW_SINCE, WalkRules, edge, reach};

/// What a run heard that allows it to speak of losses.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// The `Date` of the last decoded page.
    pub served_at: Timestamp,
    /// How far the local clock was from any `Date` of the run, at most.
    pub skew: Duration,
    /// Where the deepest walk of this run began, if the API's reach stopped it from going deeper.
    pub clamped_since: Option<Timestamp>,
}

/// The spans that left the API's reach unread. The margin belongs to the loss: no walk may begin in it.
/// What a live walk still intends to read is not given up, and nothing is while the two clocks
/// disagree by more than `tolerance`.
pub fn losses(walks: &WalksView, heard: &Heard, rules: &WalkRules, tolerance: Duration) -> Coverage {
    if heard.skew > tolerance {
        return Coverage::default();
    }
    let reach = reach(heard.served_at, rules);
    let reach = heard.clamped_since.map_or(reach, |since| reach.max(since));
    let Some(head) = walks.covered.head() else { return Coverage::default() };
    // A gap that lies whole inside the look-back loses nothing yet: the next walk starts just below it.
    let edge = edge(heard.served_at);
    let needed = walks.open_gaps().minus(&walks.pending());
    let gone: Coverage = needed.intervals().iter().filter(|gap| gap.from < edge).copied().collect();
    gone.within(Interval::new(Timestamp::from_ticks(i64::MIN), head.min(reach + BELOW_SINCE)))
}

/// The facts for the log.
pub fn facts(lost: &Coverage, seen_at: Timestamp) -> Vec<Action> {
    let fact = |span: &Interval| Action::IntervalLost(IntervalLost { span: *span, seen_at });
    lost.intervals().iter().map(fact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: WalkRules = WalkRules {
        overlap: Duration::ZERO,
        lag: Duration::ZERO,
        margin: Duration::from_secs(3600),
        sweep_daily: Duration::ZERO,
    };

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_seconds(hour * 3600)
    }

    fn view() -> WalksView {
        let covered = [Interval::new(hour(0), hour(100)), Interval::new(hour(500), hour(4_900))];
        WalksView { covered: covered.into_iter().collect(), floor: Some(hour(0)), ..WalksView::default() }
    }

    fn heard(skew_hours: u64) -> Heard {
        Heard { served_at: hour(300 + 180 * 24), skew: Duration::from_secs(skew_hours * 3600), clamped_since: None }
    }

    #[test]
    fn what_is_below_the_reach_is_lost_margin_included() {
        let lost = losses(&view(), &heard(0), &RULES, Duration::from_secs(60));
        assert_eq!(lost.intervals(), [Interval::new(hour(100), hour(301) + BELOW_SINCE)]);
    }

    #[test]
    fn nothing_is_lost_while_the_clocks_disagree() {
        assert!(losses(&view(), &heard(3), &RULES, Duration::from_secs(3600)).is_empty());
    }
}
