//! The settings, typed and checked.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::error::ConfigError;
use super::keys::{Key, Kind, LOOK_BACK};
use super::layers::{Layers, Origins, origins};
use super::value::{Values, is_loopback};
use crate::domain::publish::PublishWhen;

/// Everything a command may want to know. Spans are durations, the rest is as [`KEYS`](super::KEYS) says.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where the archive lies; none where nobody said.
    pub archive: Option<String>,
    /// How to talk to Pigment.
    pub api: ApiSettings,
    /// How far to read.
    pub walk: WalkSettings,
    /// When rows go to the lake.
    pub publish: PublishSettings,
    /// What is logged.
    pub log: LogSettings,
}

/// How to talk to Pigment.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiSettings {
    /// The address; https unless it is this machine.
    pub url: Url,
    /// A file that holds the API key.
    pub key_file: Option<PathBuf>,
    /// A shell command that prints the API key.
    pub key_command: Option<String>,
    /// The span over which requests are counted (C45).
    pub window: Duration,
    /// Requests per window; 0 means unpaced, on loopback only.
    pub requests_per_window: u32,
    /// The part of that budget to use: above 0, at most 1.
    pub share: f64,
    /// The total time for which one request may be tried again.
    pub retry_budget: Duration,
    /// How long one request may take.
    pub timeout: Duration,
    /// More certificate authorities, as PEM.
    pub ca_file: Option<PathBuf>,
}

/// How far to read.
#[derive(Clone, Debug, PartialEq)]
pub struct WalkSettings {
    /// How far below the head a walk reads again.
    pub overlap: Duration,
    /// How far behind the server's clock coverage may claim.
    pub lag: Duration,
    /// How far inside the look-back the first walk stays.
    pub margin: Duration,
    /// How much deeper one walk a day reads; zero: never.
    pub sweep_daily: Duration,
    /// How far the clocks may differ before no loss is recorded.
    pub clock_tolerance: Duration,
}

/// When rows go to the lake.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishSettings {
    /// Whole days, or after every run.
    pub when: PublishWhen,
    /// How long after its end a day is published.
    pub settle: Duration,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq)]
pub struct LogSettings {
    /// The shape of a line.
    pub format: LogFormat,
    /// `off`, `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Settings {
    /// Lays the layers on each other and checks what comes out. The second value says who set what.
    ///
    /// # Errors
    ///
    /// An unknown name in any layer, a file that is no TOML, or a winning value that does not fit.
    pub fn resolve(layers: &Layers) -> Result<(Self, Origins), ConfigError> {
        let winners = layers.winners()?;
        let values = Values(&winners);
        let settings = Self {
            archive: values.place("archive")?,
            api: ApiSettings::read(&values)?,
            walk: WalkSettings::read(&values)?,
            publish: PublishSettings::read(&values)?,
            log: LogSettings::read(&values)?,
        };
        Ok((settings, origins(&winners)))
    }
}

impl ApiSettings {
    fn read(values: &Values<'_>) -> Result<Self, ConfigError> {
        let url = values.address("api.url")?;
        let requests_per_window = values.count("api.requests_per_window")?;
        if requests_per_window == 0 && !is_loopback(&url) {
            let why = "unpaced is for an API on this machine only: Pigment's limit counts per address (C45)";
            return Err(values.refuse("api.requests_per_window", why, "leave it at `500`, or lower it"));
        }
        Ok(Self {
            url,
            key_file: values.optional_path("api.key_file")?,
            key_command: values.optional_text("api.key_command")?,
            window: values.span("api.window")?,
            requests_per_window,
            share: values.share("api.share")?,
            retry_budget: values.span("api.retry_budget")?,
            timeout: values.span("api.timeout")?,
            ca_file: values.optional_path("api.ca_file")?,
        })
    }
}

