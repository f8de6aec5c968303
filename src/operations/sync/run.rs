//! One run: unfinished walks, the head, losses, the lake, the manifest.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::archiving::{Met, Walking};
use super::fetching::{Fetching, Limits, WalkEnd};
use super::held::Holdings;
use super::losses::{Heard, facts, losses};
use super::{Stop, SyncReport, SyncSettings};
use crate::domain::Timestamp;
use crate::domain::decide::Quarantined;
use crate::domain::log::{Action, BodyCounts, RunFailed, SegmentArchived, WalkAbandoned};
use crate::domain::views::SUPERSEDED;
use crate::domain::walk::{Proof, WalkPlan, plan};
use crate::domain::{Digest, ROUTING_VERSION};
use crate::operations::error::ErrorKind;
use crate::operations::{Appended, Doors, Journal, OperationError, identifier, manifest, publish, writer};
use crate::ports::{Answer, AuditSource, PageRequest, SourceError};

/// Pages the fetching task may be ahead of the archiving one: about 50 MB.
const PAGES_AHEAD: usize = 64;

/// How often a run may start a walk from the top again after the API refused a cursor.
const RESTARTS_MAX: u32 = 2;

/// Walks left unfinished at once, at most; older ones are given up, their gaps stay open.
const LIVE_MAX: usize = 3;

/// A first page may show that the local clock is wrong: a start too high by this much is planned again.
const PLAN_TOLERANCE: Duration = Duration::from_secs(60);

/// Runs that may fail at one cursor before the walk is given up.
const FAILURES_MAX: u32 = 2;

/// A run under way.
pub struct Run<'a> {
    pub(super) doors: &'a Doors,
    pub(super) source: Arc<dyn AuditSource>,
    pub(super) settings: &'a SyncSettings,
    pub(super) journal: Journal,
    pub(super) holdings: Holdings,
    pub(super) report: SyncReport,
    limits: Limits,
    /// The newest `Date` heard.
    served_at: Option<Timestamp>,
    /// How far the local clock was from any `Date`, at most.
    skew: Option<Duration>,
    clamped_since: Option<Timestamp>,
}

/// Runs. The report also tells of failures; an error is returned only where there was no archive to run on.
pub async fn sync(
    doors: &Doors,
    source: Arc<dyn AuditSource>,
    settings: &SyncSettings,
    stop: Stop,
) -> Result<SyncReport, OperationError> {
    let journal = Journal::open(doors.store.clone(), writer(doors.entropy.as_ref(), settings.command)).await?;
    let until = settings.time_max.map(|span| doors.clock.elapsed() + span);
    let mut run = Run {
        doors,
        source,
        settings,
        journal,
        holdings: Holdings::default(),
        report: SyncReport::default(),
        limits: Limits { until, stop },
        served_at: None,
        skew: None,
        clamped_since: None,
    };
    if let Err(error) = run.everything().await {
        run.report.fail(error);
    }
    run.report.requests = run.source.requests();
    run.report.conclude(run.journal.archive());
    Ok(run.report)
}

/// The plan a run would follow now, by the local clock.
pub fn planned(journal: &Journal, settings: &SyncSettings, now: Timestamp) -> WalkPlan {
    plan(journal.archive(), now, &settings.walk, settings.asked)
}

