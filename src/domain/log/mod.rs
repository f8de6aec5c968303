//! The log: what happened, in commits that are chained and never deleted.
//!
//! `log/<20 digits>.json` is dense from 0 and created with put-if-absent; that PUT is the commit point.
//! An [`Action`] is one fact in the past tense. The log names everything that exists and holds no
//! personal data: counts, digests, times, event types of a safe form.

mod action;
mod commit;
mod invariants;

pub use action::{
    Action, ArchiveCreated, BodyCounts, DataFile, IntervalLost, LakePublished, LakePublishing, RecordObject, RowCounts,
    RunFailed, SegmentArchived, SourceSeen, WalkAbandoned, WalkAdvanced, WalkCompleted, WalkPurpose,
};
pub use commit::{Commit, LOG_FORMAT, Writer};
pub use invariants::{Violation, check};
