//! Storing the fold, so that the next run need not read the whole log.

use std::time::Duration;

use super::objects::put_once;
use super::{Journal, OperationError};
use crate::domain::Digest;
use crate::domain::layout::ObjectKey;
use crate::format::manifest::{Manifest, Pointer, encode, encode_pointer};
use crate::ports::Store;

/// A manifest is stored when the log has grown by this many versions …
const VERSIONS: u64 = 100;
/// … or is a day older than the last one.
const AGE: Duration = Duration::from_secs(86_400);

/// Stores a manifest where one is due.
pub async fn write_if_due(journal: &mut Journal, store: &dyn Store) -> Result<(), OperationError> {
    let archive = journal.archive();
    let due = match journal.manifest() {
        None => true,
        Some((version, at)) => {
            let grown = archive.next.saturating_sub(version + 1);
            let aged = matches!((archive.at, at), (Some(now), Some(at)) if now >= at + AGE);
            grown >= VERSIONS || (aged && grown > 0)
        }
    };
    if due { write(journal, store).await } else { Ok(()) }
}

async fn write(journal: &mut Journal, store: &dyn Store) -> Result<(), OperationError> {
    let Some(manifest) = Manifest::of(journal.archive()) else { return Ok(()) };
    let key = ObjectKey::Manifest { version: manifest.version }.to_string();
    let bytes = encode(&manifest)?;
    // Another version of Ochre may have stored its own fold under this number: theirs stays.
    if store.stat(&key).await?.is_none() {
        put_once(store, &key, &bytes).await?;
        let pointer =
            Pointer { version: manifest.version, manifest: key, sha256: Digest::of(&bytes), at: journal.archive().at };
        store.replace(&ObjectKey::LatestManifest.to_string(), encode_pointer(&pointer)?).await?;
    }
    journal.note_manifest();
    Ok(())
}
