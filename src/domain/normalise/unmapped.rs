//! What no column holds, as JSON in its place: nothing the API says is missing from the lake.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::members::Members;

/// How deep a value may nest before it is kept as a string: JSON readers stop at depths of their own.
const DEPTH_MAX: usize = 64;

/// The members not held, with the text they were sent as; `None` where nothing is left.
///
/// A key or value that a strict JSON reader would refuse becomes a string that holds its text, so
/// that one odd event cannot make the whole column unreadable. Keys that repeat repeat here.
pub(super) fn leftovers(members: &Members<'_>) -> Option<String> {
    let mut out = String::new();
    for member in members.0.iter().filter(|member| !member.held) {
        let inner = match &member.inner {
            Some(inner) => match leftovers(inner) {
                Some(text) => text,
                None => continue,
            },
            None => sound_text(member.value),
        };
        out.push(if out.is_empty() { '{' } else { ',' });
        out.push_str(&sound_text(member.key));
        out.push(':');
        out.push_str(&inner);
    }
    (!out.is_empty()).then(|| out + "}")
}

fn sound_text(value: &RawValue) -> String {
    if is_sound(value) { value.get().to_owned() } else { quoted(value.get()) }
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// Whether every JSON reader can read it: no lone surrogates, no numbers out of range, not too deep.
pub(super) fn is_sound(value: &RawValue) -> bool {
    let mut from = serde_json::Deserializer::from_str(value.get());
    Sound(DEPTH_MAX).deserialize(&mut from).is_ok()
}

/// Reads a value to its end and keeps nothing; holds how many levels may still open.
struct Sound(usize);

impl<'de> DeserializeSeed<'de> for Sound {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl Sound {
    fn deeper<E: Error>(&self) -> Result<usize, E> {
        self.0.checked_sub(1).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> Visitor<'de> for Sound {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let left = self.deeper()?;
        while items.next_element_seed(Sound(left))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let left = self.deeper()?;
        while members.next_key_seed(Sound(left))?.is_some() {
            members.next_value_seed(Sound(left))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str) -> Option<String> {
        leftovers(&Members::parse(text).unwrap())
    }

    #[test]
    fn text_stays_as_sent() {
        let text = r#"{"n":1.50,"s":"\u0041","o":{ "x" : [1, 2] },"n":null}"#;
        assert_eq!(left(text).as_deref(), Some(text));
        assert_eq!(left("{}"), None);
    }

    #[test]
    fn what_strict_readers_refuse_becomes_a_string() {
        assert_eq!(left(r#"{"a":"\ud800"}"#).unwrap(), r#"{"a":"\"\\ud800\""}"#);
        assert_eq!(left(r#"{"\udc00":1}"#).unwrap(), r#"{"\"\\udc00\"":1}"#);
        assert_eq!(left(r#"{"a":1e999}"#).unwrap(), r#"{"a":"1e999"}"#);
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        assert_eq!(left(&format!(r#"{{"a":{deep}}}"#)).unwrap(), format!(r#"{{"a":"{deep}"}}"#));
    }

    #[test]
    fn what_columns_hold_is_left_out() {
        let mut members = Members::parse(r#"{"a":{"b":"1","c":null},"d":"x","d":"y"}"#).unwrap();
        let inner = members.open("a").unwrap();
        assert_eq!((inner.take_text("b").as_deref(), inner.take_text("c")), (Some("1"), None));
        members.hold("d");
        assert_eq!(leftovers(&members).as_deref(), Some(r#"{"d":"x"}"#));
    }
}
