//! Which days are due in the lake.
//!
//! A day is published once: when the head has passed its end and nothing that could still belong to
//! it is missing. What comes later for a published day goes out with the next publishing.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::coverage::Interval;
use super::views::Archive;

/// When rows go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishWhen {
    /// When their day is over and settled: about one file a partition.
    Day,
    /// At the end of every run: today is in the lake, in more files.
    Commit,
}

/// The settings a publishing follows.
#[derive(Clone, Copy, Debug)]
pub struct PublishRules {
    /// When rows go out.
    pub when: PublishWhen,
    /// How long after a day's end it counts as settled.
    pub settle: Duration,
}

const A_DAY: Duration = Duration::from_secs(86_400);

/// The days with waiting rows that are due at `now`, by the API server's clock where it is known; oldest first.
pub fn due(archive: &Archive, rules: &PublishRules, now: Timestamp) -> Vec<NaiveDate> {
    let waiting = archive.lake.waiting.keys().copied();
    if rules.when == PublishWhen::Commit {
        return waiting.collect();
    }
    let Some(head) = archive.walks.covered.head() else { return Vec::new() };
    let (late, new): (BTreeSet<_>, BTreeSet<_>) = waiting.partition(|day| archive.lake.intents.contains_key(day));
    let mut due: BTreeSet<_> = new.into_iter().filter(|day| is_over(archive, rules, head, now, *day)).collect();
    // Late rows travel with the next publishing, or once a day where there is none: a file each.
    if !due.is_empty() || archive.lake.last.is_none_or(|last| head >= last + A_DAY) {
        due.extend(late);
    }
    due.into_iter().collect()
}

fn is_over(archive: &Archive, rules: &PublishRules, head: Timestamp, now: Timestamp, day: NaiveDate) -> bool {
    let begin = Timestamp::start_of(day);
    let end = day.checked_add_days(Days::new(1)).map_or(begin, Timestamp::start_of);
    let settled = Interval::new(begin, end + rules.settle);
    // Rows of time before the archive, and rows dated after they were ingested, wait for nothing.
    let outside = archive.walks.floor.is_some_and(|floor| end <= floor) || begin > now;
    outside || (head >= settled.to && !archive.walks.open_gaps().meets(settled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::partition::TypeKey;

    fn at(day: u64, hour: i64) -> Timestamp {
        Timestamp::from_seconds(day as i64 * 86_400 + hour * 3600)
    }

    fn date(day: u64) -> NaiveDate {
        NaiveDate::default() + Days::new(day)
    }

    fn archive(waiting: &[u64], covered: &[(Timestamp, Timestamp)]) -> Archive {
        let mut archive = Archive::default();
        archive.walks.floor = Some(at(10, 0));
        archive.walks.covered = covered.iter().map(|(from, to)| Interval::new(*from, *to)).collect();
        for day in waiting {
            archive.lake.waiting.entry(date(*day)).or_default().insert(TypeKey::Default, 1);
        }
        archive
    }

    fn due_now(archive: &Archive, rules: &PublishRules) -> Vec<NaiveDate> {
        due(archive, rules, at(14, 2))
    }

    const DAILY: PublishRules = PublishRules { when: PublishWhen::Day, settle: Duration::from_secs(3600) };

    #[test]
    fn a_day_is_due_when_it_has_settled_and_nothing_of_it_is_missing() {
        let held = archive(&[12, 13, 14], &[(at(10, 0), at(12, 5)), (at(12, 6), at(14, 1))]);
        assert_eq!(due_now(&held, &DAILY), [date(13)], "12 has a gap, 14 is not over");
    }

    #[test]
    fn days_before_the_archive_and_days_to_come_wait_for_nothing() {
        let held = archive(&[2, 12, 99], &[(at(10, 0), at(12, 5))]);
        assert_eq!(due_now(&held, &DAILY), [date(2), date(99)]);
    }

    #[test]
    fn late_rows_travel_with_the_next_publishing_or_once_a_day() {
        let mut held = archive(&[12], &[(at(10, 0), at(14, 1))]);
        held.lake.intents.insert(date(12), vec![3]);
        held.lake.last = Some(at(13, 12));
        assert_eq!(due_now(&held, &DAILY), []);
        held.lake.waiting.entry(date(13)).or_default().insert(TypeKey::Default, 1);
        held.walks.covered = [Interval::new(at(10, 0), at(14, 2))].into_iter().collect();
        assert_eq!(due_now(&held, &DAILY), [date(12), date(13)]);
        held.lake.waiting.remove(&date(13));
        held.lake.last = Some(at(13, 0));
        assert_eq!(due_now(&held, &DAILY), [date(12)]);
    }

    #[test]
    fn by_commit_everything_that_waits_is_due() {
        let rules = PublishRules { when: PublishWhen::Commit, ..DAILY };
        assert_eq!(due_now(&archive(&[2, 12, 99], &[]), &rules).len(), 3);
    }
}
