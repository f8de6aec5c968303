//! Every setting of this release, in one table.

use std::time::Duration;

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

const fn days(count: u64) -> Duration {
    minutes(count * 24 * 60)
}

/// How far back the API reaches: 180 days (C8).
pub(super) const LOOK_BACK: Duration = days(180);

const WITHIN_LOOK_BACK: &str = "the API serves 180 days, so a longer span would leave nothing to read";

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The dotted name, as in `publish.settle`.
    pub name: &'static str,
    /// What holds where nobody says otherwise; none where absence is an answer.
    pub default: Option<&'static str>,
    /// What a value must look like.
    pub kind: Kind,
    /// What the setting does, for people.
    pub help: &'static str,
}

/// What a value must look like.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A place for an archive: a directory or a URL.
    Place,
    /// The address of an HTTP service.
    Address,
    /// A path; a relative one is seen from the working directory.
    Path,
    /// A shell command. Shown by its first word only: the rest may hold a secret.
    Command,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// A span of time such as `7d` or `1h 30m`, from `least` to `most`, both allowed.
    Span {
        /// The shortest span allowed.
        least: Duration,
        /// The longest span allowed.
        most: Duration,
        /// Why not more or less.
        why: &'static str,
    },
    /// A whole number from 0.
    Count,
    /// A number above 0, at most 1.
    Share,
}

const fn key(name: &'static str, default: Option<&'static str>, kind: Kind, help: &'static str) -> Key {
    Key { name, default, kind, help }
}

const fn span(least: Duration, most: Duration, why: &'static str) -> Kind {
    Kind::Span { least, most, why }
}

const SHORT_OF_LOOK_BACK: Duration = Duration::from_nanos(LOOK_BACK.as_nanos() as u64 - 1);

const REACH: Kind = span(Duration::ZERO, SHORT_OF_LOOK_BACK, WITHIN_LOOK_BACK);

/// Every setting, in the order people read them.
pub const KEYS: &[Key] = &[
    key("archive", None, Kind::Place, "where the archive lies: `./dir` or `file:///dir`"),
    key("api.url", Some("https://pigment.app"), Kind::Address, "the address of Pigment"),
    key("api.key_file", None, Kind::Path, "a file that holds the API key and nothing else"),
    key("api.key_command", None, Kind::Command, "a shell command that prints the API key"),
    key(
        "api.window",
        Some("5m"),
        span(Duration::from_secs(1), days(1), "it is the span over which Pigment counts requests"),
        "the span over which requests are counted",
    ),
    key("api.requests_per_window", Some("500"), Kind::Count, "requests per window; 0: unpaced, loopback only (C45)"),
    key("api.share", Some("1.0"), Kind::Share, "the part of that budget this process may use"),
    key(
        "api.retry_budget",
        Some("15m"),
        span(Duration::ZERO, days(1), "a run that waits longer is better started again"),
        "the total time for which one request may be tried again",
    ),
    key(
        "api.timeout",
        Some("60s"),
        span(Duration::from_secs(1), minutes(60), "a request needs some time, and must end"),
        "how long one request may take",
    ),
    key("api.ca_file", None, Kind::Path, "more certificate authorities to trust, as PEM"),
    key("walk.overlap", Some("6h"), REACH, "how far below the head a walk reads again"),
    key("walk.lag", Some("5m"), REACH, "how far behind the server's clock coverage may claim"),
    key("walk.margin", Some("1h"), REACH, "how far inside the look-back the first walk stays"),
    key("walk.sweep_daily", Some("7d"), REACH, "how much deeper one walk a day reads; `0s`: never"),
    key(
        "walk.clock_tolerance",
        Some("1h"),
        span(Duration::ZERO, days(36_500), "a century is more than any clock is wrong"),
        "how far the clocks may differ before no loss is recorded",
    ),
    key("publish.when", Some("day"), Kind::Choice(&["day", "commit"]), "publish whole days, or after every run"),
    key(
        "publish.settle",
        Some("1h"),
        span(Duration::ZERO, LOOK_BACK, "a day that settles longer would never be published in practice"),
        "how long after its end a day is published",
    ),
    key("log.format", Some("text"), Kind::Choice(&["text", "json"]), "the shape of log lines"),
    key(
        "log.level",
        Some("warn"),
        Kind::Choice(&["off", "error", "warn", "info", "debug", "trace"]),
        "how much is logged",
    ),
];

