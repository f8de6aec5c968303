//! The API itself: a state machine that is told the time and given requests.

use std::collections::HashSet;
use std::time::Duration;

use super::answer::{ApiRequest, ApiResponse, Transport};
use super::cursor::Token;
use super::fault::{FaultPlan, Timed};
use super::key;
use super::rate::{RateLimit, seconds_left, window_end};
use super::settings::{ApiSettings, LOOK_BACK, RetryAfter};
use super::since::read_since;
use super::stats::Stats;
use super::timeline::Timeline;
use crate::domain::Timestamp;
use crate::sim::workload::{WorkloadSpec, mix};

/// Another workspace's events are these with other identifiers.
pub(super) const OTHER_WORKSPACE: u64 = 0x0bad_cafe_0000_0000;

/// Pigment's audit API in memory. It reads no clock: every call is told the local time.
#[derive(Debug)]
pub struct Api {
    pub(super) settings: ApiSettings,
    pub(super) other: WorkloadSpec,
    pub(super) timeline: Timeline,
    pub(super) rate: RateLimit,
    pub(super) stats: Stats,
    /// The events that were served once and will read differently the next time (E8).
    pub(super) resent: HashSet<u64>,
    /// The server's time at the latest call.
    pub(super) now: Timestamp,
    inserted: u64,
}

/// What a sound request asks for.
pub(super) struct Question {
    /// The cursor's text and meaning.
    pub(super) cursor: Option<(String, Token)>,
    /// `ingestedSince` as it was sent.
    pub(super) asked: Option<Timestamp>,
    /// The lower bound that follows from it.
    pub(super) since: Timestamp,
}

/// One request's time and the faults that meet it.
pub(super) struct Turn {
    pub(super) now: Timestamp,
    pub(super) faults: Vec<Timed>,
}

impl Turn {
    pub(super) fn meets(&self, fault: Timed) -> bool {
        self.faults.contains(&fault)
    }

    /// Whether a page reaches the client whole.
    pub(super) fn delivers(&self) -> bool {
        let broken = |fault: &Timed| matches!(fault, Timed::Cut | Timed::Reset | Timed::Hang | Timed::BadJson);
        !self.faults.iter().any(broken)
    }

    fn status(&self) -> Option<u16> {
        self.faults.iter().find_map(|fault| if let Timed::Status(status) = fault { Some(*status) } else { None })
    }
}

impl Api {
    /// Sets the API up, with the history that the settings ask for.
    pub fn new(mut settings: ApiSettings) -> Self {
        FaultPlan::settle(&mut settings);
        settings.page_size = settings.page_size.max(1);
        let now = shift(settings.started, settings.skew_s);
        let start = now - settings.history.min(LOOK_BACK);
        let mut timeline = Timeline::new(settings.workload.clone(), start, settings.late_visible);
        timeline.reach(now);
        let other = WorkloadSpec {
            seed: settings.workload.seed ^ OTHER_WORKSPACE,
            organization: format!("{}-other", settings.workload.organization),
            ..settings.workload.clone()
        };
        Self {
            settings,
            other,
            timeline,
            rate: RateLimit::default(),
            stats: Stats::default(),
            resent: HashSet::new(),
            now,
            inserted: 0,
        }
    }

    /// Answers a request to the events endpoint at this time.
    pub fn answer(&mut self, now: Timestamp, request: &ApiRequest) -> ApiResponse {
        let now = self.advance(now);
        self.stats.requests += 1;
        self.stats.first_request.get_or_insert(now);
        self.stats.last_request = Some(now);
        let turn = Turn { now, faults: self.settings.faults.at(self.stats.requests).collect() };
        let mut response = self.respond(&turn, request).unwrap_or_else(|status| self.refuse(status, now));
        for fault in &turn.faults {
            disturb(&mut response, *fault);
        }
        if self.settings.date {
            response.headers.push(("date", http_date(shift(now, self.settings.date_skew_s))));
        }
        let silent = matches!(response.transport, Transport::Reset | Transport::Hang);
        *self.stats.statuses.entry(if silent { 0 } else { response.status }).or_default() += 1;
        response
    }

