//! The simulated API behind a socket, with a back door for those who test against it.
//!
//! | request | answer |
//! |---|---|
//! | `GET /api/audit/v1/events` | as Pigment's, faults included |
//! | `GET /_sim/truth` | NDJSON: the id of every event a reader could have seen, one JSON text a line |
//! | `GET /_sim/stats` | JSON: what was asked and served |
//! | `POST /_sim/clock` | `{"advance":"150d"}` or `{"set":"2027-01-01T00:00:00Z"}`; answers `{"now":"…"}` |

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::{IncomingStream, Listener};
use axum::{Router, serve as serve_http};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::api::{Api, ApiRequest, ApiResponse, Transport};
use crate::domain::Timestamp;
use crate::ports::Clock;

/// The server's time: set by hand, then running with the clock.
pub struct ServerTime {
    clock: Arc<dyn Clock>,
    /// A moment, and what the clock had elapsed then.
    base: Mutex<(Timestamp, Duration)>,
}

impl ServerTime {
    /// Starts at this moment.
    pub fn new(clock: Arc<dyn Clock>, start: Timestamp) -> Self {
        let base = Mutex::new((start, clock.elapsed()));
        Self { clock, base }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        let (moment, elapsed) = *self.base.lock().unwrap_or_else(PoisonError::into_inner);
        moment + self.clock.elapsed().saturating_sub(elapsed)
    }

    /// Sets it; it runs on from there.
    pub fn set(&self, moment: Timestamp) {
        *self.base.lock().unwrap_or_else(PoisonError::into_inner) = (moment, self.clock.elapsed());
    }

    /// Pushes it forward.
    pub fn advance(&self, span: Duration) {
        self.base.lock().unwrap_or_else(PoisonError::into_inner).0 = self.now() + span;
    }
}

#[derive(Clone)]
struct Desk {
    api: Arc<Mutex<Api>>,
    time: Arc<ServerTime>,
}

impl Desk {
    fn api(&self) -> MutexGuard<'_, Api> {
        self.api.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until `shutdown` is done; then open connections are dropped. Errors are those of the listener.
pub async fn serve(
    listener: TcpListener,
    api: Arc<Mutex<Api>>,
    time: Arc<ServerTime>,
    shutdown: impl Future,
) -> io::Result<()> {
    let router = Router::new()
        .route("/api/audit/v1/events", get(answer_events))
        .route("/_sim/truth", get(answer_truth))
        .route("/_sim/stats", get(answer_stats))
        .route("/_sim/clock", post(answer_clock))
        .with_state(Desk { api, time });
    let service = router.into_make_service_with_connect_info::<Peer>();
    tokio::select! {
        ended = serve_http(Breakable(listener), service) => ended,
        _ = shutdown => Ok(()),
    }
}

async fn answer_events(
    State(desk): State<Desk>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let parameter = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let request = ApiRequest {
        ingested_since: parameter("ingestedSince"),
        cursor: parameter("cursor"),
        authorization: headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned),
        client_ip: peer.address.ip().to_string(),
    };
    let now = desk.time.now();
    let response = desk.api().answer(now, &request);
    if response.delay > Duration::ZERO {
        desk.time.clock.sleep(response.delay).await;
    }
    transmit(response, &peer).await
}

