//! Manifests: the log folded and stored for readers. A projection, never trusted by itself.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::FormatError;
use crate::domain::views::{Archive, FOLD_VERSION};
use crate::domain::{Digest, Timestamp};

/// A stored fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The manifest format: 1.
    pub format: u32,
    /// Which fold made it; a reader uses only its own.
    pub fold: u32,
    /// The last log version it takes in.
    pub version: u64,
    /// SHA-256 of that version's stored bytes.
    pub log: Digest,
    /// The fold.
    pub archive: Archive,
}

/// `manifest/latest.json`: for people and scripts, replaced in place, never trusted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pointer {
    /// The log version of the newest manifest.
    pub version: u64,
    /// Its key.
    pub manifest: String,
    /// SHA-256 of its stored bytes.
    pub sha256: Digest,
    /// The time of the last commit it takes in.
    pub at: Option<Timestamp>,
}

impl Manifest {
    /// The manifest of a fold; `None` where nothing was folded.
    pub fn of(archive: &Archive) -> Option<Self> {
        let (version, log) = (archive.next.checked_sub(1)?, archive.tip?);
        Some(Self { format: 1, fold: FOLD_VERSION, version, log, archive: archive.clone() })
    }
}

/// The stored bytes: zstd of JSON.
pub fn encode(manifest: &Manifest) -> Result<Bytes, FormatError> {
    let json = serde_json::to_vec(manifest).map_err(|error| FormatError::damaged("manifest", error))?;
    zstd::encode_all(json.as_slice(), 3).map(Bytes::from).map_err(|error| FormatError::damaged("manifest", error))
}

/// The stored bytes of the pointer.
pub fn encode_pointer(pointer: &Pointer) -> Result<Bytes, FormatError> {
    serde_json::to_vec_pretty(pointer).map(Bytes::from).map_err(|error| FormatError::damaged("manifest", error))
}

/// Reads a manifest of this version's fold; `None` for another fold's.
pub fn decode(bytes: &[u8]) -> Result<Option<Manifest>, FormatError> {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
        fold: u32,
    }
    let json = zstd::decode_all(bytes).map_err(|error| FormatError::damaged("manifest", error))?;
    let head: Head = serde_json::from_slice(&json).map_err(|error| FormatError::damaged("manifest", error))?;
    if (head.format, head.fold) != (1, FOLD_VERSION) {
        return Ok(None);
    }
    serde_json::from_slice(&json).map(Some).map_err(|error| FormatError::damaged("manifest", error))
}
