//! `publish`: rows that are due go to the lake.
//!
//! *Order*: commit the intent, put the files, confirm. The intent fixes which rows go out under which
//! keys, so any process can finish another's publishing, and a late PUT of a stalled one finds its place
//! taken by the same rows. *Crash*: before the intent nothing happened; after it the next run, or anyone,
//! finishes. A plain glob never sees a row twice, because a row belongs to the first intent that takes it.

mod files;
mod rows;

use crate::domain::layout::GENERATION;
use crate::domain::log::{Action, LakePublished, LakePublishing};
use crate::domain::publish::{PublishRules, due};
use crate::domain::{SCHEMA_VERSION, Timestamp};
use crate::operations::{Appended, Doors, Journal, OperationError, Stop};

/// What a publishing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Rows that are in the lake now and were not before.
    pub rows: u64,
    /// Files that hold them.
    pub files: u64,
}

/// Finishes what others left unfinished, and publishes what is due.
pub async fn publish(
    journal: &mut Journal,
    doors: &Doors,
    rules: &PublishRules,
    at: Timestamp,
    stop: &Stop,
) -> Result<Published, OperationError> {
    let mut published = Published::default();
    loop {
        let open: Vec<u64> = journal.archive().lake.open.keys().copied().collect();
        for publishing in open {
            finish(journal, doors, publishing, at, stop, &mut published).await?;
        }
        let days = due(journal.archive(), rules, at);
        if days.is_empty() {
            return Ok(published);
        }
        journal.refuse_cut_lake(&days).await?;
        // Overtaken or not: what is open now is finished in the next turn.
        let upto = journal.archive().next - 1;
        let intent = LakePublishing { days, upto, schema: SCHEMA_VERSION, generation: GENERATION };
        journal.append(at, vec![Action::LakePublishing(intent)]).await?;
    }
}

/// Puts every file of one intent and confirms it, unless another process does so first.
async fn finish(
    journal: &mut Journal,
    doors: &Doors,
    publishing: u64,
    at: Timestamp,
    stop: &Stop,
    published: &mut Published,
) -> Result<(), OperationError> {
    let Some(intent) = journal.archive().lake.open.get(&publishing).cloned() else { return Ok(()) };
    if intent.intent.schema != SCHEMA_VERSION {
        let message = format!("publishing {publishing} follows schema {}, which is not known", intent.intent.schema);
        return Err(OperationError::damaged(&format!("log version {publishing}"), message));
    }
    let files = files::put(journal, doors, publishing, &intent, stop).await?;
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
