//! The fetching side of a walk: one page after another, and never more than the channel holds ahead.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use crate::domain::window::LOOK_BACK;
use crate::domain::{Cursor, Digest, Timestamp};
use crate::operations::Stop;
use crate::ports::{Answer, AuditSource, Clock, PageRequest, SourceError};

/// How far above the look-back's edge a start is raised: enough for the next requests, and little is given up.
const RAISED_BY: Duration = Duration::from_secs(60);

/// How a walk's fetching ended.
#[derive(Clone, Debug)]
pub enum WalkEnd {
    /// The API says that nothing older follows.
    Complete,
    /// The time is up.
    TimeUp,
    /// Asked to stop.
    Interrupted,
    /// The API refuses the cursor: it has expired, or its range has.
    CursorRefused,
    /// The API answers, but there is no way on: one word says why.
    Stuck(&'static str),
    /// There is no answer.
    Failed(SourceError),
}

/// What the fetching task sends on.
#[derive(Debug)]
pub enum Fetched {
    /// A page, and the `ingestedSince` it was asked with: it says nothing about older time.
    Page {
        /// The page.
        answer: Box<Answer>,
        /// What it was asked with.
        since: Timestamp,
    },
    /// The end; nothing follows.
    End(WalkEnd),
}

/// When fetching stops by itself.
#[derive(Clone)]
pub struct Limits {
    /// The moment of [`Clock::elapsed`] at which the time is up.
    pub until: Option<Duration>,
    /// The signal of someone who waits.
    pub stop: Stop,
}

/// Everything the fetching task needs.
pub struct Fetching {
    /// Where pages come from.
    pub source: Arc<dyn AuditSource>,
    /// Measures the time that is left.
    pub clock: Arc<dyn Clock>,
    /// When to stop.
    pub limits: Limits,
}

impl Fetching {
    /// Asks for one page; the error is how the walk ends.
    pub async fn page(&mut self, request: &PageRequest) -> Result<Answer, WalkEnd> {
        if self.limits.stop.is_given() {
            return Err(WalkEnd::Interrupted);
        }
        let (clock, until) = (&self.clock, self.limits.until);
        let time_up = async move {
            match until {
                Some(moment) => clock.until(moment).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.limits.stop.given() => Err(WalkEnd::Interrupted),
            answer = self.source.fetch(request) => answer.map_err(WalkEnd::Failed),
            () = time_up => Err(WalkEnd::TimeUp),
        }
    }

    /// Walks on from `cursor` until there is an end, sending every page and then the end.
    pub async fn walk(mut self, since: Timestamp, mut cursor: Option<Cursor>, sender: Sender<Fetched>) {
        let mut request = PageRequest { since, cursor: None };
        let mut seen = HashSet::new();
        let end = loop {
            let Some(token) = cursor else { break WalkEnd::Stuck("cursor_missing") };
            if !seen.insert(Digest::of(token.as_str().as_bytes()).short()) {
                break WalkEnd::Stuck("cursor_repeated");
            }
            if self.limits.until.is_some_and(|until| self.clock.elapsed() >= until) {
                break WalkEnd::TimeUp;
            }
            request.cursor = Some(token);
            let answer = match self.page_in_range(&mut request).await {
                Ok(answer) => answer,
                Err(end) => break end,
            };
            let more = answer.page.more;
            cursor = answer.page.cursor.clone();
            let page = Fetched::Page { answer: Box::new(answer), since: request.since };
            if sender.send(page).await.is_err() {
                return;
            }
            if !more {
                break WalkEnd::Complete;
            }
        };
        // A receiver that has gone away has decided the end by itself.
        let _ = sender.send(Fetched::End(end)).await;
    }

    /// Asks for a page behind a cursor. A start that has left the look-back on the way is raised, once a page.
    async fn page_in_range(&mut self, request: &mut PageRequest) -> Result<Answer, WalkEnd> {
        let served_at = match self.page(request).await {
            Err(WalkEnd::Failed(SourceError::Refused { served_at, .. })) => served_at,
            other => return other,
        };
        let Some(now) = served_at.filter(|now| request.since < *now - LOOK_BACK + RAISED_BY) else {
            return Err(WalkEnd::CursorRefused);
        };
        request.since = now - LOOK_BACK + RAISED_BY;
        match self.page(request).await {
            Err(WalkEnd::Failed(SourceError::Refused { .. })) => Err(WalkEnd::CursorRefused),
            other => other,
        }
    }
}
