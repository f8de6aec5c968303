//! The lake: which rows were promised, which files hold them, and which rows wait.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::log::{DataFile, LakePublished, LakePublishing, RowCounts};

/// An intent that is not confirmed yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Publishing {
    /// What it promised.
    pub intent: LakePublishing,
    /// The rows it took, by day and type.
    pub expected: RowCounts,
}

/// Files, open intents and waiting rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LakeView {
    /// Every confirmed file, in the order it was confirmed.
    pub files: Vec<DataFile>,
    /// Unconfirmed intents by version.
    pub open: BTreeMap<u64, Publishing>,
    /// Rows that are durable and in no intent yet.
    pub waiting: RowCounts,
    /// For each day, the versions of the intents that named it, ascending.
    pub intents: BTreeMap<NaiveDate, Vec<u64>>,
    /// The time of the last intent.
    pub last: Option<Timestamp>,
    /// Rows in confirmed files.
    pub rows: u64,
    /// Bytes of confirmed files.
    pub bytes: u64,
}

impl LakeView {
    /// The intent that takes a row of `day` from the segment of `version`: the first one after it.
    pub fn taker(&self, day: NaiveDate, version: u64) -> Option<u64> {
        let intents = self.intents.get(&day)?;
        intents.get(intents.partition_point(|intent| *intent <= version)).copied()
    }

    /// Rows that are durable and in no confirmed file: waiting, or promised.
    pub fn unpublished_rows(&self) -> u64 {
        let promised = self.open.values().map(|publishing| total(&publishing.expected));
        total(&self.waiting) + promised.sum::<u64>()
    }

    pub(super) fn add_pending(&mut self, rows: &RowCounts) {
        for (day, types) in rows {
            let waiting = self.waiting.entry(*day).or_default();
            for (key, rows) in types {
                *waiting.entry(key.clone()).or_default() += rows;
            }
        }
    }

    pub(super) fn begin(&mut self, fact: &LakePublishing, version: u64, at: Timestamp) {
        self.last = self.last.max(Some(at));
        let taken = fact.days.iter().filter_map(|day| Some((*day, self.waiting.remove(day)?)));
        let expected = taken.collect();
        for day in &fact.days {
            self.intents.entry(*day).or_default().push(version);
        }
        self.open.insert(version, Publishing { intent: fact.clone(), expected });
    }

    pub(super) fn finish(&mut self, fact: &LakePublished) {
        if self.open.remove(&fact.publishing).is_none() {
            return;
        }
        self.rows += fact.files.iter().map(|file| file.rows).sum::<u64>();
        self.bytes += fact.files.iter().map(|file| file.bytes).sum::<u64>();
        self.files.extend(fact.files.iter().cloned());
    }
}

/// All rows of a count.
pub fn total(rows: &RowCounts) -> u64 {
    rows.values().flat_map(BTreeMap::values).sum()
}
