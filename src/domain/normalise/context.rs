//! Where it came from: the organisation and the client (C16, C17).

use super::members::Members;
use crate::domain::schema::{Field, Row};

/// Fills the columns of `context`.
pub(super) fn fill(row: &mut Row, event: &mut Members<'_>) {
    let Some(context) = event.open("context") else { return };
    if let Some(organization) = context.open("organization") {
        row.set_text(Field::OrganizationId, organization.take_text("id"));
        row.set_text(Field::OrganizationName, organization.take_text("name"));
    }
    if let Some(client) = context.open("clientContext") {
        row.set_text(Field::IpAddress, client.take_text("ipAddress"));
        row.set_text(Field::UserAgent, client.take_text("userAgent"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organisation_and_client_are_columns_and_the_rest_is_left() {
        let text = r#"{"context":{"organization":{"id":"o","name":7},"clientContext":{"ipAddress":"::1","userAgent":null},"workspace":1}}"#;
        let mut event = Members::parse(text).unwrap();
        let mut row = Row::default();
        fill(&mut row, &mut event);
        assert_eq!((row.text(Field::OrganizationId), row.text(Field::IpAddress)), (Some("o"), Some("::1")));
        let left = super::super::unmapped::leftovers(&event);
        assert_eq!(left.as_deref(), Some(r#"{"context":{"organization":{"name":7},"workspace":1}}"#));
    }
}
