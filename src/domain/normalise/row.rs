//! A routed event as a row of the lake.

use super::members::Members;
use super::unmapped::{is_sound, leftovers};
use super::{Routed, actor, change, context, entity};
use crate::domain::RawEvent;
use crate::domain::catalogue::{self, UNCATEGORISED};
use crate::domain::partition::TypeKey;
use crate::domain::schema::{Cell, Field, Row};

/// Makes the row of an event: a pure function of its text, of what routing found in it and of its partition.
///
/// Total like [`route`](super::route()): whatever cannot be read stays null in its column and whole in `unmapped`.
pub fn columns(event: &RawEvent, routed: &Routed, type_key: &TypeKey) -> Row {
    let mut row = Row::default();
    fill_envelope(&mut row, routed, type_key);
    let Some(mut members) = Members::parse(event.as_str()) else {
        return row;
    };
    hold_envelope(&mut members, routed);
    let event_type = routed.event_type.as_deref();
    let entry = event_type.and_then(catalogue::lookup);
    let payload = members.object("payload");
    actor::fill(&mut row, &mut members, event_type);
    context::fill(&mut row, &mut members);
    entity::fill(&mut row, &mut members, payload.as_ref(), entry);
    change::fill(&mut row, payload.as_ref(), entry, event_type);
    fill_payload(&mut row, &mut members);
    row.set_text(Field::Unmapped, leftovers(&members));
    row
}

fn fill_envelope(row: &mut Row, routed: &Routed, type_key: &TypeKey) {
    let raw = routed.event_type.as_deref();
    let entry = raw.and_then(catalogue::lookup);
    row.set_text(Field::EventId, Some(routed.id.as_str()));
    row.set_text(Field::EventType, type_key.column_text());
    row.set_text(Field::EventTypeRaw, raw);
    row.set_text(Field::EventTypeCanonical, entry.map(|entry| entry.canonical).or(raw));
    row.set(Field::EventTimestamp, Cell::Micros(routed.occurred.micros()));
    row.set(Field::IngestionTimestamp, routed.ingested.map_or(Cell::Null, |at| Cell::Micros(at.micros())));
    row.set_text(Field::Category, Some(entry.map_or(UNCATEGORISED, |entry| entry.category.as_str())));
    row.set_text(Field::Signal, Some(entry.map_or(UNCATEGORISED, |entry| entry.signal.as_str())));
}

fn hold_envelope(members: &mut Members<'_>, routed: &Routed) {
    members.hold("eventId");
    members.hold("eventTimestamp");
    for (name, is_column) in
        [("ingestionTimestamp", routed.ingested.is_some()), ("eventType", routed.event_type.is_some())]
    {
        if is_column || !members.has(name) {
            members.hold(name);
        }
    }
}

/// Keeps the payload's text where every JSON reader can read it; one odd payload must not make
/// queries over the whole column fail, so any other stays in `unmapped`.
fn fill_payload(row: &mut Row, members: &mut Members<'_>) {
    match members.value("payload") {
        None => members.hold("payload"),
        Some(value) if is_sound(value) => {
            row.set_text(Field::Payload, Some(value.get()));
            members.hold("payload");
        }
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::route;
    use super::*;

    fn row(text: &str) -> Row {
        let event = RawEvent::new(text);
        let routed = route(&event).unwrap();
        let type_key = TypeKey::route(routed.event_type.as_deref());
        columns(&event, &routed, &type_key)
    }

    fn event(members: &str) -> String {
        format!(r#"{{"eventId":"e","eventTimestamp":"2026-01-02T03:04:05.1234567Z",{members}}}"#)
    }

    #[test]
    fn a_documented_event_leaves_nothing_over() {
        let row = row(&event(
            r#""ingestionTimestamp":"2026-01-02T03:04:06Z","eventType":"DimensionCreated",
               "actor":{"user":{"id":"u","name":"n","email":"e"}},
               "context":{"organization":{"id":"o","name":"p"},"clientContext":{"ipAddress":"i","userAgent":"a"}},
               "payload":{"entity":{"id":"d","name":"x","entityType":"Dimension","application":{"id":"a","name":"b"}}}"#,
        ));
        assert_eq!(row.text(Field::Unmapped), None);
        assert_eq!(row.text(Field::EventTypeCanonical), Some("DimensionListCreated"));
        assert_eq!(row.text(Field::Category), Some("block_operations"));
        assert_eq!(row.micros(Field::EventTimestamp), Some(1_767_323_045_123_456));
        assert_eq!((row.text(Field::BlockId), row.text(Field::ApplicationName)), (Some("d"), Some("b")));
        assert!(row.text(Field::Payload).unwrap().starts_with(r#"{"entity""#));
    }

    #[test]
    fn unknown_types_and_members_are_kept() {
        let row = row(&event(r#""eventType":"Snap shot","metadata":{},"eventType2":[1]"#));
        assert_eq!(row.text(Field::EventTypeCanonical), Some("Snap shot"));
        assert_eq!((row.text(Field::Category), row.text(Field::Signal)), (Some(UNCATEGORISED), Some(UNCATEGORISED)));
        assert_eq!(row.text(Field::Unmapped), Some(r#"{"metadata":{},"eventType2":[1]}"#));
    }

    #[test]
    fn what_cannot_be_a_column_is_in_unmapped() {
        let row = row(&event(r#""ingestionTimestamp":"soon","eventType":5,"eventId":"f","payload":{"a":"\ud83d"}"#));
        assert_eq!(row.text(Field::EventId), Some("f"));
        assert_eq!((row.text(Field::EventType), row.text(Field::Payload)), (None, None));
        let left = row.text(Field::Unmapped).unwrap();
        let expected = r#"{"eventId":"e","ingestionTimestamp":"soon","eventType":5,"payload":"{\"a\":\"\\ud83d\"}"}"#;
        assert_eq!(left, expected);
    }

    #[test]
    fn missing_null_and_empty_payloads_are_accepted() {
        for (payload, text) in [(r#""payload":null"#, None), (r#""payload":{}"#, Some("{}")), (r#""x":null"#, None)] {
            assert_eq!(row(&event(payload)).text(Field::Payload), text);
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just(r#""\ud800""#.to_owned()),
            Just("{}".to_owned()),
            Just("1e999".to_owned()),
            Just(r#""2026-01-01T00:00:00Z""#.to_owned()),
            any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        ];
        let keys = prop::sample::select(vec![
            "actor",
            "user",
            "api",
            "jwt",
            "id",
            "name",
            "impersonator",
            "context",
            "organization",
            "clientContext",
            "payload",
            "entity",
            "block",
            "application",
            "target",
            "blockId",
            "memberId",
            "eventType",
            "issuedAt",
            "type",
            "ingestionTimestamp",
            "\\ud800",
            "\\u0069d",
        ]);
        leaf.prop_recursive(5, 40, 6, move |inner| {
            prop::collection::vec((keys.clone(), inner), 0..6).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            })
        })
    }

    proptest! {
        #[test]
        fn any_event_that_routes_has_a_row_with_readable_json(body in json()) {
            let inside = body.trim_start_matches('{').trim_end_matches('}');
            let text = if inside.is_empty() || !body.starts_with('{') { event(r#""x":1"#) } else { event(&body[1..body.len() - 1]) };
            let raw = RawEvent::new(&text);
            if let Ok(routed) = route(&raw) {
                let row = columns(&raw, &routed, &TypeKey::Default);
                for field in [Field::Payload, Field::Unmapped] {
                    if let Some(text) = row.text(field) {
                        prop_assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{}", text);
                        prop_assert!(!text.contains('\n'));
                    }
                }
            }
        }
    }
}
