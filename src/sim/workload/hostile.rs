//! What an API may send and a reader must survive: hostile names, types, shapes (E28, E29, E30, E46).

use super::chance::{Chance, mix};

/// What is unpleasant about one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Oddity {
    /// The type cannot be a path, a partition or a word.
    Type(String),
    /// No type at all.
    NoType,
    /// Every name in the event reads like this.
    Name(String),
    /// Members nobody knows, at every level.
    UnknownMembers,
    /// The payload is this JSON instead; none where empty.
    Payload(&'static str),
    /// User and API key at once (C12).
    TwoActors,
    /// The actor is this JSON instead; none where empty.
    Actor(&'static str),
    /// The documented prose spells it so (C42).
    OwnerId,
}

const TYPES: [&str; 14] = [
    "Weird/Type=..",
    "../../etc/passwd",
    "..",
    "123",
    "",
    " ",
    "événement_créé_日本",
    "viewaccessed",
    "event_type=Other",
    "CON",
    "Type With Spaces",
    "Percent%2FEncoded%00",
    "Back\\slash:and\"quote",
    "__HIVE_DEFAULT_PARTITION__",
];

const NAMES: [&str; 14] = [
    "He said \"no\", twice",
    "two\nlines\r\nand a tab\t",
    "<script>alert('x')</script>",
    "=HYPERLINK(\"https://evil.example\",\"click\")",
    "bell \u{7} escape \u{1b}[31m nul \u{0} del \u{7f}",
    "right\u{202e}left\u{2066}isolated",
    "../../../../etc/shadow",
    "",
    "'; DROP TABLE events; --",
    "日本語 العربية עברית 🦀 e\u{301}",
    "comma, semicolon; pipe| back\\slash",
    "{\"not\":\"an object\"}",
    "\u{feff}byte order mark\u{2028}line separator",
    "   leading and trailing   ",
];

const PAYLOADS: [&str; 6] = ["", "null", "{}", "[]", "\"text\"", r#"{"entity":null}"#];
const ACTORS: [&str; 5] = ["", "null", "{}", r#"{"user":null,"api":null}"#, r#"{"system":{"id":1}}"#];

impl Oddity {
    /// What is odd about the event of this seed, if anything; one in eight is.
    pub(super) fn of(seed: u64) -> Option<Self> {
        let mut chance = Chance::new(mix(seed ^ 0x0dd));
        if !chance.one_in(8) {
            return None;
        }
        Some(match chance.below(100) {
            0..20 => Self::Type(chance.pick(&TYPES).to_owned()),
            20..23 => Self::Type("LongType".repeat(25)),
            23..26 => Self::NoType,
            26..60 => Self::Name(chance.pick(&NAMES).to_owned()),
            60..61 => Self::Name("ten thousand ".repeat(770)),
            61..75 => Self::UnknownMembers,
            75..85 => Self::Payload(chance.pick(&PAYLOADS)),
            85..90 => Self::TwoActors,
            90..96 => Self::Actor(chance.pick(&ACTORS)),
            _ => Self::OwnerId,
        })
    }
}

/// The members that stand beside the known ones where [`Oddity::UnknownMembers`] applies.
pub(super) const UNKNOWN_MEMBERS: &str =
    r#"{"number":12345678901234567890.0100,"list":[1,null,{"deep":[[]]}],"text":"\u00e9\/","flag":true}"#;
