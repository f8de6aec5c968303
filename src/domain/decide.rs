//! The decision over one batch: every body becomes archived, a duplicate, or rejected.
//!
//! The conservation law lives here: `fetched = archived + duplicates + rejected`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU64;
use std::time::Duration;

use bytes::Bytes;
use chrono::NaiveDate;

use super::dedupe::{Held, HeldIds, id_hash, same_content};
use super::log::{BodyCounts, RowCounts};
use super::normalise::{Rejection, Routed};
use super::partition::{OWN_TYPES_MAX, TypeKey};
use super::{Digest, RawEvent, Timestamp};

/// How far an `ingestionTimestamp` may be ahead of the server's own clock and be believed.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(3600);

/// One body, routed or not.
#[derive(Clone, Debug)]
pub struct Body {
    /// Its text.
    pub raw: RawEvent,
    /// Its id, times and type, or why it has none.
    pub routed: Result<Routed, Rejection>,
}

/// A body for the quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// One word: why it is not an archived event.
    pub reason: String,
    /// Its bytes as they came.
    pub body: Bytes,
}

impl Quarantined {
    /// Its identity: each distinct body is kept once.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.body)
    }
}

/// What the decision is taken against; valid at one version of the log only.
pub struct Against<'a> {
    /// Held ids of the batch's days.
    pub held: &'a HeldIds,
    /// Texts of held events whose bytes differ from a body's, by id: see [`suspects`].
    pub originals: &'a HashMap<u128, RawEvent>,
    /// Bodies already in quarantine.
    pub quarantined: &'a BTreeSet<Digest>,
    /// Rows by type so far: the types that have partitions.
    pub types: &'a BTreeMap<TypeKey, u64>,
    /// The walk's canary is an event held before this version …
    pub canary_before: u64,
    /// … that no walk archived which has itself not met its canary.
    pub unproven: &'a BTreeSet<u64>,
    /// The server's clock: an `ingestionTimestamp` far beyond it tells nothing about the stream.
    pub now: Timestamp,
}

/// What is to be written.
#[derive(Debug, Default)]
pub struct Decision {
    /// Positions of the new events in the batch.
    pub fresh: Vec<usize>,
    /// New bodies for the quarantine.
    pub quarantine: Vec<Quarantined>,
    /// The law's terms.
    pub counts: BodyCounts,
    /// New rows by day and type.
    pub rows: RowCounts,
    /// The oldest `ingestionTimestamp` among the new events.
    pub ingested_min: Option<Timestamp>,
    /// The newest `ingestionTimestamp` among the new events.
    pub ingested_max: Option<Timestamp>,
    /// The oldest event met that was held before the walk began, whatever its content is now.
    pub met: Option<Timestamp>,
}

impl Decision {
    /// Whether the batch held any event, new or not: bodies that are none prove nothing about the API.
    pub fn has_events(&self) -> bool {
        self.counts.archived + self.counts.duplicates > 0
    }
}

/// The UTC days of the batch's events.
pub fn days(batch: &[Body]) -> BTreeSet<NaiveDate> {
    batch.iter().filter_map(|body| Some(body.routed.as_ref().ok()?.occurred.date())).collect()
}

/// Held events whose id comes again with other bytes: their texts are needed to decide.
pub fn suspects(batch: &[Body], held: &HeldIds) -> BTreeMap<u64, BTreeSet<u128>> {
    let mut wanted: BTreeMap<u64, BTreeSet<u128>> = BTreeMap::new();
    for body in batch {
        let Ok(routed) = &body.routed else { continue };
        let id = id_hash(&routed.id);
        if let Some(found) = held.find(id)
            && found.body.is_some_and(|text| Some(text) != text_hash(&body.raw))
        {
            wanted.entry(u64::from(found.version)).or_default().insert(id);
        }
    }
    wanted
}

/// The identity of an event's text in memory.
pub fn text_hash(raw: &RawEvent) -> Option<NonZeroU64> {
    let first = (Digest::of(raw.as_str().as_bytes()).short() >> 64) as u64;
    Some(NonZeroU64::new(first).unwrap_or(NonZeroU64::MIN))
}

