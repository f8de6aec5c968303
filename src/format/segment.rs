//! A segment of the record: raw events, one a line, in one zstd frame.
//!
//! `zstdcat segment | jq` is all that is needed to read one. The frame states its content size and
//! ends in a checksum; the same events give the same bytes. Version 1.

use std::io::{BufRead, BufReader, Read as _};

use bytes::Bytes;
use zstd::stream::read::Decoder;
use zstd::zstd_safe::CParameter;

use super::FormatError;
use crate::domain::RawEvent;

/// The longest line that is read, in bytes: a bound on memory, far above any event.
pub const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;

const LEVEL: i32 = 3;
const LAYOUT: &str = "segment";

/// Writes events as a segment.
pub fn encode<'a>(events: impl IntoIterator<Item = &'a RawEvent>) -> Result<Bytes, FormatError> {
    compress(LAYOUT, events.into_iter().map(RawEvent::as_str))
}

/// Reads a segment event by event; memory is bounded by the longest line.
///
/// Errors: the frame is cut or altered, bytes follow it, a line is no UTF-8, empty, too long, or lacks its end.
pub fn decode(bytes: &[u8]) -> Result<impl Iterator<Item = Result<RawEvent, FormatError>>, FormatError> {
    Ok(Lines::open(LAYOUT, bytes)?.map(|line| line.map(|text| RawEvent::new(&text))))
}

/// Lays texts one a line and compresses them into one frame.
pub(super) fn compress(
    layout: &'static str,
    lines: impl Iterator<Item = impl AsRef<str>>,
) -> Result<Bytes, FormatError> {
    let mut text = Vec::new();
    for line in lines {
        text.extend_from_slice(line.as_ref().as_bytes());
        text.push(b'\n');
    }
    let unwritable = |error| FormatError::unwritable(layout, error);
    let mut compressor = zstd::bulk::Compressor::new(LEVEL).map_err(unwritable)?;
    for parameter in [CParameter::ContentSizeFlag(true), CParameter::ChecksumFlag(true)] {
        compressor.set_parameter(parameter).map_err(unwritable)?;
    }
    compressor.compress(&text).map(Bytes::from).map_err(unwritable)
}

/// The lines of one frame, read as they are asked for.
pub(super) struct Lines<'a> {
    layout: &'static str,
    text: Option<BufReader<Decoder<'a, &'a [u8]>>>,
    read: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn open(layout: &'static str, bytes: &'a [u8]) -> Result<Self, FormatError> {
        let decoder = Decoder::with_buffer(bytes).map_err(|error| FormatError::damaged(layout, error))?;
        Ok(Self { layout, text: Some(BufReader::new(decoder.single_frame())), read: 0 })
    }

    /// The number of the line read last, counted from 1.
    pub(super) fn number(&self) -> u64 {
        self.read
    }

    fn next_line(&mut self) -> Result<Option<String>, String> {
        let Some(text) = &mut self.text else { return Ok(None) };
        let mut line = Vec::new();
        let length = text.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line);
        self.read += 1;
        if length.map_err(|error| error.to_string())? == 0 {
            return self.finish().map(|()| None);
        }
        match line.pop() {
            Some(b'\n') if line.is_empty() => Err("the line is empty".into()),
            Some(b'\n') => String::from_utf8(line).map(Some).map_err(|_| "the line is not UTF-8".into()),
            _ if line.len() as u64 >= LINE_BYTES_MAX => Err(format!("the line is longer than {LINE_BYTES_MAX} bytes")),
            _ => Err("the last line has no end".into()),
        }
    }

    /// Refuses bytes after the frame: nobody would ever see them.
    fn finish(&mut self) -> Result<(), String> {
        let rest = self.text.take().map_or(0, |text| text.into_inner().finish().len());
        if rest == 0 { Ok(()) } else { Err(format!("{rest} bytes follow the end")) }
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<String, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.next_line().transpose()?;
        Some(line.map_err(|reason| {
            self.text = None;
            FormatError::damaged(self.layout, format!("line {}: {reason}", self.read))
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(texts: &[&str]) -> Vec<RawEvent> {
        texts.iter().map(|text| RawEvent::new(text)).collect()
    }

    fn read(bytes: &[u8]) -> Result<Vec<RawEvent>, FormatError> {
        decode(bytes)?.collect()
    }

    fn reason(bytes: &[u8]) -> String {
        read(bytes).unwrap_err().to_string()
    }

    #[test]
    fn version_1_is_written_and_read_as_ever() {
        let golden = include_bytes!("../../tests/it/golden/segment-v1.ndjson.zst");
        let events = events(&[
            r#"{"eventId":"e1","eventTimestamp":"2026-01-02T03:04:05.1234567Z","n":1.50}"#,
            r#"{"eventId":"e2", "name":"\u00e9 é \ud83d\ude00"}"#,
        ]);
        assert_eq!(read(golden).unwrap(), events);
        assert_eq!(encode(&events).unwrap().as_ref(), golden);
    }

    #[test]
    fn damage_is_named() {
        let whole = encode(&events(&["{}", "[1]"])).unwrap();
        assert!(reason(&whole[..whole.len() - 1]).starts_with("the segment is damaged"));
        assert!(reason(&[&whole[..], b"x"].concat()).contains("1 bytes follow the end"));
        assert!(reason(&[&whole[..], &whole[..]].concat()).contains("bytes follow the end"));
        let mut altered = whole.to_vec();
        *altered.last_mut().unwrap() ^= 1;
        assert!(reason(&altered).contains("checksum"), "{}", reason(&altered));
        assert!(reason(b"not zstd at all").starts_with("the segment is damaged"));
        assert!(reason(b"").starts_with("the segment is damaged"), "{}", reason(b""));
        for (text, said) in [("{}\n\n{}\n", "line 2: the line is empty"), ("{}", "line 1: the last line has no end")] {
            let frame = zstd::bulk::compress(text.as_bytes(), 1).unwrap();
            assert!(reason(&frame).contains(said), "{}", reason(&frame));
        }
        assert!(reason(&zstd::bulk::compress(b"\xff\n", 1).unwrap()).contains("line 1: the line is not UTF-8"));
    }

    #[test]
    fn after_an_error_nothing_follows() {
        let frame = zstd::bulk::compress(b"\n{}\n", 1).unwrap();
        assert_eq!(decode(&frame).unwrap().count(), 1);
    }

    proptest! {
        #[test]
        fn any_events_come_back(texts in prop::collection::vec("[^\n\r]{1,40}", 0..20)) {
            let events: Vec<_> = texts.iter().map(|text| RawEvent::new(text)).collect();
            prop_assert_eq!(read(&encode(&events).unwrap()).unwrap(), events);
        }

        #[test]
        fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
