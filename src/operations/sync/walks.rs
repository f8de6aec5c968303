//! The walks of a run: those left unfinished first, then the head.

use std::time::Duration;

use tokio::sync::mpsc;

use super::fetching::{Fetching, Limits, WalkEnd};
use super::run::{Run, planned};
use super::walking::{Met, Walking};
use crate::domain::Timestamp;
use crate::domain::log::{Action, WalkAbandoned};
use crate::domain::views::{CANARY_MISSING, SUPERSEDED};
use crate::domain::walk::{Proof, WalkPlan};
use crate::operations::error::ErrorKind;
use crate::operations::{OperationError, identifier};
use crate::ports::{Answer, PageRequest, SourceError};

/// Pages the fetching task may be ahead of the archiving one: about 25 MB.
const PAGES_AHEAD: usize = 32;

/// How often a run may start a walk from the top again after the API refused a cursor.
const RESTARTS_MAX: u32 = 2;

/// Walks left unfinished at once, at most; older ones are given up, their gaps stay open.
const LIVE_MAX: usize = 3;

/// A first page may show that the local clock is wrong: a start too high by this much is planned again.
pub(super) const PLAN_TOLERANCE: Duration = Duration::from_secs(60);

impl Run<'_> {
    /// Fetches what is missing. Failures of the API are noted in the report and the log.
    pub(super) async fn walks(&mut self) -> Result<(), OperationError> {
        self.bound_live_walks().await?;
        let mut live: Vec<_> = self.journal.archive().walks.live.values().cloned().collect();
        live.sort_by_key(|walk| walk.advanced.since);
        let mut broken = Vec::new();
        for walk in live {
            let mut walking = Walking {
                id: walk.advanced.walk.clone(),
                purpose: walk.advanced.purpose,
                canary: walk.advanced.canary,
                begun: walk.begun,
                met: Met { any: walk.advanced.met, at: walk.advanced.met_at },
                served_at: self.server_time(),
                believed: true,
                proof: Proof::resume(&walk.advanced),
                cursor: walk.advanced.cursor.clone(),
                logged: true,
                detached: false,
            };
            match self.walk_on(&mut walking, None).await? {
                WalkEnd::Failed(error) if error.is_final() => {
                    return self.note_failures(broken, Some((None, error))).await;
                }
                WalkEnd::Failed(error) => broken.push((walking.id, error)),
                end => self.ended(&walking, end)?,
            }
        }
        let head = self.head().await?;
        self.note_failures(broken, head).await
    }

    /// Reads the head. Returns why the API did not answer, if it did not.
    async fn head(&mut self) -> Result<Option<(Option<String>, SourceError)>, OperationError> {
        for _ in 0..=RESTARTS_MAX {
            let (plan, answer) = match self.first_page().await {
                Ok(first) => first,
                Err(WalkEnd::Failed(error)) => return Ok(Some((None, error))),
                Err(WalkEnd::Interrupted) => return Err(OperationError::interrupted()),
                Err(_) => {
                    self.report.note_more();
                    return Ok(None);
                }
            };
            let mut walking = Walking {
                id: identifier(self.doors.entropy.as_ref()),
                purpose: plan.purpose,
                canary: plan.canary,
                begun: self.journal.archive().next,
                met: Met::default(),
                served_at: self.server_time(),
                believed: true,
                proof: Proof::new(plan.since),
                cursor: None,
                logged: false,
                detached: false,
            };
            self.clamped_since = self.clamped_since.max(Some(plan.since).filter(|_| plan.clamped));
            match self.walk_on(&mut walking, Some(answer)).await? {
                WalkEnd::CursorRefused => self.warn("the API refused a cursor; starting again from the newest event"),
                WalkEnd::Failed(error) => return Ok(Some((Some(walking.id), error))),
                end => {
                    self.ended(&walking, end)?;
                    return Ok(None);
                }
            }
        }
        let message = "the API refused its own cursors again and again; what was read is archived";
        let error = OperationError::new(ErrorKind::Partial, "cursor_refused", message);
        self.report.fail(error.with_help("run again: gaps stay open and a new walk starts from the top"));
        Ok(None)
    }

    /// Fetches the newest page. The plan is made by the local clock and corrected by the server's.
    async fn first_page(&mut self) -> Result<(WalkPlan, Answer), WalkEnd> {
        // The head is read in every run, even when a resumed walk has used up the time.
        let limits = Limits { until: None, ..self.limits.clone() };
        let mut fetching = self.fetching(limits);
        let mut plan = self.plan_at(self.server_time());
        for last in [false, true] {
            let request = PageRequest { since: plan.since, cursor: None };
            match fetching.page(&request).await {
                Ok(answer) => {
                    let served_at = self.hear(answer.served_at);
                    let better = self.plan_at(served_at);
                    if last || better.since + PLAN_TOLERANCE >= plan.since {
                        return Ok((plan, answer));
                    }
                    plan = better;
                }
                Err(WalkEnd::Failed(SourceError::Refused { detail, served_at })) => {
                    let now = self.hear(served_at);
                    let better = self.plan_at(now);
                    if last || better.since <= plan.since {
                        return Err(WalkEnd::Failed(SourceError::Refused { detail, served_at }));
                    }
                    plan = better;
                }
                Err(end) => return Err(end),
            }
        }
        Err(WalkEnd::TimeUp)
    }

    /// Fetches and archives until the walk ends, both at once.
    async fn walk_on(&mut self, walking: &mut Walking, first: Option<Answer>) -> Result<WalkEnd, OperationError> {
        let cursor = match &first {
            Some(answer) if answer.page.more => answer.page.cursor.clone(),
            Some(_) => None,
            None => walking.cursor.clone(),
        };
        let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
        let fetching = self.fetching(self.limits.clone());
        let task = tokio::spawn(fetching.walk(walking.proof.since, cursor, sender));
        let end = self.archive(walking, receiver, first).await;
        task.abort();
        end
    }

    /// Takes note of how a walk ended.
    fn ended(&mut self, walk: &Walking, end: WalkEnd) -> Result<(), OperationError> {
        match end {
            WalkEnd::Complete if !walk.believed => self.report.fail(canary_missing()),
            WalkEnd::Interrupted => return Err(OperationError::interrupted()),
            WalkEnd::TimeUp => self.report.note_more(),
            WalkEnd::Stuck(reason) => self.report.fail(stuck(reason)),
            WalkEnd::Complete | WalkEnd::CursorRefused | WalkEnd::Failed(_) => {}
        }
        Ok(())
    }

    /// Gives up the newest of too many unfinished walks: what they would have read, a new walk reads.
    async fn bound_live_walks(&mut self) -> Result<(), OperationError> {
        while self.journal.archive().walks.live.len() >= LIVE_MAX {
            let newest = self.journal.archive().walks.live.values().max_by_key(|walk| walk.advanced.since);
            let Some(walk) = newest.map(|walk| walk.advanced.walk.clone()) else { return Ok(()) };
            let fact = Action::WalkAbandoned(WalkAbandoned { walk, reason: SUPERSEDED.to_owned() });
            self.journal.append(self.server_time(), vec![fact]).await?;
        }
        Ok(())
    }

    fn fetching(&self, limits: Limits) -> Fetching {
        Fetching { source: self.source.clone(), clock: self.doors.clock.clone(), limits }
    }

    fn plan_at(&self, now: Timestamp) -> WalkPlan {
        planned(&self.journal, self.settings, now)
    }
}

fn canary_missing() -> OperationError {
    let message = "the API does not show events that this archive holds of the time it was asked for: its answer is cut \
                   short, or is not this workspace's; what it sent is archived, and nothing more is claimed as covered";
    OperationError::new(ErrorKind::Integrity, CANARY_MISSING, message)
        .with_help("is this the right workspace? does Pigment report an incident? run again when the answer is whole")
}

fn stuck(reason: &'static str) -> OperationError {
    let message = match reason {
        "cursor_missing" => "the API says that more events follow and sends no cursor",
        "cursor_repeated" => "the API sent the same cursor twice",
        "no_progress" => "the API sent 100 pages that get no deeper",
        _ => "the walk cannot go on",
    };
    OperationError::new(ErrorKind::Partial, reason, message)
        .with_help("what was read is archived, the gap stays open; run again, and see `ochre status` for its deadline")
}
