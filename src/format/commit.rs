//! Log entries and `archive.json` as bytes.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::FormatError;
use crate::domain::Timestamp;
use crate::domain::log::{Action, Commit, LOG_FORMAT};

/// Actions this version understands, as `type` spells them.
const KNOWN: [&str; 10] = [
    "ArchiveCreated",
    "SourceSeen",
    "SegmentArchived",
    "WalkAdvanced",
    "WalkCompleted",
    "WalkAbandoned",
    "IntervalLost",
    "LakePublishing",
    "LakePublished",
    "RunFailed",
];

/// The identity of an archive: written once, named by the log's first commit, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The archive format: 1.
    pub format: u32,
    /// Always `ochre archive`, for people who find the file.
    pub what: String,
    /// The archive's identifier.
    pub archive: String,
    /// When it was made, UTC.
    pub created_at: Timestamp,
}

impl Identity {
    /// What `what` says.
    pub const WHAT: &'static str = "ochre archive";
}

/// The bytes of `archive.json`.
pub fn encode_identity(identity: &Identity) -> Result<Bytes, FormatError> {
    to_line(identity, "archive.json")
}

/// Reads `archive.json`.
pub fn decode_identity(bytes: &[u8]) -> Result<Identity, FormatError> {
    let identity: Identity = from_json(bytes, "archive.json")?;
    if identity.what != Identity::WHAT {
        return Err(FormatError::damaged("archive.json", "it is not an Ochre archive's"));
    }
    if identity.format != 1 {
        return Err(newer("archive.json", identity.format));
    }
    Ok(identity)
}

/// The bytes of a log entry: one line of JSON.
pub fn encode(commit: &Commit) -> Result<Bytes, FormatError> {
    to_line(commit, "commit")
}

/// Reads a log entry. An action it does not know is refused, unless it says that it is not critical.
pub fn decode(bytes: &[u8]) -> Result<Commit, FormatError> {
    let value: Value = from_json(bytes, "commit")?;
    let format = value.get("format").and_then(Value::as_u64).unwrap_or_default();
    if format != u64::from(LOG_FORMAT) {
        return Err(newer("commit", format));
    }
    let actions = value.get("actions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    actions.iter().try_for_each(check_known)?;
    let commit: Commit = serde_json::from_value(value).map_err(|error| FormatError::damaged("commit", error))?;
    let understood = |action: &Action| match action {
        Action::Unknown(value) => !KNOWN.contains(&kind(value)),
        _ => true,
    };
    match commit.actions.iter().all(understood) {
        true => Ok(commit),
        false => Err(FormatError::damaged("commit", "a known action is not of its form")),
    }
}

fn check_known(action: &Value) -> Result<(), FormatError> {
    let ordinary = action.get("critical").and_then(Value::as_bool) == Some(false);
    match kind(action) {
        known if KNOWN.contains(&known) => Ok(()),
        _ if ordinary => Ok(()),
        unknown => Err(FormatError::Foreign {
            layout: "commit",
            reason: format!("the action `{}` is of a later version of Ochre", unknown.escape_debug()),
        }),
    }
}

fn kind(action: &Value) -> &str {
    action.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn newer(layout: &'static str, format: impl std::fmt::Display) -> FormatError {
    FormatError::Foreign { layout, reason: format!("format {format} is of a later version of Ochre") }
}

fn to_line<T: Serialize>(value: &T, what: &'static str) -> Result<Bytes, FormatError> {
    let mut line = serde_json::to_vec(value).map_err(|error| FormatError::damaged(what, error))?;
    line.push(b'\n');
    Ok(line.into())
}

fn from_json<'a, T: Deserialize<'a>>(bytes: &'a [u8], what: &'static str) -> Result<T, FormatError> {
    serde_json::from_slice(bytes).map_err(|error| FormatError::damaged(what, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(actions: &str) -> String {
        format!(
            r#"{{"format":1,"archive":"a","version":0,"parent":null,"at":"2026-11-20T00:10:00Z",
            "writer":{{"ochre":"9.9.9","run":"r","command":"sync"}},"actions":[{actions}]}}"#
        )
    }

    #[test]
    fn an_unknown_action_is_refused_unless_it_calls_itself_ordinary() {
        assert!(decode(commit(r#"{"type":"HoldPlaced"}"#).as_bytes()).is_err());
        assert!(decode(commit(r#"{"type":"HoldPlaced","critical":true}"#).as_bytes()).is_err());
        let carried = decode(commit(r#"{"type":"NoteTaken","critical":false,"x":1}"#).as_bytes()).unwrap();
        assert!(matches!(carried.actions[..], [Action::Unknown(_)]));
    }

    #[test]
    fn a_known_action_that_is_not_of_its_form_is_refused() {
        assert!(decode(commit(r#"{"type":"LakePublished","publishing":"x"}"#).as_bytes()).is_err());
    }

    #[test]
    fn a_later_format_is_refused_by_name() {
        let later = commit("").replace(r#""format":1"#, r#""format":2"#);
        assert!(decode(later.as_bytes()).unwrap_err().to_string().contains("format 2"));
    }
}
