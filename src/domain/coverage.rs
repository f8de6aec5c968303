//! Which ingestion time is archived: a set of half-open intervals, not one watermark.
//!
//! The API answers newest first, so an interrupted walk leaves a hole at the *old* end (C36). A single
//! watermark cannot say that; a set of intervals can. An instant is covered when it was asked for and
//! answered.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A half-open span of ingestion time, `[from, to)`, never empty inside a [`Coverage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Interval {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant after.
    pub to: Timestamp,
}

impl Interval {
    /// The span `[from, to)`; empty where `to <= from`.
    pub const fn new(from: Timestamp, to: Timestamp) -> Self {
        Self { from, to }
    }

    /// Whether no instant lies inside.
    pub fn is_empty(&self) -> bool {
        self.to <= self.from
    }

    /// What both spans share; may be empty.
    pub fn intersect(&self, other: &Self) -> Self {
        Self::new(self.from.max(other.from), self.to.min(other.to))
    }

    /// Whether the spans share an instant.
    pub fn meets(&self, other: &Self) -> bool {
        !self.intersect(other).is_empty()
    }
}

/// A set of instants, kept as sorted intervals that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Coverage(Vec<Interval>);

impl Coverage {
    /// The intervals, oldest first.
    pub fn intervals(&self) -> &[Interval] {
        &self.0
    }

    /// Whether nothing is covered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The newest end: the first instant after everything covered.
    pub fn head(&self) -> Option<Timestamp> {
        self.0.last().map(|last| last.to)
    }

    /// The oldest instant covered.
    pub fn start(&self) -> Option<Timestamp> {
        self.0.first().map(|first| first.from)
    }

    /// Adds a span; neighbours that touch become one. An empty span changes nothing.
    pub fn add(&mut self, span: Interval) {
        if span.is_empty() {
            return;
        }
        let first = self.0.partition_point(|held| held.to < span.from);
        let last = self.0.partition_point(|held| held.from <= span.to);
        let merged = self.0[first..last]
            .iter()
            .fold(span, |sum, held| Interval::new(sum.from.min(held.from), sum.to.max(held.to)));
        self.0.splice(first..last, [merged]);
    }

    /// The parts of `span` that are not covered, oldest first.
    pub fn gaps_in(&self, span: Interval) -> Self {
        let mut gaps = Vec::new();
        let mut from = span.from;
        for held in self.0.iter().filter(|held| held.meets(&span)) {
            gaps.push(Interval::new(from, held.from));
            from = from.max(held.to);
        }
        gaps.push(Interval::new(from, span.to));
        gaps.retain(|gap| !gap.is_empty());
        Self(gaps)
    }

    /// The parts of `span` that are covered, oldest first.
    pub fn within(&self, span: Interval) -> Self {
        let parts = self.0.iter().map(|held| held.intersect(&span));
        Self(parts.filter(|part| !part.is_empty()).collect())
    }

    /// What is here and not in `other`.
    pub fn minus(&self, other: &Self) -> Self {
        Self(self.0.iter().flat_map(|held| other.gaps_in(*held).0).collect())
    }

    /// Whether every instant of `span` is covered.
    pub fn covers(&self, span: Interval) -> bool {
        span.is_empty() || self.gaps_in(span).is_empty()
    }

    /// Whether any instant of `span` is covered.
    pub fn meets(&self, span: Interval) -> bool {
        self.0.iter().any(|held| held.meets(&span))
    }
}

impl FromIterator<Interval> for Coverage {
    fn from_iter<I: IntoIterator<Item = Interval>>(spans: I) -> Self {
        let mut sum = Self::default();
        spans.into_iter().for_each(|span| sum.add(span));
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(from: i64, to: i64) -> Interval {
        Interval::new(Timestamp::from_ticks(from), Timestamp::from_ticks(to))
    }

    fn instants(set: &Coverage) -> Vec<bool> {
        (0..64).map(|at| set.meets(span(at, at + 1))).collect()
    }

    fn spans() -> impl Strategy<Value = Vec<(i64, i64)>> {
        prop::collection::vec((0_i64..64, 0_i64..64), 0..12)
    }

    #[test]
    fn touching_spans_become_one() {
        let set: Coverage = [span(0, 5), span(9, 12), span(5, 9)].into_iter().collect();
        assert_eq!(set.intervals(), [span(0, 12)]);
    }

    proptest! {
        #[test]
        fn a_set_of_intervals_is_a_set_of_instants(a in spans(), b in spans(), (from, to) in (0_i64..64, 0_i64..64)) {
            let a: Coverage = a.into_iter().map(|(from, to)| span(from, to)).collect();
            let b: Coverage = b.into_iter().map(|(from, to)| span(from, to)).collect();
            for pair in a.intervals().windows(2) {
                prop_assert!(pair[0].to < pair[1].from, "sorted and apart");
            }
            let window = span(from, to);
            let (in_a, in_b) = (instants(&a), instants(&b));
            let (left, gaps, within) = (instants(&a.minus(&b)), instants(&a.gaps_in(window)), instants(&a.within(window)));
            for at in 0..64_usize {
                let inside = from <= at as i64 && (at as i64) < to;
                prop_assert_eq!(left[at], in_a[at] && !in_b[at]);
                prop_assert_eq!(gaps[at], inside && !in_a[at]);
                prop_assert_eq!(within[at], inside && in_a[at]);
            }
            prop_assert_eq!(a.covers(window), (from..to).all(|at| in_a[at as usize]));
        }
    }
}
