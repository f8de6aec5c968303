//! Instants as Pigment writes them: UTC, counted in steps of 100 nanoseconds.
//!
//! The API sends up to seven fractional digits (C33). Microseconds would lose the order of two
//! events, so every instant inside Ochre is a count of *ticks* of 100 ns since 1970.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const TICKS_PER_SECOND: i64 = 10_000_000;

/// An instant in UTC, exact to 100 ns.
///
/// ```
/// use ochre::domain::Timestamp;
/// let seven_digits = Timestamp::parse("2023-12-07T12:04:31.0146524+00:00").unwrap();
/// assert_eq!(seven_digits.to_string(), "2023-12-07T12:04:31.0146524Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The step of a [`Timestamp`]: 100 ns.
    pub const TICK: TimeDelta = TimeDelta::nanoseconds(100);

    /// From ticks of 100 ns since 1970-01-01T00:00:00Z.
    pub const fn from_ticks(ticks: i64) -> Self {
        Self(ticks)
    }

    /// Ticks of 100 ns since 1970-01-01T00:00:00Z.
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// From whole seconds since 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * TICKS_PER_SECOND)
    }

    /// Microseconds since 1970, truncated towards the past: what the lake's columns hold.
    pub const fn micros(self) -> i64 {
        self.0.div_euclid(10)
    }

    /// Reads RFC 3339 with 0 to 9 fractional digits and `Z` or a numeric offset (C33).
    /// Digits beyond the seventh are cut. `None` for anything else, a naive time included.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text.trim()).ok().map(|at| Self::from_chrono(at.to_utc()))
    }

    /// The instant a day begins, UTC.
    pub fn start_of(date: NaiveDate) -> Self {
        Self::from_chrono(date.and_time(chrono::NaiveTime::MIN).and_utc())
    }

    /// The UTC day this instant lies in.
    pub fn date(self) -> NaiveDate {
        self.to_chrono().date_naive()
    }

    /// The UTC calendar year.
    pub fn year(self) -> i32 {
        self.to_chrono().year()
    }

    /// From a chrono instant; anything finer than 100 ns is cut.
    pub fn from_chrono(at: DateTime<Utc>) -> Self {
        Self(at.timestamp() * TICKS_PER_SECOND + i64::from(at.timestamp_subsec_nanos() / 100))
    }

    /// As a chrono instant. Instants outside chrono's range become its nearest end.
    pub fn to_chrono(self) -> DateTime<Utc> {
        let seconds = self.0.div_euclid(TICKS_PER_SECOND);
        let nanos = self.0.rem_euclid(TICKS_PER_SECOND) * 100;
        DateTime::from_timestamp(seconds, nanos as u32).unwrap_or(if self.0 < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        })
    }

    /// RFC 3339 with `Z` and whole seconds, for people and for the API's `ingestedSince` (C6).
    pub fn to_seconds_string(self) -> String {
        self.to_chrono().to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// Time from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        let ticks = u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0);
        Duration::from_nanos(ticks.saturating_mul(100))
    }

    /// The distance to another instant, whichever is earlier.
    pub fn distance(self, other: Self) -> Duration {
        if self > other { self.since(other) } else { other.since(self) }
    }
}

fn ticks_of(span: Duration) -> i64 {
    i64::try_from(span.as_nanos() / 100).unwrap_or(i64::MAX)
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(ticks_of(span)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(ticks_of(span)))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 with `Z`; seven fractional digits, or none where they are all zero.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.to_chrono();
        let ticks = self.0.rem_euclid(TICKS_PER_SECOND);
        if ticks == 0 {
            write!(out, "{}", at.format("%Y-%m-%dT%H:%M:%SZ"))
        } else {
            write!(out, "{}.{ticks:07}Z", at.format("%Y-%m-%dT%H:%M:%S"))
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an RFC 3339 time")))
    }
}
