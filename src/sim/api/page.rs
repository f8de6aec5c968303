//! The body of a page, in either dialect (C1, C2, E50).

use super::settings::LastCursor;
use crate::sim::workload::Dialect;

/// What stands in the cursor's place.
pub(super) enum Next {
    /// Older events follow, and this leads to them.
    Cursor(String),
    /// Older events follow, but there is no cursor (E12).
    Lost,
    /// This is the end. The text is a cursor that leads nowhere.
    End(LastCursor, String),
}

/// Joins the events' texts and the envelope.
pub(super) fn compose(dialect: Dialect, events: &[String], next: &Next) -> String {
    let mut body = String::with_capacity(events.iter().map(|event| event.len() + 1).sum::<usize>() + 256);
    body.push_str("{\"events\":[");
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(event);
    }
    body.push(']');
    let cursor = match next {
        Next::Lost | Next::End(LastCursor::Absent, _) => None,
        Next::End(LastCursor::Null, _) => Some("null".to_owned()),
        Next::End(LastCursor::Empty, _) => Some("\"\"".to_owned()),
        // Without `hasMoreEvents` a stale cursor would be a walk without end.
        Next::End(LastCursor::Stale, _) if dialect == Dialect::Skill => Some("null".to_owned()),
        Next::Cursor(token) | Next::End(LastCursor::Stale, token) => Some(format!("\"{token}\"")),
    };
    match dialect {
        Dialect::Vendor => {
            let more = !matches!(next, Next::End(..));
            body.push_str(if more { ",\"hasMoreEvents\":true" } else { ",\"hasMoreEvents\":false" });
            if let Some(cursor) = cursor {
                body.push_str(",\"nextEventsCursor\":");
                body.push_str(&cursor);
            }
        }
        Dialect::Skill => {
            let member = cursor.map(|cursor| format!("\"nextCursor\":{cursor}")).unwrap_or_default();
            let more = if matches!(next, Next::Lost) { "\"hasMore\":true" } else { "" };
            body.extend([",\"pagination\":{", member.as_str(), more, "}"]);
        }
    }
    body.push('}');
    body
}
