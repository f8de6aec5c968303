//! What the API knows and a client cannot: everything there was, and everything that was asked.

use chrono::NaiveDate;

use super::machine::{Api, shift};
use super::stats::Stats;
use super::timeline::{Event, Position};
use crate::domain::Timestamp;
use crate::sim::workload::{Omission, event_id};

impl Api {
    /// The `eventId` of every event that a reader could ever have seen up to this time, in order of ingestion:
    /// what an archive without gaps holds. Events that cannot be archived are left out ([`Api::rejects`]).
    pub fn truth(&self, now: Timestamp) -> impl Iterator<Item = String> + '_ {
        self.truth_days(now).flat_map(move |day| self.truth_of(day, now))
    }

    /// The days that [`Api::truth_of`] can be asked about, oldest first.
    pub fn truth_days(&self, now: Timestamp) -> impl Iterator<Item = NaiveDate> + use<> {
        self.timeline.told_days(shift(now, self.settings.skew_s))
    }

    /// The part of the truth that was ingested on one UTC day.
    pub fn truth_of(&self, day: NaiveDate, now: Timestamp) -> Vec<String> {
        let told = self.timeline.told(day, shift(now, self.settings.skew_s));
        told.into_iter().filter_map(|event| self.archivable_id(event)).collect()
    }

    /// How many events a reader could have seen that have no id or no time (E31).
    pub fn rejects(&self, now: Timestamp) -> u64 {
        let of_day = |day| {
            let told = self.timeline.told(day, shift(now, self.settings.skew_s));
            told.into_iter().filter(|event| self.archivable_id(*event).is_none()).count() as u64
        };
        self.truth_days(now).map(of_day).sum()
    }

    /// How many events a reader would see at this time.
    pub fn visible(&mut self, now: Timestamp) -> u64 {
        let now = self.advance(now);
        let timeline = &self.timeline;
        timeline.descend(Position::TOP).filter(|(at, event)| timeline.is_visible(*at, *event, now)).count() as u64
    }

    /// What it was asked and what it served.
    pub fn stats(&mut self, now: Timestamp) -> Stats {
        let visible = self.visible(now);
        Stats { busiest_window: self.rate.busiest(), visible, now: Some(self.now), ..self.stats.clone() }
    }

    fn archivable_id(&self, event: Event<'_>) -> Option<String> {
        match event {
            Event::Planned(plan) => {
                self.omission(plan.seed).is_none_or(Omission::leaves_an_event).then(|| event_id(&plan))
            }
            Event::Inserted(inserted) => inserted.id.clone(),
        }
    }
}
