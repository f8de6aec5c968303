//! Every event there is, in the API's order, within the look-back.
//!
//! Days are planned when the clock reaches them and forgotten when they leave the look-back: planning is a
//! pure function, so what was forgotten can be told again ([`Timeline::told`]).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chrono::{Days, NaiveDate};

use super::settings::LOOK_BACK;
use crate::domain::Timestamp;
use crate::sim::workload::{EventPlan, WorkloadSpec, mix, plan_day};

/// Where an event stands: by ingestion, ties by a number that follows the event's id (E1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) ingested: Timestamp,
    pub(super) order: u64,
}

impl Position {
    /// Above every event.
    pub(super) const TOP: Self = Self { ingested: Timestamp::from_ticks(i64::MAX), order: u64::MAX };
}

/// An event put in by hand.
#[derive(Clone, Debug)]
pub(super) struct Inserted {
    /// Its JSON text.
    pub(super) text: String,
    /// Its `eventId`, where an archive can keep it: the id is text, and there is a time.
    pub(super) id: Option<String>,
    /// From when on readers see it.
    visible_from: Timestamp,
}

/// A planned event or one put in by hand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event<'a> {
    Planned(EventPlan),
    Inserted(&'a Inserted),
}

#[derive(Debug)]
struct Day {
    date: NaiveDate,
    plans: Vec<EventPlan>,
}

/// The events of the past 180 days, and the rule by which there are more each day.
#[derive(Debug)]
pub(super) struct Timeline {
    spec: WorkloadSpec,
    start: Timestamp,
    late_visible: Duration,
    days: VecDeque<Day>,
    inserted: BTreeMap<Position, Inserted>,
}

impl Timeline {
    /// Nothing happened before `start`.
    pub(super) fn new(spec: WorkloadSpec, start: Timestamp, late_visible: Duration) -> Self {
        Self { spec, start, late_visible, days: VecDeque::new(), inserted: BTreeMap::new() }
    }

    /// Plans the days up to `now` and forgets those beyond the look-back. The clock may jump either way.
    pub(super) fn reach(&mut self, now: Timestamp) {
        let first = self.start.date().max((now - LOOK_BACK).date());
        let last = now.date();
        while self.days.front().is_some_and(|day| day.date < first) {
            self.days.pop_front();
        }
        if self.days.front().is_some_and(|day| day.date > last) {
            self.days.clear();
        }
        while let Some(day) = self.days.front().filter(|day| day.date > first).and_then(|day| day.date.pred_opt()) {
            let day = self.plan(day);
            self.days.push_front(day);
        }
        let mut next = self.days.back().map_or(first, |day| day.date + Days::new(1));
        while next <= last {
            let day = self.plan(next);
            self.days.push_back(day);
            next = next + Days::new(1);
        }
    }

    fn plan(&self, date: NaiveDate) -> Day {
        let mut plans = plan_day(&self.spec, date);
        plans.retain(|plan| plan.ingested >= self.start);
        Day { date, plans }
    }

    /// Adds an event; `order` tells ties apart.
    pub(super) fn insert(&mut self, ingested: Timestamp, order: u64, text: String, now: Timestamp) {
        let visible_from = ingested.max(now);
        let id = archivable_id(&text);
        self.inserted.insert(Position { ingested, order }, Inserted { text, id, visible_from });
    }

    /// Every event older than `below`, newest first, visible or not.
    pub(super) fn descend(&self, below: Position) -> impl Iterator<Item = (Position, Event<'_>)> {
        let planned = self.days.iter().rev().flat_map(move |day| {
            let end = day.plans.partition_point(|plan| position(plan) < below);
            day.plans[..end].iter().rev().map(|plan| (position(plan), Event::Planned(*plan)))
        });
        let inserted = self.inserted.range(..below).rev().map(|(at, event)| (*at, Event::Inserted(event)));
        Merged { planned: planned.peekable(), inserted: inserted.peekable() }
    }

    /// From when on readers see an event.
    pub(super) fn visible_from(&self, event: Event<'_>) -> Timestamp {
        match event {
            Event::Planned(plan) if is_held_back(plan.seed) => plan.ingested + self.late_visible,
            Event::Planned(plan) => plan.ingested,
            Event::Inserted(event) => event.visible_from,
        }
    }

    /// Whether a reader sees an event at this time (E5, E19).
    pub(super) fn is_visible(&self, at: Position, event: Event<'_>, now: Timestamp) -> bool {
        at.ingested >= now - LOOK_BACK && self.visible_from(event) <= now
    }

    /// The days on which anything was ingested so far, oldest first.
    pub(super) fn told_days(&self, now: Timestamp) -> impl Iterator<Item = NaiveDate> + use<> {
        let earliest = self.inserted.keys().next().map_or(self.start, |at| at.ingested.min(self.start));
        let last = now.date();
        earliest.date().iter_days().take_while(move |day| *day <= last)
    }

    /// What was ingested on a day and was visible at some time up to `now`, in order of ingestion.
    pub(super) fn told(&self, date: NaiveDate, now: Timestamp) -> Vec<Event<'_>> {
        let from = Timestamp::start_of(date);
        let planned = if date < self.start.date() { Vec::new() } else { self.plan(date).plans };
        let inserted = self
            .inserted
            .range(
                Position { ingested: from, order: 0 }..Position {
                    ingested: from + Duration::from_secs(86_400),
                    order: 0,
                },
            )
            .map(|(at, event)| (at.ingested, Event::Inserted(event)));
        let mut told: Vec<_> =
            planned.into_iter().map(|plan| (plan.ingested, Event::Planned(plan))).chain(inserted).collect();
        told.retain(|(ingested, event)| {
            let from = self.visible_from(*event);
            from <= now && from <= *ingested + LOOK_BACK
        });
        told.sort_by_key(|(ingested, _)| *ingested);
        told.into_iter().map(|(_, event)| event).collect()
    }
}

const fn position(plan: &EventPlan) -> Position {
    Position { ingested: plan.ingested, order: plan.seed }
}

fn archivable_id(text: &str) -> Option<String> {
    let event: serde_json::Value = serde_json::from_str(text).ok()?;
    let id = event.get("eventId")?.as_str().filter(|id| !id.is_empty())?;
    let time = Timestamp::parse(event.get("eventTimestamp")?.as_str()?)?;
    (1970..2200).contains(&time.year()).then(|| id.to_owned())
}

/// One event in 40.
const fn is_held_back(seed: u64) -> bool {
    mix(seed ^ 0x1a7e).is_multiple_of(40)
}

/// Two descending sequences as one.
struct Merged<P: Iterator, I: Iterator> {
    planned: std::iter::Peekable<P>,
    inserted: std::iter::Peekable<I>,
}

impl<'a, P, I> Iterator for Merged<P, I>
where
    P: Iterator<Item = (Position, Event<'a>)>,
    I: Iterator<Item = (Position, Event<'a>)>,
{
    type Item = (Position, Event<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match (self.planned.peek(), self.inserted.peek()) {
            (Some((planned, _)), Some((inserted, _))) if planned < inserted => self.inserted.next(),
            (Some(_), _) => self.planned.next(),
            (None, _) => self.inserted.next(),
        }
    }
}
