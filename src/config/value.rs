//! Text becomes values, or an error that says what, why, and what next.

use std::path::PathBuf;
use std::time::Duration;

use url::{Host, Url};

use super::error::ConfigError;
use super::keys::{Key, Kind};
use super::layers::{Chosen, Winners};
use crate::domain::SafeText;

/// Reads the winners by name and kind.
pub(super) struct Values<'a>(pub &'a Winners);

impl Values<'_> {
    fn get(&self, name: &str) -> Result<(&'static Key, &Chosen), ConfigError> {
        let missing = || ConfigError::new(format!("`{name}` is not set"), "give it a value");
        let key = Key::named(name).ok_or_else(missing)?;
        let chosen = self.0.get(name).ok_or_else(missing)?;
        if chosen.value.trim().is_empty() {
            return Err(ConfigError::new(
                format!("`{name}` is empty ({})", chosen.origin),
                format!("leave it out, or give it a value: {}", key.help),
            ));
        }
        Ok((key, chosen))
    }

    /// The error for a value that does not fit; `why` completes “… but”.
    pub(super) fn refuse(&self, name: &str, why: &str, help: &str) -> ConfigError {
        let (value, origin) = match (Key::named(name), self.0.get(name)) {
            (Some(key), Some(chosen)) => (key.shown(&chosen.value), chosen.origin.as_str()),
            _ => (String::new(), "not set"),
        };
        ConfigError::new(format!("`{name}` is `{}` ({origin}), but {why}", SafeText(&value)), help)
    }

    pub(super) fn text(&self, name: &str) -> Result<String, ConfigError> {
        self.get(name).map(|(_, chosen)| chosen.value.trim().to_owned())
    }

    pub(super) fn optional_text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        if self.0.contains_key(name) { self.text(name).map(Some) } else { Ok(None) }
    }

    pub(super) fn optional_path(&self, name: &str) -> Result<Option<PathBuf>, ConfigError> {
        Ok(self.optional_text(name)?.map(PathBuf::from))
    }

    /// A place for an archive. What kinds of place there are is the store's affair; a password in a
    /// URL is refused here, because a place is shown and written down everywhere.
    pub(super) fn place(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let place = self.optional_text(name)?;
        let authority = place.as_deref().and_then(|place| place.split_once("://")).map(|(_, rest)| rest);
        let authority = authority.and_then(|rest| rest.split('/').next());
        if authority.is_some_and(|authority| authority.contains('@')) {
            let help = "leave out what stands before the `@`, and give credentials the way the store expects them";
            return Err(self.refuse(name, "a place must not hold credentials", help));
        }
        Ok(place)
    }

    pub(super) fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<T, ConfigError> {
        let text = self.text(name)?;
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let list: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.refuse(name, "that is not one of its words", &format!("write one of {}", list.join(", ")))
        })
    }

    pub(super) fn span(&self, name: &str) -> Result<Duration, ConfigError> {
        let (key, chosen) = self.get(name)?;
        let value = humantime::parse_duration(chosen.value.trim())
            .map_err(|_| self.refuse(name, "that is not a span of time", "write it like `7d`, `1h 30m` or `0s`"))?;
        let Kind::Span { least, most, why } = key.kind else { return Ok(value) };
        if value < least {
            let help = format!("write at least `{}`", humantime::format_duration(least));
            return Err(self.refuse(name, &format!("that is too short: {why}"), &help));
        }
        if value > most {
            let bound = Duration::from_secs(most.as_secs().saturating_add(u64::from(most.subsec_nanos() > 0)));
            let relation = if bound == most { "at most" } else { "less than" };
            let help = format!("write {relation} `{}`", in_days(bound));
            return Err(self.refuse(name, &format!("that is too long: {why}"), &help));
        }
        Ok(value)
    }

    pub(super) fn count(&self, name: &str) -> Result<u32, ConfigError> {
        let text = self.text(name)?;
        let refusal = |_| self.refuse(name, "that is not a whole number from 0", "write it like `500`");
        text.parse().map_err(refusal)
    }

    pub(super) fn share(&self, name: &str) -> Result<f64, ConfigError> {
        let value = self.text(name)?.parse::<f64>().ok().filter(|value| *value > 0.0 && *value <= 1.0);
        value.ok_or_else(|| {
            let why = "that is not a part of the budget: it must be above 0 and at most 1";
            self.refuse(name, why, "write `1.0` for all of it, `0.5` for half")
        })
    }

    /// The address of the API: https, or http to this machine, because the key travels with every request.
    pub(super) fn address(&self, name: &str) -> Result<Url, ConfigError> {
        let help = "write it like `https://pigment.app`";
        let refusal = |why: &str| self.refuse(name, why, help);
        let url = Url::parse(&self.text(name)?).map_err(|error| refusal(&format!("that is not a URL: {error}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refusal("an address must not hold credentials"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refusal("an address must not have a query or a fragment"));
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_loopback(&url) => Ok(url),
            "http" => Err(refusal("plain http is for this machine only: it would show the API key to the network")),
            _ => Err(refusal("only https is spoken")),
        }
    }
}

/// Days where they come out even: humantime would write 180 days as `5months 27days …`.
fn in_days(span: Duration) -> String {
    const DAY: u64 = 86_400;
    match span.as_secs() {
        seconds if seconds >= DAY && seconds % DAY == 0 => format!("{}d", seconds / DAY),
        _ => humantime::format_duration(span).to_string(),
    }
}

/// Whether this address cannot leave the machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}
