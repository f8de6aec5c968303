//! The rate limit: a fixed window for each client address, all of the API together (E20, C45).

use std::collections::HashMap;
use std::time::Duration;

use super::settings::RATE_WINDOW;
use crate::domain::Timestamp;

/// Counts requests by address and window. Windows lie at multiples of five minutes since 1970.
#[derive(Debug, Default)]
pub(super) struct RateLimit {
    windows: HashMap<String, (i64, u64)>,
    busiest: u64,
}

impl RateLimit {
    /// Counts a request; false where it is over the limit.
    pub(super) fn admit(&mut self, client: &str, now: Timestamp, limit: Option<u64>) -> bool {
        let window = now.ticks().div_euclid(window_ticks());
        let entry = self.windows.entry(client.to_owned()).or_insert((window, 0));
        if entry.0 != window {
            *entry = (window, 0);
        }
        entry.1 += 1;
        self.busiest = self.busiest.max(entry.1);
        limit.is_none_or(|limit| entry.1 <= limit)
    }

    /// The most requests that one address sent in one window, the refused ones included.
    pub(super) const fn busiest(&self) -> u64 {
        self.busiest
    }
}

/// When the window of this moment ends.
pub(super) fn window_end(now: Timestamp) -> Timestamp {
    let span = window_ticks();
    Timestamp::from_ticks((now.ticks().div_euclid(span) + 1) * span)
}

/// Whole seconds until the window of this moment ends, rounded up.
pub(super) fn seconds_left(now: Timestamp) -> u64 {
    (window_end(now).since(now) + Duration::from_nanos(999_999_999)).as_secs()
}

const fn window_ticks() -> i64 {
    (RATE_WINDOW.as_nanos() / 100) as i64
}
