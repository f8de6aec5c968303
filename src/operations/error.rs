//! Why an operation could not do its work, told by what the caller can do about it.

use crate::domain::layout::ObjectKey;
use crate::format::FormatError;
use crate::ports::{SourceError, StoreError, StoreErrorKind};

/// What a caller can do about an [`OperationError`]. The desk turns it into an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// A bug, or something nobody thought of.
    Unexpected,
    /// The API answers, but the walk cannot end.
    Partial,
    /// The API or the store does not answer, or throttles: try again later.
    Unavailable,
    /// The settings are wrong, or the key belongs to another workspace.
    Misconfigured,
    /// There is no archive.
    NoArchive,
    /// The API or the store refuses us: a person must act.
    Refused,
    /// The archive is not what its log says, or the API no longer shows what it showed.
    Integrity,
    /// Asked to stop.
    Interrupted,
}

/// An operation's error: what, why, and what to do next.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct OperationError {
    /// What can be done.
    pub kind: ErrorKind,
    /// One word for scripts.
    pub code: &'static str,
    /// What happened and why.
    pub message: String,
    /// The next step.
    pub help: Option<String>,
}

impl OperationError {
    /// An error without a next step.
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), help: None }
    }

    /// Adds the next step.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Asked to stop.
    pub fn interrupted() -> Self {
        Self::new(ErrorKind::Interrupted, "interrupted", "stopped as asked; everything committed is safe")
            .with_help("run the same command again: it goes on where it was")
    }

    /// The log ends before what was made from it.
    pub fn log_cut(witness: &ObjectKey, end: u64) -> Self {
        let message = format!("the log was cut: `{witness}` exists and the log ends before version {end}");
        Self::new(ErrorKind::Integrity, "log_cut", message).with_help(
            "restore the missing objects under `log/`; Ochre never deletes them and writes nothing until they are back",
        )
    }

    /// The archive is not what it must be: names the object.
    pub fn damaged(key: &str, what: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::Integrity, "archive_damaged", format!("`{key}` {what}"))
            .with_help("nothing was written; `ochre verify` lists everything that does not fit")
    }
}

impl From<StoreError> for OperationError {
    fn from(error: StoreError) -> Self {
        let (kind, code) = match error.kind {
            StoreErrorKind::Refused => (ErrorKind::Refused, "store_refused"),
            StoreErrorKind::Unavailable => (ErrorKind::Unavailable, "store_unavailable"),
            StoreErrorKind::Misuse => (ErrorKind::Misconfigured, "store_misuse"),
        };
        Self::new(kind, code, format!("failed to use the archive's store: {error}"))
    }
}

impl From<FormatError> for OperationError {
    fn from(error: FormatError) -> Self {
        Self::new(ErrorKind::Integrity, "format", error.to_string())
    }
}

impl From<&SourceError> for OperationError {
    fn from(error: &SourceError) -> Self {
        let (kind, code, help) = match error {
            SourceError::KeyRejected { .. } => (
                ErrorKind::Refused,
                "key_rejected",
                "use a key of type `Audit logs`, made by a Security Admin; it ends before the day it expires on: the \
                 expiry day itself is not valid",
            ),
            SourceError::Refused { .. } => {
                (ErrorKind::Partial, "request_refused", "what was committed stays; run again, or see `ochre status`")
            }
            SourceError::Throttled { .. } => (
                ErrorKind::Unavailable,
                "throttled",
                "another program may use the same budget of 500 requests in 5 minutes; lower `api.share`, or run again",
            ),
            SourceError::Unavailable { .. } => {
                (ErrorKind::Unavailable, "api_unavailable", "what was committed stays; run again and the walk resumes")
            }
            SourceError::Undecodable { .. } => (
                ErrorKind::Partial,
                "page_undecodable",
                "the page is kept in quarantine under `record/`; run again, and see `ochre status` for the deadline",
            ),
            SourceError::Misconfigured { .. } => (ErrorKind::Misconfigured, "api_misconfigured", "check `api.url`"),
        };
        Self::new(kind, code, error.to_string()).with_help(help)
    }
}
