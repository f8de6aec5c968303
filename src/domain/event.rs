//! What the API hands over, before anything is decided about it.

use serde::{Deserialize, Serialize};

/// The API's own pagination token: opaque, never a time, never compared for order (C4).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// Wraps a token exactly as it was sent.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// The token, to be percent-encoded by whoever sends it back.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One audit event's JSON text as the API sent it, on one line.
///
/// Line breaks between tokens have become spaces; escapes, key order, repeated keys and the spelling
/// of numbers stay. Inside a JSON string a raw line break cannot occur, so nothing else changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawEvent(String);

impl RawEvent {
    /// Takes one JSON value's text and lays it on one line.
    pub fn new(text: &str) -> Self {
        if text.bytes().any(|byte| byte == b'\n' || byte == b'\r') {
            Self(text.replace(['\n', '\r'], " "))
        } else {
            Self(text.to_owned())
        }
    }

    /// The line, without its line end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One decoded response of the API: newest first, at most 1,000 events by documentation (C10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The events in the order they were sent.
    pub events: Vec<RawEvent>,
    /// Whether the API says that older events follow.
    pub more: bool,
    /// The token for the next page; `more` without it is an error of the walk (C1, E12).
    pub cursor: Option<Cursor>,
}
