//! Settings from one TOML file, each with the line it stands on.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike, Value};

use super::error::ConfigError;
use super::keys::{Key, is_api_key, is_section};
use super::layers::ConfigFile;
use crate::domain::SafeText;

/// A setting as one file has it.
pub(super) struct FileSetting {
    pub key: &'static Key,
    pub value: String,
    /// From 1.
    pub line: usize,
}

/// The settings of a file, in its order.
pub(super) fn settings_in(file: &ConfigFile) -> Result<Vec<FileSetting>, ConfigError> {
    let document = Document::parse(file.text.as_str()).map_err(|error| not_toml(file, &error))?;
    let mut reader = Reader { file, found: Vec::new() };
    reader.read_table(document.as_table(), "")?;
    Ok(reader.found)
}

/// The line itself is not shown: what fails to parse may well be an unquoted API key.
fn not_toml(file: &ConfigFile, error: &toml_edit::TomlError) -> ConfigError {
    let place = match error.span() {
        Some(span) => {
            let position = Position::of(&file.text, span.start);
            format!("{}:{}:{}", file.shown(), position.line, position.column)
        }
        None => file.shown(),
    };
    ConfigError::new(
        format!("{place}: this is not TOML: {}", SafeText(error.message())),
        "a setting is written `name = \"value\"`, below the head of its section such as `[api]`",
    )
}

struct Reader<'a> {
    file: &'a ConfigFile,
    found: Vec<FileSetting>,
}

impl Reader<'_> {
    fn read_table(&mut self, table: &dyn TableLike, above: &str) -> Result<(), ConfigError> {
        for (name, item) in table.iter() {
            let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
            let span = table.get_key_value(name).and_then(|(key, _)| key.span()).unwrap_or(0..0);
            self.read_item(&path, span, item)?;
        }
        Ok(())
    }

    fn read_item(&mut self, path: &str, span: Range<usize>, item: &Item) -> Result<(), ConfigError> {
        if is_api_key(path) {
            return Err(self.pointed(span, |place| ConfigError::misplaced_api_key(path, place)));
        }
        if let Some(key) = Key::named(path) {
            let line = Position::of(&self.file.text, span.start).line;
            let value = item.as_value().and_then(plain_text).ok_or_else(|| {
                ConfigError::new(
                    format!("`{path}` must be a single value (set at {}:{line})", self.file.shown()),
                    format!("write it as `{path} = \"…\"`: {}", key.help),
                )
            })?;
            self.found.push(FileSetting { key, value, line });
            return Ok(());
        }
        match item.as_table_like() {
            Some(table) if is_section(path) => self.read_table(table, path),
            _ => Err(self.pointed(span, |place| ConfigError::unknown(path, path, place, |key| key.name.to_owned()))),
        }
    }

    /// An error with the place and a caret under the key.
    fn pointed(&self, span: Range<usize>, error: impl FnOnce(&str) -> ConfigError) -> ConfigError {
        let position = Position::of(&self.file.text, span.start);
        let mut error = error(&format!("at {}:{}", self.file.shown(), position.line));
        error.message.push_str(&excerpt(&self.file.text, span, position.line));
        error
    }
}

/// A scalar as text; `None` for arrays, inline tables and dates.
fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.value().clone()),
        Value::Integer(number) => Some(number.value().to_string()),
        Value::Float(number) => Some(number.value().to_string()),
        Value::Boolean(truth) => Some(truth.value().to_string()),
        _ => None,
    }
}

/// The key in its line, a caret below. Of the line only the key is shown, and what stands before it
/// if that is no value: values may be secret.
fn excerpt(text: &str, span: Range<usize>, line: usize) -> String {
    let Some(key) = text.get(span.clone()).filter(|key| !key.is_empty()) else { return String::new() };
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[start..span.start];
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | '[');
    let before = if before.chars().all(is_plain) { before } else { "… " };
    let key = SafeText(key).to_string();
    let gutter = line.to_string();
    let blank = " ".repeat(gutter.len());
    let indent = " ".repeat(before.chars().count());
    let carets = "^".repeat(key.chars().count());
    format!("\n  {blank} |\n  {gutter} | {before}{key} …\n  {blank} | {indent}{carets}")
}

/// A place in a text, both from 1; columns count characters.
struct Position {
    line: usize,
    column: usize,
}

impl Position {
    fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        Self { line: before.matches('\n').count() + 1, column: before[start..].chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(&'static str, String, usize)>, String> {
        let file = ConfigFile { path: "ochre.toml".into(), text: text.to_owned() };
        let found = settings_in(&file).map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|setting| (setting.key.name, setting.value, setting.line)).collect())
    }

    #[test]
    fn sections_dotted_names_and_inline_tables_mean_the_same() {
        for text in ["[api]\nshare = 0.5", "\napi.share = 0.5", "\napi = { share = 0.5 }"] {
            assert_eq!(read(text).unwrap(), [("api.share", "0.5".to_owned(), 2)]);
        }
    }

    #[test]
    fn a_caret_stands_under_an_unknown_key() {
        insta::assert_snapshot!(read("[publish]\n# soon\nsetle = \"0s\"").unwrap_err(), @r"
        unknown setting `publish.setle` at ochre.toml:3
            |
          3 | setle …
            | ^^^^^
        help: did you mean `publish.settle`?
        ");
    }

    #[test]
    fn an_unknown_section_is_pointed_at_itself() {
        let error = read("[wolk]\nlag = \"1m\"").unwrap_err();
        assert!(error.contains("unknown setting `wolk` at ochre.toml:1") && error.contains("  1 | [wolk …"), "{error}");
        assert!(error.contains("`walk` is a section"), "{error}");
    }

    #[test]
    fn an_api_key_is_sent_where_it_belongs_and_never_shown() {
        for text in [
            "[api]\nkey = \"hunter2\"",
            "api_key = \"hunter2\"",
            "api = { share = \"hunter2\", key = \"hunter2\" }",
            "api.key = [\"hunter2\"]",
            "[api.key]\nx = \"hunter2\"",
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains("AUDIT_LOG_API_KEY") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn broken_toml_gives_the_place_but_not_the_line() {
        let error = read("archive = \"a\"\napi.key = hunter2").unwrap_err();
        assert!(error.starts_with("ochre.toml:2:") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_list_is_no_value() {
        assert!(read("archive = [\"a\"]").unwrap_err().contains("single value (set at ochre.toml:1)"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_no_unknown_value_is_shown(text in "(\\PC|[\n\r\t=\"'.#a{}\\[\\]]){0,40}", above in "(\u{feff}|# é\r\n|){0,2}") {
            let _ = read(&text);
            let error = read(&format!("{above}\n'ü {}' = 'hunter2'", text.replace(|c: char| c.is_control() || c == '\'', "")));
            proptest::prop_assert!(!error.unwrap_err().contains("hunter2"));
        }
    }
}
