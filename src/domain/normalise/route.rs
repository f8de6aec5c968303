//! What the archive decides by: id, instants, type and tenant, from the top level of the event.

use serde::{Deserialize, Serialize};

use super::members::{Members, text_of};
use crate::domain::{RawEvent, Timestamp};

/// The version of these rules; it stands in every commit that names a segment.
pub const ROUTING_VERSION: u32 = 1;

/// 2200-01-01T00:00:00Z in seconds: the first instant that is too late to be believed.
const END_OF_RANGE_S: i64 = 7_258_118_400;

/// What routing finds in an event that can be archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// `eventId`, never empty: what makes an event unique.
    pub id: String,
    /// `eventTimestamp`, UTC, 1970 to 2199: its day is the partition.
    pub occurred: Timestamp,
    /// `ingestionTimestamp`, UTC, 1970 to 2199; `None` where missing or unusable.
    pub ingested: Option<Timestamp>,
    /// `eventType` as sent; `None` where it is missing or not text.
    pub event_type: Option<String>,
    /// `context.organization.id`: the tenant.
    pub organization: Option<String>,
}

/// Why a body is not an event that can be archived (E31). It is counted and kept in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// Not one JSON object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// `eventId` is missing, null or empty.
    #[error("the event has no `eventId`")]
    NoId,
    /// `eventId` is no string, or one whose escapes make no Unicode.
    #[error("the `eventId` is not text")]
    IdNotText,
    /// `eventTimestamp` is missing or no RFC 3339 time.
    #[error("the event has no usable `eventTimestamp`")]
    NoTimestamp,
    /// `eventTimestamp` lies outside 1970 to 2199.
    #[error("the `eventTimestamp` lies outside 1970 to 2199")]
    TimestampOutOfRange,
}

impl Rejection {
    /// The reason as quarantine and counts name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAnObject => "not_an_object",
            Self::NoId => "no_id",
            Self::IdNotText => "id_not_text",
            Self::NoTimestamp => "no_timestamp",
            Self::TimestampOutOfRange => "timestamp_out_of_range",
        }
    }
}

/// Routes one event. Total: any text gives an answer, none a panic.
pub fn route(event: &RawEvent) -> Result<Routed, Rejection> {
    let members = Members::parse(event.as_str()).ok_or(Rejection::NotAnObject)?;
    let id = members.value("eventId").ok_or(Rejection::NoId)?;
    let id = text_of(id).ok_or(Rejection::IdNotText)?;
    if id.is_empty() {
        return Err(Rejection::NoId);
    }
    let instant = |name| members.text(name).and_then(|text| Timestamp::parse(&text));
    let occurred = instant("eventTimestamp").ok_or(Rejection::NoTimestamp)?;
    if !is_credible(occurred) {
        return Err(Rejection::TimestampOutOfRange);
    }
    Ok(Routed {
        id,
        occurred,
        ingested: instant("ingestionTimestamp").filter(|at| is_credible(*at)),
        event_type: members.text("eventType"),
        organization: members
            .object("context")
            .and_then(|context| context.object("organization"))
            .and_then(|organization| organization.text("id")),
    })
}

fn is_credible(at: Timestamp) -> bool {
    at >= Timestamp::from_seconds(0) && at < Timestamp::from_seconds(END_OF_RANGE_S)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn routed(text: &str) -> Result<Routed, Rejection> {
        route(&RawEvent::new(text))
    }

    #[test]
    fn finds_what_the_archive_decides_by() {
        let event = routed(
            r#"{"eventId":"e\u0031","eventTimestamp":"2023-12-07T12:04:31.0146524+00:00",
                "ingestionTimestamp":"2023-12-07T12:04:31.0287907+00:00","eventType":"X",
                "context":{"organization":{"id":"org"}}}"#,
        )
        .unwrap();
        assert_eq!(event.id, "e1");
        assert_eq!(event.occurred.to_string(), "2023-12-07T12:04:31.0146524Z");
        assert_eq!(event.ingested.unwrap().to_string(), "2023-12-07T12:04:31.0287907Z");
        assert_eq!((event.event_type.as_deref(), event.organization.as_deref()), (Some("X"), Some("org")));
    }

    #[test]
    fn says_why_an_event_cannot_be_archived() {
        let at = r#""eventTimestamp":"2026-01-01T00:00:00Z""#;
        for (text, reason) in [
            ("[1]".to_owned(), Rejection::NotAnObject),
            (format!("{{{at}}}"), Rejection::NoId),
            (format!(r#"{{"eventId":"",{at}}}"#), Rejection::NoId),
            (format!(r#"{{"eventId":null,{at}}}"#), Rejection::NoId),
            (format!(r#"{{"eventId":7,{at}}}"#), Rejection::IdNotText),
            (format!(r#"{{"eventId":"\ud800",{at}}}"#), Rejection::IdNotText),
            (r#"{"eventId":"a"}"#.to_owned(), Rejection::NoTimestamp),
            (r#"{"eventId":"a","eventTimestamp":"2026-01-01T00:00:00"}"#.to_owned(), Rejection::NoTimestamp),
            (r#"{"eventId":"a","eventTimestamp":"2200-01-01T00:00:00Z"}"#.to_owned(), Rejection::TimestampOutOfRange),
            (r#"{"eventId":"a","eventTimestamp":"1969-12-31T23:59:59.9Z"}"#.to_owned(), Rejection::TimestampOutOfRange),
        ] {
            assert_eq!(routed(&text), Err(reason), "{text}");
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{}\"", reason.as_str()));
        }
    }

    #[test]
    fn an_unusable_ingestion_time_or_type_is_none() {
        let event = routed(
            r#"{"eventId":"a","eventTimestamp":"2199-12-31T23:59:59.9999999Z","ingestionTimestamp":"soon","eventType":{}}"#,
        )
        .unwrap();
        assert_eq!((event.ingested, event.event_type), (None, None));
    }

    proptest! {
        #[test]
        fn reads_every_spelling_of_an_instant(
            seconds in 0_i64..END_OF_RANGE_S,
            digits in "[0-9]{0,9}",
            offset_min in -720_i32..=840,
            utc in any::<bool>(),
        ) {
            let offset = if utc { 0 } else { i64::from(offset_min) * 60 };
            let local = Timestamp::from_seconds(seconds + offset).to_chrono().format("%Y-%m-%dT%H:%M:%S").to_string();
            let dot = if digits.is_empty() { "" } else { "." };
            let zone = match (utc, offset_min.unsigned_abs()) {
                (true, _) => "Z".to_owned(),
                (false, min) => format!("{}{:02}:{:02}", if offset_min < 0 { '-' } else { '+' }, min / 60, min % 60),
            };
            let text = format!(r#"{{"eventId":"a","eventTimestamp":"{local}{dot}{digits}{zone}"}}"#);
            let ticks: i64 = format!("{digits:0<7}")[..7].parse().unwrap();
            prop_assert_eq!(routed(&text).map(|event| event.occurred.ticks()), Ok(seconds * 10_000_000 + ticks));
        }

        #[test]
        fn any_text_gets_an_answer(text in r#"[{}\[\]",:\\a-e0-9 \n]{0,200}|.*"#) {
            let _ = routed(&text);
        }
    }
}
