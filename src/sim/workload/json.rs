//! A writer of JSON text: faster than a tree of values, and in the order the API uses.

/// JSON under construction. Keys are ours and need no escapes; texts are escaped.
#[derive(Default)]
pub(super) struct Json {
    out: String,
}

impl Json {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes) }
    }

    pub(super) fn into_text(self) -> String {
        self.out
    }

    fn separate(&mut self) {
        if !matches!(self.out.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.out.push(',');
        }
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
    }

    /// `{…}` where a value stands: at the top or inside a list.
    pub(super) fn item(&mut self, members: impl FnOnce(&mut Self)) {
        self.separate();
        self.out.push('{');
        members(self);
        self.out.push('}');
    }

    pub(super) fn object(&mut self, key: &str, members: impl FnOnce(&mut Self)) {
        self.key(key);
        self.out.push('{');
        members(self);
        self.out.push('}');
    }

    pub(super) fn list(&mut self, key: &str, items: impl FnOnce(&mut Self)) {
        self.key(key);
        self.out.push('[');
        items(self);
        self.out.push(']');
    }

    /// A string member, escaped as needed.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        self.out.push('"');
        push_escaped(&mut self.out, text);
        self.out.push('"');
    }

    /// A string member of safe characters, written by `write`.
    pub(super) fn plain(&mut self, key: &str, write: impl FnOnce(&mut String)) {
        self.key(key);
        self.out.push('"');
        write(&mut self.out);
        self.out.push('"');
    }

    /// A member whose value is JSON already.
    pub(super) fn raw(&mut self, key: &str, value: &str) {
        self.key(key);
        self.out.push_str(value);
    }

    pub(super) fn flag(&mut self, key: &str, value: bool) {
        self.raw(key, if value { "true" } else { "false" });
    }
}

fn push_escaped(out: &mut String, text: &str) {
    if !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.push_str(text);
        return;
    }
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if control < ' ' => {
                out.push_str("\\u00");
                push_hex(out, u64::from(u32::from(control)), 2);
            }
            other => out.push(other),
        }
    }
}

/// The lowest `digits` hexadecimal digits of a number.
pub(super) fn push_hex(out: &mut String, bits: u64, digits: u32) {
    for place in (0..digits).rev() {
        let nibble = (bits >> (place * 4) & 15) as u8;
        out.push(char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }));
    }
}

/// 128 bits in the shape of a UUID; no version bits are set, as in the vendor's sample (C32).
pub(super) fn push_uuid(out: &mut String, high: u64, low: u64) {
    push_hex(out, high >> 32, 8);
    out.push('-');
    push_hex(out, high >> 16, 4);
    out.push('-');
    push_hex(out, high, 4);
    out.push('-');
    push_hex(out, low >> 48, 4);
    out.push('-');
    push_hex(out, low, 12);
}

/// Lays compact JSON out over several lines, two spaces a level.
pub(super) fn spread(compact: &str) -> String {
    let mut out = String::with_capacity(compact.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut letters = compact.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(letter) = letters.next() {
        if quoted {
            out.push(letter);
            quoted = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            continue;
        }
        match letter {
            '{' | '[' if matches!(letters.peek(), Some('}' | ']')) => {
                out.push(letter);
                out.extend(letters.next());
            }
            '{' | '[' => {
                depth += 1;
                out.push(letter);
                line(&mut out, depth);
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => {
                quoted = other == '"';
                out.push(other);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_survives_a_reader() {
        let hostile = "a\"b\\c\nd\u{0}\u{1f}\u{202e}é😀";
        let mut json = Json::default();
        json.item(|json| json.text("name", hostile));
        let value: serde_json::Value = serde_json::from_str(&json.into_text()).unwrap();
        assert_eq!(value["name"], hostile);
    }

    #[test]
    fn spread_text_means_the_same() {
        let compact = r#"{"a":{},"b":[1,{"c":"x,\"{\\"}],"d":null}"#;
        let spread = spread(compact);
        assert!(spread.contains('\n'));
        let values: [serde_json::Value; 2] = [compact, &spread].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(values[0], values[1]);
    }
}
