//! The machine's clock and its source of chance: the only place where either is asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;

use crate::domain::{Digest, Timestamp};
use crate::ports::{Clock, Entropy};

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose elapsed time counts from here.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that all others are to ask")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }
}

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that all others are to ask")]
    fn now(&self) -> Timestamp {
        Timestamp::from_chrono(chrono::Utc::now())
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that all others are to ask")]
    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }

    async fn until(&self, moment: Duration) {
        self.sleep(moment.saturating_sub(self.elapsed())).await;
    }
}

/// The operating system's source of chance.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the chance that all others are to ask")]
    fn bits(&self) -> u128 {
        let mut bytes = [0; 16];
        match getrandom::fill(&mut bytes) {
            Ok(()) => u128::from_le_bytes(bytes),
            Err(_) => unlikely_to_repeat(),
        }
    }
}

/// For a system without a source of chance: identifiers need to differ, not to be secret, so what differs
/// between any two calls (time, process, thread, count) is enough.
#[expect(clippy::disallowed_methods, reason = "nothing else differs between two machines without chance")]
fn unlikely_to_repeat() -> u128 {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let place = std::ptr::from_ref(&call).addr();
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let text = format!("{since_1970:?} {} {:?} {call} {place}", std::process::id(), Instant::now());
    Digest::of(text.as_bytes()).short()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_does_not_repeat_with_or_without_the_system() {
        let drawn: std::collections::BTreeSet<u128> =
            (0..1_000).flat_map(|_| [SystemEntropy.bits(), unlikely_to_repeat()]).collect();
        assert_eq!(drawn.len(), 2_000);
        assert!((0..1_000).all(|_| (0.0..1.0).contains(&SystemEntropy.fraction())));
    }

    #[tokio::test]
    async fn the_clock_moves_forward() {
        let clock = SystemClock::start();
        let (before, wall) = (clock.elapsed(), clock.now());
        clock.sleep(Duration::from_millis(5)).await;
        assert!(clock.elapsed() >= before + Duration::from_millis(5));
        assert!(wall.year() >= 2024);
    }
}
