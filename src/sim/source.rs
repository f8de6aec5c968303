//! The simulated API as an [`AuditSource`], in process: no socket, and time passes only as the clock says.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::api::{Api, ApiRequest, ApiResponse, Transport};
use crate::domain::Timestamp;
use crate::format::api_page::{AnswerHeaders, read_answer};
use crate::ports::{Answer, AuditSource, Clock, PageRequest, SourceError};

/// How long it waits for an answer that never comes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Asks an [`Api`] directly. What the connection of a real client would see (cut, reset, silence) becomes the
/// error such a client reports.
pub struct SimulatedSource {
    api: Arc<Mutex<Api>>,
    clock: Arc<dyn Clock>,
    key: String,
    client_ip: String,
    requests: AtomicU64,
}

impl SimulatedSource {
    /// A client with this bearer key, at 127.0.0.1. The server's time is the clock's, put off by the fault
    /// `skew` where the API has it.
    pub fn new(api: Arc<Mutex<Api>>, clock: Arc<dyn Clock>, key: impl Into<String>) -> Self {
        let client_ip = "127.0.0.1".to_owned();
        Self { api, clock, key: key.into(), client_ip, requests: AtomicU64::new(0) }
    }

    /// The same client at another address, with a request budget of its own.
    #[must_use]
    pub fn from_address(mut self, client_ip: impl Into<String>) -> Self {
        self.client_ip = client_ip.into();
        self
    }

    fn ask(&self, request: &PageRequest) -> ApiResponse {
        let request = ApiRequest {
            ingested_since: Some(request.since.to_seconds_string()),
            cursor: request.cursor.as_ref().map(|cursor| cursor.as_str().to_owned()),
            authorization: Some(format!("Bearer {}", self.key)),
            client_ip: self.client_ip.clone(),
        };
        self.api.lock().unwrap_or_else(PoisonError::into_inner).answer(self.clock.now(), &request)
    }
}

#[async_trait]
impl AuditSource for SimulatedSource {
    async fn fetch(&self, request: &PageRequest) -> Result<Answer, SourceError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let begun = self.clock.elapsed();
        let response = self.ask(request);
        if response.delay > Duration::ZERO {
            self.clock.sleep(response.delay).await;
        }
        match response.transport {
            Transport::Whole => {
                let headers = headers_of(&response);
                read_answer(response.status, &headers, response.body, self.clock.elapsed().saturating_sub(begun))
            }
            Transport::CutAfter(bytes) => {
                let detail = format!("the connection closed after {bytes} bytes of the body");
                Err(SourceError::Unavailable { detail, served_at: served_at(&response) })
            }
            Transport::Reset => Err(silence("the connection was reset")),
            Transport::Hang => {
                self.clock.sleep(TIMEOUT).await;
                Err(silence("no answer within 60 s"))
            }
        }
    }

    fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

fn headers_of(response: &ApiResponse) -> AnswerHeaders {
    let header = |name| response.header(name).map(str::to_owned);
    AnswerHeaders { date: header("date"), retry_after: header("retry-after"), content_type: header("content-type") }
}

/// The server's clock, read from the header as any client would.
fn served_at(response: &ApiResponse) -> Option<Timestamp> {
    let headers = headers_of(response);
    read_answer(503, &headers, Bytes::new(), Duration::ZERO).err().and_then(|error| error.served_at())
}

fn silence(detail: &str) -> SourceError {
    SourceError::Unavailable { detail: detail.to_owned(), served_at: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::api::{ApiSettings, FaultPlan};
    use crate::sim::clock::SimulatedClock;
    use crate::sim::workload::WorkloadSpec;

    fn source(faults: &str) -> SimulatedSource {
        let clock = Arc::new(SimulatedClock::starting_at(Timestamp::from_seconds(1_793_600_000)));
        let settings = ApiSettings::new(WorkloadSpec::new(7, 5_000), clock.now());
        let api = Api::new(ApiSettings { faults: FaultPlan::parse(faults).unwrap(), ..settings });
        SimulatedSource::new(Arc::new(Mutex::new(api)), clock, "key")
    }

    fn first_page() -> PageRequest {
        PageRequest { since: Timestamp::from_seconds(1_793_600_000) - Duration::from_secs(100 * 86_400), cursor: None }
    }

    #[tokio::test]
    async fn a_walk_through_the_port_ends() {
        let source = source("latency:300ms");
        let mut request = first_page();
        let (mut events, mut pages) = (0, 0);
        loop {
            let answer = source.fetch(&request).await.unwrap();
            assert_eq!(answer.took, Duration::from_millis(300));
            assert!(answer.served_at.is_some());
            events += answer.page.events.len();
            pages += 1;
            if !answer.page.more {
                break;
            }
            request.cursor = answer.page.cursor;
        }
        assert_eq!((source.requests(), pages), (pages, events.div_ceil(1_000) as u64));
        assert!(events > 2_000);
    }

    #[tokio::test]
    async fn faults_become_the_errors_a_client_reports() {
        let source = source("cut@1 reset@2 hang@3 status:429@4 html@5 status:401@6 status:400@7");
        let mut errors = Vec::new();
        for _ in 0..7 {
            errors.push(source.fetch(&first_page()).await.unwrap_err());
        }
        assert!(matches!(errors[0], SourceError::Unavailable { served_at: Some(_), .. }), "{:?}", errors[0]);
        assert!(matches!(errors[1], SourceError::Unavailable { served_at: None, .. }));
        assert!(matches!(errors[2], SourceError::Unavailable { .. }));
        assert!(matches!(errors[3], SourceError::Throttled { retry_after: None, .. }));
        assert!(matches!(errors[4], SourceError::Undecodable { .. }));
        assert!(matches!(errors[5], SourceError::KeyRejected { status: 401, .. }));
        assert!(matches!(errors[6], SourceError::Refused { .. }));
    }
}
