//! Stand-ins for the tests of this folder: a clock that jumps, a source that is told what to answer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::ApiSettings;
use crate::domain::{Page, Timestamp};
use crate::ports::{Answer, AuditSource, Clock, Entropy, PageRequest, SourceError};

/// Sleeping moves it, and so does a source that takes its time.
#[derive(Default)]
pub(super) struct JumpingClock(Mutex<Duration>);

impl JumpingClock {
    pub(super) fn advance(&self, span: Duration) {
        *self.0.lock().unwrap() += span;
    }
}

#[async_trait]
impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(0) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, span: Duration) {
        self.advance(span);
        tokio::task::yield_now().await;
    }

    async fn until(&self, moment: Duration) {
        while self.elapsed() < moment {
            tokio::task::yield_now().await;
        }
    }
}

/// Always the same chance.
pub(super) struct Constant(pub(super) f64);

impl Entropy for Constant {
    fn bits(&self) -> u128 {
        0
    }

    fn fraction(&self) -> f64 {
        self.0
    }
}

/// Answers as told, then with empty pages, and remembers when it was asked.
pub(super) struct Scripted {
    clock: Arc<JumpingClock>,
    took: Duration,
    script: Mutex<VecDeque<SourceError>>,
    asked: Mutex<Vec<Duration>>,
    requests: AtomicU64,
}

impl Scripted {
    pub(super) fn new(clock: &Arc<JumpingClock>, took: Duration, script: Vec<SourceError>) -> Arc<Self> {
        Arc::new(Self {
            clock: clock.clone(),
            took,
            script: Mutex::new(script.into()),
            asked: Mutex::default(),
            requests: AtomicU64::new(0),
        })
    }

    pub(super) fn asked(&self) -> Vec<Duration> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl AuditSource for Scripted {
    async fn fetch(&self, _: &PageRequest) -> Result<Answer, SourceError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.asked.lock().unwrap().push(self.clock.elapsed());
        self.clock.sleep(self.took).await;
        match self.script.lock().unwrap().pop_front() {
            Some(error) => Err(error),
            None => Ok(Answer {
                page: Page { events: vec![], more: false, cursor: None },
                served_at: None,
                took: self.took,
                bytes: 0,
            }),
        }
    }

    fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

pub(super) fn newest() -> PageRequest {
    PageRequest { since: Timestamp::from_seconds(1_700_000_000), cursor: None }
}

pub(super) fn settings(url: &str) -> ApiSettings {
    ApiSettings {
        url: url.parse().unwrap(),
        timeout: Duration::from_secs(5),
        ca_file: None,
        window: Duration::from_secs(300),
        requests_per_window: 500,
        share: 1.0,
        retry_budget: Duration::from_secs(900),
    }
}

pub(super) fn unavailable() -> SourceError {
    SourceError::Unavailable { detail: "HTTP 503".into(), served_at: None }
}

pub(super) fn unreadable(body: &'static str) -> SourceError {
    SourceError::Undecodable { detail: "HTML".into(), body: Bytes::from_static(body.as_bytes()), served_at: None }
}

pub(super) fn throttled(retry_after_s: Option<u64>) -> SourceError {
    SourceError::Throttled { retry_after: retry_after_s.map(Duration::from_secs), served_at: None }
}
