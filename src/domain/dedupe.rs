//! One `eventId`, one row: which bodies are new, which are held, which contradict what is held.
//!
//! An event keeps its `eventTimestamp`, so a duplicate can only lie in a segment that holds rows of
//! its day, or of the day beside it. [`HeldIds`] therefore keeps ids by day, loads only the days a
//! batch needs, and forgets the fullest days that a walk has left behind: memory is bounded, whatever the
//! history. Days of which late events name a few rows stay, because reading them again costs most.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU64;

use chrono::{Days, NaiveDate};

use super::Digest;

/// What is remembered of one held event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The first 64 bits of the SHA-256 of its text; none where its segment cannot be read any more. Only ever
    /// compared with the text of the same id, so that half a million of them stay small.
    pub body: Option<NonZeroU64>,
    /// The version whose segment holds it. A log is shorter than four thousand million commits.
    pub version: u32,
}

/// Ids of held events of the days that are loaded.
#[derive(Debug, Default)]
pub struct HeldIds {
    ids: HashMap<u128, Held>,
    days: BTreeMap<NaiveDate, Day>,
    turn: u64,
}

#[derive(Debug, Default)]
struct Day {
    ids: Vec<u128>,
    used: u64,
}

/// The identity of an `eventId` in memory.
pub fn id_hash(id: &str) -> u128 {
    Digest::of(id.as_bytes()).short()
}

/// The days whose segments can hold an event of one of `days`: these, and the ones beside them.
pub fn neighbourhood(days: &BTreeSet<NaiveDate>) -> BTreeSet<NaiveDate> {
    days.iter().flat_map(|day| around(*day)).collect()
}

fn around(day: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    let before = day.checked_sub_days(Days::new(1));
    let after = day.checked_add_days(Days::new(1));
    [before, Some(day), after].into_iter().flatten()
}

impl HeldIds {
    /// Which of `days` are not loaded.
    pub fn missing(&self, days: &BTreeSet<NaiveDate>) -> BTreeSet<NaiveDate> {
        days.iter().filter(|day| !self.days.contains_key(day)).copied().collect()
    }

    /// The loaded days.
    pub fn loaded(&self) -> BTreeSet<NaiveDate> {
        self.days.keys().copied().collect()
    }

    /// Opens days, to be filled with [`HeldIds::insert`].
    pub fn open(&mut self, days: &BTreeSet<NaiveDate>) {
        for day in days {
            self.days.entry(*day).or_default().used = self.turn;
        }
    }

    /// Remembers one event, if its day is loaded. The first one seen of an id stays.
    pub fn insert(&mut self, day: NaiveDate, id: u128, held: Held) {
        if let Some(day) = self.days.get_mut(&day)
            && let Entry::Vacant(place) = self.ids.entry(id)
        {
            place.insert(held);
            day.ids.push(id);
        }
    }

    /// Looks an event up among all loaded days: its own and the ones beside it are among them, and an
    /// id that comes with another day's time is still the same id.
    pub fn find(&self, id: u128) -> Option<Held> {
        self.ids.get(&id).copied()
    }

    /// Begins a new batch that needs `days`: forgets the fullest of the days it does not need while more than
    /// `ids_max` ids are held and a day is not needed.
    pub fn turn(&mut self, days: &BTreeSet<NaiveDate>, ids_max: usize) {
        self.turn += 1;
        for day in days {
            if let Some(day) = self.days.get_mut(day) {
                day.used = self.turn;
            }
        }
        while self.ids.len() > ids_max {
            let idle = self.days.iter().filter(|(_, day)| day.used < self.turn);
            let fullest = idle.max_by_key(|(_, day)| (day.ids.len(), Reverse(day.used)));
            let Some(fullest) = fullest.map(|(date, _)| *date) else { return };
            for id in self.days.remove(&fullest).map(|day| day.ids).unwrap_or_default() {
                self.ids.remove(&id);
            }
        }
    }
}

/// Whether two texts are the same event: equal bytes, or equal parsed JSON.
pub fn same_content(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let parse = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    matches!((parse(one), parse(other)), (Some(one), Some(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u64) -> NaiveDate {
        NaiveDate::default() + Days::new(day)
    }

    #[test]
    fn the_first_of_an_id_stays() {
        let mut held = HeldIds::default();
        held.open(&BTreeSet::from([day(5), day(9)]));
        held.insert(day(5), 7, Held { version: 1, body: NonZeroU64::new(1) });
        held.insert(day(9), 7, Held { version: 2, body: NonZeroU64::new(2) });
        held.insert(day(6), 8, Held { version: 2, body: NonZeroU64::new(2) });
        assert_eq!(held.find(7).map(|held| held.version), Some(1));
        assert!(held.find(8).is_none(), "its day is not loaded");
    }

    #[test]
    fn the_fullest_days_left_behind_are_forgotten_first() {
        let mut held = HeldIds::default();
        for (number, ids) in [(1, 1), (2, 3), (3, 1)] {
            let days = BTreeSet::from([day(number)]);
            held.turn(&days, 4);
            held.open(&days);
            (0..ids)
                .for_each(|id| held.insert(day(number), u128::from(number * 10 + id), Held { version: 1, body: None }));
        }
        held.turn(&BTreeSet::from([day(3)]), 4);
        assert_eq!(held.loaded(), BTreeSet::from([day(1), day(3)]));
        assert!(held.find(20).is_none() && held.find(10).is_some());
        held.turn(&BTreeSet::from([day(3)]), 0);
        assert_eq!(held.loaded(), BTreeSet::from([day(3)]), "what the batch needs stays");
    }

    #[test]
    fn spelling_is_not_content() {
        assert!(same_content(r#"{"a":1,"b":"A"}"#, r#"{ "b": "\u0041", "a": 1 }"#));
        assert!(!same_content(r#"{"a":1}"#, r#"{"a":2}"#));
        assert!(!same_content("{", "{ "));
    }
}
