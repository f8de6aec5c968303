//! What the API was asked and what it served.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::Timestamp;

/// Counts since the simulation began, of the events endpoint only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Requests, whatever became of them.
    pub requests: u64,
    /// Answers by HTTP status; a connection that was reset or left hanging is under 0.
    pub statuses: BTreeMap<u16, u64>,
    /// Pages of events that were sent whole.
    pub pages: u64,
    /// Events on those pages, repeated ones included.
    pub events_served: u64,
    /// The most requests one client address sent in one window of five minutes.
    pub busiest_window: u64,
    /// Events a reader would see now.
    pub visible: u64,
    /// The server's time now.
    pub now: Option<Timestamp>,
    /// The server's time at the first request.
    pub first_request: Option<Timestamp>,
    /// The server's time at the latest request.
    pub last_request: Option<Timestamp>,
}
