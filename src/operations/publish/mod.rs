//! `publish`: rows that are due go to the lake.
//!
//! *Order*: commit the intent, put the files, confirm. The intent fixes which rows go out under which
//! keys, so any process can finish another's publishing, and a late PUT of a stalled one finds its place
//! taken by the same rows. *Crash*: before the intent nothing happened; after it the next run, or anyone,
//! finishes. A plain glob never sees a row twice, because a row belongs to the first intent that takes it.

mod files;
mod rows;

use chrono::NaiveDate;
use futures_util::TryStreamExt;

use crate::domain::layout::{ObjectKey, lake_root};
use crate::domain::log::{Action, LakePublished, LakePublishing};
use crate::domain::publish::{PublishRules, due};
use crate::domain::{SCHEMA_VERSION, Timestamp};
use crate::operations::{Appended, Doors, Journal, OperationError};

/// What a publishing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Rows that are in the lake now and were not before.
    pub rows: u64,
    /// Files that hold them.
    pub files: u64,
}

/// The build of the lake that rows go to.
const GENERATION: u32 = 1;

/// Finishes what others left unfinished, and publishes what is due.
pub async fn publish(
    journal: &mut Journal,
    doors: &Doors,
    rules: &PublishRules,
    at: Timestamp,
) -> Result<Published, OperationError> {
    let mut published = Published::default();
    loop {
        let open: Vec<u64> = journal.archive().lake.open.keys().copied().collect();
        for publishing in open {
            finish(journal, doors, publishing, at, &mut published).await?;
        }
        let days = due(journal.archive(), rules, at);
        if days.is_empty() {
            return Ok(published);
        }
        refuse_cut_log(journal, doors, &days).await?;
        // Overtaken or not: what is open now is finished in the next turn.
        let upto = journal.archive().next - 1;
        let intent = LakePublishing { days, upto, schema: SCHEMA_VERSION, generation: GENERATION };
        journal.append(at, vec![Action::LakePublishing(intent)]).await?;
    }
}

/// A file under a number that the log has not given out yet: the log was longer once. Publishing on
/// top of it would show rows twice.
async fn refuse_cut_log(journal: &Journal, doors: &Doors, days: &[NaiveDate]) -> Result<(), OperationError> {
    for day in days {
        let prefix = format!("{}event_date={day}/", lake_root(GENERATION));
        let mut listing = doors.store.list(&prefix);
        while let Some(object) = listing.try_next().await? {
            match ObjectKey::parse(&object.key) {
                Some(ObjectKey::Lake { publishing, .. }) if publishing < journal.archive().next => {}
                Some(key) => return Err(OperationError::log_cut(&key, journal.archive().next)),
                None => return Err(OperationError::damaged(&object.key, "lies in the lake and is not Ochre's")),
            }
        }
    }
    Ok(())
}

/// Puts every file of one intent and confirms it, unless another process does so first.
async fn finish(
    journal: &mut Journal,
    doors: &Doors,
    publishing: u64,
    at: Timestamp,
    published: &mut Published,
) -> Result<(), OperationError> {
    let Some(intent) = journal.archive().lake.open.get(&publishing).cloned() else { return Ok(()) };
    if intent.intent.schema != SCHEMA_VERSION {
        let message = format!("publishing {publishing} follows schema {}, which is not known", intent.intent.schema);
        return Err(OperationError::damaged(&format!("log version {publishing}"), message));
    }
    let files = files::put(journal, doors, publishing, &intent).await?;
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let count = files.len() as u64;
    let fact = LakePublished { publishing, files };
    while journal.archive().lake.open.contains_key(&publishing) {
        if let Appended::Committed(_) = journal.append(at, vec![Action::LakePublished(fact.clone())]).await? {
            published.rows += rows;
            published.files += count;
            return Ok(());
        }
    }
    Ok(())
}
