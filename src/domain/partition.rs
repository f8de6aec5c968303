//! The partitions of the lake: one per UTC day of the event and per event type.
//!
//! Types are hostile text (E28). Short, plain ones name their own partition, known to us or not; a
//! missing one goes where Hive puts nulls, and everything else shares one partition. The exact text
//! is always in the column `event_type_raw`.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of the partition of events without a type: Hive's own for null.
pub const DEFAULT_TYPE: &str = "__HIVE_DEFAULT_PARTITION__";
/// The name of the partition shared by types that get none of their own.
pub const OTHER_TYPE: &str = "__OTHER__";
/// The longest type that names a partition, in characters.
pub const TYPE_CHARS_MAX: usize = 64;
/// How many types may name a partition before the rest shares [`OTHER_TYPE`].
pub const OWN_TYPES_MAX: usize = 500;

/// The event type as partitions, the log and the column `event_type` see it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TypeKey {
    /// A type of the plain form: its exact text.
    Own(String),
    /// No type, or an empty one.
    Default,
    /// A type that is too long, has odd characters, or came after the first 500.
    Other,
}

impl TypeKey {
    /// Routes a type by its form alone.
    pub fn route(event_type: Option<&str>) -> Self {
        match event_type {
            None | Some("") => Self::Default,
            Some(text) if is_plain(text) => Self::Own(text.to_owned()),
            Some(_) => Self::Other,
        }
    }

    /// Routes a type by its form, then asks whether this type may have a partition of its own.
    pub fn route_with(event_type: Option<&str>, admits: impl FnOnce(&str) -> bool) -> Self {
        match Self::route(event_type) {
            Self::Own(text) if !admits(&text) => Self::Other,
            routed => routed,
        }
    }

    /// The text used in the log.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Own(text) => text,
            Self::Default => DEFAULT_TYPE,
            Self::Other => OTHER_TYPE,
        }
    }

    /// The text of the column `event_type`: what an engine reads from the path, so null for [`TypeKey::Default`].
    pub fn column_text(&self) -> Option<&str> {
        match self {
            Self::Default => None,
            named => Some(named.as_str()),
        }
    }

    /// Reads the log's text; `None` if routing could not have produced it.
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            DEFAULT_TYPE => Some(Self::Default),
            OTHER_TYPE => Some(Self::Other),
            text if !text.is_empty() && is_plain(text) => Some(Self::Own(text.to_owned())),
            _ => None,
        }
    }

    /// The value after `event_type=` in a key, percent-encoded as Hive does.
    pub fn to_path_value(&self) -> String {
        encode(self.as_str())
    }

    /// Reads the value after `event_type=`; `None` unless it is exactly what [`TypeKey::to_path_value`] writes.
    pub fn from_path_value(value: &str) -> Option<Self> {
        Self::from_text(&decode(value)?).filter(|key| key.to_path_value() == value)
    }
}

fn is_plain(text: &str) -> bool {
    text.len() <= TYPE_CHARS_MAX
        && text != DEFAULT_TYPE
        && text != OTHER_TYPE
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_. :/=+-".contains(&byte))
}

impl fmt::Display for TypeKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Serialize for TypeKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TypeKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        Self::from_text(&text).ok_or_else(|| serde::de::Error::custom("not the name of a type's partition"))
    }
}

/// One partition of the lake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionKey {
    /// The UTC day of `eventTimestamp`.
    pub date: NaiveDate,
    /// The routed event type.
    pub event_type: TypeKey,
}

impl PartitionKey {
    /// Both folders of the partition, no slash at either end.
    ///
    /// ```
    /// use ochre::domain::partition::{PartitionKey, TypeKey};
    /// let date = chrono::NaiveDate::from_ymd_opt(2026, 11, 19).unwrap();
    /// let key = PartitionKey { date, event_type: TypeKey::route(Some("a/b")) };
    /// assert_eq!(key.to_path(), "event_date=2026-11-19/event_type=a%2Fb");
    /// ```
    pub fn to_path(&self) -> String {
        format!("event_date={}/event_type={}", self.date, self.event_type.to_path_value())
    }

