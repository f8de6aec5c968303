//! What a run did.

use crate::domain::coverage::{Coverage, Interval};
use crate::domain::log::BodyCounts;
use crate::domain::views::Archive;
use crate::operations::OperationError;

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub enum Outcome {
    /// Everything asked for was done.
    #[default]
    Done,
    /// The time was up; the walk resumes in the next run.
    More,
    /// It could not be done, or not all of it. What was committed stays.
    Failed(OperationError),
}

/// The account of one `sync` or `backfill`.
#[derive(Clone, Debug, Default)]
pub struct SyncReport {
    /// The log's last version.
    pub version: u64,
    /// Requests sent, the repeated ones included.
    pub requests: u64,
    /// Pages decoded.
    pub pages: u64,
    /// The conservation law's terms of this run.
    pub counts: BodyCounts,
    /// Rows that went to the lake.
    pub published_rows: u64,
    /// Files that went to the lake.
    pub published_files: u64,
    /// Rows that are durable and not yet in the lake.
    pub unpublished_rows: u64,
    /// All coverage.
    pub covered: Coverage,
    /// All open gaps.
    pub open: Coverage,
    /// All losses.
    pub lost: Coverage,
    /// Losses that this run recorded.
    pub lost_now: Vec<Interval>,
    /// Things people should know.
    pub warnings: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
}

impl SyncReport {
    /// Takes in how the archive stands at the end.
    pub fn conclude(&mut self, archive: &Archive) {
        self.version = archive.next.saturating_sub(1);
        self.unpublished_rows = archive.lake.unpublished_rows();
        self.covered = archive.walks.covered.clone();
        self.open = archive.walks.open_gaps();
        self.lost = archive.walks.lost();
    }

    /// Keeps the worse of two errors.
    pub fn fail(&mut self, error: OperationError) {
        match &self.outcome {
            Outcome::Failed(before) if before.kind >= error.kind => {}
            _ => self.outcome = Outcome::Failed(error),
        }
    }

    /// Notes that there is more to fetch, unless something failed.
    pub fn note_more(&mut self) {
        if matches!(self.outcome, Outcome::Done) {
            self.outcome = Outcome::More;
        }
    }
}