impl Key {
    /// The setting of this name.
    pub fn named(name: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// The variable that sets it: `OCHRE_PUBLISH__SETTLE`.
    pub fn variable(&self) -> String {
        format!("OCHRE_{}", self.name.replace('.', "__").to_uppercase())
    }

    /// The flag that sets it, where a command has one: `--api-url`.
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace(['.', '_'], "-"))
    }

    /// The value as it may be shown: without what could be a secret.
    pub fn shown(&self, value: &str) -> String {
        match self.kind {
            Kind::Command => match value.split_whitespace().next() {
                Some(word) if !word.contains('=') => format!("{word} …"),
                _ => "…".to_owned(),
            },
            Kind::Place | Kind::Address => without_credentials(value),
            _ => value.to_owned(),
        }
    }
}

/// A URL without user, password, query and fragment.
fn without_credentials(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let (rest, cut) = match rest.find(['?', '#']) {
        Some(at) => (&rest[..at], "?…"),
        None => (rest, ""),
    };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}{cut}"),
        None => format!("{scheme}://{rest}{cut}"),
    }
}

/// Whether some setting lies below this name.
pub(super) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// Whether someone tries to put the API key itself here.
pub(super) fn is_api_key(path: &str) -> bool {
    let plain: String = path.chars().filter(char::is_ascii_alphanumeric).collect();
    matches!(
        plain.to_ascii_lowercase().as_str(),
        "apikey" | "apiapikey" | "key" | "apitoken" | "token" | "apisecret" | "auditlogapikey" | "apiauditlogapikey"
    )
}

/// The setting someone most likely meant.
pub(super) fn nearest_key(path: &str) -> Option<&'static Key> {
    let path = path.to_lowercase().replace('-', "_");
    let leaf = leaf_of(&path);
    let score = |key: &Key| {
        let whole = strsim::jaro_winkler(&path, key.name);
        let part = strsim::jaro_winkler(leaf, leaf_of(key.name)) * 0.95;
        whole.max(part)
    };
    let scored = KEYS.iter().map(|key| (score(key), key));
    scored.max_by(|one, other| one.0.total_cmp(&other.0)).filter(|(score, _)| *score >= 0.85).map(|(_, key)| key)
}

/// The section someone most likely meant.
pub(super) fn nearest_section(path: &str) -> Option<&'static str> {
    let sections = KEYS.iter().filter_map(|key| key.name.split_once('.')).map(|(section, _)| section);
    let scored = sections.map(|section| (strsim::jaro_winkler(path, section), section));
    scored.max_by(|one, other| one.0.total_cmp(&other.0)).filter(|(score, _)| *score >= 0.8).map(|(_, name)| name)
}

fn leaf_of(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, leaf)| leaf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_setting_is_recognised() {
        let meant = |path| nearest_key(path).map(|key| key.name);
        assert_eq!(meant("publish.setle"), Some("publish.settle"));
        assert_eq!(meant("settle"), Some("publish.settle"));
        assert_eq!(meant("api_url"), Some("api.url"));
        assert_eq!(meant("api.key-file"), Some("api.key_file"));
        assert_eq!(meant("zebra.crossing"), None);
        assert_eq!(nearest_section("apii"), Some("api"));
    }

    #[test]
    fn names_are_unique_and_spell_out_as_variables_and_flags() {
        let names: std::collections::BTreeSet<_> = KEYS.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), KEYS.len());
        let key = Key::named("api.key_file").unwrap();
        assert_eq!((key.variable().as_str(), key.flag().as_str()), ("OCHRE_API__KEY_FILE", "--api-key-file"));
    }

    #[test]
    fn what_may_be_secret_is_not_shown() {
        let shown = |name, value| Key::named(name).unwrap().shown(value);
        assert_eq!(shown("api.key_command", "vault read -token hunter2"), "vault …");
        assert_eq!(shown("api.key_command", "TOKEN=hunter2 vault"), "…");
        assert_eq!(shown("api.url", "https://me:hunter2@pigment.app/x?key=hunter2"), "https://…@pigment.app/x?…");
        assert_eq!(shown("archive", "./ochre"), "./ochre");
    }
}
