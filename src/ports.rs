//! The doors: everything the operations need from outside, as traits.
//!
//! Behind each door stands a real thing in `adapters/` and a simulated one in `sim/`. Outcomes are
//! types, not messages: a write that *did not happen* is an error, one that *may have happened* is
//! [`CreateOutcome::Unknown`], and only reading back turns the second into knowledge.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

pub use crate::domain::{Answer, SourceError};
use crate::domain::{Cursor, Timestamp};

/// One question to the audit API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// `ingestedSince`, sent on every page alike (C5, E15). UTC.
    pub since: Timestamp,
    /// The token of the page before; none for the newest page.
    pub cursor: Option<Cursor>,
}

/// Where audit events come from.
#[async_trait]
pub trait AuditSource: Send + Sync {
    /// Fetches one page.
    async fn fetch(&self, request: &PageRequest) -> Result<Answer, SourceError>;

    /// Requests sent so far, the repeated ones included.
    fn requests(&self) -> u64;
}

/// What became of a create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// The object is there, durable, and it was this call that put it there.
    Created,
    /// An object with this key was there before; it was not touched. It may be our own, of an earlier try.
    Exists,
    /// It may have happened: read back before deciding anything. Why, in words.
    Unknown(String),
}

/// A store call that did not happen, or could not be answered.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason} (`{key}`)")]
pub struct StoreError {
    /// What to do about it.
    pub kind: StoreErrorKind,
    /// The object or prefix in question.
    pub key: String,
    /// What happened, as a lowercase fragment.
    pub reason: String,
}

/// What a caller can do about a [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// No permission: a person must act.
    Refused,
    /// Out of space, busy, unreachable: later may work.
    Unavailable,
    /// The key cannot exist in this store, or the store is not what it must be.
    Misuse,
}

/// One object as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// The full key, `/`-separated, no leading slash.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Where the archive lies. Small on purpose: the outcome of a write is the heart of the matter.
///
/// No delete, no overwrite: an archive only grows. [`Store::replace`] is for `manifest/latest.json`
/// alone, a pointer for people that nothing trusts.
#[async_trait]
pub trait Store: Send + Sync {
    /// Puts an object where none is, whole and durable, or not at all.
    async fn create(&self, key: &str, body: Bytes) -> Result<CreateOutcome, StoreError>;

    /// Puts many objects; concurrency and the durability barrier are the store's affair.
    /// Outcomes come in the order of the objects.
    async fn create_all(&self, objects: Vec<(String, Bytes)>) -> Vec<Result<CreateOutcome, StoreError>>;

    /// Reads a whole object; `None` where there is none.
    async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError>;

    /// Reads `length` bytes from `offset`, fewer at the end; `None` where there is no object.
    async fn read_range(&self, key: &str, offset: u64, length: u64) -> Result<Option<Bytes>, StoreError>;

    /// Looks whether an object is there, and how large.
    async fn stat(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError>;

    /// Lists every object whose key begins with `prefix`, in ascending byte order of the keys.
    fn list<'a>(&'a self, prefix: &'a str) -> BoxStream<'a, Result<ObjectMeta, StoreError>>;

    /// Puts or replaces an object atomically. Only for `manifest/latest.json`.
    async fn replace(&self, key: &str, body: Bytes) -> Result<(), StoreError>;
}

/// The local clock. It measures durations and shows ages; what is lost or due is decided by the
/// API server's `Date` instead.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The wall clock, UTC.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, span: Duration);

    /// Waits until [`Clock::elapsed`] has reached `moment`, without being the reason that time passes: a
    /// simulated clock moves on for whoever sleeps, and not for whoever only watches it.
    async fn until(&self, moment: Duration);
}

/// Chance: for identifiers and for the jitter of waits. Never for anything that is stored as data.
pub trait Entropy: Send + Sync {
    /// 128 random bits.
    fn bits(&self) -> u128;

    /// A number in `[0, 1)`.
    fn fraction(&self) -> f64 {
        (self.bits() >> 75) as f64 / (1_u64 << 53) as f64
    }
}

/// What a run is doing, for whoever watches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// A page came in.
    Walking {
        /// Events fetched by the run.
        fetched: u64,
        /// Requests sent by the run.
        requests: u64,
        /// Where the walk began.
        top: Timestamp,
        /// How deep it is.
        reached: Timestamp,
        /// Where it will end.
        since: Timestamp,
    },
    /// Files went out to the lake.
    Publishing {
        /// Rows published by the run.
        rows: u64,
        /// Rows it will publish.
        total: u64,
    },
    /// Objects were checked.
    Verifying {
        /// Objects checked.
        done: u64,
        /// Objects to check.
        total: u64,
    },
}

/// Someone who watches a run: a progress bar, a log line, nobody.
pub trait Watcher: Send + Sync {
    /// Takes note. Must not block.
    fn saw(&self, progress: Progress);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watcher for Unwatched {
    fn saw(&self, _: Progress) {}
}
