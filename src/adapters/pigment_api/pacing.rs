//! Keeps to the rate limit: 500 requests in 5 minutes for one IP address, all Pigment's APIs together (C45, E20).
//!
//! The server counts in windows of its own that nobody tells us. So at most the budget is spent in *any* span
//! of one window's length, wherever the server's begins. A token bucket (`governor`) cannot promise that without
//! halving the rate: a full bucket and its refill fit into one window. The exact answer is small: remember when
//! each request of the last window was answered, 500 times at most.
//!
//! A place is free again one window after its request was *answered*, not sent: the server counts somewhere
//! between the two. Hence two requests that compete for one place reach the server more than a window apart,
//! however slow the network is.
//!
//! On a 429 every request of the process holds back, for `Retry-After` or else until our own oldest request
//! leaves the window. Each further 429 to the same request at least doubles the wait: never a tight loop.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{ApiSettings, ClientMeter};
use crate::ports::{Answer, AuditSource, Clock, PageRequest, SourceError};

/// The shortest wait where the server asks for one.
const HINTED_WAIT_MIN: Duration = Duration::from_secs(1);
/// The shortest wait where it does not say how long: other clients of the same address may have filled its window.
const UNHINTED_WAIT_MIN: Duration = Duration::from_secs(15);

/// Sends no more requests than the rate limit allows, and waits out a 429.
///
/// It bursts: the budget of a fresh window goes out without waiting. A 429 whose wait exceeds what is left of the
/// retry budget is handed on at once, because waiting less would be no use.
pub struct Paced {
    inner: Arc<dyn AuditSource>,
    clock: Arc<dyn Clock>,
    meter: Arc<ClientMeter>,
    window: Duration,
    /// None = unpaced.
    places: Option<usize>,
    retry_budget: Duration,
    ledger: Mutex<Ledger>,
    answered: Notify,
}

/// What was spent of the current window.
#[derive(Default)]
struct Ledger {
    /// When the requests of the last window were answered, oldest first.
    answered: VecDeque<Duration>,
    /// Sent and not answered.
    in_flight: usize,
    /// Nothing is sent before, after a 429.
    held_until: Duration,
}

/// What a request that asks for a place is told.
#[derive(Debug, PartialEq)]
enum Turn {
    Now,
    After(Duration),
    OnceAnotherIsAnswered,
}

impl Paced {
    /// Wraps a source in the pace of these settings.
    pub fn new(
        inner: Arc<dyn AuditSource>,
        settings: &ApiSettings,
        clock: Arc<dyn Clock>,
        meter: Arc<ClientMeter>,
    ) -> Self {
        Self {
            inner,
            clock,
            meter,
            window: settings.window,
            places: places(settings.requests_per_window, settings.share),
            retry_budget: settings.retry_budget,
            ledger: Mutex::default(),
            answered: Notify::new(),
        }
    }

    /// Whether some request waits for the rate limit now.
    pub fn waiting(&self) -> bool {
        self.meter.waiting()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // The ledger is sound after every statement that changes it, so a panic elsewhere leaves it usable.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may be sent, and takes its place.
    async fn place(&self) -> Place<'_> {
        loop {
            // Made before the look, or an answer between the two would be missed.
            let answered = self.answered.notified();
            let turn = self.ledger().turn(self.clock.elapsed(), self.window, self.places);
            if turn == Turn::Now {
                return Place(self);
            }
            let wait = self.meter.wait_begins();
            let began = self.clock.elapsed();
            match turn {
                Turn::After(span) => self.clock.sleep(span).await,
                _ => answered.await,
            }
            wait.lasted(self.clock.elapsed().saturating_sub(began));
        }
    }

    /// How long a throttled request should wait; `count` is how many 429s it met before.
    fn penance(&self, retry_after: Option<Duration>, count: u32) -> Duration {
        let factor = 1_u32.checked_shl(count).unwrap_or(u32::MAX);
        if let Some(span) = retry_after {
            return span.max(HINTED_WAIT_MIN.saturating_mul(factor).min(self.window));
        }
        let rest = self.ledger().rest(self.clock.elapsed(), self.window);
        rest.max(UNHINTED_WAIT_MIN.saturating_mul(factor)).min(self.window)
    }
}