impl Run<'_> {
    async fn everything(&mut self) -> Result<(), OperationError> {
        self.walks().await?;
        self.record_losses().await?;
        let at = self.server_time();
        let published = publish::publish(&mut self.journal, self.doors, &self.settings.publish, at).await?;
        self.report.published_rows += published.rows;
        self.report.published_files += published.files;
        manifest::write_if_due(&mut self.journal, self.doors.store.as_ref()).await
    }

    async fn walks(&mut self) -> Result<(), OperationError> {
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
                Err(WalkEnd::Interrupted) => return Err(interrupted()),
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
            WalkEnd::Interrupted => return Err(interrupted()),
            WalkEnd::TimeUp => self.report.note_more(),
            WalkEnd::Stuck(reason) => self.report.fail(stuck(reason)),
            WalkEnd::Complete | WalkEnd::CursorRefused | WalkEnd::Failed(_) => {}
        }
        Ok(())
    }

    /// Records what could not be fetched. A cursor is to blame only where the head could be read.
    async fn note_failures(
        &mut self,
        mut broken: Vec<(String, SourceError)>,
        head: Option<(Option<String>, SourceError)>,
    ) -> Result<(), OperationError> {
        let blamed = head.as_ref().is_none_or(|(walk, _)| walk.is_some());
        let mut failures: Vec<(Option<String>, SourceError)> = Vec::new();
        for (walk, error) in broken.drain(..) {
            // A rate limit says nothing about a cursor.
            let blamed = blamed && !matches!(error, SourceError::Throttled { .. });
            failures.push((Some(walk).filter(|_| blamed), error));
        }
        failures.extend(head);
        for (walk, error) in failures {
            let cause = OperationError::from(&error);
            self.keep_undecodable(&error).await?;
            self.append_failure(walk.as_deref(), cause.code).await?;
            self.report.fail(cause);
        }
        Ok(())
    }

    /// Says in the log that a run failed, once for each new failure, and gives up a walk whose cursor
    /// failed in two runs.
    async fn append_failure(&mut self, walk: Option<&str>, code: &str) -> Result<(), OperationError> {
        loop {
            let archive = self.journal.archive();
            let known = archive.runs.failure.as_ref().is_some_and(|failure| failure.code == code);
            let live = walk.and_then(|walk| Some((walk, archive.walks.live.get(walk)?)));
            if known && live.is_none() {
                return Ok(());
            }
            let walk = live.map(|(walk, _)| walk.to_owned());
            let mut actions =
                vec![Action::RunFailed(RunFailed { critical: false, code: code.to_owned(), walk: walk.clone() })];
            if let (Some(walk), Some((_, live))) = (walk, live)
                && live.failures + 1 >= FAILURES_MAX
            {
                actions.push(Action::WalkAbandoned(WalkAbandoned { walk, reason: "cursor_failed".to_owned() }));
            }
            if let Appended::Committed(_) = self.journal.append(self.server_time(), actions).await? {
                return Ok(());
            }
        }
    }

    /// Keeps the body of a page that did not decode, before anything else happens to it.
    async fn keep_undecodable(&mut self, error: &SourceError) -> Result<(), OperationError> {
        let SourceError::Undecodable { body, .. } = error else { return Ok(()) };
        let body = Quarantined { reason: "page_undecodable".to_owned(), body: body.clone() };
        let digest: Digest = body.digest();
        while !self.journal.archive().record.quarantined.contains(&digest) {
            let quarantine = self.write_quarantine(std::slice::from_ref(&body)).await?;
            let fact = SegmentArchived {
                segment: None,
                quarantine,
                quarantined: vec![digest],
                counts: BodyCounts::default(),
                routing: ROUTING_VERSION,
                rows: Default::default(),
                ingested_min: None,
                ingested_max: None,
            };
            self.journal.append(self.server_time(), vec![Action::SegmentArchived(fact)]).await?;
        }
        Ok(())
    }

    async fn record_losses(&mut self) -> Result<(), OperationError> {
        let (Some(served_at), Some(skew)) = (self.served_at, self.skew) else { return Ok(()) };
        if self.report.pages == 0 {
            return Ok(());
        }
        let heard = Heard { served_at, skew, clamped_since: self.clamped_since };
        if skew > PLAN_TOLERANCE {
            self.warn(&format!("the local clock and the API's differ by {} s", skew.as_secs()));
        }
        loop {
            let walks = &self.journal.archive().walks;
            let lost = losses(walks, &heard, &self.settings.walk, self.settings.clock_tolerance);
            if lost.is_empty() {
                return Ok(());
            }
            if let Appended::Committed(_) = self.journal.append(served_at, facts(&lost, served_at)).await? {
                self.report.lost_now.extend(lost.intervals());
                return Ok(());
            }
        }
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

    /// The API server's clock as last heard; the local one until then.
    pub(super) fn server_time(&self) -> Timestamp {
        self.served_at.unwrap_or_else(|| self.doors.clock.now())
    }

    /// Takes note of a `Date`; the local clock stands in where there is none, and then nothing is ever lost.
    pub(super) fn hear(&mut self, served_at: Option<Timestamp>) -> Timestamp {
        let Some(at) = served_at else { return self.server_time() };
        let local = self.doors.clock.now();
        self.skew = self.skew.max(Some(at.distance(local)));
        self.served_at = self.served_at.max(Some(at));
        at
    }

    pub(super) fn warn(&mut self, text: &str) {
        tracing::debug!("{text}");
        if !self.report.warnings.iter().any(|warning| warning == text) {
            self.report.warnings.push(text.to_owned());
        }
    }
}

fn canary_missing() -> OperationError {
    let message = "the API no longer shows any of the events this archive holds of the time it was asked for; \
                   what it sent is archived, and nothing is claimed as covered";
    OperationError::new(ErrorKind::Integrity, "canary_missing", message)
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

fn interrupted() -> OperationError {
    OperationError::new(ErrorKind::Interrupted, "interrupted", "stopped as asked; everything committed is safe")
        .with_help("run the same command again: the walk resumes where it was")
}
