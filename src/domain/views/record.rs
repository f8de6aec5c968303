//! The record: which segments hold which days, and what was ever fetched.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::log::{BodyCounts, RecordObject, SegmentArchived};
use crate::domain::partition::TypeKey;
use crate::domain::{Digest, Timestamp};

/// One segment, as much of it as finding rows needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// The version that archived it.
    pub version: u64,
    /// The object.
    pub object: RecordObject,
    /// The rules that routed its events.
    pub routing: u32,
    /// Its rows by day.
    pub days: BTreeMap<NaiveDate, u64>,
    /// The oldest `ingestionTimestamp` in it.
    pub ingested_min: Option<Timestamp>,
    /// The newest `ingestionTimestamp` in it.
    pub ingested_max: Option<Timestamp>,
}

/// All segments, quarantine objects and totals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordView {
    /// Segments in the order of their versions.
    pub segments: Vec<Segment>,
    /// Quarantine objects in the order of their versions.
    pub quarantine: Vec<RecordObject>,
    /// Bodies kept in quarantine, each once.
    pub quarantined: BTreeSet<Digest>,
    /// The conservation law over everything ever fetched.
    pub totals: BodyCounts,
    /// Rows by type.
    pub types: BTreeMap<TypeKey, u64>,
}

impl RecordView {
    /// Segments that hold a row of one of these days, oldest version first.
    pub fn holding<'a>(&'a self, days: &'a BTreeSet<NaiveDate>) -> impl Iterator<Item = &'a Segment> {
        self.segments.iter().filter(move |segment| segment.days.keys().any(|day| days.contains(day)))
    }

    pub(super) fn apply(&mut self, fact: &SegmentArchived, version: u64) {
        self.totals += fact.counts;
        self.quarantine.extend(fact.quarantine.clone());
        self.quarantined.extend(&fact.quarantined);
        for (key, rows) in fact.rows.values().flatten() {
            *self.types.entry(key.clone()).or_default() += rows;
        }
        if let Some(object) = &fact.segment {
            let days = fact.rows.iter().map(|(day, types)| (*day, types.values().sum())).collect();
            self.segments.push(Segment {
                version,
                object: object.clone(),
                routing: fact.routing,
                days,
                ingested_min: fact.ingested_min,
                ingested_max: fact.ingested_max,
            });
        }
    }
}
