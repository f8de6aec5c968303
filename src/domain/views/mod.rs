//! Views: pure folds of the log.
//!
//! [`Archive`] is the whole of them. `apply` is total: what must not be in a log is refused before it is
//! written and found by `verify`, not here. Folding all commits, or a stored fold and the commits after
//! it, gives the same value.

mod lake;
mod record;
mod runs;
mod walks;

use serde::{Deserialize, Serialize};

pub use lake::{LakeView, Publishing, total};
pub use record::{RecordView, Segment};
pub use runs::{Failure, RunsView};
pub use walks::{CANARY_MISSING, LiveWalk, SUPERSEDED, WalksView};

use super::coverage::Interval;
use super::log::{Action, Commit};
use super::{Digest, Timestamp};

/// The version of the fold: a stored fold of another version is not used.
pub const FOLD_VERSION: u32 = 1;

/// What a log says, folded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Archive {
    /// The archive's identifier; empty before the first commit.
    pub id: String,
    /// How many commits were folded: the next version.
    pub next: u64,
    /// SHA-256 of the last commit's stored bytes.
    pub tip: Option<Digest>,
    /// The time of the last commit.
    pub at: Option<Timestamp>,
    /// SHA-256 of `archive.json`.
    pub identity: Option<Digest>,
    /// SHA-256 of the organisation's id, once seen.
    pub source: Option<Digest>,
    /// Coverage, losses, live walks.
    pub walks: WalksView,
    /// Segments and totals.
    pub record: RecordView,
    /// Files, and rows that are not in one yet.
    pub lake: LakeView,
    /// What went wrong lately.
    pub runs: RunsView,
}

impl Archive {
    /// Takes in the next commit, whose stored bytes have this digest.
    pub fn apply(&mut self, commit: &Commit, digest: Digest) {
        for action in &commit.actions {
            self.apply_action(action, commit);
        }
        self.runs.apply(commit);
        self.next = commit.version + 1;
        self.tip = Some(digest);
        self.at = Some(commit.at);
    }

    /// The newest `ingestionTimestamp` of an event that a healthy API must show again.
    pub fn newest_proven(&self) -> Option<Timestamp> {
        self.proven_edges().max()
    }

    /// The newest instant before `at` at which a proven event is known to have been ingested.
    pub fn newest_proven_before(&self, at: Timestamp) -> Option<Timestamp> {
        self.proven_edges().filter(|edge| *edge < at).max()
    }

    /// Whether a proven event is held that was ingested within this span: known of the edges of segments.
    pub fn holds_proven_event_in(&self, span: Interval) -> bool {
        self.proven_edges().any(|at| span.from <= at && at < span.to)
    }

    fn proven_edges(&self) -> impl Iterator<Item = Timestamp> {
        let proven = self.record.segments.iter().filter(|segment| self.walks.is_proven(segment.version));
        proven.flat_map(|segment| [segment.ingested_min, segment.ingested_max].into_iter().flatten())
    }

    fn apply_action(&mut self, action: &Action, commit: &Commit) {
        match action {
            Action::ArchiveCreated(fact) => {
                self.id.clone_from(&fact.archive);
                self.identity = Some(fact.digest);
            }
            Action::SourceSeen(fact) => self.source = self.source.or(Some(fact.organization)),
            Action::SegmentArchived(fact) => {
                self.record.apply(fact, commit.version);
                self.lake.add_pending(&fact.rows);
            }
            Action::WalkAdvanced(fact) => self.walks.advance(fact, commit.version),
            Action::WalkCompleted(fact) => self.walks.complete(fact),
            Action::WalkAbandoned(fact) => self.walks.abandon(fact),
            Action::IntervalLost(fact) => self.walks.lose(fact),
            Action::LakePublishing(fact) => self.lake.begin(fact, commit.version, commit.at),
            Action::LakePublished(fact) => self.lake.finish(fact),
            Action::RunFailed(fact) => self.walks.note_failure(fact),
            Action::Unknown(_) => {}
        }
    }
}
