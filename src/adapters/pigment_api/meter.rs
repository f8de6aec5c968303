//! What the client is doing right now, for whoever draws the progress.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Counters of one client, shared with the progress display. Nothing is decided by them.
#[derive(Debug, Default)]
pub struct ClientMeter {
    requests: AtomicU64,
    retries: AtomicU64,
    waits: AtomicU64,
    waited_ms: AtomicU64,
    waiting: AtomicU32,
}

impl ClientMeter {
    /// Requests sent so far, the repeated ones included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Requests that were sent again because the answer before was no use.
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// How often a request had to wait for the rate limit.
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Time waited for the rate limit in total, whole milliseconds; a wait counts when it is over.
    pub fn waited(&self) -> Duration {
        Duration::from_millis(self.waited_ms.load(Ordering::Relaxed))
    }

    /// Whether some request waits for the rate limit now.
    pub fn waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    pub(super) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Opens a wait; the guard ends it, also where the waiting task is dropped.
    pub(super) fn wait_begins(&self) -> Wait<'_> {
        self.waits.fetch_add(1, Ordering::Relaxed);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Wait(self)
    }
}

/// One open wait.
pub(super) struct Wait<'m>(&'m ClientMeter);

impl Wait<'_> {
    pub(super) fn lasted(self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.0.waited_ms.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
