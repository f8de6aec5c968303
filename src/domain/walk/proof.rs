//! What the pages of a walk prove.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::coverage::Interval;
use crate::domain::log::WalkAdvanced;
use crate::domain::window::LOOK_BACK;

/// The first instant above `since` that an ended walk proves: whether `since` itself is shown is unknown (C7).
pub const BELOW_SINCE: Duration = Duration::from_secs(1);

/// Pages in a row that may go by without getting deeper before the walk counts as stuck.
pub const IDLE_PAGES_MAX: u32 = 100;

const TICK: Duration = Duration::from_nanos(100);

/// What matters of one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageFacts {
    /// The newest `ingestionTimestamp` on it.
    pub newest: Option<Timestamp>,
    /// The oldest `ingestionTimestamp` on it.
    pub oldest: Option<Timestamp>,
    /// Whether its events were newest first.
    pub descending: bool,
    /// The server's clock when it was sent.
    pub served_at: Timestamp,
    /// How long its request took.
    pub took: Duration,
}

impl PageFacts {
    /// Reads the facts off a page's ingestion times, in the order they were sent.
    pub fn of(ingested: impl Iterator<Item = Timestamp>, served_at: Timestamp, took: Duration) -> Self {
        let mut facts = Self { newest: None, oldest: None, descending: true, served_at, took };
        let mut before = None;
        for at in ingested {
            facts.descending &= before.is_none_or(|before| at <= before);
            facts.newest = facts.newest.max(Some(at));
            facts.oldest = Some(facts.oldest.map_or(at, |oldest| oldest.min(at)));
            before = Some(at);
        }
        facts
    }
}

/// The proof of one walk so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// `ingestedSince`.
    pub since: Timestamp,
    /// The end of what the walk can prove; set by its first page.
    pub top: Option<Timestamp>,
    /// The oldest instant proven, where a page was seen.
    pub reached: Option<Timestamp>,
    /// Whether every page was newest first.
    pub ordered: bool,
    /// Pages absorbed.
    pub pages: u64,
    /// Pages in a row that got no deeper.
    pub idle: u32,
    deepest: Option<Timestamp>,
}

impl Proof {
    /// A walk that has not begun.
    pub fn new(since: Timestamp) -> Self {
        Self { since, top: None, reached: None, ordered: true, pages: 0, idle: 0, deepest: None }
    }

    /// A walk that goes on where the log says it stands.
    pub fn resume(fact: &WalkAdvanced) -> Self {
        Self {
            since: fact.since,
            top: Some(fact.top),
            reached: Some(fact.reached),
            ordered: fact.ordered,
            pages: fact.pages,
            idle: 0,
            deepest: (fact.reached < fact.top).then_some(fact.reached),
        }
    }

    /// Takes in the next page.
    pub fn absorb(&mut self, page: &PageFacts, lag: Duration) {
        let top = *self.top.get_or_insert(page.served_at - page.took - lag);
        let reached = *self.reached.get_or_insert(top);
        self.pages += 1;
        let follows = match (self.deepest, page.newest) {
            (Some(deepest), Some(newest)) => newest <= deepest,
            _ => true,
        };
        // An event older than what was asked for says that the order is not the one of ingestion.
        let within = page.oldest.is_none_or(|oldest| oldest + BELOW_SINCE >= self.since);
        self.ordered &= page.descending && follows && within;
        let deeper = page.oldest.filter(|oldest| self.deepest.is_none_or(|deepest| *oldest < deepest));
        self.idle = if deeper.is_some() { 0 } else { self.idle + 1 };
        self.deepest = deeper.or(self.deepest);
        if let (true, Some(oldest)) = (self.ordered, page.oldest) {
            // Older events had left the API when it sent this page: it says nothing about them.
            let proven = (oldest + TICK).max(page.served_at - LOOK_BACK);
            self.reached = Some(reached.min(proven));
        }
    }

    /// Takes in that the API says nothing older follows, at `served_at`.
    pub fn finish(&mut self, served_at: Timestamp) {
        let end = (self.since + BELOW_SINCE).max(served_at - LOOK_BACK);
        self.reached = self.reached.map(|reached| reached.min(end));
    }

    /// The span proven so far, unless it is empty.
    pub fn span(&self) -> Option<Interval> {
        let span = Interval::new(self.reached?, self.top?);
        (!span.is_empty()).then_some(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG: Duration = Duration::from_secs(300);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(100_000_000 + second)
    }

    fn page(seconds: &[i64]) -> PageFacts {
        PageFacts::of(seconds.iter().map(|second| at(*second)), at(1_000), Duration::from_secs(2))
    }

    #[test]
    fn a_page_proves_down_to_just_above_its_oldest_event() {
        let mut proof = Proof::new(at(0));
        proof.absorb(&page(&[990, 600, 500]), LAG);
        assert_eq!(proof.span(), Some(Interval::new(at(500) + TICK, at(698))));
    }

    #[test]
    fn events_newer_than_the_lag_prove_nothing_yet() {
        let mut proof = Proof::new(at(0));
        proof.absorb(&page(&[990, 980]), LAG);
        assert_eq!(proof.span(), None);
    }

    #[test]
    fn a_page_out_of_order_advances_nothing_until_the_walk_ends() {
        let mut proof = Proof::new(at(0));
        proof.absorb(&page(&[500, 600]), LAG);
        proof.absorb(&page(&[400, 300]), LAG);
        assert_eq!((proof.span(), proof.ordered), (None, false));
        proof.finish(at(1_000));
        assert_eq!(proof.span(), Some(Interval::new(at(1), at(698))));
    }

    #[test]
    fn a_walk_that_outlives_the_look_back_claims_nothing_below_it() {
        let mut proof = Proof::new(at(0));
        let mut late = page(&[500, 400]);
        late.served_at = at(450) + LOOK_BACK;
        proof.absorb(&page(&[600]), LAG);
        proof.absorb(&late, LAG);
        proof.finish(at(460) + LOOK_BACK);
        assert_eq!(proof.span(), Some(Interval::new(at(450), at(698))));
    }

    #[test]
    fn pages_that_get_no_deeper_are_counted() {
        let mut proof = Proof::new(at(0));
        for _ in 0..3 {
            proof.absorb(&page(&[600, 600]), LAG);
        }
        assert_eq!(proof.idle, 2);
    }
}
