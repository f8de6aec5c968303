//! What sort of change it was, and whether it touched something temporary (C21, C22, E35).

use super::members::Members;
use crate::domain::catalogue::{Entry, ModelObject};
use crate::domain::schema::{Cell, Field, Row};

/// Fills `change_type` and `is_temporary`; the entity's columns must be filled before.
pub(super) fn fill(row: &mut Row, payload: Option<&Members<'_>>, entry: Option<&Entry>, event_type: Option<&str>) {
    let is_update = entry.map_or_else(|| event_type.is_some_and(|name| name.ends_with("Updated")), Entry::is_update);
    if let Some(payload) = payload.filter(|_| is_update) {
        let said = ["type", "update_type", "updateType"].into_iter().find_map(|name| payload.text(name));
        row.set_text(Field::ChangeType, said.map(|text| text.to_lowercase()));
    }
    let object = object_of(row, entry);
    let temporary = row.text(Field::EntityName).and_then(|name| is_temporary(object?, name));
    row.set(Field::IsTemporary, temporary.map_or(Cell::Null, Cell::Bool));
}

/// The sort of object the event is about: the event type decides, then `entityType` (C25).
pub(super) fn object_of(row: &Row, entry: Option<&Entry>) -> Option<ModelObject> {
    entry.and_then(|entry| entry.object).or_else(|| row.text(Field::EntityType).and_then(ModelObject::of_entity_type))
}

fn is_temporary(object: ModelObject, name: &str) -> Option<bool> {
    match object {
        ModelObject::View => Some(ends_in_random_id(name)),
        ModelObject::Metric => Some(name.starts_with("Formula Playground")),
        _ => None,
    }
}

/// Whether a name ends in ` - ` and eight lower-case hex digits.
fn ends_in_random_id(name: &str) -> bool {
    name.rsplit_once(" - ")
        .is_some_and(|(_, id)| id.len() == 8 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::lookup;

    fn change_type(event_type: &str, payload: &str) -> Option<String> {
        let mut row = Row::default();
        fill(&mut row, Members::parse(payload).as_ref(), lookup(event_type), Some(event_type));
        row.text(Field::ChangeType).map(str::to_owned)
    }

    #[test]
    fn every_spelling_of_the_discriminator_is_read() {
        for payload in [r#"{"type":"Settings"}"#, r#"{"update_type":"settings"}"#, r#"{"updateType":"SETTINGS"}"#] {
            assert_eq!(change_type("TableUpdated", payload).as_deref(), Some("settings"), "{payload}");
        }
        assert_eq!(change_type("WidgetUpdated", r#"{"type":"Rename"}"#).as_deref(), Some("rename"));
        assert_eq!(change_type("APIKeyRenewed", r#"{"type":"SecurityAudit"}"#), None);
    }

    #[test]
    fn only_documented_marks_make_a_name_temporary() {
        assert_eq!(is_temporary(ModelObject::View, "My View - 111aa1a1"), Some(true));
        assert_eq!(is_temporary(ModelObject::View, "Sales - 2024 plan"), Some(false));
        assert_eq!(is_temporary(ModelObject::View, "My View - 111AA1A1"), Some(false));
        assert_eq!(is_temporary(ModelObject::Metric, "Formula Playground 3"), Some(true));
        assert_eq!(is_temporary(ModelObject::Metric, "My View - 111aa1a1"), Some(false));
        assert_eq!(is_temporary(ModelObject::Table, "Formula Playground"), None);
    }
}
