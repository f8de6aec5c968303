//! Who did it: a user, Pigment Support in a user's name, an API key (C11 to C14, E32, E33).

use super::members::Members;
use crate::domain::schema::{Cell, Field, Row};

/// The one type that says "support" even where nobody is named (E32).
const SUPPORT_SESSION: &str = "SupportSessionStarted";

/// Fills the actor's columns. The forms are tried in the order of C11: `user`, `api`, flat.
///
/// Where both `user` and `api` are present the kind is the user's, and the key's columns are filled too.
pub(super) fn fill(row: &mut Row, event: &mut Members<'_>, event_type: Option<&str>) {
    let Some(actor) = event.open("actor") else {
        let kind = if event_type == Some(SUPPORT_SESSION) { "support" } else { "unknown" };
        row.set_text(Field::ActorKind, Some(kind));
        return;
    };
    let user = fill_user(row, actor);
    let api = fill_api(row, actor);
    let flat = !user && !api && fill_flat(row, actor);
    fill_session(row, actor);
    let support = fill_impersonator(row, actor) || event_type == Some(SUPPORT_SESSION);
    let kind = match (support, user || flat, api) {
        (true, ..) => "support",
        (_, true, _) => "user",
        (.., true) => "api",
        _ => "unknown",
    };
    row.set_text(Field::ActorKind, Some(kind));
}

fn fill_user(row: &mut Row, actor: &mut Members<'_>) -> bool {
    let Some(user) = actor.open("user") else { return false };
    row.set_text(Field::ActorId, user.take_text("id"));
    row.set_text(Field::ActorName, user.take_text("name"));
    row.set_text(Field::ActorEmail, user.take_text("email"));
    true
}

fn fill_api(row: &mut Row, actor: &mut Members<'_>) -> bool {
    let Some(api) = actor.open("api") else { return false };
    row.set_text(Field::ApiKeyId, api.take_text("apiKeyId"));
    row.set_text(Field::ApiKeyName, api.take_text("apiKeyName"));
    true
}

fn fill_flat(row: &mut Row, actor: &mut Members<'_>) -> bool {
    let id = if actor.has("memberId") { actor.take_text("memberId") } else { actor.take_text("id") };
    let (name, email) = (actor.take_text("name"), actor.take_text("email"));
    let found = id.is_some() || name.is_some() || email.is_some();
    row.set_text(Field::ActorId, id);
    row.set_text(Field::ActorName, name);
    row.set_text(Field::ActorEmail, email);
    found
}

/// The member of `actor.user`, else the one of `actor` itself (C14).
fn inside_or_beside<'m, 'a>(actor: &'m mut Members<'a>, name: &str) -> Option<&'m mut Members<'a>> {
    if actor.open("user").is_some_and(|user| user.has(name)) {
        actor.open("user")?.open(name)
    } else {
        actor.open(name)
    }
}

fn fill_session(row: &mut Row, actor: &mut Members<'_>) {
    let Some(jwt) = inside_or_beside(actor, "jwt") else { return };
    row.set_text(Field::SessionId, jwt.take_text("id"));
    row.set(Field::SessionIssuedAt, jwt.take_micros("issuedAt").map_or(Cell::Null, Cell::Micros));
    row.set(Field::SessionExpiresAt, jwt.take_micros("expiresAt").map_or(Cell::Null, Cell::Micros));
}

fn fill_impersonator(row: &mut Row, actor: &mut Members<'_>) -> bool {
    let Some(impersonator) = inside_or_beside(actor, "impersonator") else {
        // A name alone, or some shape nobody described, still says that it was not the user: the text is in `unmapped`.
        return names_somebody(actor);
    };
    row.set_text(Field::ImpersonatorId, impersonator.take_text("id"));
    row.set_text(Field::ImpersonatorName, impersonator.take_text("name"));
    row.set_text(Field::ImpersonatorEmail, impersonator.take_text("email"));
    true
}

fn names_somebody(actor: &Members<'_>) -> bool {
    let user = actor.object("user");
    let said = user.as_ref().and_then(|user| user.value("impersonator")).or_else(|| actor.value("impersonator"));
    said.is_some_and(|value| Members::parse(value.get()).is_none_or(|inner| !inner.0.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(actor: &str, event_type: &str) -> (Row, String) {
        let text = format!(r#"{{"actor":{actor}}}"#);
        let mut event = Members::parse(&text).unwrap();
        let mut row = Row::default();
        fill(&mut row, &mut event, Some(event_type));
        let left = super::super::unmapped::leftovers(&event).unwrap_or_default();
        (row, left)
    }

    #[test]
    fn a_support_user_keeps_both_people_and_the_session() {
        let (row, left) = filled(
            r#"{"user":{"id":"u","name":"n","email":"E@x","impersonator":{"id":"i","name":"j","email":"k"},
                "jwt":{"id":"s","issuedAt":"2023-12-20T10:24:58Z","expiresAt":"never"},"department":"d"}}"#,
            "MetricUpdated",
        );
        assert_eq!(row.text(Field::ActorKind), Some("support"));
        assert_eq!((row.text(Field::ActorId), row.text(Field::ImpersonatorId)), (Some("u"), Some("i")));
        assert_eq!(row.micros(Field::SessionIssuedAt), Some(1_703_067_898_000_000));
        assert_eq!(left, r#"{"actor":{"user":{"jwt":{"expiresAt":"never"},"department":"d"}}}"#);
    }

    #[test]
    fn a_session_beside_the_user_is_found() {
        let (row, left) = filled(r#"{"user":{"id":"u"},"jwt":{"id":"s"}}"#, "X");
        assert_eq!((row.text(Field::SessionId), left.as_str()), (Some("s"), ""));
    }

    #[test]
    fn each_form_has_its_kind() {
        for (actor, event_type, kind) in [
            (r#"{"user":{"id":"u"}}"#, "X", "user"),
            (r#"{"user":{"id":"u","impersonator":null}}"#, "X", "user"),
            (r#"{"user":{"id":"u","impersonator":{}}}"#, "X", "user"),
            (r#"{"user":{"id":"u","impersonator":"Jo"}}"#, "X", "support"),
            (r#"{"user":{"id":"u"}}"#, "SupportSessionStarted", "support"),
            (r#"{"api":{"apiKeyId":"k"}}"#, "X", "api"),
            (r#"{"user":null,"api":{"apiKeyId":"k"}}"#, "X", "api"),
            (r#"{"user":{"id":"u"},"api":{"apiKeyId":"k"}}"#, "X", "user"),
            (r#"{"memberId":"m","email":"e"}"#, "X", "user"),
            ("{}", "X", "unknown"),
            ("null", "SupportSessionStarted", "support"),
            ("[1]", "X", "unknown"),
        ] {
            assert_eq!(filled(actor, event_type).0.text(Field::ActorKind), Some(kind), "{actor}");
        }
    }

    #[test]
    fn flat_members_beside_a_user_are_left_over() {
        let (row, left) = filled(r#"{"user":{"id":"u"},"memberId":"m","id":"x"}"#, "X");
        assert_eq!(row.text(Field::ActorId), Some("u"));
        assert_eq!(left, r#"{"actor":{"memberId":"m","id":"x"}}"#);
    }
}
