//! What could not be fetched, told in the log so that `status` can show it.

use super::run::Run;
use crate::domain::decide::Quarantined;
use crate::domain::log::{Action, BodyCounts, RunFailed, SegmentArchived, WalkAbandoned};
use crate::domain::{Digest, ROUTING_VERSION};
use crate::operations::{Appended, OperationError};
use crate::ports::SourceError;

/// Runs that may fail at one cursor before the walk is given up.
const FAILURES_MAX: u32 = 2;

impl Run<'_> {
    /// Records what could not be fetched. A cursor is to blame only where the head could be read.
    pub(super) async fn note_failures(
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
}
