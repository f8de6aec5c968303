//! One entry of the log.

use serde::{Deserialize, Serialize};

use super::Action;
use crate::domain::{Digest, Timestamp};

/// The format of log entries that this version writes and reads.
pub const LOG_FORMAT: u32 = 1;

/// One commit: a version, what it follows, and what happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    /// [`LOG_FORMAT`].
    pub format: u32,
    /// The archive's identifier.
    pub archive: String,
    /// Its number; the log is dense from 0.
    pub version: u64,
    /// SHA-256 of the stored bytes of the version before; absent for version 0.
    pub parent: Option<Digest>,
    /// When it was made, by the API server's clock where one was heard. For people: versions order, not times.
    pub at: Timestamp,
    /// Who made it.
    pub writer: Writer,
    /// The facts.
    pub actions: Vec<Action>,
}

/// Who made a commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Writer {
    /// The version of Ochre.
    pub ochre: String,
    /// One run's identifier.
    pub run: String,
    /// The command the run was started with.
    pub command: String,
}
