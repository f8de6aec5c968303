//! What it is about: entity, Block and Application (C15, C25, C29, C30).

use super::change::object_of;
use super::members::Members;
use crate::domain::catalogue::{Entry, ModelObject, Subject};
use crate::domain::schema::{Field, Row};

/// An id and a name, as they come in pairs.
type Named = (Option<String>, Option<String>);

/// Fills the columns of entity, Block and Application, from the payload, else from the flat
/// dialect's `target`. Only what is taken from `target` counts as held there.
pub(super) fn fill(row: &mut Row, event: &mut Members<'_>, payload: Option<&Members<'_>>, entry: Option<&Entry>) {
    let entity = payload.and_then(|payload| payload.object("entity")).filter(|entity| !entity.0.is_empty());
    if let Some(entity) = &entity {
        set(row, Field::EntityId, Field::EntityName, named(entity, "id", "name"));
        row.set_text(Field::EntityType, entity.text("entityType"));
    } else if let (Some(payload), Some(entry)) = (payload, entry) {
        fill_subject(row, payload, entry.subject);
    }
    fill_application(row, payload, entity.as_ref());
    fill_from_target(row, event);
    fill_block(row, entity.as_ref(), entry);
}

fn fill_subject(row: &mut Row, payload: &Members<'_>, subject: Subject) {
    let (found, kind) = match subject {
        Subject::Entity => return,
        Subject::Person => (person(payload), "User"),
        Subject::Group => {
            let group = payload.object("group");
            (named(group.as_ref().unwrap_or(payload), "id", "name"), "UserGroup")
        }
        Subject::ApiKey => (named(payload, "id", "name"), "APIKey"),
        Subject::Application => {
            let Some(application) = payload.object("application") else { return };
            (named(&application, "id", "name"), "Application")
        }
    };
    if is_found(&found) {
        set(row, Field::EntityId, Field::EntityName, found);
        row.set_text(Field::EntityType, Some(kind));
    }
}

/// The three spellings of a person (C30); without a name, the e-mail address stands for it.
fn person(payload: &Members<'_>) -> Named {
    let either = |one, other| payload.text(one).or_else(|| payload.text(other));
    let name = either("name", "userName").or_else(|| either("email", "userEmail"));
    (either("id", "userId"), name)
}

fn fill_application(row: &mut Row, payload: Option<&Members<'_>>, entity: Option<&Members<'_>>) {
    let found = [entity, payload]
        .into_iter()
        .flatten()
        .filter_map(|place| place.object("application"))
        .map(|application| named(&application, "id", "name"))
        .find(is_found);
    if let Some(found) = found {
        set(row, Field::ApplicationId, Field::ApplicationName, found);
    }
}

fn fill_from_target(row: &mut Row, event: &mut Members<'_>) {
    let Some(target) = event.open("target") else { return };
    if row.text(Field::ApplicationId).is_none() && row.text(Field::ApplicationName).is_none() {
        let found = (target.take_text("applicationId"), target.take_text("applicationName"));
        set(row, Field::ApplicationId, Field::ApplicationName, found);
    }
    if row.text(Field::EntityId).is_none() && row.text(Field::EntityName).is_none() {
        let found = (target.take_text("blockId"), target.take_text("blockName"));
        if is_found(&found) {
            set(row, Field::BlockId, Field::BlockName, found.clone());
            set(row, Field::EntityId, Field::EntityName, found);
        }
    }
}

fn fill_block(row: &mut Row, entity: Option<&Members<'_>>, entry: Option<&Entry>) {
    let Some(entity) = entity else { return };
    let parent = entity.object("block").map(|block| named(&block, "id", "name"));
    if let Some(found) = parent.filter(is_found) {
        set(row, Field::BlockId, Field::BlockName, found);
    } else if object_of(row, entry).is_some_and(ModelObject::is_block) {
        set(row, Field::BlockId, Field::BlockName, named(entity, "id", "name"));
    }
}

