//! Loading the ids a batch is decided against.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

use crate::domain::decide::{self, Body, narrow, text_hash};
use crate::domain::dedupe::{Held, HeldIds, id_hash, neighbourhood};
use crate::domain::layout::ObjectKey;
use crate::domain::schema::{Cell, Field};
use crate::domain::views::Segment;
use crate::domain::{Digest, RawEvent};
use crate::format::parquet;
use crate::operations::objects::read_named;
use crate::operations::{ErrorKind, Journal, OperationError, segments};
use crate::ports::Store;

/// Ids kept in memory, at most: about 45 MB.
const IDS_MAX: usize = 500_000;

/// Held ids, and the version of the log they were read from.
#[derive(Default)]
pub struct Holdings {
    ids: HeldIds,
    /// Every segment below this version is taken into account.
    version: u64,
}

impl Holdings {
    /// The ids, valid for the days of the last [`Holdings::load`].
    pub fn ids(&self) -> &HeldIds {
        &self.ids
    }

    /// Makes the ids complete for the days of this batch, at the journal's version.
    pub async fn load(&mut self, store: &dyn Store, journal: &Journal, batch: &[Body]) -> Result<(), OperationError> {
        let days = neighbourhood(&decide::days(batch));
        self.ids.turn(&days, IDS_MAX);
        self.follow(store, journal).await?;
        let missing = self.ids.missing(&days);
        self.ids.open(&missing);
        self.read(store, journal, &missing, 0).await
    }

    /// Takes in what this run committed by itself, without reading it back.
    pub fn remember(&mut self, batch: &[Body], decision: &decide::Decision, version: u64) {
        decide::remember(batch, decision, version, &mut self.ids);
        self.version = version + 1;
    }

    /// Texts of held events that came again with other bytes.
    pub async fn originals(
        &self,
        store: &dyn Store,
        journal: &Journal,
        batch: &[Body],
    ) -> Result<HashMap<u128, RawEvent>, OperationError> {
        let mut originals = HashMap::new();
        for (version, ids) in decide::suspects(batch, &self.ids) {
            let segment = journal.archive().record.segments.iter().find(|segment| segment.version == version);
            let Some(segment) = segment else { continue };
            for body in segments::load(store, segment).await? {
                let Ok(routed) = &body.routed else { continue };
                let id = id_hash(&routed.id);
                if ids.contains(&id) {
                    originals.entry(id).or_insert(body.raw);
                }
            }
        }
        Ok(originals)
    }

    /// Takes in what others committed for days that are loaded.
    async fn follow(&mut self, store: &dyn Store, journal: &Journal) -> Result<(), OperationError> {
        if self.version < journal.archive().next {
            let loaded = self.ids.loaded();
            self.read(store, journal, &loaded, self.version).await?;
            self.version = journal.archive().next;
        }
        Ok(())
    }

    async fn read(
        &mut self,
        store: &dyn Store,
        journal: &Journal,
        days: &BTreeSet<NaiveDate>,
        from: u64,
    ) -> Result<(), OperationError> {
        let mut damaged = Vec::new();
        for segment in journal.archive().record.holding(days).filter(|segment| segment.version >= from) {
            let bodies = match segments::load(store, segment).await {
                Err(error) if error.kind == ErrorKind::Integrity => {
                    damaged.push((segment, error));
                    continue;
                }
                bodies => bodies?,
            };
            for body in bodies {
                let Ok(routed) = &body.routed else { continue };
                let day = routed.occurred.date();
                if days.contains(&day) {
                    let held = Held { version: narrow(segment.version), body: text_hash(&body.raw) };
                    self.ids.insert(day, id_hash(&routed.id), held);
                }
            }
        }
        // Last, so that ids that another segment holds in whole are known by that one.
        for (segment, error) in damaged {
            self.read_from_lake(store, journal, segment, days, error).await?;
        }
        Ok(())
    }

    /// A segment that cannot be read: its ids stand in the lake too, where its days are published. Where they
    /// are not, nobody can promise "not doubled", and the run stops with what is wrong with the segment.
    async fn read_from_lake(
        &mut self,
        store: &dyn Store,
        journal: &Journal,
        segment: &Segment,
        days: &BTreeSet<NaiveDate>,
        error: OperationError,
    ) -> Result<(), OperationError> {
        let lake = &journal.archive().lake;
        for day in segment.days.keys().filter(|day| days.contains(day)) {
            let taker = lake.taker(*day, segment.version).filter(|taker| !lake.open.contains_key(taker));
            let Some(taker) = taker else { return Err(error) };
            for file in &lake.files {
                let Some(ObjectKey::Lake { partition, publishing, .. }) = ObjectKey::parse(&file.key) else { continue };
                if (partition.date, publishing) != (*day, taker) {
                    continue;
                }
                let bytes = read_named(store, &file.key).await?;
                if Digest::of(&bytes) != file.sha256 {
                    return Err(error);
                }
                for cell in parquet::decode_column(bytes, Field::EventId)? {
                    if let Cell::Text(id) = cell {
                        self.ids.insert(*day, id_hash(&id), Held { version: narrow(segment.version), body: None });
                    }
                }
            }
        }
        tracing::warn!(key = %segment.object.key, "a segment cannot be read; its ids come from the lake");
        Ok(())
    }
}