    /// Adds an event with this JSON text, visible from its ingestion on, or from now where that has passed.
    pub fn insert(&mut self, ingested: Timestamp, text: impl Into<String>) {
        self.inserted += 1;
        self.timeline.insert(ingested, mix(self.inserted), text.into(), self.now);
    }

    /// Revokes a key; true where there was one (F77).
    pub fn revoke(&mut self, secret: &str) -> bool {
        let key = self.settings.keys.iter_mut().find(|key| key.secret == secret);
        key.map(|key| key.revoked = true).is_some()
    }

    /// How it was set up, with the standing faults worked in.
    pub fn settings(&self) -> &ApiSettings {
        &self.settings
    }

    /// The local time as the server's, and on to it.
    pub(super) fn advance(&mut self, now: Timestamp) -> Timestamp {
        self.now = shift(now, self.settings.skew_s);
        self.timeline.reach(self.now);
        self.now
    }

    fn respond(&mut self, turn: &Turn, request: &ApiRequest) -> Result<ApiResponse, u16> {
        let settings = &self.settings;
        if !self.rate.admit(&request.client_ip, turn.now, settings.requests_per_window) {
            return Err(429);
        }
        if let Some(status) = turn.status() {
            return Err(status);
        }
        let header = request.authorization.as_deref();
        key::admit(&settings.keys, settings.enterprise, header, &request.client_ip, turn.now)?;
        let question = self.read_question(request, turn.now).ok_or(400_u16)?;
        if turn.meets(Timed::Html) {
            return Ok(ApiResponse::html());
        }
        Ok(ApiResponse::json(200, self.serve(turn, &question)))
    }

    /// None is a 400: a start that is unreadable or out of range, on any page (C9, E16, E18), or a cursor
    /// that is not ours, dead, or of another walk (E14, E15).
    fn read_question(&self, request: &ApiRequest, now: Timestamp) -> Option<Question> {
        let asked = read_since(request.ingested_since.as_deref()).ok()?;
        let floor = now - LOOK_BACK;
        if asked.is_some_and(|since| since < floor) && !self.settings.clamp {
            return None;
        }
        let cursor = match request.cursor.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => Some((text.to_owned(), self.read_cursor(text, asked, now)?)),
            None => None,
        };
        Some(Question { cursor, asked, since: asked.map_or(floor, |since| since.max(floor)) })
    }

    fn read_cursor(&self, text: &str, asked: Option<Timestamp>, now: Timestamp) -> Option<Token> {
        let token = Token::decode(text, self.secret())?;
        let dead = self.settings.cursor_ttl.is_some_and(|ttl| now.since(token.issued) > ttl);
        let foreign = self.settings.cursor_pinned && asked != token.since;
        (!dead && !foreign).then_some(token)
    }

    fn refuse(&self, status: u16, now: Timestamp) -> ApiResponse {
        let mut response = ApiResponse::refusal(status);
        let header = match self.settings.retry_after {
            RetryAfter::Seconds(Some(seconds)) => Some(seconds.to_string()),
            RetryAfter::Seconds(None) => Some(seconds_left(now).to_string()),
            RetryAfter::Date => Some(http_date(window_end(now))),
            RetryAfter::Off => None,
        };
        if status == 429 {
            response.headers.extend(header.map(|value| ("retry-after", value)));
        }
        response
    }

    /// What cursors are sealed with.
    pub(super) const fn secret(&self) -> u64 {
        mix(self.settings.workload.seed ^ 0x5e_c4e7)
    }
}

fn disturb(response: &mut ApiResponse, fault: Timed) {
    match fault {
        Timed::Cut => response.transport = Transport::CutAfter(response.body.len() / 2),
        Timed::Reset => response.transport = Transport::Reset,
        Timed::Hang => response.transport = Transport::Hang,
        Timed::BadJson => response.body.truncate(response.body.len() * 2 / 3),
        Timed::Latency(span) => response.delay += span,
        _ => {}
    }
}

/// An instant moved by seconds, forward or back.
pub(super) fn shift(at: Timestamp, seconds: i64) -> Timestamp {
    let span = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { at - span } else { at + span }
}

fn http_date(at: Timestamp) -> String {
    at.to_chrono().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