    /// Reads what [`PartitionKey::to_path`] writes; `None` for any other spelling.
    pub fn from_path(path: &str) -> Option<Self> {
        let (date, event_type) = path.strip_prefix("event_date=")?.split_once("/event_type=")?;
        let key = Self { date: date.parse().ok()?, event_type: TypeKey::from_path_value(event_type)? };
        (key.to_path() == path).then_some(key)
    }
}

/// Percent-encodes everything outside `[A-Za-z0-9_.-]`, byte by byte, in upper-case hex.
fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut value, byte| {
        if byte.is_ascii_alphanumeric() || b"_.-".contains(&byte) {
            value.push(char::from(byte));
        } else {
            let _ = write!(value, "%{byte:02X}");
        }
        value
    })
}

fn decode(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            let hex = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn routes_by_form() {
        assert_eq!(TypeKey::route(Some("UserLoggedIn")), TypeKey::Own("UserLoggedIn".into()));
        assert_eq!(TypeKey::route(None), TypeKey::Default);
        assert_eq!(TypeKey::route(Some("")), TypeKey::Default);
        for odd in ["é", "a\nb", "a%b", "<script>", DEFAULT_TYPE, OTHER_TYPE, &"x".repeat(65)] {
            assert_eq!(TypeKey::route(Some(odd)), TypeKey::Other, "{odd}");
        }
        assert_eq!(TypeKey::route(Some(&"x".repeat(64))), TypeKey::Own("x".repeat(64)));
    }

    #[test]
    fn the_limit_is_the_callers() {
        assert_eq!(TypeKey::route_with(Some("New"), |_| false), TypeKey::Other);
        assert_eq!(TypeKey::route_with(None, |_| false), TypeKey::Default);
    }

    #[test]
    fn no_type_can_leave_its_folder() {
        for text in ["..", ".", "../../etc/passwd", "a/b", "a=b c"] {
            let path = TypeKey::route(Some(text)).to_path_value();
            assert!(!path.contains('/') && !path.contains('='), "{path}");
        }
    }

    #[test]
    fn only_the_canonical_spelling_of_a_path_is_read() {
        for wrong in ["%61", "%2f", "a b", "%", "%4", "%zz", "", "%+1"] {
            assert_eq!(TypeKey::from_path_value(wrong), None, "{wrong}");
        }
        assert_eq!(PartitionKey::from_path("event_date=2026-1-02/event_type=A"), None);
    }

    #[test]
    fn serde_writes_the_text() {
        let json = serde_json::to_string(&[TypeKey::Own("A/b".into()), TypeKey::Default, TypeKey::Other]).unwrap();
        assert_eq!(json, r#"["A/b","__HIVE_DEFAULT_PARTITION__","__OTHER__"]"#);
        assert_eq!(serde_json::from_str::<Vec<TypeKey>>(&json).unwrap()[0], TypeKey::Own("A/b".into()));
        assert!(serde_json::from_str::<TypeKey>(r#""é""#).is_err());
    }

    proptest! {
        #[test]
        fn every_key_survives_its_path(text in prop_oneof!["[A-Za-z0-9_. :/=+-]{0,66}", any::<String>()], day in 0_i32..80_000) {
            let date = NaiveDate::from_num_days_from_ce_opt(700_000 + day).unwrap();
            let key = PartitionKey { date, event_type: TypeKey::route(Some(&text)) };
            prop_assert_eq!(PartitionKey::from_path(&key.to_path()), Some(key));
        }

        #[test]
        fn hive_encoding_round_trips(text in any::<String>()) {
            let value = encode(&text);
            prop_assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-%".contains(&byte)));
            prop_assert_eq!(decode(&value), Some(text));
        }
    }
}
