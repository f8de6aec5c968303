//! How the simulated API is set up.

use std::time::Duration;

use super::fault::FaultPlan;
use super::key::KeySpec;
use crate::domain::Timestamp;
use crate::sim::workload::{Dialect, WorkloadSpec};

/// How far back the API reaches: 180 days of ingestion time (E16, E19).
pub const LOOK_BACK: Duration = Duration::from_secs(180 * 86_400);

/// The fixed window of the rate limit (E20).
pub const RATE_WINDOW: Duration = Duration::from_secs(300);

/// What stands in the cursor's place on the last page; not documented (C2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastCursor {
    /// No such member.
    Absent,
    /// `null`.
    Null,
    /// `""`.
    Empty,
    /// A cursor that leads nowhere. In the skill's dialect, which has no other sign of an end, `null`.
    Stale,
}

/// What a 429 says about when to come back (E21).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing: the documentation does not mention the header.
    Off,
    /// Seconds; none given means until the window resets.
    Seconds(Option<u64>),
    /// The moment the window resets, as an HTTP date.
    Date,
}

/// Everything that can be chosen about an [`Api`](super::Api).
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// The company whose events are served.
    pub workload: WorkloadSpec,
    /// Whose description of the wire format is followed.
    pub dialect: Dialect,
    /// The server's time when the simulation begins.
    pub started: Timestamp,
    /// How much history there is at that time; at most the look-back.
    pub history: Duration,
    /// Events a page at most.
    pub page_size: usize,
    /// Requests a window and client address; none is unlimited.
    pub requests_per_window: Option<u64>,
    /// The header of a 429.
    pub retry_after: RetryAfter,
    /// The keys that exist. Where there are none, any bearer token is taken for a good one.
    pub keys: Vec<KeySpec>,
    /// Whether the workspace has the plan that includes the audit API (E24).
    pub enterprise: bool,
    /// The end of a walk.
    pub last_cursor: LastCursor,
    /// Whether a cursor is refused with another `ingestedSince` than it was made for (E15).
    pub cursor_pinned: bool,
    /// How long a cursor lives; none is for ever (E14).
    pub cursor_ttl: Option<Duration>,
    /// Whether a start beyond the look-back is raised instead of refused (C9).
    pub clamp: bool,
    /// Whether events ingested exactly at `ingestedSince` are left out (C7).
    pub since_exclusive: bool,
    /// Whether each page begins with the last event of the page before (E7).
    pub duplicate_edge: bool,
    /// One event in 40 becomes visible this long after its ingestion (E5).
    pub late_visible: Duration,
    /// Every how many events one is served with another body the second time (E8).
    pub conflict_every: Option<u64>,
    /// Every how many events one lacks a standard member (E31).
    pub missing_every: Option<u64>,
    /// How far the server's whole clock is off, in seconds (E49).
    pub skew_s: i64,
    /// How far the `Date` header alone is off, in seconds.
    pub date_skew_s: i64,
    /// Whether answers carry a `Date`.
    pub date: bool,
    /// What goes wrong, and when.
    pub faults: FaultPlan,
}

impl ApiSettings {
    /// The API as documented, in the vendor's dialect, with half a year of history.
    pub fn new(workload: WorkloadSpec, started: Timestamp) -> Self {
        let last_cursor = [LastCursor::Absent, LastCursor::Null, LastCursor::Empty, LastCursor::Stale];
        Self {
            last_cursor: last_cursor[(workload.seed % 4) as usize],
            workload,
            dialect: Dialect::Vendor,
            started,
            history: LOOK_BACK,
            page_size: 1_000,
            requests_per_window: Some(500),
            retry_after: RetryAfter::Off,
            keys: Vec::new(),
            enterprise: true,
            cursor_pinned: false,
            cursor_ttl: None,
            clamp: false,
            since_exclusive: false,
            duplicate_edge: false,
            late_visible: Duration::ZERO,
            conflict_every: None,
            missing_every: None,
            skew_s: 0,
            date_skew_s: 0,
            date: true,
            faults: FaultPlan::default(),
        }
    }
}
