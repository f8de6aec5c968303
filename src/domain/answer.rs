//! What came of one question to the audit API.

use std::time::Duration;

use bytes::Bytes;

use super::{Page, Timestamp};

/// One decoded answer of the audit API.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The events.
    pub page: Page,
    /// The server's clock: its `Date` header, whole seconds. None where it sent none.
    pub served_at: Option<Timestamp>,
    /// How long the request took, by the local clock.
    pub took: Duration,
    /// Size of the body after decompression, in bytes.
    pub bytes: usize,
}

/// Why there is no page. Each kind asks something different of the caller.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// 401 or 403: asking again will not help (C44).
    #[error("the API rejected the key (HTTP {status})")]
    KeyRejected {
        /// 401 or 403.
        status: u16,
        /// The server's clock.
        served_at: Option<Timestamp>,
    },
    /// 400: the date is out of range or the cursor is dead; the body does not say which (C9, E14).
    #[error("the API refused the request (HTTP 400): {detail}")]
    Refused {
        /// The start of the body, control characters escaped.
        detail: String,
        /// The server's clock.
        served_at: Option<Timestamp>,
    },
    /// 429: the shared budget is used up (C45).
    #[error("the API's rate limit is used up (HTTP 429)")]
    Throttled {
        /// `Retry-After`, where the server sent one (E21).
        retry_after: Option<Duration>,
        /// The server's clock.
        served_at: Option<Timestamp>,
    },
    /// 5xx, reset, timeout, cut body: worth another try.
    #[error("the API does not answer: {detail}")]
    Unavailable {
        /// What happened.
        detail: String,
        /// The server's clock.
        served_at: Option<Timestamp>,
    },
    /// 200 with something that is not a page (HTML, broken JSON): worth another try; alike three times, it is kept.
    #[error("the API sent a page that cannot be read: {detail}")]
    Undecodable {
        /// What is wrong with it.
        detail: String,
        /// The body as it came.
        body: Bytes,
        /// The server's clock.
        served_at: Option<Timestamp>,
    },
    /// 404, a redirect, a certificate nobody trusts: the settings are wrong.
    #[error("this does not look like Pigment's audit API: {detail}")]
    Misconfigured {
        /// What was seen.
        detail: String,
    },
}

impl SourceError {
    /// The server's clock as this answer told it.
    pub fn served_at(&self) -> Option<Timestamp> {
        match self {
            Self::KeyRejected { served_at, .. }
            | Self::Refused { served_at, .. }
            | Self::Throttled { served_at, .. }
            | Self::Unavailable { served_at, .. }
            | Self::Undecodable { served_at, .. } => *served_at,
            Self::Misconfigured { .. } => None,
        }
    }
}

impl SourceError {
    /// Whether asking again cannot help before a person acted.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::KeyRejected { .. } | Self::Misconfigured { .. })
    }
}
