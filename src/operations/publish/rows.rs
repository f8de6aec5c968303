//! Reading an intent's rows off the record, one segment at a time.
//!
//! Segments are read once, in the order of their versions. A day is handed on as soon as no later segment
//! holds a row of it, so memory is bounded by the days that are open at once, not by history.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::domain::decide::partition_type;
use crate::domain::partition::{PartitionKey, TypeKey};
use crate::domain::views::{Archive, Publishing, Segment};
use crate::domain::{RawEvent, Timestamp};
use crate::operations::{OperationError, segments};
use crate::ports::Store;

/// A row that waits for its file: the event's text and no more, because many wait at once.
pub struct Waiting {
    /// The event.
    pub raw: RawEvent,
    /// Its `eventTimestamp`.
    pub occurred: Timestamp,
    /// Its `ingestionTimestamp`.
    pub ingested: Option<Timestamp>,
}

/// The rows of one partition, unsorted.
pub type PartitionRows = (PartitionKey, Vec<Waiting>);

/// An intent's rows, day by day.
pub struct Rows {
    publishing: u64,
    segments: Vec<Segment>,
    /// For each position in `segments`, the days that are complete after it.
    closes: BTreeMap<usize, BTreeSet<NaiveDate>>,
    expected: BTreeMap<NaiveDate, BTreeMap<TypeKey, u64>>,
    types: BTreeMap<TypeKey, u64>,
    open: BTreeMap<PartitionKey, Vec<Waiting>>,
    at: usize,
}

impl Rows {
    /// Plans the reading.
    pub fn of(archive: &Archive, publishing: u64, intent: &Publishing) -> Self {
        let takes = |segment: &Segment, day: &NaiveDate| {
            intent.expected.contains_key(day) && archive.lake.taker(*day, segment.version) == Some(publishing)
        };
        let holds = |segment: &&Segment| segment.days.keys().any(|day| takes(segment, day));
        let segments: Vec<Segment> = archive.record.segments.iter().filter(holds).cloned().collect();
        let mut last = BTreeMap::new();
        for (at, segment) in segments.iter().enumerate() {
            last.extend(segment.days.keys().filter(|day| takes(segment, day)).map(|day| (*day, at)));
        }
        let mut closes: BTreeMap<usize, BTreeSet<NaiveDate>> = BTreeMap::new();
        for (day, at) in last {
            closes.entry(at).or_default().insert(day);
        }
        let (expected, types) = (intent.expected.clone(), archive.record.types.clone());
        Self { publishing, segments, closes, expected, types, open: BTreeMap::new(), at: 0 }
    }

    /// The partitions that became complete with the next segment; `None` at the end. Their rows are
    /// exactly as many as the log says.
    pub async fn next(
        &mut self,
        store: &dyn Store,
        archive: &Archive,
    ) -> Result<Option<Vec<PartitionRows>>, OperationError> {
        let Some(segment) = self.segments.get(self.at) else { return Ok(None) };
        for body in segments::load(store, segment).await? {
            let Ok(routed) = &body.routed else {
                return Err(OperationError::damaged(&segment.object.key, "holds a line that is not an event"));
            };
            let date = routed.occurred.date();
            let mine = archive.lake.taker(date, segment.version) == Some(self.publishing);
            if mine && self.expected.contains_key(&date) {
                let event_type = partition_type(routed, &self.types);
                let waiting = Waiting { occurred: routed.occurred, ingested: routed.ingested, raw: body.raw };
                self.open.entry(PartitionKey { date, event_type }).or_default().push(waiting);
            }
        }
        let days = self.closes.remove(&self.at).unwrap_or_default();
        self.at += 1;
        let mut complete = Vec::new();
        while let Some(key) = self.open.keys().find(|key| days.contains(&key.date)).cloned() {
            let rows = self.open.remove(&key).unwrap_or_default();
            complete.push((key, rows));
        }
        self.check(&days, &complete)?;
        Ok(Some(complete))
    }

    fn check(&self, days: &BTreeSet<NaiveDate>, complete: &[PartitionRows]) -> Result<(), OperationError> {
        for day in days {
            let found = complete.iter().filter(|(key, _)| key.date == *day);
            let found: BTreeMap<_, _> = found.map(|(key, rows)| (key.event_type.clone(), rows.len() as u64)).collect();
            if self.expected.get(day) != Some(&found) {
                let what = format!("does not say how many rows of {day} the record holds; nothing of that day was put");
                return Err(OperationError::damaged(&format!("log version {}", self.publishing), what));
            }
        }
        Ok(())
    }
}
