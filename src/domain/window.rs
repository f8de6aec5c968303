//! Tiling time into 180-day windows, and what can still be had of each.
//!
//! A past window cannot be asked for by itself: the API has a lower bound only (C8). So a window is a
//! span to *report* on, and the walk that fills it always begins at the newest event.

use std::time::Duration;

use serde::Serialize;

use super::Timestamp;
use super::coverage::{Coverage, Interval};

/// How far back the API reaches: 180 days of ingestion time (C9).
pub const LOOK_BACK: Duration = Duration::from_secs(180 * 86_400);

/// How far inside the look-back even the boldest walk starts.
pub const EDGE: Duration = Duration::from_secs(60);

/// When the data of an instant begins to be lost: when no walk may start below it any more.
pub fn deadline(from: Timestamp) -> Timestamp {
    from + LOOK_BACK - EDGE
}

/// What can be said of one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Held.
    Archived,
    /// Not held; the API still shows it, until `expires`.
    Reachable {
        /// When its oldest instant leaves the look-back, by the API server's clock.
        expires: Timestamp,
    },
    /// Not held and out of the API's reach since this archive began: lost.
    Lost,
    /// Older than anything this archive could ever ask for; only files from elsewhere can fill it.
    BeforeArchive,
}

/// One span of at most 180 days, with its stretches, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The whole span.
    pub span: Interval,
    /// What is known of its parts; together they are the span.
    pub stretches: Vec<(Interval, Reach)>,
}

/// What classification needs to know of an archive.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Held time.
    pub covered: &'a Coverage,
    /// The first instant the archive ever asked for, if it has asked.
    pub floor: Option<Timestamp>,
    /// The oldest instant a walk may begin at: the look-back less the margin.
    pub reach: Timestamp,
}

/// Tiles `asked` into windows of at most 180 days, oldest first, and classifies every part.
pub fn tile(asked: Interval, known: Known<'_>) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut from = asked.from;
    while from < asked.to {
        let span = Interval::new(from, asked.to.min(from + LOOK_BACK));
        windows.push(Window { span, stretches: classify(span, known) });
        from = span.to;
    }
    windows
}

fn classify(span: Interval, known: Known<'_>) -> Vec<(Interval, Reach)> {
    let floor = known.floor.unwrap_or(known.reach).min(known.reach);
    let mut stretches: Vec<_> =
        known.covered.within(span).intervals().iter().map(|held| (*held, Reach::Archived)).collect();
    for gap in known.covered.gaps_in(span).intervals() {
        let parts = [
            (Interval::new(gap.from, gap.to.min(floor)), Reach::BeforeArchive),
            (Interval::new(gap.from.max(floor), gap.to.min(known.reach)), Reach::Lost),
            (
                Interval::new(gap.from.max(known.reach), gap.to),
                Reach::Reachable { expires: deadline(gap.from.max(known.reach)) },
            ),
        ];
        stretches.extend(parts.into_iter().filter(|(part, _)| !part.is_empty()));
    }
    stretches.sort_by_key(|(part, _)| part.from);
    stretches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_seconds(day * 86_400)
    }

    fn days(from: i64, to: i64) -> Interval {
        Interval::new(day(from), day(to))
    }

    #[test]
    fn four_hundred_days_asked_of_a_new_archive_are_mostly_before_it() {
        let known = Known { covered: &Coverage::default(), floor: None, reach: day(220) };
        let windows = tile(days(0, 400), known);
        assert_eq!(windows.iter().map(|w| w.span).collect::<Vec<_>>(), [days(0, 180), days(180, 360), days(360, 400)]);
        assert_eq!(windows[0].stretches, [(days(0, 180), Reach::BeforeArchive)]);
        assert_eq!(windows[1].stretches[0], (days(180, 220), Reach::BeforeArchive));
        assert_eq!(windows[1].stretches[1], (days(220, 360), Reach::Reachable { expires: day(400) - EDGE }));
    }

    #[test]
    fn a_hole_left_by_a_pause_is_lost_not_before() {
        let covered = [days(10, 50), days(70, 100)].into_iter().collect();
        let known = Known { covered: &covered, floor: Some(day(10)), reach: day(70) };
        let windows = tile(days(10, 100), known);
        assert_eq!(windows[0].stretches[1], (days(50, 70), Reach::Lost));
    }

    proptest! {
        #[test]
        fn windows_and_their_stretches_tile_what_was_asked(
            from in 0_i64..900, length in 0_i64..900, held in prop::collection::vec((0_i64..900, 0_i64..200), 0..6),
            floor in prop::option::of(0_i64..900), reach in 0_i64..900,
        ) {
            let covered: Coverage = held.into_iter().map(|(from, length)| days(from, from + length)).collect();
            let windows = tile(days(from, from + length), Known { covered: &covered, floor: floor.map(day), reach: day(reach) });
            let mut at = day(from);
            for window in &windows {
                prop_assert!(window.span.to.since(window.span.from) <= LOOK_BACK);
                for (part, kind) in &window.stretches {
                    prop_assert_eq!(part.from, at);
                    prop_assert_eq!(*kind == Reach::Archived, covered.meets(*part));
                    at = part.to;
                }
                prop_assert_eq!(window.span.to, at);
            }
            prop_assert_eq!(at, day(from + length));
        }
    }
}