/// Decides over the batch.
pub fn decide(batch: &[Body], against: &Against<'_>) -> Decision {
    let mut taking =
        Taking { against, decision: Decision::default(), seen: HashMap::new(), set_aside: BTreeSet::new() };
    for (at, body) in batch.iter().enumerate() {
        taking.decision.counts.fetched += 1;
        match &body.routed {
            Ok(routed) => taking.take(batch, at, routed),
            Err(rejection) => {
                taking.decision.counts.rejected += 1;
                taking.set_aside(rejection.as_str(), &body.raw);
            }
        }
    }
    let mut decision = taking.decision;
    decision.rows = count_rows(batch, &decision.fresh, against.types);
    decision
}

struct Taking<'a> {
    against: &'a Against<'a>,
    decision: Decision,
    /// Ids taken from this batch, and where.
    seen: HashMap<u128, usize>,
    set_aside: BTreeSet<Digest>,
}

impl Taking<'_> {
    fn take(&mut self, batch: &[Body], at: usize, routed: &Routed) {
        let id = id_hash(&routed.id);
        let raw = &batch[at].raw;
        if let Some(held) = self.against.held.find(id) {
            let same = held.body.is_none_or(|text| Some(text) == text_hash(raw)) || self.is_original(id, raw);
            self.meet(u64::from(held.version), routed.ingested);
            self.repeat(raw, same);
        } else if let Some(first) = self.seen.get(&id) {
            let same = same_content(batch[*first].raw.as_str(), raw.as_str());
            self.repeat(raw, same);
        } else {
            self.seen.insert(id, at);
            self.decision.fresh.push(at);
            self.decision.counts.archived += 1;
            let latest = self.against.now + CLOCKS_APART_MAX;
            if let Some(ingested) = routed.ingested.filter(|ingested| *ingested <= latest) {
                let lowest = self.decision.ingested_min.map_or(ingested, |min| min.min(ingested));
                self.decision.ingested_min = Some(lowest);
                self.decision.ingested_max = self.decision.ingested_max.max(Some(ingested));
            }
        }
    }

    /// A held event was met. One without an ingestion time counts as met at the top.
    fn meet(&mut self, version: u64, ingested: Option<Timestamp>) {
        if version < self.against.canary_before && !self.against.unproven.contains(&version) {
            let at = ingested.unwrap_or(self.against.now);
            self.decision.met = Some(self.decision.met.map_or(at, |met| met.min(at)));
        }
    }

    fn is_original(&self, id: u128, raw: &RawEvent) -> bool {
        self.against.originals.get(&id).is_some_and(|original| same_content(original.as_str(), raw.as_str()))
    }

    fn repeat(&mut self, raw: &RawEvent, same: bool) {
        self.decision.counts.duplicates += 1;
        if !same {
            self.decision.counts.conflicts += 1;
            self.set_aside("conflict", raw);
        }
    }

    fn set_aside(&mut self, reason: &str, raw: &RawEvent) {
        let body = Quarantined { reason: reason.to_owned(), body: Bytes::copy_from_slice(raw.as_str().as_bytes()) };
        let digest = body.digest();
        if !self.against.quarantined.contains(&digest) && self.set_aside.insert(digest) {
            self.decision.quarantine.push(body);
        }
    }
}

fn count_rows(batch: &[Body], fresh: &[usize], known: &BTreeMap<TypeKey, u64>) -> RowCounts {
    let routed = || fresh.iter().filter_map(|at| batch[*at].routed.as_ref().ok());
    let named: BTreeSet<TypeKey> = routed().map(|routed| TypeKey::route(routed.event_type.as_deref())).collect();
    let admitted = admit(&named, known);
    let mut rows = RowCounts::new();
    for routed in routed() {
        let key = TypeKey::route(routed.event_type.as_deref());
        let key = if admitted.contains(&key) { key } else { TypeKey::Other };
        *rows.entry(routed.occurred.date()).or_default().entry(key).or_default() += 1;
    }
    rows
}

