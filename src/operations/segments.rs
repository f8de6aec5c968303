//! Reading segments of the record back as routed events.

use super::error::OperationError;
use super::objects::read_named;
use crate::domain::decide::Body;
use crate::domain::normalise::route;
use crate::domain::views::Segment;
use crate::domain::{Digest, ROUTING_VERSION, RawEvent};
use crate::format::segment;
use crate::ports::Store;

/// Loads one segment, checks its bytes against the log, and routes its events.
pub async fn load(store: &dyn Store, wanted: &Segment) -> Result<Vec<Body>, OperationError> {
    let key = &wanted.object.key;
    if wanted.routing != ROUTING_VERSION {
        return Err(OperationError::damaged(key, format!("follows routing {}, which is not known", wanted.routing)));
    }
    let bytes = read_named(store, key).await?;
    if Digest::of(&bytes) != wanted.object.sha256 {
        return Err(OperationError::damaged(key, "does not have the digest that the log names"));
    }
    let decoded = tokio::task::spawn_blocking(move || decode(&bytes)).await;
    let bodies = decoded.unwrap_or_else(|error| Err(error.to_string()));
    bodies.map_err(|error| OperationError::damaged(key, error))
}

fn decode(bytes: &[u8]) -> Result<Vec<Body>, String> {
    let mut bodies = Vec::new();
    for line in segment::decode(bytes).map_err(|error| error.to_string())? {
        let raw: RawEvent = line.map_err(|error| error.to_string())?;
        bodies.push(Body { routed: route(&raw), raw });
    }
    Ok(bodies)
}
