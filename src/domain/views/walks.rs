//! Coverage, losses and walks under way.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::coverage::{Coverage, Interval};
use crate::domain::log::{IntervalLost, RunFailed, WalkAbandoned, WalkAdvanced, WalkCompleted, WalkPurpose};
use crate::domain::walk::BELOW_SINCE;

/// The reason of a walk that made room for a newer one: it says nothing about the API.
pub const SUPERSEDED: &str = "superseded";

/// The reason of a walk that met none of the events it had to meet.
pub const CANARY_MISSING: &str = "canary_missing";

/// A walk that has begun and not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveWalk {
    /// Its last advance.
    pub advanced: WalkAdvanced,
    /// The version of its first commit: what was held before that can be its canary.
    pub begun: u64,
    /// Runs that failed at its present cursor.
    pub failures: u32,
}

/// What is covered, what is lost, and which walks are under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WalksView {
    /// Archived ingestion time.
    pub covered: Coverage,
    /// Recorded losses, whether or not something covered them since.
    pub losses: Coverage,
    /// The first instant this archive ever asked for and was answered: time before it was never reachable.
    pub floor: Option<Timestamp>,
    /// Walks under way, by identifier.
    pub live: BTreeMap<String, LiveWalk>,
    /// The end of the last walk that went a sweep's depth.
    pub swept: Option<Timestamp>,
    /// Versions archived by walks that have not met their canary: their events prove nothing to later walks.
    pub unproven: BTreeMap<String, BTreeSet<u64>>,
    /// Walks completed in all.
    pub completed: u64,
    /// Walks abandoned in a row, none of which got deeper than the one before.
    pub restarts: u32,
    /// The deepest point the last abandoned walk had reached.
    pub abandoned_at: Option<Timestamp>,
}

impl WalksView {
    /// Recorded losses that nothing covered since.
    pub fn lost(&self) -> Coverage {
        self.losses.minus(&self.covered)
    }

    /// Time between the floor and the head that is neither held nor lost.
    pub fn open_gaps(&self) -> Coverage {
        match (self.floor, self.covered.head()) {
            (Some(floor), Some(head)) => self.covered.gaps_in(Interval::new(floor, head)).minus(&self.losses),
            _ => Coverage::default(),
        }
    }

    /// What live walks still intend to read.
    pub fn pending(&self) -> Coverage {
        let intends = |walk: &LiveWalk| Interval::new(walk.advanced.since + BELOW_SINCE, walk.advanced.reached);
        let spans = self.live.values().map(intends);
        spans.collect()
    }

    /// Whether what this version archived may serve as a canary.
    pub fn is_proven(&self, version: u64) -> bool {
        !self.unproven.values().any(|versions| versions.contains(&version))
    }

    pub(super) fn advance(&mut self, fact: &WalkAdvanced, version: u64) {
        let begun = self.live.get(&fact.walk).map_or(version, |walk| walk.begun);
        if fact.met {
            self.unproven.remove(&fact.walk);
            self.claim(fact.since, Interval::new(fact.reached, fact.top));
        } else {
            self.unproven.entry(fact.walk.clone()).or_default().insert(version);
        }
        self.live.insert(fact.walk.clone(), LiveWalk { advanced: fact.clone(), begun, failures: 0 });
    }

    pub(super) fn complete(&mut self, fact: &WalkCompleted) {
        let Some(walk) = self.live.remove(&fact.walk) else { return };
        if let Some(span) = fact.covered {
            self.claim(walk.advanced.since, span);
        }
        if fact.swept || walk.advanced.purpose == WalkPurpose::First {
            self.swept = self.swept.max(Some(walk.advanced.top));
        }
        self.completed += 1;
        self.restarts = 0;
        self.abandoned_at = None;
    }

    pub(super) fn abandon(&mut self, fact: &WalkAbandoned) {
        let Some(walk) = self.live.remove(&fact.walk) else { return };
        let reached = walk.advanced.reached;
        if [SUPERSEDED, CANARY_MISSING].contains(&fact.reason.as_str()) {
            return;
        }
        let deeper = self.abandoned_at.is_none_or(|before| reached < before);
        self.restarts = if deeper { 1 } else { self.restarts + 1 };
        self.abandoned_at = Some(self.abandoned_at.map_or(reached, |before| before.min(reached)));
    }

    pub(super) fn lose(&mut self, fact: &IntervalLost) {
        self.losses.add(fact.span);
    }

    pub(super) fn note_failure(&mut self, fact: &RunFailed) {
        if let Some(walk) = fact.walk.as_ref().and_then(|walk| self.live.get_mut(walk)) {
            walk.failures += 1;
        }
    }

    fn claim(&mut self, since: Timestamp, span: Interval) {
        self.floor = self.floor.or(Some(since + BELOW_SINCE));
        self.covered.add(span);
    }
}
