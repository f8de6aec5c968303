//! A request to the API and its answer, without any network.

use std::time::Duration;

use bytes::Bytes;

/// A request to the events endpoint, its query decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiRequest {
    /// The parameter `ingestedSince`.
    pub ingested_since: Option<String>,
    /// The parameter `cursor`.
    pub cursor: Option<String>,
    /// The header `Authorization`.
    pub authorization: Option<String>,
    /// Where it comes from: an IPv4 or IPv6 address.
    pub client_ip: String,
}

/// What the connection does with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Sends it.
    Whole,
    /// Breaks off after this many bytes of the body; its announced length is the full one.
    CutAfter(usize),
    /// Is reset before a byte is sent.
    Reset,
    /// Stays open and silent.
    Hang,
}

/// An answer of the API.
#[derive(Clone, Debug)]
pub struct ApiResponse {
    /// The HTTP status.
    pub status: u16,
    /// Headers by lower-case name.
    pub headers: Vec<(&'static str, String)>,
    /// The body, uncompressed.
    pub body: Bytes,
    /// What the connection does with it.
    pub transport: Transport,
    /// How long the server takes.
    pub delay: Duration,
}

impl ApiResponse {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    /// An error as plain as Pigment's: its body does not say which of several reasons it was.
    pub(super) fn refusal(status: u16) -> Self {
        let title = match status {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            429 => "Too Many Requests",
            503 => "Service Unavailable",
            500.. => "Server Error",
            _ => "Error",
        };
        Self::json(status, format!(r#"{{"title":"{title}","status":{status}}}"#))
    }

    pub(super) fn json(status: u16, body: String) -> Self {
        Self::new(status, "application/json; charset=utf-8", body)
    }

    pub(super) fn html() -> Self {
        let body =
            "<!DOCTYPE html><html><head><title>Just a moment…</title></head><body>We will be right back.</body></html>";
        Self::new(200, "text/html; charset=utf-8", body.to_owned())
    }

    fn new(status: u16, content_type: &str, body: String) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.into(),
            transport: Transport::Whole,
            delay: Duration::ZERO,
        }
    }
}
