//! One run: unfinished walks, the head, losses, the lake, the manifest.

use std::sync::Arc;
use std::time::Duration;

use super::fetching::Limits;
use super::held::Holdings;
use super::losses::{Heard, facts, losses};
use super::walks::PLAN_TOLERANCE;
use super::{SyncReport, SyncSettings};
use crate::domain::Timestamp;
use crate::domain::walk::{WalkPlan, plan};
use crate::operations::{Appended, Doors, Journal, OperationError, Stop, manifest, publish, writer};
use crate::ports::AuditSource;

/// A run under way.
pub struct Run<'a> {
    pub(super) doors: &'a Doors,
    pub(super) source: Arc<dyn AuditSource>,
    pub(super) settings: &'a SyncSettings,
    pub(super) journal: Journal,
    pub(super) holdings: Holdings,
    pub(super) report: SyncReport,
    pub(super) limits: Limits,
    /// The newest `Date` heard.
    served_at: Option<Timestamp>,
    /// How far the local clock was from any `Date`, at most.
    skew: Option<Duration>,
    pub(super) clamped_since: Option<Timestamp>,
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
        // Publishing needs the room that the ids took.
        self.holdings = Holdings::default();
        let at = self.server_time();
        let published =
            publish::publish(&mut self.journal, self.doors, &self.settings.publish, at, &self.limits.stop).await?;
        self.report.published_rows += published.rows;
        self.report.published_files += published.files;
        manifest::write_if_due(&mut self.journal, self.doors.store.as_ref()).await
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