/// The requests this process may send per window: its share, rounded down, but at least one.
fn places(requests_per_window: u32, share: f64) -> Option<usize> {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 1.0 };
    (requests_per_window > 0).then(|| ((f64::from(requests_per_window) * share) as usize).max(1))
}

impl Ledger {
    fn turn(&mut self, now: Duration, window: Duration, places: Option<usize>) -> Turn {
        self.forget(now, window);
        if now < self.held_until {
            return Turn::After(self.held_until - now);
        }
        if places.is_none_or(|places| self.in_flight + self.answered.len() < places) {
            self.in_flight += 1;
            return Turn::Now;
        }
        match self.answered.front() {
            Some(oldest) => Turn::After(oldest.saturating_add(window).saturating_sub(now)),
            None => Turn::OnceAnotherIsAnswered,
        }
    }

    fn answer(&mut self, now: Duration, window: Duration, paced: bool) {
        self.forget(now, window);
        self.in_flight -= 1;
        // Unpaced, only the window's beginning is of use, and the ledger must not grow with the rate.
        if paced || self.answered.is_empty() {
            self.answered.push_back(now);
        }
    }

    fn forget(&mut self, now: Duration, window: Duration) {
        while self.answered.front().is_some_and(|oldest| oldest.saturating_add(window) <= now) {
            self.answered.pop_front();
        }
    }

    /// Time until the oldest request leaves the window; a whole window where there is none.
    fn rest(&self, now: Duration, window: Duration) -> Duration {
        self.answered.front().map_or(window, |oldest| oldest.saturating_add(window).saturating_sub(now))
    }
}

/// A request in flight. Dropping it, also by cancelling, frees its place one window later.
struct Place<'p>(&'p Paced);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let now = self.0.clock.elapsed();
        self.0.ledger().answer(now, self.0.window, self.0.places.is_some());
        self.0.answered.notify_waiters();
    }
}

#[async_trait]
impl AuditSource for Paced {
    async fn fetch(&self, request: &PageRequest) -> Result<Answer, SourceError> {
        let mut waited = Duration::ZERO;
        let mut throttled = 0;
        loop {
            let place = self.place().await;
            self.meter.count_request();
            let answer = self.inner.fetch(request).await;
            drop(place);
            let Err(SourceError::Throttled { retry_after, .. }) = &answer else { return answer };
            let span = self.penance(*retry_after, throttled);
            waited = waited.saturating_add(span);
            if waited > self.retry_budget {
                return answer;
            }
            throttled += 1;
            tracing::warn!(wait_s = span.as_secs(), "the API's rate limit is used up (HTTP 429), waiting");
            let until = self.clock.elapsed().saturating_add(span);
            let mut ledger = self.ledger();
            ledger.held_until = ledger.held_until.max(until);
        }
    }

