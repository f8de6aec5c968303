//! `backfill --since`: the time asked for, in 180-day windows, and a walk through what is reachable.
//!
//! Run again within 180 days it extends the archive: this is how history grows past the look-back.

use super::Journal;
use crate::domain::Timestamp;
use crate::domain::coverage::Interval;
use crate::domain::walk::{WalkRules, reach};
use crate::domain::window::{Known, Window, tile};

/// Tiles the time from `since` to `now` and says of each part whether it is archived, reachable, lost or
/// older than this archive could ever ask for.
pub fn windows(journal: &Journal, since: Timestamp, now: Timestamp, rules: &WalkRules) -> Vec<Window> {
    let walks = &journal.archive().walks;
    let known = Known { covered: &walks.covered, floor: walks.floor, reach: reach(now, rules) };
    tile(Interval::new(since, now), known)
}
