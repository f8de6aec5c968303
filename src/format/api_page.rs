//! Pigment's answers as bytes: the page of audit events, and what every other answer means.
//!
//! Two dialects are read alike. Pigment's own pages say `events`, `hasMoreEvents`, `nextEventsCursor`; the
//! agent skills written about it say `events` and `pagination.nextCursor` (C1). A reader that knows only the
//! second stops after 1,000 events and calls it success, so both are looked for on every page.
//!
//! Nothing here recurses over the body: JSON is sliced, not built, so depth costs no stack.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use chrono::NaiveDateTime;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::{Answer, Cursor, Page, RawEvent, SourceError, Timestamp};

/// A thousand times the documented page (C10). Beyond it a small hostile body would grow out of bounds in memory.
const EVENTS_MAX: usize = 1_000_000;
/// Characters of a body that an error message shows.
const EXCERPT_CHARS_MAX: usize = 200;

/// Why a body is not a page of events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// Not one whole JSON object: cut, HTML, text.
    #[error("not a JSON object: {0}")]
    Json(String),
    /// An object without an `events` array (C3).
    #[error("no `events`")]
    NoEvents,
    /// A member that steers the walk has a type nobody documented; guessing could end the walk too early.
    #[error("`{name}` is not {expected}")]
    Member {
        /// The member.
        name: &'static str,
        /// What it should be, with its article.
        expected: &'static str,
    },
    /// More than 1,000,000 events.
    #[error("more than {EVENTS_MAX} events")]
    TooMany,
}

/// Decodes the body of a 200 in either dialect (C1, C2, C3, C10).
///
/// Each event is the exact text that was sent, laid on one line, objects or not: what to think of it is decided
/// later. Unknown members are ignored; of a repeated member the last counts. A cursor that is null, empty or
/// missing is none. `hasMoreEvents` decides whether older events follow, else whether there is a cursor.
pub fn decode(body: &[u8]) -> Result<Page, PageError> {
    const NAMES: [&str; 5] = ["events", "hasMoreEvents", "nextEventsCursor", "nextCursor", "pagination"];
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let [events, has_more, next_events_cursor, next_cursor, pagination] = members(body, &NAMES)?;
    let inner = match pagination {
        Some(object) => members(object.get().as_bytes(), &["nextCursor", "hasMore", "hasMoreEvents"])
            .map_err(|_| PageError::Member { name: "pagination", expected: "an object" })?,
        None => [None; 3],
    };
    let cursor = match token("nextEventsCursor", next_events_cursor)? {
        Some(cursor) => Some(cursor),
        None => match token("pagination.nextCursor", inner[0])? {
            Some(cursor) => Some(cursor),
            None => token("nextCursor", next_cursor)?,
        },
    };
    let more = match flag("hasMoreEvents", has_more)? {
        Some(more) => more,
        None => flag("pagination.hasMore", inner[1].or(inner[2]))?.unwrap_or(cursor.is_some()),
    };
    let events = slices(events.ok_or(PageError::NoEvents)?)?;
    Ok(Page { events, more, cursor })
}

/// The members of an object by name, each as its exact text; null counts as missing.
fn members<'a, const N: usize>(json: &'a [u8], names: &[&str; N]) -> Result<[Option<&'a RawValue>; N], PageError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let found = Members(names).deserialize(&mut reader).map_err(|error| broken(&error))?;
    reader.end().map_err(|error| broken(&error))?;
    Ok(found.map(|value| value.filter(|json| json.get() != "null")))
}

fn slices(events: &RawValue) -> Result<Vec<RawEvent>, PageError> {
    let mut reader = serde_json::Deserializer::from_str(events.get());
    // The text is known to be sound JSON; what can fail here is that it is no array.
    let sliced = reader.deserialize_seq(Slices).map_err(|_| PageError::NoEvents)?;
    sliced.ok_or(PageError::TooMany)
}

