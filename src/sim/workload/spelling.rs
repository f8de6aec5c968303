//! How the API writes an instant: not always alike (C33, E45).

use chrono::{Datelike, Timelike};

use super::chance::Chance;
use crate::domain::Timestamp;

const TICKS_PER_SECOND: i64 = 10_000_000;

/// Writes an instant exactly, in one of the documented spellings: seven fractional digits or fewer with
/// the zeros at the end cut, `+00:00` or `Z`.
pub(super) fn push_instant(out: &mut String, at: Timestamp, chance: &mut Chance) {
    push_seconds(out, at);
    let ticks = at.ticks().rem_euclid(TICKS_PER_SECOND);
    let trimmed = chance.one_in(3);
    if !(trimmed && ticks == 0) {
        let (mut digits, mut rest) = (7, ticks);
        while trimmed && rest % 10 == 0 && digits > 1 {
            rest /= 10;
            digits -= 1;
        }
        out.push('.');
        push_decimal(out, rest, digits);
    }
    out.push_str(if chance.one_in(6) { "Z" } else { "+00:00" });
}

/// `2026-01-31T23:59:59`, with no zone.
pub(super) fn push_seconds(out: &mut String, at: Timestamp) {
    let at = at.to_chrono();
    for (number, digits, mark) in [
        (i64::from(at.year()), 4, '-'),
        (i64::from(at.month()), 2, '-'),
        (i64::from(at.day()), 2, 'T'),
        (i64::from(at.hour()), 2, ':'),
        (i64::from(at.minute()), 2, ':'),
    ] {
        push_decimal(out, number, digits);
        out.push(mark);
    }
    push_decimal(out, i64::from(at.second()), 2);
}

fn push_decimal(out: &mut String, number: i64, digits: u32) {
    for place in (0..digits).rev() {
        out.push(char::from(b'0' + (number / 10_i64.pow(place)).rem_euclid(10) as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_the_same_instant() {
        for ticks in [0, 1, 10, 5_000_000, 9_999_999, 17_000_000_001_230_000] {
            let mut seen = std::collections::BTreeSet::new();
            for seed in 0..200 {
                let mut text = String::new();
                push_instant(&mut text, Timestamp::from_ticks(ticks), &mut Chance::new(seed));
                assert_eq!(Timestamp::parse(&text), Some(Timestamp::from_ticks(ticks)), "{text}");
                seen.insert(text);
            }
            assert!(seen.len() >= 2);
        }
    }
}
