//! What is wrong with a configuration, and what to do next.

use std::fmt;

use super::keys::{Key, nearest_key, nearest_section};
use crate::domain::SafeText;

/// Why no [`Settings`](super::Settings) could be made. Its text is whole: what, why, and what next.
/// It never holds the value of an unknown key, because that is where a misplaced API key would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// What is wrong and where; may have several lines.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\nhelp: {}", self.message, self.help)
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }

    /// A name that is no setting. `shown` is how it was written, `path` its dotted form.
    pub(super) fn unknown(shown: &str, path: &str, place: &str, spelling: fn(&Key) -> String) -> Self {
        let message = format!("unknown setting `{}` {place}", SafeText(shown));
        let help = match (nearest_key(path), nearest_section(path)) {
            (Some(key), _) => format!("did you mean `{}`?", spelling(key)),
            (None, Some(section)) => format!("`{section}` is a section; did you mean one of its keys?"),
            (None, None) => "`ochre config show` lists every setting there is".to_owned(),
        };
        Self { message, help }
    }

    /// An API key where settings are.
    pub(super) fn misplaced_api_key(shown: &str, place: &str) -> Self {
        Self::new(
            format!("`{}` {place}: the API key itself is never a setting", SafeText(shown)),
            "give it as the environment variable AUDIT_LOG_API_KEY, or name a file that holds it (`api.key_file`), \
             or a command that prints it (`api.key_command`)",
        )
    }
}