fn token(name: &'static str, value: Option<&RawValue>) -> Result<Option<Cursor>, PageError> {
    let Some(json) = value else { return Ok(None) };
    let text: String = serde_json::from_str(json.get()).map_err(|_| PageError::Member { name, expected: "a text" })?;
    Ok(Some(text).filter(|text| !text.is_empty()).map(Cursor::new))
}

fn flag(name: &'static str, value: Option<&RawValue>) -> Result<Option<bool>, PageError> {
    let Some(json) = value else { return Ok(None) };
    serde_json::from_str(json.get()).map(Some).map_err(|_| PageError::Member { name, expected: "a boolean" })
}

fn broken(error: &serde_json::Error) -> PageError {
    PageError::Json(excerpt(error.to_string().as_bytes()))
}

struct Members<'n, const N: usize>(&'n [&'n str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Members<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Members<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(known) = map.next_key_seed(Name(self.0))? {
            match known {
                Some(index) => found[index] = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

/// A member's name as bytes: an unknown name that is no sound Unicode must not cost the page.
struct Name<'n>(&'n [&'n str]);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a member's name")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|known| known.as_bytes() == name))
    }
}

/// `None` where there are more than [`EVENTS_MAX`].
struct Slices;

impl<'de> Visitor<'de> for Slices {
    type Value = Option<Vec<RawEvent>>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut events = Vec::new();
        let mut too_many = false;
        while let Some(json) = seq.next_element::<&RawValue>()? {
            too_many |= events.len() == EVENTS_MAX;
            if !too_many {
                events.push(RawEvent::new(json.get()));
            }
        }
        Ok((!too_many).then_some(events))
    }
}

/// The three headers that matter, as they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerHeaders {
    /// `Date`: the server's clock.
    pub date: Option<String>,
    /// `Retry-After`: seconds or an HTTP date (E21).
    pub retry_after: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
}

impl AnswerHeaders {
    /// The server's clock; none where `Date` is missing or not an exact IMF-fixdate. UTC, whole seconds.
    pub fn served_at(&self) -> Option<Timestamp> {
        self.date.as_deref().and_then(http_date)
    }
}

/// Reads an HTTP answer as the port's types: a page, or what the caller should do instead.
///
/// Only a 200 holds a page. 401 and 403 condemn the key (C44), 429 asks to wait (E21), 400 and 422 the request
/// (C9, E14); 408, 425 and 5xx may pass (E26); anything else is not the audit API.
pub fn read_answer(status: u16, headers: &AnswerHeaders, body: Bytes, took: Duration) -> Result<Answer, SourceError> {
    let served_at = headers.served_at();
    let said = || format!("HTTP {status}{}", said(&body));
    match status {
        200 => match decode(&body) {
            Ok(page) => Ok(Answer { page, served_at, took, bytes: body.len() }),
            Err(error) => Err(SourceError::Undecodable { detail: why(&error, headers, &body), body, served_at }),
        },
        201..=299 => Err(SourceError::Undecodable {
            detail: format!("HTTP {status} where a page comes with 200"),
            body,
            served_at,
        }),
        400 => Err(SourceError::Refused { detail: excerpt(&body), served_at }),
        422 => Err(SourceError::Refused { detail: said(), served_at }),
        401 | 403 => Err(SourceError::KeyRejected { status, served_at }),
        429 => Err(SourceError::Throttled { retry_after: retry_after(headers, served_at), served_at }),
        408 | 425 | 500..=599 => Err(SourceError::Unavailable { detail: said(), served_at }),
        300..=399 => Err(SourceError::Misconfigured { detail: format!("HTTP {status} redirects elsewhere") }),
        407 => Err(SourceError::Misconfigured { detail: "the proxy asks for credentials (HTTP 407)".to_owned() }),
        _ => Err(SourceError::Misconfigured { detail: said() }),
    }
}

