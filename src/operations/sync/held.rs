//! Loading the ids a batch is decided against.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

use crate::domain::RawEvent;
use crate::domain::decide::{self, Body, text_hash};
use crate::domain::dedupe::{Held, HeldIds, id_hash, neighbourhood};
use crate::operations::{Journal, OperationError, segments};
use crate::ports::Store;

/// Ids kept in memory, at most: about 80 MB.
const IDS_MAX: usize = 1_000_000;

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
        for segment in journal.archive().record.holding(days).filter(|segment| segment.version >= from) {
            for body in segments::load(store, segment).await? {
                let Ok(routed) = &body.routed else { continue };
                let day = routed.occurred.date();
                if days.contains(&day) {
                    let held = Held { version: segment.version, body: Some(text_hash(&body.raw)) };
                    self.ids.insert(day, id_hash(&routed.id), held);
                }
            }
        }
        Ok(())
    }
}
