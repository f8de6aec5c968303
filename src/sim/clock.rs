//! Virtual time: years pass in a moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use tokio::sync::Notify;

use crate::domain::Timestamp;
use crate::ports::Clock;

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    elapsed: Duration,
}

/// A [`Clock`] that moves only when told to, or when someone sleeps. Clones show the same time.
///
/// A sleep takes no real time: it moves the clock on at once and lets other tasks run. So the sleeps of
/// tasks that wait side by side add up.
#[derive(Clone, Debug)]
pub struct SimulatedClock {
    hands: Arc<Mutex<Hands>>,
    /// Rings whenever time passes.
    bell: Arc<Notify>,
}

impl SimulatedClock {
    /// A clock that stands at `now`, UTC.
    pub fn starting_at(now: Timestamp) -> Self {
        let hands = Arc::new(Mutex::new(Hands { now, elapsed: Duration::ZERO }));
        Self { hands, bell: Arc::new(Notify::new()) }
    }

    /// Lets time pass.
    pub fn advance(&self, span: Duration) {
        let mut hands = self.hands();
        hands.now = hands.now + span;
        hands.elapsed = hands.elapsed.saturating_add(span);
        drop(hands);
        self.bell.notify_waiters();
    }

    /// Sets the wall clock, also backwards, as a person or NTP may. No time passes by it:
    /// [`Clock::elapsed`] stays.
    pub fn set(&self, now: Timestamp) {
        self.hands().now = now;
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.hands().now
    }

    fn elapsed(&self) -> Duration {
        self.hands().elapsed
    }

    async fn sleep(&self, span: Duration) {
        self.advance(span);
        tokio::task::yield_now().await;
    }

    async fn until(&self, moment: Duration) {
        loop {
            let rings = self.bell.notified();
            if self.elapsed() >= moment {
                return;
            }
            rings.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleeping_moves_every_clone_at_once() {
        let clock = SimulatedClock::starting_at(Timestamp::from_seconds(100));
        let other = clock.clone();
        clock.sleep(Duration::from_secs(86_400 * 365)).await;
        assert_eq!(other.now(), Timestamp::from_seconds(100 + 86_400 * 365));
        assert_eq!(other.elapsed(), Duration::from_secs(86_400 * 365));
    }

    #[test]
    fn setting_the_wall_clock_back_does_not_undo_elapsed_time() {
        let clock = SimulatedClock::starting_at(Timestamp::from_seconds(100));
        clock.advance(Duration::from_secs(5));
        clock.set(Timestamp::from_seconds(1));
        assert_eq!((clock.now(), clock.elapsed()), (Timestamp::from_seconds(1), Duration::from_secs(5)));
    }
}
