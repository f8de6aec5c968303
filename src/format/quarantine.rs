//! Quarantine: bodies that are not archived events, with the reason, one a line in one zstd frame.
//!
//! A line is `{"reason":"no_id","sha256":"<64 hex digits of the body>","body":"<text>"}`; a body
//! that is not UTF-8 stands as `body_base64` instead. Version 1. To check a line with nothing of
//! ours: `jq -rj .body | sha256sum`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::FormatError;
use super::segment::{Lines, compress};
use crate::domain::Digest;
use crate::domain::decide::Quarantined;

const LAYOUT: &str = "quarantine";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    reason: String,
    sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

impl Line {
    fn of(entry: &Quarantined) -> Self {
        let text = std::str::from_utf8(&entry.body).ok();
        Self {
            reason: entry.reason.clone(),
            sha256: entry.digest().hex(),
            body: text.map(str::to_owned),
            body_base64: text.is_none().then(|| STANDARD.encode(&entry.body)),
        }
    }

    fn into_entry(self) -> Result<Quarantined, &'static str> {
        let body = match (self.body, self.body_base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => STANDARD.decode(text).map_err(|_| "`body_base64` is not base64")?,
            _ => return Err("there must be one of `body` and `body_base64`"),
        };
        let entry = Quarantined { reason: self.reason, body: body.into() };
        if Digest::from_hex(&self.sha256) != Some(entry.digest()) {
            return Err("the body does not have its `sha256`");
        }
        Ok(entry)
    }
}

/// Writes bodies as a quarantine object.
pub fn encode<'a>(entries: impl IntoIterator<Item = &'a Quarantined>) -> Result<Bytes, FormatError> {
    let lines = entries.into_iter().map(|entry| serde_json::to_string(&Line::of(entry)));
    let lines: Vec<_> = lines.collect::<Result<_, _>>().map_err(|error| FormatError::unwritable(LAYOUT, error))?;
    compress(LAYOUT, lines.iter())
}

/// Reads a quarantine object entry by entry, each body checked against its digest.
pub fn decode(bytes: &[u8]) -> Result<impl Iterator<Item = Result<Quarantined, FormatError>>, FormatError> {
    let mut lines = Lines::open(LAYOUT, bytes)?;
    Ok(std::iter::from_fn(move || {
        let line = lines.next()?;
        let number = lines.number();
        Some(line.and_then(|text| {
            entry_of(&text).map_err(|why| FormatError::damaged(LAYOUT, format!("line {number}: {why}")))
        }))
    }))
}

fn entry_of(line: &str) -> Result<Quarantined, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    line.into_entry().map_err(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(reason: &str, body: &'static [u8]) -> Quarantined {
        Quarantined { reason: reason.into(), body: Bytes::from_static(body) }
    }

    fn read(bytes: &[u8]) -> Result<Vec<Quarantined>, FormatError> {
        decode(bytes)?.collect()
    }

    #[test]
    fn version_1_is_written_and_read_as_ever() {
        let golden = include_bytes!("../../tests/it/golden/quarantine-v1.ndjson.zst");
        let entries = [entry("no_id", b"{\n}"), entry("undecodable_page", b"<html>\xff"), entry("conflict", b"")];
        assert_eq!(read(golden).unwrap(), entries);
        assert_eq!(encode(&entries).unwrap().as_ref(), golden);
    }

    #[test]
    fn an_altered_body_is_noticed() {
        let line = format!(r#"{{"reason":"no_id","sha256":"{}","body":"{{ }}"}}"#, Digest::of(b"{}").hex());
        let bytes = compress(LAYOUT, [line].iter()).unwrap();
        assert!(read(&bytes).unwrap_err().to_string().contains("line 1: the body does not have its `sha256`"));
    }

    #[test]
    fn a_line_of_another_shape_is_refused() {
        for line in ["{}", "[]", r#"{"reason":"a","sha256":"","body":"","more":1}"#] {
            assert!(read(&compress(LAYOUT, [line].iter()).unwrap()).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bodies_come_back(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..8)) {
            let entries: Vec<_> = bodies.into_iter().map(|body| Quarantined { reason: "x".into(), body: body.into() }).collect();
            prop_assert_eq!(read(&encode(&entries).unwrap()).unwrap(), entries);
        }
    }
}