/// Which of the types named by a batch have a partition of their own: those that have one already, then
/// new ones in their order until [`OWN_TYPES_MAX`] is reached.
fn admit(named: &BTreeSet<TypeKey>, known: &BTreeMap<TypeKey, u64>) -> BTreeSet<TypeKey> {
    let own = |key: &&TypeKey| matches!(key, TypeKey::Own(_));
    let mut room = OWN_TYPES_MAX.saturating_sub(known.keys().filter(own).count());
    let mut admitted = BTreeSet::from([TypeKey::Default, TypeKey::Other]);
    for key in named.iter().filter(own) {
        if known.contains_key(key) {
            admitted.insert(key.clone());
        } else if room > 0 {
            room -= 1;
            admitted.insert(key.clone());
        }
    }
    admitted
}

/// The partition of an archived event, given every type the log has rows of: a type is admitted when
/// it is first seen or never, so the answer does not depend on when it is asked.
pub fn partition_type(routed: &Routed, types: &BTreeMap<TypeKey, u64>) -> TypeKey {
    let key = TypeKey::route(routed.event_type.as_deref());
    if types.contains_key(&key) { key } else { TypeKey::Other }
}

/// A version as [`Held`] keeps it.
pub fn narrow(version: u64) -> u32 {
    u32::try_from(version).unwrap_or(u32::MAX)
}

/// What a held event is remembered by once its batch is committed as `version`.
pub fn remember(batch: &[Body], decision: &Decision, version: u64, held: &mut HeldIds) {
    for at in &decision.fresh {
        let Ok(routed) = &batch[*at].routed else { continue };
        let fact = Held { version: narrow(version), body: text_hash(&batch[*at].raw) };
        held.insert(routed.occurred.date(), id_hash(&routed.id), fact);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::normalise::route;

    fn bodies(texts: &[&str]) -> Vec<Body> {
        let body = |text: &&str| {
            let raw = RawEvent::new(text);
            Body { routed: route(&raw), raw }
        };
        texts.iter().map(body).collect()
    }

    fn event(id: &str, kind: &str) -> String {
        format!(r#"{{"eventId":"{id}","eventTimestamp":"2026-03-01T10:00:00Z","eventType":"{kind}"}}"#)
    }

    fn decide_alone(texts: &[&str], types: &BTreeMap<TypeKey, u64>) -> Decision {
        let against = Against {
            held: &HeldIds::default(),
            originals: &HashMap::new(),
            quarantined: &BTreeSet::new(),
            types,
            canary_before: 0,
            unproven: &BTreeSet::new(),
            now: Timestamp::from_seconds(1_800_000_000),
        };
        decide(&bodies(texts), &against)
    }

    #[test]
    fn every_body_is_archived_a_duplicate_or_rejected() {
        let (one, other) = (event("a", "UserLoggedIn"), event("a", "UserLoggedOut"));
        let decision = decide_alone(&[&one, &one, &other, "7", r#"{"eventId":9}"#, "7"], &BTreeMap::new());
        let expected = BodyCounts { fetched: 6, archived: 1, duplicates: 2, conflicts: 1, rejected: 3 };
        assert_eq!(decision.counts, expected);
        assert!(decision.counts.balances());
        let kept: Vec<_> = decision.quarantine.iter().map(|body| &body.body[..]).collect();
        assert_eq!(kept, [other.as_bytes(), b"7", br#"{"eventId":9}"#], "each distinct body once");
    }

    #[test]
    fn beyond_five_hundred_types_rows_share_a_partition() {
        let known: BTreeMap<_, _> = (0..499).map(|n| (TypeKey::route(Some(&format!("T{n}"))), 1)).collect();
        let texts = [event("1", "A"), event("2", "B"), event("3", "T7")];
        let decision = decide_alone(&texts.each_ref().map(String::as_str), &known);
        let keys: Vec<_> =
            decision.rows.values().flatten().map(|(key, rows)| (key.as_str().to_owned(), *rows)).collect();
        assert_eq!(keys.len(), 3);
        assert!(keys.contains(&("__OTHER__".to_owned(), 1)) && keys.contains(&("A".to_owned(), 1)), "{keys:?}");
    }
}
