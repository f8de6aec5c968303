//! The facts a commit can state.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::coverage::Interval;
use crate::domain::partition::TypeKey;
use crate::domain::{Cursor, Digest, Timestamp};

/// Rows per day and type. The text of the type is the partition's, so it is safe to write down.
pub type RowCounts = BTreeMap<NaiveDate, BTreeMap<TypeKey, u64>>;

/// One fact, tagged by `type` in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Action {
    /// The archive began.
    ArchiveCreated(ArchiveCreated),
    /// The organisation the first events came from.
    SourceSeen(SourceSeen),
    /// Raw events became durable.
    SegmentArchived(SegmentArchived),
    /// A walk got deeper.
    WalkAdvanced(WalkAdvanced),
    /// A walk reached its end.
    WalkCompleted(WalkCompleted),
    /// A walk ended without reaching its end.
    WalkAbandoned(WalkAbandoned),
    /// A span left the look-back unread.
    IntervalLost(IntervalLost),
    /// Rows were promised to the lake.
    LakePublishing(LakePublishing),
    /// The promise was kept.
    LakePublished(LakePublished),
    /// A run could not do its work.
    RunFailed(RunFailed),
    /// A fact of a later version of Ochre that calls itself not critical: carried, not understood.
    #[serde(untagged)]
    Unknown(serde_json::Value),
}

/// Says which archive this is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArchiveCreated {
    /// The archive's identifier.
    pub archive: String,
    /// SHA-256 of `archive.json`.
    pub digest: Digest,
}

/// Binds the archive to one organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceSeen {
    /// SHA-256 of the organisation's id: enough to recognise it, nothing to read.
    pub organization: Digest,
}

/// What became of the bodies of one batch: `fetched = archived + duplicates + rejected`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyCounts {
    /// Bodies the API sent.
    pub fetched: u64,
    /// New events, now in the record.
    pub archived: u64,
    /// Events held before, or twice in the batch.
    pub duplicates: u64,
    /// Of the duplicates, those that came with other content.
    pub conflicts: u64,
    /// Bodies without a usable id or time.
    pub rejected: u64,
}

impl BodyCounts {
    /// Whether no body went missing between fetching and deciding.
    pub fn balances(&self) -> bool {
        self.fetched == self.archived + self.duplicates + self.rejected && self.conflicts <= self.duplicates
    }
}

impl std::ops::AddAssign for BodyCounts {
    fn add_assign(&mut self, more: Self) {
        self.fetched += more.fetched;
        self.archived += more.archived;
        self.duplicates += more.duplicates;
        self.conflicts += more.conflicts;
        self.rejected += more.rejected;
    }
}

/// One object under `record/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordObject {
    /// Its key.
    pub key: String,
    /// SHA-256 of its stored bytes.
    pub sha256: Digest,
    /// Its stored size.
    pub bytes: u64,
    /// Lines in it.
    pub rows: u64,
}

/// One decided batch. Where it held nothing new there is no segment, and the counts still matter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentArchived {
    /// The raw events, one a line; absent where none was new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<RecordObject>,
    /// Bodies that are not archived events; absent where there is none that was not kept before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<RecordObject>,
    /// SHA-256 of each body in the quarantine object, so that each distinct body is kept once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantined: Vec<Digest>,
    /// The conservation law's terms.
    #[serde(flatten)]
    pub counts: BodyCounts,
    /// The rules that gave each event its id, date and type.
    pub routing: u32,
    /// The segment's rows by day and type.
    pub rows: RowCounts,
    /// The oldest `ingestionTimestamp` in the segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingested_min: Option<Timestamp>,
    /// The newest `ingestionTimestamp` in the segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingested_max: Option<Timestamp>,
}

/// Why a walk was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WalkPurpose {
    /// The archive's first walk: as deep as the API reaches.
    First,
    /// From the newest event down to what is held.
    Head,
    /// Deeper than the overlap, for what became visible late.
    Sweep,
    /// As deep as a person asked.
    Backfill,
}

/// How far a walk has got. It continues where the folded log stands, or it is not written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WalkAdvanced {
    /// The walk's identifier.
    pub walk: String,
    /// Why it was begun.
    pub purpose: WalkPurpose,
    /// `ingestedSince` of its requests.
    pub since: Timestamp,
    /// The end of what it can prove: the server's clock at its first page, less request time and lag.
    pub top: Timestamp,
    /// Where it stood before: `top` for a new walk.
    pub from: Timestamp,
    /// Where it stands: `[reached, top)` is proven, if `met`.
    pub reached: Timestamp,
    /// Whether it must meet an event held before it began (the canary).
    pub canary: bool,
    /// Whether it may claim coverage: it met its canary, or any event where none is asked for.
    pub met: bool,
    /// The oldest event it met that was held before it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met_at: Option<Timestamp>,
    /// Whether every page so far was newest first.
    pub ordered: bool,
    /// Pages read so far.
    pub pages: u64,
    /// The API's token for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
}

/// A walk's end, reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WalkCompleted {
    /// The walk's identifier.
    pub walk: String,
    /// Whether it went a sweep's depth below the head, or as deep as the API reaches.
    pub swept: bool,
    /// What it proves in all; absent for an empty answer, which proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<Interval>,
}

/// A walk's end, not reached. What it covered stays; its gap stays open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WalkAbandoned {
    /// The walk's identifier.
    pub walk: String,
    /// One word: `cursor_refused`, `cursor_failed`, `cursor_missing`, `cursor_repeated`, `no_progress`,
    /// `canary_missing`, `superseded`.
    pub reason: String,
}

/// A loss. Only ever stated of time older than the look-back by the API server's own clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalLost {
    /// The span nobody can read any more.
    #[serde(flatten)]
    pub span: Interval,
    /// The server's clock when it was found.
    pub seen_at: Timestamp,
}

/// The intent to publish: fixes which rows go out under which keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LakePublishing {
    /// Whole days, UTC. Every row of them that no earlier intent took belongs to this one.
    pub days: Vec<NaiveDate>,
    /// The last version whose rows are taken.
    pub upto: u64,
    /// The columns and file layout.
    pub schema: u32,
    /// Which build of the lake.
    pub generation: u32,
}

/// One file of the lake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataFile {
    /// Its key.
    pub key: String,
    /// SHA-256 of its stored bytes.
    pub sha256: Digest,
    /// Its stored size.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// The oldest `eventTimestamp` of its partition in this publishing.
    pub occurred_min: Timestamp,
    /// The newest `eventTimestamp` of its partition in this publishing.
    pub occurred_max: Timestamp,
    /// The oldest `ingestionTimestamp`, where any row has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingested_min: Option<Timestamp>,
    /// The newest `ingestionTimestamp`, where any row has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingested_max: Option<Timestamp>,
}

/// The outcome of a publishing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LakePublished {
    /// The version of its `LakePublishing`.
    pub publishing: u64,
    /// Every file of it.
    pub files: Vec<DataFile>,
}

/// A run that could not do its work, so that `status` can show it later. Not critical to readers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunFailed {
    /// Always false: a reader that does not know this fact may pass over it.
    pub critical: bool,
    /// One word: `key_rejected`, `page_undecodable`, `api_unavailable`, `throttled`, `request_refused` …
    pub code: String,
    /// The walk whose next page could not be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walk: Option<String>,
}
