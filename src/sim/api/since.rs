//! Reading `ingestedSince` (C5, C6, E18).

use chrono::{NaiveDate, NaiveDateTime};

use crate::domain::Timestamp;

/// Reads a date, a naive time (taken as UTC) or RFC 3339. Empty is none; anything else is an error,
/// a space where a raw `+` was decoded included.
pub(super) fn read_since(text: Option<&str>) -> Result<Option<Timestamp>, ()> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.contains(char::is_whitespace) {
        return Err(());
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(Some(Timestamp::start_of(day)));
    }
    if let Ok(naive) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
        return Ok(Some(Timestamp::from_chrono(naive.and_utc())));
    }
    Timestamp::parse(text).map(Some).ok_or(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_documented_spellings_are_read() {
        let at = |text| read_since(Some(text)).unwrap().unwrap().to_string();
        assert_eq!(at("2023-11-27"), "2023-11-27T00:00:00Z");
        assert_eq!(at("2024-01-11T20:00:00"), "2024-01-11T20:00:00Z");
        assert_eq!(at("2024-01-11T20:00:00.123456"), "2024-01-11T20:00:00.1234560Z");
        assert_eq!(at("2024-01-01T00:00:00Z"), "2024-01-01T00:00:00Z");
        assert_eq!(at("2024-01-01T02:00:00+02:00"), "2024-01-01T00:00:00Z");
        assert_eq!(read_since(None), Ok(None));
        assert_eq!(read_since(Some("")), Ok(None));
    }

    #[test]
    fn garbage_and_a_raw_plus_are_refused() {
        for text in ["yesterday", "2024-13-01", "2024-01-01T00:00:00 00:00", "1704067200", "0", " "] {
            assert_eq!(read_since(Some(text)), Err(()), "{text}");
        }
    }
}
