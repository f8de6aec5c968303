//! `sync`: what the API shows and the archive does not hold becomes durable.
//!
//! ```text
//!  fetching ──pages──▶ archiving ──▶ record object ──▶ log
//!  (one task, serial:   (decides a batch of up to 16 pages or 30 s:
//!   the rate limit's)    dedupe, conservation, what the pages prove)
//! ```
//!
//! *Order*: walks that a run before left unfinished come first, because their data expires soonest; the
//! head is read in every run, even when the time is up. *Crash*: a batch that is not committed did not
//! happen; the walk resumes at the last committed cursor. *Two runs at once*: the log decides; the loser
//! folds the winner's commit and decides its batch again.

mod archiving;
mod failures;
mod fetching;
mod held;
mod losses;
mod report;
mod run;
mod walking;
mod walks;

use std::time::Duration;

pub use report::{Outcome, SyncReport};
pub use run::{planned, sync};

use crate::domain::publish::PublishRules;
use crate::domain::walk::{Asked, WalkRules};

/// The settings of a run.
#[derive(Clone, Debug)]
pub struct SyncSettings {
    /// Where walks start.
    pub walk: WalkRules,
    /// How far the local clock and the API's may differ before no loss is recorded.
    pub clock_tolerance: Duration,
    /// When rows go to the lake.
    pub publish: PublishRules,
    /// How long to fetch.
    pub time_max: Option<Duration>,
    /// What the run is asked for.
    pub asked: Asked,
    /// The command's name, for the log.
    pub command: &'static str,
}