    fn requests(&self) -> u64 {
        self.inner.requests()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::{FutureExt as _, join_all};

    use super::*;
    use crate::adapters::pigment_api::doubles::{JumpingClock, Scripted, newest, settings, throttled, unavailable};

    const WINDOW: Duration = Duration::from_secs(300);

    fn paced(source: &Arc<Scripted>, clock: &Arc<JumpingClock>, change: impl FnOnce(&mut ApiSettings)) -> Paced {
        let mut settings = settings("http://localhost");
        change(&mut settings);
        Paced::new(source.clone(), &settings, clock.clone(), Arc::default())
    }

    /// The most requests in any span of one window, wherever it begins.
    fn busiest(asked: &[Duration]) -> usize {
        (0..asked.len())
            .map(|from| asked[from..].iter().take_while(|at| **at < asked[from] + WINDOW).count())
            .max()
            .unwrap_or(0)
    }

    #[tokio::test]
    async fn two_thousand_requests_never_exceed_the_limit_and_waste_nothing() {
        for took_ms in [0, 10, 500] {
            let took = Duration::from_millis(took_ms);
            let clock = Arc::<JumpingClock>::default();
            let source = Scripted::new(&clock, took, vec![]);
            let paced = paced(&source, &clock, |_| {});
            for _ in 0..2_000 {
                paced.fetch(&newest()).await.unwrap();
            }
            assert_eq!(busiest(&source.asked()), 500);
            let ideal = WINDOW * 3 + took * 500;
            assert!(clock.elapsed().as_secs_f64() * 0.99 <= ideal.as_secs_f64(), "{:?}", clock.elapsed());
            assert_eq!((paced.requests(), paced.meter.requests()), (2_000, 2_000));
            assert_eq!((paced.meter.waits() > 0, paced.waiting()), (true, false));
            assert_eq!(paced.meter.waited(), clock.elapsed() - took * 2_000);
        }
    }

    #[tokio::test]
    async fn a_share_is_rounded_down_and_holds_for_concurrent_requests() {
        assert_eq!(places(500, 0.25), Some(125));
        assert_eq!(places(500, 0.0), Some(1));
        assert_eq!(places(7, f64::NAN), Some(7));
        let clock = Arc::<JumpingClock>::default();
        let source = Scripted::new(&clock, Duration::from_secs(1), vec![]);
        let paced = paced(&source, &clock, |settings| settings.share = 0.004);
        let request = newest();
        let answers = join_all((0..9).map(|_| paced.fetch(&request))).await;
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!((source.asked().len(), busiest(&source.asked())), (9, 2));
    }

    #[tokio::test]
    async fn unpaced_never_waits_and_remembers_little() {
        let clock = Arc::<JumpingClock>::default();
        let source = Scripted::new(&clock, Duration::from_millis(1), vec![]);
        let paced = paced(&source, &clock, |settings| settings.requests_per_window = 0);
        for _ in 0..2_000 {
            paced.fetch(&newest()).await.unwrap();
        }
        assert_eq!((clock.elapsed(), paced.meter.waits()), (Duration::from_secs(2), 0));
        assert_eq!(paced.ledger().answered.len(), 1);
    }

    #[tokio::test]
    async fn a_429_is_waited_out_as_the_server_says_or_to_the_end_of_the_window() {
        let clock = Arc::<JumpingClock>::default();
        let script = vec![throttled(Some(40)), throttled(None), throttled(Some(0))];
        let source = Scripted::new(&clock, Duration::ZERO, script);
        let paced = paced(&source, &clock, |_| {});
        paced.fetch(&newest()).await.unwrap();
        let asked: Vec<_> = source.asked().iter().map(Duration::as_secs).collect();
        assert_eq!(asked, [0, 40, 300, 304]);
    }

    #[tokio::test]
    async fn repeated_429s_are_never_a_tight_loop() {
        let clock = Arc::<JumpingClock>::default();
        let source = Scripted::new(&clock, Duration::ZERO, vec![throttled(Some(0)); 8]);
        let paced = paced(&source, &clock, |_| {});
        paced.fetch(&newest()).await.unwrap();
        let asked: Vec<_> = source.asked().iter().map(Duration::as_secs).collect();
        assert_eq!(asked, [0, 1, 3, 7, 15, 31, 63, 127, 255]);
    }

    #[tokio::test]
    async fn a_429_beyond_the_budget_is_handed_on_at_once() {
        let clock = Arc::<JumpingClock>::default();
        let source = Scripted::new(&clock, Duration::ZERO, vec![throttled(Some(60)), throttled(Some(3_600))]);
        let paced = paced(&source, &clock, |_| {});
        assert!(matches!(paced.fetch(&newest()).await, Err(SourceError::Throttled { .. })));
        assert_eq!(clock.elapsed().as_secs(), 60);
    }

    #[tokio::test]
    async fn other_failures_pass_through_and_a_cancelled_request_keeps_its_place() {
        let clock = Arc::<JumpingClock>::default();
        let source = Scripted::new(&clock, Duration::ZERO, vec![unavailable()]);
        let paced = paced(&source, &clock, |settings| settings.requests_per_window = 2);
        assert!(matches!(paced.fetch(&newest()).await, Err(SourceError::Unavailable { .. })));
        let request = newest();
        let mut cancelled = paced.fetch(&request);
        assert!((&mut cancelled).now_or_never().is_none());
        drop(cancelled);
        paced.fetch(&newest()).await.unwrap();
        assert_eq!(source.asked().last().unwrap().as_secs(), 300);
    }
}
