//! One walk as a run carries it from page to page.

use crate::domain::log::WalkPurpose;
use crate::domain::walk::Proof;
use crate::domain::{Cursor, Timestamp};

/// One walk as a run carries it.
pub struct Walking {
    /// Its identifier.
    pub id: String,
    /// Why it was begun.
    pub purpose: WalkPurpose,
    /// Whether it must meet an event held before it began.
    pub canary: bool,
    /// The version it began at: what was held before is its canary.
    pub begun: u64,
    /// Whether it may claim coverage, and the oldest held event it met.
    pub met: Met,
    /// What its pages prove.
    pub proof: Proof,
    /// The token for the next page.
    pub cursor: Option<Cursor>,
    /// The server's clock at its last page.
    pub served_at: Timestamp,
    /// Whether the end that the API told of fits what is held.
    pub believed: bool,
    /// Whether the log knows it.
    pub logged: bool,
    /// Whether another process ended it: then its facts are left out.
    pub detached: bool,
}

/// What a walk met of what was held before it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Its canary; any event, where none is asked for.
    pub any: bool,
    /// The oldest held event.
    pub at: Option<Timestamp>,
}