fn why(error: &PageError, headers: &AnswerHeaders, body: &[u8]) -> String {
    let declared = headers.content_type.as_deref().is_some_and(|kind| {
        let kind = kind.trim_start().to_ascii_lowercase();
        kind.starts_with("text/html") || kind.starts_with("application/xhtml")
    });
    if declared || body.trim_ascii_start().starts_with(b"<") {
        "an HTML page came in place of JSON".to_owned()
    } else {
        error.to_string()
    }
}

fn said(body: &[u8]) -> String {
    let text = excerpt(body);
    if text.is_empty() { text } else { format!(": {text}") }
}

/// The first 200 characters of a body, made safe to print: whoever sent it may want to write on a terminal.
pub fn excerpt(body: &[u8]) -> String {
    let start = &body[..body.len().min(4 * EXCERPT_CHARS_MAX)];
    let text = String::from_utf8_lossy(start);
    let mut shown = String::new();
    for (count, char) in text.trim().chars().enumerate() {
        if count == EXCERPT_CHARS_MAX {
            shown.push('…');
            break;
        }
        if disturbs(char) { shown.extend(char.escape_default()) } else { shown.push(char) }
    }
    shown
}

/// Controls, bidirectional and invisible formatting, line and paragraph separators.
fn disturbs(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(char, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Reads an IMF-fixdate (`Sun, 06 Nov 1994 08:49:37 GMT`), the one form of RFC 9110 servers may send. UTC.
///
/// What does not print back to the same text is refused: a clock that decides what is lost must not be guessed.
fn http_date(text: &str) -> Option<Timestamp> {
    const IMF_FIXDATE: &str = "%a, %d %b %Y %H:%M:%S GMT";
    let at = NaiveDateTime::parse_from_str(text, IMF_FIXDATE).ok()?;
    (at.format(IMF_FIXDATE).to_string() == text).then(|| Timestamp::from_chrono(at.and_utc()))
}

/// A date counts from the server's own clock; without one it says nothing about a span.
fn retry_after(headers: &AnswerHeaders, served_at: Option<Timestamp>) -> Option<Duration> {
    let text = headers.retry_after.as_deref()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    Some(http_date(text)?.since(served_at?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(json: &str) -> Page {
        decode(json.as_bytes()).unwrap()
    }

    fn walk_on(json: &str) -> (bool, Option<String>) {
        let page = page(json);
        (page.more, page.cursor.map(|cursor| cursor.as_str().to_owned()))
    }

    fn answer(status: u16, headers: &AnswerHeaders, body: &'static str) -> Result<Answer, SourceError> {
        read_answer(status, headers, Bytes::from_static(body.as_bytes()), Duration::from_millis(7))
    }

    #[test]
    fn both_dialects_and_every_last_page_are_read_alike() {
        let some = |more, cursor: &str| (more, Some(cursor.to_owned()));
        let cases = [
            (r#"{"events":[],"hasMoreEvents":true,"nextEventsCursor":"a+/="}"#, some(true, "a+/=")),
            (r#"{"events":[],"nextEventsCursor":"a"}"#, some(true, "a")),
            (r#"{"events":[],"pagination":{"nextCursor":"b"}}"#, some(true, "b")),
            (r#"{"events":[],"pagination":{"nextCursor":"b","hasMore":false}}"#, some(false, "b")),
            (r#"{"events":[],"pagination":{"hasMore":true}}"#, (true, None)),
            (r#"{"events":[],"nextCursor":"c"}"#, some(true, "c")),
            (
                r#"{"nextEventsCursor":"","pagination":{"nextCursor":null},"nextCursor":"c","events":[]}"#,
                some(true, "c"),
            ),
            (r#"{"events":[],"hasMoreEvents":null,"nextEventsCursor":"a"}"#, some(true, "a")),
            (r#"{"events":[],"hasMoreEvents":true}"#, (true, None)),
            (r#"{"events":[],"hasMoreEvents":true,"nextEventsCursor":""}"#, (true, None)),
            (r#"{"events":[],"hasMoreEvents":false}"#, (false, None)),
            (r#"{"events":[],"hasMoreEvents":false,"nextEventsCursor":null}"#, (false, None)),
            (r#"{"events":[],"hasMoreEvents":false,"nextEventsCursor":""}"#, (false, None)),
            (r#"{"events":[],"hasMoreEvents":false,"nextEventsCursor":"stale"}"#, some(false, "stale")),
            (r#"{"events":[],"pagination":null}"#, (false, None)),
            (r#"{"events":[]}"#, (false, None)),
        ];
        for (json, expected) in cases {
            assert_eq!(walk_on(json), expected, "{json}");
        }
    }

    #[test]
    fn a_repeated_member_counts_as_it_came_last() {
        let page = page(r#"{"events":5,"\u0065vents":[1],"hasMoreEvents":true,"hasMoreEvents":false}"#);
        assert_eq!((page.events, page.more), (vec![RawEvent::new("1")], false));
        assert_eq!(decode(br#"{"events":[1],"events":null}"#), Err(PageError::NoEvents));
    }

    #[test]
    fn an_event_keeps_its_exact_text_but_its_line_breaks() {
        let json = "\u{feff}{ \"x\": {\"events\":[0]},\n \"events\" : [\n  {\"a\" : 1.50,\r\n\"a\":\"\\u00e9\\n \\\"events\\\":[\"} ,\n3 ,null,[\"\\ud800\"]\n ]\n}\n";
        let lines: Vec<_> = page(json).events.iter().map(|event| event.as_str().to_owned()).collect();
        assert_eq!(lines, ["{\"a\" : 1.50,  \"a\":\"\\u00e9\\n \\\"events\\\":[\"}", "3", "null", "[\"\\ud800\"]"]);
    }

    #[test]
    fn what_is_no_page_is_refused_with_a_reason() {
        let reason = |json: &[u8]| decode(json).unwrap_err().to_string();
        assert_eq!(reason(b"{}"), "no `events`");
        assert_eq!(reason(br#"{"events":{}}"#), "no `events`");
        assert_eq!(reason(br#"{"events":[],"hasMoreEvents":"true"}"#), "`hasMoreEvents` is not a boolean");
        assert_eq!(reason(br#"{"events":[],"nextEventsCursor":7}"#), "`nextEventsCursor` is not a text");
        assert_eq!(reason(br#"{"events":[],"pagination":[]}"#), "`pagination` is not an object");
        for json in [&b"[]"[..], b"", b"null", b"{\"events\":[]} {}", b"{\"events\":[\"\xff\"]}"] {
            assert!(matches!(decode(json), Err(PageError::Json(_))), "{json:?}");
        }
    }

    #[test]
    fn depth_costs_no_stack_and_a_strange_name_no_page() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let json = format!(r#"{{"\ud800":{deep},"events":[{deep}],"b":1}}"#);
        assert_eq!(page(&json).events, [RawEvent::new(&deep)]);
        assert!(decode("[".repeat(100_000).as_bytes()).is_err());
        assert!(decode(format!(r#"{{"events":{}"#, "[".repeat(100_000)).as_bytes()).is_err());
        assert!(decode(format!(r#"{{"pagination":{deep}}}"#).as_bytes()).is_err());
    }

    #[test]
    fn a_million_events_are_the_limit() {
        let body = |count: usize| format!(r#"{{"events":[0{}]}}"#, ",0".repeat(count - 1));
        assert_eq!(page(&body(EVENTS_MAX)).events.len(), EVENTS_MAX);
        assert_eq!(decode(body(EVENTS_MAX + 1).as_bytes()), Err(PageError::TooMany));
    }

    #[test]
    fn each_status_says_what_to_do() {
        let none = AnswerHeaders::default();
        let kind = |status| match answer(status, &none, "x").unwrap_err() {
            SourceError::KeyRejected { .. } => "key",
            SourceError::Refused { .. } => "refused",
            SourceError::Throttled { .. } => "throttled",
            SourceError::Unavailable { .. } => "unavailable",
            SourceError::Undecodable { .. } => "undecodable",
            SourceError::Misconfigured { .. } => "misconfigured",
        };
        let cases: [(&str, &[u16]); 6] = [
            ("undecodable", &[200, 202, 204, 206]),
            ("misconfigured", &[301, 302, 304, 308, 404, 405, 407, 410, 418, 600]),
            ("refused", &[400, 422]),
            ("key", &[401, 403]),
            ("throttled", &[429]),
            ("unavailable", &[408, 425, 500, 502, 503, 504, 599]),
        ];
        for (expected, statuses) in cases {
            statuses.iter().for_each(|status| assert_eq!(kind(*status), expected, "{status}"));
        }
    }

    #[test]
    fn html_is_named_and_hostile_text_is_shown_as_escapes() {
        let html = AnswerHeaders { content_type: Some("Text/HTML; charset=utf-8".into()), ..Default::default() };
        for (headers, body) in [(&html, "sorry"), (&AnswerHeaders::default(), "\n<!doctype html>")] {
            let error = answer(200, headers, body).unwrap_err().to_string();
            assert!(error.ends_with("an HTML page came in place of JSON"), "{error}");
        }
        assert!(answer(200, &html, r#"{"events":[]}"#).is_ok());
        let error = answer(503, &html, "a\u{1b}[31m\u{202e}b\n").unwrap_err().to_string();
        assert!(error.ends_with(r"HTTP 503: a\u{1b}[31m\u{202e}b"), "{error}");
        assert_eq!(excerpt("ü".repeat(300).as_bytes()), format!("{}…", "ü".repeat(200)));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_servers_clock() {
        let wait = |date: Option<&str>, retry: &str| {
            let headers =
                AnswerHeaders { date: date.map(str::to_owned), retry_after: Some(retry.into()), content_type: None };
            match answer(429, &headers, "") {
                Err(SourceError::Throttled { retry_after, .. }) => retry_after.map(|span| span.as_secs()),
                other => panic!("{other:?}"),
            }
        };
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(wait(None, " 120 "), Some(120));
        assert_eq!(wait(date, "Sun, 06 Nov 1994 08:50:00 GMT"), Some(23));
        assert_eq!(wait(date, "Sun, 06 Nov 1994 08:49:00 GMT"), Some(0));
        assert_eq!(wait(None, "Sun, 06 Nov 1994 08:50:00 GMT"), None);
        for odd in ["", "-1", "1.5", "soon", "99999999999999999999999"] {
            assert_eq!(wait(date, odd), None, "{odd}");
        }
    }

    #[test]
    fn only_an_exact_date_is_a_clock() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap().to_string(), "1994-11-06T08:49:37Z");
        for odd in ["Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "sun, 06 nov 1994 08:49:37 GMT"] {
            assert_eq!(http_date(odd), None, "{odd}");
        }
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 +0000"), None);
    }

    proptest! {
        #[test]
        fn a_body_cut_anywhere_is_never_a_page(text in ".{0,40}", count in 0_usize..4) {
            let event = serde_json::json!({ "eventId": text, "n": [1.5, null] }).to_string();
            let events = vec![event.clone(); count].join(",\n");
            let body = format!(r#"{{"events":[{events}],"hasMoreEvents":true,"nextEventsCursor":"c"}}"#);
            prop_assert_eq!(page(&body).events, vec![RawEvent::new(&event); count]);
            for cut in 0..body.len() {
                prop_assert!(decode(&body.as_bytes()[..cut]).is_err(), "cut at {}", cut);
            }
        }

        #[test]
        fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), status in 0_u16..700) {
            drop(decode(&bytes));
            drop(read_answer(status, &AnswerHeaders::default(), bytes.into(), Duration::ZERO));
        }
    }
}