fn named(place: &Members<'_>, id: &str, name: &str) -> Named {
    (place.text(id), place.text(name))
}

fn is_found(named: &Named) -> bool {
    named.0.is_some() || named.1.is_some()
}

fn set(row: &mut Row, id: Field, name: Field, found: Named) {
    row.set_text(id, found.0);
    row.set_text(name, found.1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::lookup;

    fn filled(event_type: &str, event: &str) -> Row {
        let mut members = Members::parse(event).unwrap();
        let payload = members.object("payload");
        let mut row = Row::default();
        fill(&mut row, &mut members, payload.as_ref(), lookup(event_type));
        row
    }

    fn texts(row: &Row, fields: [Field; 3]) -> [Option<&str>; 3] {
        fields.map(|field| row.text(field))
    }

    const ENTITY: [Field; 3] = [Field::EntityId, Field::EntityName, Field::EntityType];

    #[test]
    fn a_view_belongs_to_a_block_and_a_metric_is_one() {
        let view =
            r#"{"payload":{"entity":{"id":"v","entityType":"View","block":{"id":"m"},"application":{"id":"a"}}}}"#;
        let row = filled("ViewAccessed", view);
        assert_eq!((row.text(Field::BlockId), row.text(Field::ApplicationId)), (Some("m"), Some("a")));
        let metric = r#"{"payload":{"entity":{"id":"m","name":"n","entityType":"Metric"}}}"#;
        assert_eq!(filled("DataExported", metric).text(Field::BlockName), Some("n"));
        let board = r#"{"payload":{"entity":{"id":"b","entityType":"Board"}}}"#;
        assert_eq!(filled("BoardCreated", board).text(Field::BlockId), None);
    }

    #[test]
    fn the_entity_type_stays_as_sent_even_where_it_is_wrong() {
        let event = r#"{"payload":{"entity":{"id":"t","name":"n","entityType":"Table"}}}"#;
        let row = filled("TransactionListDeleted", event);
        assert_eq!(texts(&row, ENTITY), [Some("t"), Some("n"), Some("Table")]);
    }

    #[test]
    fn people_groups_and_keys_are_entities_too() {
        for (event_type, payload, expected) in [
            ("UserInvited", r#"{"id":"u","name":"n","email":"e"}"#, [Some("u"), Some("n"), Some("User")]),
            ("UserAccountTypeUpdated", r#"{"userId":"u","userName":"n"}"#, [Some("u"), Some("n"), Some("User")]),
            ("GroupModified", r#"{"userId":"u","userEmail":"e"}"#, [Some("u"), Some("e"), Some("User")]),
            ("UserGroupCreated", r#"{"id":"g","name":"n"}"#, [Some("g"), Some("n"), Some("UserGroup")]),
            ("PermissionsChanged", r#"{"group":{"id":"g"}}"#, [Some("g"), None, Some("UserGroup")]),
            ("APIKeyRevoked", r#"{"id":"k","type":"Import"}"#, [Some("k"), None, Some("APIKey")]),
            ("AccessRightsRuleDeleted", r#"{"application":{"id":"a"}}"#, [Some("a"), None, Some("Application")]),
            ("SomethingNew", r#"{"id":"x"}"#, [None, None, None]),
        ] {
            let row = filled(event_type, &format!(r#"{{"payload":{payload}}}"#));
            assert_eq!(texts(&row, ENTITY), expected, "{event_type}");
        }
    }

    #[test]
    fn the_flat_dialect_names_application_and_block_in_its_target() {
        let row = filled("BlockModified", r#"{"target":{"applicationId":"a","blockId":"b","blockName":"n"}}"#);
        assert_eq!(
            texts(&row, [Field::ApplicationId, Field::BlockId, Field::EntityName]),
            [Some("a"), Some("b"), Some("n")]
        );
    }
}
