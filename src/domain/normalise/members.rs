//! An object's members as the text they came as, each marked once a column holds it.
//!
//! Only one level is read at a time, and values stay text, so neither depth nor odd escapes deep
//! inside an event can stop the members around them from being read.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::Timestamp;

/// One member of an object.
pub(super) struct Member<'a> {
    /// The key as JSON text, quotes included.
    pub(super) key: &'a RawValue,
    /// The key; `None` where its escapes make no Unicode.
    name: Option<Cow<'a, str>>,
    /// The value as JSON text.
    pub(super) value: &'a RawValue,
    /// The value's own members, once it was opened.
    pub(super) inner: Option<Members<'a>>,
    /// Whether a column holds the value.
    pub(super) held: bool,
}

/// The members of one object, in the order they were sent. Where a key repeats, the last one counts.
pub(super) struct Members<'a>(pub(super) Vec<Member<'a>>);

impl<'a> Members<'a> {
    /// Reads one object; `None` for any other text.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    fn last(&self, name: &str) -> Option<&Member<'a>> {
        self.0.iter().rev().find(|member| member.name.as_deref() == Some(name))
    }

    fn last_mut(&mut self, name: &str) -> Option<&mut Member<'a>> {
        self.0.iter_mut().rev().find(|member| member.name.as_deref() == Some(name))
    }

    /// Whether a key occurs with any value but null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The JSON text of a value; `None` where it is missing or null.
    pub(super) fn value(&self, name: &str) -> Option<&'a RawValue> {
        self.last(name).map(|member| member.value).filter(|value| value.get() != "null")
    }

    /// The text of a string.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.value(name).and_then(text_of)
    }

    /// The members of an object, for reading only.
    pub(super) fn object(&self, name: &str) -> Option<Members<'a>> {
        self.value(name).and_then(|value| Members::parse(value.get()))
    }

    /// The members of an object, for marking: only what is not held in there counts as left over.
    /// `None` where it is missing, or is no object or an empty one.
    pub(super) fn open(&mut self, name: &str) -> Option<&mut Members<'a>> {
        let member = self.last_mut(name)?;
        member.held |= member.value.get() == "null";
        if member.inner.is_none() {
            member.inner = Members::parse(member.value.get());
        }
        member.inner.as_mut().filter(|inner| !inner.0.is_empty())
    }

    /// Takes a string into a column. A null is taken too: the column's null says the same.
    pub(super) fn take_text(&mut self, name: &str) -> Option<String> {
        self.take(name, text_of)
    }

    /// Takes an instant into a column, as microseconds since 1970, UTC.
    pub(super) fn take_micros(&mut self, name: &str) -> Option<i64> {
        self.take(name, |value| text_of(value).and_then(|text| Timestamp::parse(&text)).map(Timestamp::micros))
    }

    fn take<T>(&mut self, name: &str, read: impl FnOnce(&'a RawValue) -> Option<T>) -> Option<T> {
        let member = self.last_mut(name)?;
        let taken = read(member.value);
        member.held |= taken.is_some() || member.value.get() == "null";
        taken
    }

    /// Marks a member as held by a column that was filled in another way.
    pub(super) fn hold(&mut self, name: &str) {
        if let Some(member) = self.last_mut(name) {
            member.held = true;
        }
    }
}

/// The text of a JSON string; `None` for any other value and for escapes that make no Unicode.
pub(super) fn text_of(value: &RawValue) -> Option<String> {
    unquoted(value).map(Cow::into_owned)
}

fn unquoted(value: &RawValue) -> Option<Cow<'_, str>> {
    let inside = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if inside.contains('\\') {
        serde_json::from_str(value.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inside))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(8);
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            members.push(Member { key, name: unquoted(key), value, inner: None, held: false });
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_repeated_keys_counts_whatever_its_spelling() {
        let members = Members::parse(r#"{"a":"1","\u0061":"2"}"#).unwrap();
        assert_eq!(members.text("a").as_deref(), Some("2"));
    }

    #[test]
    fn a_key_that_is_no_unicode_does_not_hide_the_others() {
        let members = Members::parse(r#"{"\ud800":1,"b":"x"}"#).unwrap();
        assert_eq!(members.text("b").as_deref(), Some("x"));
    }

    #[test]
    fn depth_does_not_matter() {
        let deep = format!(r#"{{"deep":{}1{},"b":"x"}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(Members::parse(&deep).unwrap().text("b").as_deref(), Some("x"));
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in ["", "[]", "1", "{", "{} {}", "null", r#"{"a":}"#] {
            assert!(Members::parse(text).is_none(), "{text}");
        }
    }
}
