//! `status`: the home screen. What is held, what is missing, and until when it can still be fetched.

use std::time::Duration;

use serde::Serialize;

use super::Journal;
use crate::domain::Timestamp;
use crate::domain::catalogue::lookup;
use crate::domain::coverage::{Coverage, Interval};
use crate::domain::log::BodyCounts;
use crate::domain::views::Failure;
use crate::domain::window::deadline;

/// Everything `status` shows.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    /// The archive's identifier.
    pub archive: String,
    /// The log's last version.
    pub version: u64,
    /// The time ages are told from: the local clock, or `--at`.
    pub now: Timestamp,
    /// Archived ingestion time.
    pub covered: Coverage,
    /// The first instant this archive ever asked for.
    pub floor: Option<Timestamp>,
    /// The newest end of coverage.
    pub head: Option<Timestamp>,
    /// How far the head is behind `now`, in seconds.
    pub lag_seconds: Option<u64>,
    /// When the first data is lost if nothing is fetched until then: the deadline of the oldest open gap,
    /// or of the head.
    pub loss_begins: Option<Timestamp>,
    /// The time left until then, in seconds; zero when it has passed.
    pub headroom_seconds: Option<u64>,
    /// Gaps that can still be fetched, each with the time it begins to be lost.
    pub open: Vec<OpenGap>,
    /// Time lost for good.
    pub lost: Coverage,
    /// Everything ever fetched.
    pub totals: BodyCounts,
    /// Segments in the record.
    pub segments: usize,
    /// Files in the lake.
    pub files: usize,
    /// Their bytes.
    pub lake_bytes: u64,
    /// Rows in them.
    pub published_rows: u64,
    /// Rows that are durable and not yet in the lake.
    pub unpublished_rows: u64,
    /// Bodies in quarantine.
    pub quarantined: usize,
    /// Walks under way: where they stand and where they will end.
    pub live: Vec<Interval>,
    /// Walks that had to start again from the top without getting deeper.
    pub restarts: u32,
    /// Types that no category is known for, with their rows.
    pub uncategorised: Vec<(String, u64)>,
    /// What keeps runs from working.
    pub failure: Option<Failure>,
    /// The last runs: when, command, run.
    pub runs: Vec<(Timestamp, String, String)>,
}

/// An open gap and its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OpenGap {
    /// The span.
    #[serde(flatten)]
    pub span: Interval,
    /// When its oldest instant begins to be lost.
    pub expires: Timestamp,
}

impl StatusReport {
    /// The account of the archive, as of `now`.
    pub fn of(journal: &Journal, now: Timestamp) -> Self {
        let archive = journal.archive();
        let open = open_gaps(&archive.walks.open_gaps());
        let head = archive.walks.covered.head();
        let loss_begins = open.first().map(|gap| gap.expires).or(head.map(deadline));
        let unknown = archive.record.types.iter().filter(|(key, _)| lookup(key.as_str()).is_none());
        Self {
            archive: archive.id.clone(),
            version: archive.next.saturating_sub(1),
            now,
            covered: archive.walks.covered.clone(),
            floor: archive.walks.floor,
            head,
            lag_seconds: head.map(|head| now.since(head).as_secs()),
            loss_begins,
            headroom_seconds: loss_begins.map(|at| at.since(now).as_secs()),
            open,
            lost: archive.walks.lost(),
            totals: archive.record.totals,
            segments: archive.record.segments.len(),
            files: archive.lake.files.len(),
            lake_bytes: archive.lake.bytes,
            published_rows: archive.lake.rows,
            unpublished_rows: archive.lake.unpublished_rows(),
            quarantined: archive.record.quarantined.len(),
            live: archive.walks.pending().intervals().to_vec(),
            restarts: archive.walks.restarts,
            uncategorised: unknown.map(|(key, rows)| (key.as_str().to_owned(), *rows)).collect(),
            failure: archive.runs.failure.clone(),
            runs: archive.runs.last.clone(),
        }
    }

    /// Whether the head is older than `age_max`: what `--check` asks.
    pub fn is_stale(&self, age_max: Duration) -> bool {
        self.lag_seconds.is_none_or(|lag| lag > age_max.as_secs())
    }
}

/// Open gaps with their deadlines, oldest first.
pub fn open_gaps(open: &Coverage) -> Vec<OpenGap> {
    open.intervals().iter().map(|span| OpenGap { span: *span, expires: deadline(span.from) }).collect()
}
