//! Tries again where another try may help (E26), and only there.
//!
//! | answer | what is done |
//! |---|---|
//! | does not answer: 5xx, reset, timeout, cut body | again, later each time, until the budget is used up |
//! | a page that cannot be read | the same; but the same body three times is the server's last word |
//! | throttled | nothing: the pace below has waited already |
//! | key rejected, request refused, wrong settings | nothing: asking again cannot help |

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};

use super::ClientMeter;
use crate::domain::Digest;
use crate::ports::{Answer, AuditSource, Clock, Entropy, PageRequest, SourceError};

const WAIT_FIRST: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Jitter may come near zero; the budget would then allow any number of tries.
const WAIT_MIN: Duration = Duration::from_millis(100);
/// As often as one body must come before it is taken as the answer.
const ALIKE: u32 = 3;

/// Repeats a request with exponential back-off and full jitter, within a budget of waiting.
///
/// The budget is per request and counts the waits of this wrapper, not the time requests take.
pub struct Retrying {
    inner: Arc<dyn AuditSource>,
    budget: Duration,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    meter: Arc<ClientMeter>,
}

impl Retrying {
    /// Wraps a source; `budget` is the longest one request may wait in total.
    pub fn new(
        inner: Arc<dyn AuditSource>,
        budget: Duration,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        meter: Arc<ClientMeter>,
    ) -> Self {
        Self { inner, budget, clock, entropy, meter }
    }

    /// Full jitter: anything up to the ceiling, so that clients which failed together do not come back together.
    /// None when the budget is used up.
    fn wait(&self, ceiling: Duration, waited: Duration) -> Option<Duration> {
        let left = self.budget.saturating_sub(waited);
        (!left.is_zero()).then(|| ceiling.mul_f64(self.entropy.fraction()).max(WAIT_MIN).min(left))
    }
}

/// The body that came last, and how often.
#[derive(Default)]
struct Unreadable {
    body: Option<Digest>,
    times: u32,
}

impl Unreadable {
    /// Whether this body has now come often enough to be believed.
    fn settled_by(&mut self, error: &SourceError) -> bool {
        let SourceError::Undecodable { body, .. } = error else { return false };
        let body = Some(Digest::of(body));
        self.times = if self.body == body { self.times + 1 } else { 1 };
        self.body = body;
        self.times >= ALIKE
    }
}

fn may_pass(error: &SourceError) -> bool {
    match error {
        SourceError::Unavailable { .. } | SourceError::Undecodable { .. } => true,
        SourceError::KeyRejected { .. }
        | SourceError::Refused { .. }
        | SourceError::Throttled { .. }
        | SourceError::Misconfigured { .. } => false,
    }
}

#[async_trait]
impl AuditSource for Retrying {
    async fn fetch(&self, request: &PageRequest) -> Result<Answer, SourceError> {
        let ceilings = ExponentialBuilder::new().with_min_delay(WAIT_FIRST).with_max_delay(WAIT_MAX);
        let mut ceilings = ceilings.without_max_times().build();
        let mut unreadable = Unreadable::default();
        let mut waited = Duration::ZERO;
        loop {
            let error = match self.inner.fetch(request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !may_pass(&error) || unreadable.settled_by(&error) {
                return Err(error);
            }
            let Some(wait) = self.wait(ceilings.next().unwrap_or(WAIT_MAX), waited) else { return Err(error) };
            tracing::warn!(wait_ms = wait.as_millis(), "trying again: {error}");
            self.meter.count_retry();
            self.clock.sleep(wait).await;
            waited += wait;
        }
    }

    fn requests(&self) -> u64 {
        self.inner.requests()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::pigment_api::doubles::{
        Constant, JumpingClock, Scripted, newest, throttled, unavailable, unreadable,
    };

    struct Run {
        outcome: Result<Answer, SourceError>,
        asked_ms: Vec<u128>,
        retries: u64,
    }

    async fn run(script: Vec<SourceError>, budget_s: u64, fraction: f64) -> Run {
        let clock = Arc::<JumpingClock>::default();
        let source = Scripted::new(&clock, Duration::ZERO, script);
        let meter = Arc::<ClientMeter>::default();
        let budget = Duration::from_secs(budget_s);
        let retrying = Retrying::new(source.clone(), budget, clock, Arc::new(Constant(fraction)), meter.clone());
        let outcome = retrying.fetch(&newest()).await;
        assert_eq!(retrying.requests(), source.requests());
        let asked_ms = source.asked().iter().map(Duration::as_millis).collect();
        Run { outcome, asked_ms, retries: meter.retries() }
    }

    #[tokio::test]
    async fn waits_double_under_jitter_up_to_a_minute() {
        let run = run(vec![unavailable(); 8], 900, 0.5).await;
        assert!(run.outcome.is_ok());
        assert_eq!(run.asked_ms, [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500, 61_500, 91_500]);
        assert_eq!(run.retries, 8);
    }

    #[tokio::test]
    async fn it_stops_at_the_budget_after_a_last_try() {
        let run = run(vec![unavailable(); 99], 10, 0.999).await;
        assert!(matches!(run.outcome, Err(SourceError::Unavailable { .. })));
        assert_eq!(run.asked_ms.last(), Some(&10_000));
        let none = tests::run(vec![unavailable()], 0, 0.5).await;
        assert_eq!((none.outcome.is_err(), none.retries), (true, 0));
    }

    #[tokio::test]
    async fn luck_cannot_make_it_a_tight_loop() {
        let run = run(vec![unavailable(); 999], 10, 0.0).await;
        assert_eq!((run.outcome.is_err(), run.retries), (true, 100));
    }

    #[tokio::test]
    async fn the_same_unreadable_body_three_times_is_the_answer() {
        let alike = run(vec![unreadable("<a>"), unreadable("<a>"), unavailable(), unreadable("<a>")], 900, 0.5).await;
        let Err(SourceError::Undecodable { body, .. }) = alike.outcome else { panic!("a page") };
        assert_eq!((&body[..], alike.retries), (&b"<a>"[..], 3));
        let other =
            run(vec![unreadable("<a>"), unreadable("<a>"), unreadable("<b>"), unreadable("<a>")], 900, 0.5).await;
        assert!(other.outcome.is_ok());
    }

    #[tokio::test]
    async fn what_cannot_pass_is_not_repeated() {
        let refused = SourceError::Refused { detail: String::new(), served_at: None };
        let key = SourceError::KeyRejected { status: 401, served_at: None };
        let wrong = SourceError::Misconfigured { detail: String::new() };
        for error in [refused, key, wrong, throttled(None)] {
            let run = run(vec![error], 900, 0.5).await;
            assert_eq!((run.outcome.is_err(), run.retries), (true, 0));
        }
    }
}