impl WalkSettings {
    fn read(values: &Values<'_>) -> Result<Self, ConfigError> {
        let walk = Self {
            overlap: values.span("walk.overlap")?,
            lag: values.span("walk.lag")?,
            margin: values.span("walk.margin")?,
            sweep_daily: values.span("walk.sweep_daily")?,
            clock_tolerance: values.span("walk.clock_tolerance")?,
        };
        if walk.margin + walk.lag >= LOOK_BACK {
            let why = "together with `walk.lag` it reaches the 180 days the API serves: nothing would be left to read";
            return Err(values.refuse("walk.margin", why, "shorten one of the two"));
        }
        Ok(walk)
    }
}

impl PublishSettings {
    fn read(values: &Values<'_>) -> Result<Self, ConfigError> {
        let moments = [("day", PublishWhen::Day), ("commit", PublishWhen::Commit)];
        Ok(Self { when: values.choice("publish.when", &moments)?, settle: values.span("publish.settle")? })
    }
}

impl LogSettings {
    fn read(values: &Values<'_>) -> Result<Self, ConfigError> {
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let words = match Key::named("log.level").map(|key| key.kind) {
            Some(Kind::Choice(words)) => words,
            _ => &[],
        };
        let levels: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
        let level = values.choice("log.level", &levels)?.to_owned();
        Ok(Self { format: values.choice("log.format", &formats)?, level })
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::KEYS;
    use super::*;

    fn resolve(flags: &[(&str, &str)]) -> Result<(Settings, Origins), String> {
        let flags = flags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::resolve(&Layers { flags, ..Layers::default() }).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_stand() {
        let (settings, origins) = resolve(&[]).unwrap();
        assert_eq!(settings.api.url.as_str(), "https://pigment.app/");
        assert_eq!(settings.walk.margin, Duration::from_secs(3600));
        assert_eq!(settings.publish.when, PublishWhen::Day);
        assert_eq!((settings.archive, settings.log.level.as_str()), (None, "warn"));
        assert_eq!(origins.0.len(), KEYS.len());
        assert_eq!(origins.of("archive").unwrap().origin, "not set");
    }

    #[test]
    fn every_word_of_every_choice_is_understood() {
        for key in KEYS {
            let Kind::Choice(words) = key.kind else { continue };
            for word in words {
                resolve(&[(key.name, word)]).unwrap();
            }
            assert!(resolve(&[(key.name, "purple")]).unwrap_err().contains(words[0]));
        }
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for (name, value) in [
            ("walk.margin", "180d"),
            ("walk.lag", "-5m"),
            ("walk.lag", "300"),
            ("api.window", "0s"),
            ("api.share", "0"),
            ("api.share", "1.01"),
            ("api.share", "NaN"),
            ("api.requests_per_window", "-1"),
            ("api.requests_per_window", "0"),
            ("api.url", "http://pigment.app"),
            ("api.url", "http://localhost.evil.example"),
            ("api.url", "ftp://localhost"),
            ("api.url", "pigment.app"),
            ("archive", ""),
            ("archive", "s3://me:hunter2@bucket/x"),
            ("api.url", "https://me:hunter2@pigment.app"),
            ("api.url", "https://pigment.app?key=hunter2"),
        ] {
            let error = resolve(&[(name, value)]).unwrap_err();
            assert!(error.contains(name) && error.contains("help: ") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn margin_and_lag_leave_something_to_read() {
        assert!(resolve(&[("walk.margin", "179d"), ("walk.lag", "1d")]).is_err());
        assert!(resolve(&[("walk.margin", "179d"), ("walk.lag", "23h")]).is_ok());
    }

    #[test]
    fn this_machine_may_be_asked_plainly_and_unpaced() {
        for url in ["http://127.0.0.1:8080", "http://[::1]:1", "http://localhost", "http://[::ffff:127.0.0.1]"] {
            resolve(&[("api.url", url), ("api.requests_per_window", "0")]).unwrap();
        }
    }

    #[test]
    fn an_error_says_what_why_and_what_next() {
        insta::assert_snapshot!(resolve(&[("walk.margin", "200d")]).unwrap_err(), @r"
        `walk.margin` is `200d` (flag --walk-margin), but that is too long: the API serves 180 days, so a longer span would leave nothing to read
        help: write less than `180d`
        ");
    }
}
