//! The simulated Pigment of one test, on a port of its own.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ochre::adapters::system::SystemClock;
use ochre::domain::Timestamp;
use ochre::ports::Clock as _;
use ochre::sim::api::{Api, ApiSettings, FaultPlan, KeySpec};
use ochre::sim::clock::SimulatedClock;
use ochre::sim::server::{ServerTime, serve};
use ochre::sim::workload::WorkloadSpec;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::person::{KEY, Person};

/// Less than the look-back by more than any margin: a first walk can read all of it.
const HISTORY: Duration = Duration::from_secs(170 * 86_400);

pub struct Pigment {
    pub url: String,
    api: Arc<Mutex<Api>>,
    settings: ApiSettings,
    time: Arc<ServerTime>,
    runtime: Runtime,
}

impl Pigment {
    /// With about this many events in the last 170 days, 100 a page.
    pub fn with(events: u64) -> Self {
        Self::shaped(events, |_| ())
    }

    /// The same, with faults.
    pub fn failing(events: u64, faults: &str) -> Self {
        Self::shaped(events, |settings| settings.faults = FaultPlan::parse(faults).unwrap())
    }

    /// The same, set up in any way.
    pub fn shaped(events: u64, shape: impl FnOnce(&mut ApiSettings)) -> Self {
        let now = SystemClock::start().now();
        let mut settings = ApiSettings::new(WorkloadSpec::new(1, events), now);
        settings.history = HISTORY;
        settings.page_size = 100;
        settings.requests_per_window = None;
        settings.keys = vec![KeySpec::audit(KEY)];
        shape(&mut settings);
        let api = Arc::new(Mutex::new(Api::new(settings.clone())));
        let time = Arc::new(ServerTime::new(Arc::new(SimulatedClock::starting_at(now)), now));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(serve(listener, api.clone(), time.clone(), std::future::pending::<()>()));
        Self { url, api, settings, time, runtime }
    }

    /// Another state of affairs at the same address; what was counted so far is forgotten.
    pub fn becomes(&self, shape: impl FnOnce(&mut ApiSettings)) {
        let mut settings = self.settings.clone();
        shape(&mut settings);
        *self.api.lock().unwrap() = Api::new(settings);
    }

    /// No more faults.
    pub fn heals(&self) {
        self.becomes(|settings| settings.faults = FaultPlan::default());
    }

    /// Adds an event with this text, taken in a minute ago.
    pub fn also_sends(&self, text: &str) {
        let now = self.time.now();
        self.api.lock().unwrap().insert(now - Duration::from_secs(60), text);
    }

    /// Lets time pass at the server, such as `150d`.
    pub fn passes(&self, span: &str) {
        let body = format!(r#"{{"advance":"{span}"}}"#);
        let answer = exchange(&self.url, "POST /_sim/clock", &body);
        assert!(answer.contains(r#"{"now":"#), "{answer}");
    }

    pub fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// What it was asked and what it served.
    pub fn stats(&self) -> Value {
        serde_json::from_str(&exchange(&self.url, "GET /_sim/stats", "")).unwrap()
    }

    pub fn requests(&self) -> u64 {
        self.stats()["requests"].as_u64().unwrap()
    }

    /// How many answers had this HTTP status.
    pub fn answered(&self, status: u16) -> u64 {
        self.stats()["statuses"][status.to_string()].as_u64().unwrap_or_default()
    }

    /// The id of every event that could ever be seen.
    pub fn truth(&self) -> BTreeSet<String> {
        truth(&self.url)
    }

    /// Waits until it was asked this often.
    pub fn is_asked(&self, times: u64) {
        let clock = SystemClock::start();
        while self.api.lock().unwrap().stats(self.time.now()).requests < times {
            assert!(clock.elapsed() < Duration::from_secs(30), "it was never asked {times} times");
            self.runtime.block_on(clock.sleep(Duration::from_millis(5)));
        }
    }

    /// Asserts that a person holds everything that could ever be seen, and nothing else, once.
    #[track_caller]
    pub fn is_archived_by(&self, person: &Person) {
        let (truth, held) = (self.truth(), person.archive().ids());
        let lacking = truth.difference(&held).count();
        let foreign = held.difference(&truth).count();
        assert!(lacking == 0 && foreign == 0, "{lacking} of {} are missing, {foreign} are foreign", truth.len());
    }
}

/// The ids that a simulated API at this address says there are.
pub fn truth(url: &str) -> BTreeSet<String> {
    let lines = exchange(url, "GET /_sim/truth", "");
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// One HTTP exchange; the body of the answer.
pub fn exchange(url: &str, head: &str, body: &str) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    // HTTP/1.0 spares us the chunks.
    write!(stream, "{head} HTTP/1.0\r\nhost: {address}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{answer}");
    body.to_owned()
}