async fn transmit(response: ApiResponse, peer: &Peer) -> Response {
    let body = match response.transport {
        Transport::Whole => Body::from(response.body.clone()),
        Transport::CutAfter(bytes) => {
            let part = response.body.slice(..bytes.min(response.body.len()));
            // The pause lets what was sent so far leave before the end comes.
            let end = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::Error::from(io::ErrorKind::ConnectionAborted))
            });
            Body::from_stream(stream::iter([Ok(part)]).chain(end))
        }
        Transport::Reset => {
            peer.broken.store(true, Ordering::Release);
            Body::empty()
        }
        Transport::Hang => std::future::pending().await,
    };
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let length = ("content-length", response.body.len().to_string());
    for (name, value) in response.headers.into_iter().chain([length]) {
        if let Ok(value) = value.parse() {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

async fn answer_truth(State(desk): State<Desk>) -> Response {
    let now = desk.time.now();
    let days: Vec<_> = desk.api().truth_days(now).collect();
    let chunks = days.into_iter().map(move |day| {
        let mut lines = String::new();
        for id in desk.api().truth_of(day, now) {
            lines.push_str(&serde_json::Value::String(id).to_string());
            lines.push('\n');
        }
        Ok::<_, Infallible>(Bytes::from(lines))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(stream::iter(chunks))).into_response()
}

async fn answer_stats(State(desk): State<Desk>) -> Response {
    let stats = desk.api().stats(desk.time.now());
    match serde_json::to_string(&stats) {
        Ok(json) => json_answer(StatusCode::OK, json),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// The body of `POST /_sim/clock`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum ClockOrder {
    Advance(String),
    Set(Timestamp),
}

async fn answer_clock(State(desk): State<Desk>, body: Bytes) -> Response {
    match serde_json::from_slice(&body).map_err(|error| error.to_string()).and_then(|order| obey(&desk.time, order)) {
        Ok(()) => json_answer(StatusCode::OK, format!(r#"{{"now":"{}"}}"#, desk.time.now())),
        Err(reason) => (StatusCode::BAD_REQUEST, format!("{reason}\n")).into_response(),
    }
}

fn obey(time: &ServerTime, order: ClockOrder) -> Result<(), String> {
    match order {
        ClockOrder::Set(moment) => time.set(moment),
        ClockOrder::Advance(span) => {
            time.advance(humantime::parse_duration(&span).map_err(|error| format!("`{span}`: {error}"))?);
        }
    }
    Ok(())
}

fn json_answer(status: StatusCode, json: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], json).into_response()
}

/// Who is at the other end, and the switch that breaks the connection.
#[derive(Clone)]
struct Peer {
    address: SocketAddr,
    broken: Arc<AtomicBool>,
}

impl Connected<IncomingStream<'_, Breakable>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Breakable>) -> Self {
        Self { address: *stream.remote_addr(), broken: Arc::clone(&stream.io().broken) }
    }
}

/// Listens for connections that can be reset from within.
struct Breakable(TcpListener);

impl Listener for Breakable {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        (Line { stream, broken: Arc::default() }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A connection that, once broken, sends a reset instead of an answer.
struct Line {
    stream: TcpStream,
    broken: Arc<AtomicBool>,
}

impl Line {
    fn check(&self) -> io::Result<()> {
        if self.broken.load(Ordering::Acquire) {
            // Closing without lingering is what makes the kernel send a reset.
            self.stream.set_zero_linger()?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, task: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(task, into)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(task, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(task)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::sim::api::{ApiSettings, FaultPlan};
    use crate::sim::clock::SimulatedClock;
    use crate::sim::workload::WorkloadSpec;

    async fn start(faults: &str) -> SocketAddr {
        let now = Timestamp::parse("2026-11-02T15:04:05Z").unwrap();
        let settings = ApiSettings::new(WorkloadSpec::new(7, 5_000), now);
        let api = Api::new(ApiSettings { faults: FaultPlan::parse(faults).unwrap(), ..settings });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let time = Arc::new(ServerTime::new(Arc::new(SimulatedClock::starting_at(now)), now));
        tokio::spawn(serve(listener, Arc::new(Mutex::new(api)), time, std::future::pending::<()>()));
        address
    }

    async fn exchange(address: SocketAddr, head: &str, body: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(address).await?;
        let length = body.len();
        let request = format!(
            "{head} HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer k\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(String::from_utf8(answer).unwrap())
    }

    #[tokio::test]
    async fn it_serves_events_truth_stats_and_time() {
        let address = start("none").await;
        let page = exchange(address, "GET /api/audit/v1/events?ingestedSince=2026-08-01&other=1", "").await.unwrap();
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("\"hasMoreEvents\":true"));
        assert!(page.contains("date: Mon, 02 Nov 2026 15:04:05 GMT"));
        let truth = exchange(address, "GET /_sim/truth", "").await.unwrap();
        assert!(truth.lines().filter(|line| line.len() == 38 && line.starts_with('"')).count() > 4_000);
        let stats = exchange(address, "GET /_sim/stats", "").await.unwrap();
        assert!(stats.contains("\"requests\":1") && stats.contains("\"200\":1"));
        let time = exchange(address, "POST /_sim/clock", r#"{"advance":"150d"}"#).await.unwrap();
        assert!(time.ends_with(r#"{"now":"2027-04-01T15:04:05Z"}"#), "{time}");
        let time = exchange(address, "POST /_sim/clock", r#"{"set":"2028-01-01T00:00:00Z"}"#).await.unwrap();
        assert!(time.ends_with(r#"{"now":"2028-01-01T00:00:00Z"}"#));
        let refused = exchange(address, "POST /_sim/clock", r#"{"advance":"soon"}"#).await.unwrap();
        assert!(refused.starts_with("HTTP/1.1 400"));
        assert!(exchange(address, "GET /api/v1/applications", "").await.unwrap().starts_with("HTTP/1.1 404"));
    }

    #[tokio::test]
    async fn connections_break_as_ordered() {
        let address = start("cut@1 reset@2").await;
        let cut = exchange(address, "GET /api/audit/v1/events", "").await.unwrap();
        let (head, body) = cut.split_once("\r\n\r\n").unwrap();
        let announced: usize =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        assert!(!body.is_empty() && body.len() < announced);
        let reset = exchange(address, "GET /api/audit/v1/events", "").await;
        assert_eq!(reset.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert!(exchange(address, "GET /api/audit/v1/events", "").await.unwrap().starts_with("HTTP/1.1 200"));
    }
}
