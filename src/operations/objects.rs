//! Putting objects whose key fixes their content.

use bytes::Bytes;

use super::error::{ErrorKind, OperationError};
use crate::ports::{CreateOutcome, Store};

const SENDS_MAX: u32 = 5;

/// Puts an object under a key that holds its digest, so that whoever finds it there may take it as
/// written. An unknown outcome is settled by reading back.
pub async fn put_once(store: &dyn Store, key: &str, body: &Bytes) -> Result<(), OperationError> {
    for _ in 0..SENDS_MAX {
        if store.create(key, body.clone()).await? == CreateOutcome::Created {
            return Ok(());
        }
        match store.read(key).await? {
            Some(found) if found == *body => return Ok(()),
            Some(_) => return Err(OperationError::damaged(key, "is there with other content than its name says")),
            None => {}
        }
    }
    let message = format!("`{key}` was sent {SENDS_MAX} times and is still not there");
    Err(OperationError::new(ErrorKind::Unavailable, "write_unknown", message))
}

/// Reads an object that the log names.
pub async fn read_named(store: &dyn Store, key: &str) -> Result<Bytes, OperationError> {
    store.read(key).await?.ok_or_else(|| OperationError::damaged(key, "is named by the log and missing"))
}
