//! Times as people type them, resolved to half-open spans in UTC.
//!
//! | typed | means |
//! |---|---|
//! | `2026` `2026-Q3` `2026-11` `2026-11-01` | that year, quarter, month, day |
//! | `last-month` | the calendar month before the one `now` lies in |
//! | `7d`, `36h`, `36h ago` | from so long ago until now |
//! | `2026-11-01T08:00:00Z` | that instant |

use std::fmt;

use chrono::{Datelike, Months, NaiveDate};

use super::{SafeText, Timestamp};

/// Years within which an event can lie; anything else is a slip of the hand.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2199;

/// A resolved time: `[from, to)` in UTC. An instant has `from` = `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant after.
    pub to: Timestamp,
    /// How the span came about, to print beside it: `month 2026-10 (last month)`.
    pub reason: String,
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(out, "{} ({})", self.from, self.reason)
        } else {
            write!(out, "{} → {} ({})", self.from, self.to, self.reason)
        }
    }
}

/// A text that is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a time: {why}\nhelp: write `2026-11-01`, `2026-11`, `2026-Q3`, `2026`, `7d`, `last-month` or \
     `2026-11-01T08:00:00Z`; all times are UTC"
)]
pub struct TimeSpecError {
    /// What was typed, fit to be shown.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Reads times as people type them.
#[derive(Clone, Copy, Debug)]
pub struct TimeSpec;

impl TimeSpec {
    /// Resolves a text; `now` is what `7d` and `last-month` are counted from.
    pub fn parse(text: &str, now: Timestamp) -> Result<Span, TimeSpecError> {
        let typed = text.trim();
        let refuse = |why| TimeSpecError { text: SafeText(typed).up_to(60), why };
        let found =
            calendar(typed).or_else(|| last_month(typed, now)).or_else(|| instant(typed)).or_else(|| ago(typed, now));
        let span = found.ok_or_else(|| refuse(why_not(typed)))?;
        if !YEARS.contains(&span.from.year()) {
            return Err(refuse("it reaches out of the years 1970 to 2199"));
        }
        Ok(span)
    }
}

/// The likeliest slip.
fn why_not(typed: &str) -> &'static str {
    let is_date = typed.get(..10).is_some_and(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d").is_ok());
    if typed.is_empty() {
        "it is empty"
    } else if is_date && typed.len() > 10 {
        "a time of day needs seconds and its zone, such as `Z`"
    } else if typed.bytes().all(|byte| byte.is_ascii_digit()) {
        "a number needs a unit, such as `7d` or `36h`; a year has four digits"
    } else {
        "it is neither a date, nor a span, nor a name of one"
    }
}

/// A year, quarter, month or day, written with exactly as many digits as it should have.
fn calendar(typed: &str) -> Option<Span> {
    let (months, kind) = match typed.len() {
        4 => (12, "year"),
        7 if typed.as_bytes().get(5).is_some_and(|c| c.eq_ignore_ascii_case(&b'q')) => return quarter(typed),
        7 => (1, "month"),
        10 => (0, "day"),
        _ => return None,
    };
    let is_plain = |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    if !typed.bytes().enumerate().all(is_plain) {
        return None;
    }
    let whole = format!("{typed}{}", &"0000-01-01"[typed.len()..]);
    let first = NaiveDate::parse_from_str(&whole, "%Y-%m-%d").ok()?;
    let next = if months == 0 { first.succ_opt() } else { first.checked_add_months(Months::new(months)) };
    Some(days(first, next?, format!("{kind} {typed}")))
}

fn quarter(typed: &str) -> Option<Span> {
    let (year, number) = typed.to_ascii_uppercase().split_once("-Q").map(|(y, n)| (y.to_owned(), n.to_owned()))?;
    if !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u32 = number.parse().ok().filter(|number| (1..=4).contains(number))?;
    let first = NaiveDate::from_ymd_opt(year.parse().ok()?, number * 3 - 2, 1)?;
    Some(days(first, first.checked_add_months(Months::new(3))?, format!("quarter {year}-Q{number}")))
}

fn last_month(typed: &str, now: Timestamp) -> Option<Span> {
    if !typed.eq_ignore_ascii_case("last-month") {
        return None;
    }
    let next = now.date().with_day(1)?;
    let first = next.checked_sub_months(Months::new(1))?;
    Some(days(first, next, format!("month {} (last month)", first.format("%Y-%m"))))
}

fn instant(typed: &str) -> Option<Span> {
    let at = Timestamp::parse(typed)?;
    Some(Span { from: at, to: at, reason: "the instant given".to_owned() })
}

fn ago(typed: &str, now: Timestamp) -> Option<Span> {
    let length = typed.strip_suffix("ago").map_or(typed, str::trim_end);
    let span = humantime::parse_duration(length).ok()?;
    Some(Span { from: now - span, to: now, reason: format!("the last {length} before {now}") })
}

fn days(first: NaiveDate, next: NaiveDate, reason: String) -> Span {
    Span { from: Timestamp::start_of(first), to: Timestamp::start_of(next), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-20T08:30:00Z").unwrap()
    }

    fn resolved(text: &str) -> String {
        TimeSpec::parse(text, now()).map_or_else(|error| error.why.to_owned(), |span| span.to_string())
    }

    #[test]
    fn each_way_to_type_a_time_is_understood() {
        for (text, span) in [
            ("2026-11-01", "2026-11-01T00:00:00Z → 2026-11-02T00:00:00Z (day 2026-11-01)"),
            ("2024-02-29", "2024-02-29T00:00:00Z → 2024-03-01T00:00:00Z (day 2024-02-29)"),
            ("2026-12", "2026-12-01T00:00:00Z → 2027-01-01T00:00:00Z (month 2026-12)"),
            ("2026-q3", "2026-07-01T00:00:00Z → 2026-10-01T00:00:00Z (quarter 2026-Q3)"),
            ("2026", "2026-01-01T00:00:00Z → 2027-01-01T00:00:00Z (year 2026)"),
            ("last-month", "2026-10-01T00:00:00Z → 2026-11-01T00:00:00Z (month 2026-10 (last month))"),
            ("2026-11-01T08:00:00+02:00", "2026-11-01T06:00:00Z (the instant given)"),
            ("7d", "2026-11-13T08:30:00Z → 2026-11-20T08:30:00Z (the last 7d before 2026-11-20T08:30:00Z)"),
            (" 36h ago ", "2026-11-18T20:30:00Z → 2026-11-20T08:30:00Z (the last 36h before 2026-11-20T08:30:00Z)"),
        ] {
            assert_eq!(resolved(text), span, "{text}");
        }
    }

    #[test]
    fn slips_are_refused_with_their_reason() {
        for (text, why) in [
            ("", "empty"),
            ("2026-11-01T08:00:00", "zone"),
            ("7", "unit"),
            ("20261101", "unit"),
            ("1969", "1970"),
            ("0001-01-01T00:00:00Z", "1970"),
            ("900y", "1970"),
            ("2026-Q5", "neither"),
            ("2026-13", "neither"),
            ("2025-02-29", "neither"),
            ("+026-11", "neither"),
            ("next-month", "neither"),
            ("ago", "neither"),
        ] {
            assert!(resolved(text).contains(why), "{text}: {}", resolved(text));
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_span_runs_backwards(text in "\\PC{0,20}|[0-9QT:Z+. -]{0,25}") {
            if let Ok(span) = TimeSpec::parse(&text, now()) {
                prop_assert!(span.from <= span.to);
            }
        }

        #[test]
        fn quarters_and_months_tile_their_year(year in 1970_i32..=2199) {
            let year_span = TimeSpec::parse(&year.to_string(), now()).unwrap();
            let months = (1..=12).map(|month| format!("{year}-{month:02}")).collect::<Vec<_>>();
            let quarters = (1..=4).map(|quarter| format!("{year}-Q{quarter}")).collect();
            for parts in [months, quarters] {
                let mut at = year_span.from;
                for part in parts {
                    let span = TimeSpec::parse(&part, now()).unwrap();
                    prop_assert_eq!(span.from, at);
                    at = span.to;
                }
                prop_assert_eq!(at, year_span.to);
            }
        }
    }
}
