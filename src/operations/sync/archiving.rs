//! The archiving side of a walk: batches of pages become record objects and commits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::Receiver;

use super::fetching::{Fetched, WalkEnd};
use super::run::Run;
use super::walking::{Met, Walking};
use crate::domain::coverage::Interval;
use crate::domain::decide::{Against, Body, Decision, Quarantined, decide};
use crate::domain::layout::ObjectKey;
use crate::domain::log::{
    Action, RecordObject, RunFailed, SegmentArchived, SourceSeen, WalkAbandoned, WalkAdvanced, WalkCompleted,
    WalkPurpose,
};
use crate::domain::normalise::route;
use crate::domain::views::CANARY_MISSING;
use crate::domain::walk::{BELOW_SINCE, IDLE_PAGES_MAX, PageFacts};
use crate::domain::{Digest, ROUTING_VERSION, SafeText, Timestamp};
use crate::format::{quarantine, segment};
use crate::operations::error::ErrorKind;
use crate::operations::objects::put_once;
use crate::operations::{Appended, OperationError};
use crate::ports::{Answer, Progress};

/// A commit every 16 pages or 30 seconds, whichever is first.
const BATCH_PAGES: usize = 16;
const BATCH_TIME: Duration = Duration::from_secs(30);

/// What one commit is to hold.
#[derive(Default)]
struct Batch {
    /// Pages, and the start each was asked with.
    pages: Vec<(Answer, Timestamp)>,
    end: Option<WalkEnd>,
}

impl Run<'_> {
    /// Archives what the fetching task sends, until its end. Returns the end.
    pub async fn archive(
        &mut self,
        walk: &mut Walking,
        mut pages: Receiver<Fetched>,
        first: Option<Answer>,
    ) -> Result<WalkEnd, OperationError> {
        let mut first = first;
        loop {
            let first = first.take().map(|answer| (answer, walk.proof.since));
            let mut batch = self.gather(&mut pages, first).await;
            let bodies = self.absorb(walk, &mut batch);
            if walk.proof.idle >= IDLE_PAGES_MAX && batch.end.is_none() {
                batch.end = Some(WalkEnd::Stuck("no_progress"));
            }
            if !bodies.is_empty() || walk.proof.pages > 0 {
                self.commit(walk, &bodies, batch.end.as_ref()).await?;
            }
            if let Some(end) = batch.end {
                return Ok(end);
            }
        }
    }

    async fn gather(&mut self, pages: &mut Receiver<Fetched>, first: Option<(Answer, Timestamp)>) -> Batch {
        let mut batch = Batch::default();
        let clock = self.doors.clock.clone();
        let mut due = first.as_ref().map(|_| clock.elapsed() + BATCH_TIME);
        if let Some(first) = first {
            batch.end = (!first.0.page.more).then_some(WalkEnd::Complete);
            batch.pages.push(first);
        }
        while batch.end.is_none() && batch.pages.len() < BATCH_PAGES {
            let time = async {
                match due {
                    Some(moment) => clock.until(moment).await,
                    None => std::future::pending().await,
                }
            };
            let fetched = tokio::select! {
                biased;
                fetched = pages.recv() => fetched,
                () = time => break,
            };
            match fetched {
                Some(Fetched::Page { answer, since }) => {
                    due = due.or(Some(clock.elapsed() + BATCH_TIME));
                    batch.pages.push((*answer, since));
                }
                Some(Fetched::End(end)) => batch.end = Some(end),
                None => batch.end = Some(WalkEnd::Stuck("fetching_died")),
            }
        }
        batch
    }

    /// Takes the pages apart: bodies to decide over, and what the pages prove.
    fn absorb(&mut self, walk: &mut Walking, batch: &mut Batch) -> Arc<Vec<Body>> {
        let mut bodies = Vec::new();
        let ordered = walk.proof.ordered;
        for (answer, since) in batch.pages.drain(..) {
            walk.proof.since = walk.proof.since.max(since);
            let served_at = self.hear(answer.served_at);
            let from = bodies.len();
            bodies.extend(answer.page.events.into_iter().map(|raw| Body { routed: route(&raw), raw }));
            let ingested = bodies[from..].iter().filter_map(|body| body.routed.as_ref().ok()?.ingested);
            walk.proof.absorb(&PageFacts::of(ingested, served_at, answer.took), self.settings.walk.lag);
            walk.cursor = answer.page.cursor.filter(|_| answer.page.more);
            self.report.pages += 1;
            walk.served_at = served_at;
        }
        if ordered && !walk.proof.ordered {
            self.warn("the API sent events out of order; nothing is covered until this walk ends");
        }
        if let (Some(top), Some(reached)) = (walk.proof.top, walk.proof.reached) {
            self.doors.watcher.saw(Progress::Walking {
                fetched: self.report.counts.fetched + bodies.len() as u64,
                requests: self.source.requests(),
                top,
                reached,
                since: walk.proof.since,
            });
        }
        Arc::new(bodies)
    }

    /// Decides over the bodies and commits them with what the walk proves; again from the start
    /// whenever another writer was faster.
    async fn commit(
        &mut self,
        walk: &mut Walking,
        bodies: &Arc<Vec<Body>>,
        end: Option<&WalkEnd>,
    ) -> Result<(), OperationError> {
        let (store, proof) = (self.doors.store.clone(), walk.proof.clone());
        loop {
            walk.proof = proof.clone();
            // Against what is known now: another process may just have seen the first organisation.
            if self.check_source(bodies)? {
                self.warn("events of another organisation came along with this archive's; they are archived too");
            }
            self.holdings.load(store.as_ref(), &self.journal, bodies).await?;
            let originals = self.holdings.originals(store.as_ref(), &self.journal, bodies).await?;
            let archive = self.journal.archive();
            let unproven: BTreeSet<u64> = archive.walks.unproven.values().flatten().copied().collect();
            let decision = decide(
                bodies,
                &Against {
                    held: self.holdings.ids(),
                    originals: &originals,
                    quarantined: &archive.record.quarantined,
                    types: &archive.record.types,
                    canary_before: walk.begun,
                    unproven: &unproven,
                    now: self.server_time(),
                },
            );
            let met = Met {
                any: walk.met.any || if walk.canary { decision.met.is_some() } else { decision.has_events() },
                at: [walk.met.at, decision.met].into_iter().flatten().min(),
            };
            if matches!(end, Some(WalkEnd::Complete)) {
                walk.believed = self.is_believable(walk, met);
                if walk.believed {
                    walk.proof.finish(walk.served_at);
                }
            }
            let mut actions = self.source_seen(bodies);
            if !bodies.is_empty() {
                actions.push(self.write_batch(bodies, &decision).await?);
            }
            actions.extend(self.walk_facts(walk, met, end));
            if actions.is_empty() {
                return Ok(());
            }
            let version = match self.journal.append(self.server_time(), actions).await? {
                Appended::Committed(version) => version,
                Appended::Overtaken => continue,
            };
            self.holdings.remember(bodies, &decision, version);
            self.report.counts += decision.counts;
            walk.met = met;
            walk.logged |= self.journal.archive().walks.live.contains_key(&walk.id);
            return Ok(());
        }
    }

    /// Writes the batch's record objects, named by the version about to be committed.
    async fn write_batch(&self, bodies: &Arc<Vec<Body>>, decision: &Decision) -> Result<Action, OperationError> {
        let (rows, fresh, bodies) = (decision.fresh.len() as u64, decision.fresh.clone(), bodies.clone());
        let segment = match rows {
            0 => None,
            _ => {
                let encoded =
                    tokio::task::spawn_blocking(move || segment::encode(fresh.iter().map(|at| &bodies[*at].raw))).await;
                let bytes = encoded
                    .map_err(|error| OperationError::new(ErrorKind::Unexpected, "encode", error.to_string()))??;
                Some(self.write_record(bytes, rows, false).await?)
            }
        };
        let quarantine = self.write_quarantine(&decision.quarantine).await?;
        Ok(Action::SegmentArchived(SegmentArchived {
            segment,
            quarantine,
            quarantined: decision.quarantine.iter().map(Quarantined::digest).collect(),
            counts: decision.counts,
            routing: ROUTING_VERSION,
            rows: decision.rows.clone(),
            ingested_min: decision.ingested_min,
            ingested_max: decision.ingested_max,
        }))
    }

    /// Writes bodies that are not archived events; nothing where there are none.
    pub async fn write_quarantine(&self, bodies: &[Quarantined]) -> Result<Option<RecordObject>, OperationError> {
        if bodies.is_empty() {
            return Ok(None);
        }
        let bytes = quarantine::encode(bodies)?;
        self.write_record(bytes, bodies.len() as u64, true).await.map(Some)
    }

    async fn write_record(&self, bytes: Bytes, rows: u64, quarantine: bool) -> Result<RecordObject, OperationError> {
        let sha256 = Digest::of(&bytes);
        let version = self.journal.archive().next;
        let key = ObjectKey::record(self.server_time(), version, sha256, quarantine).to_string();
        put_once(self.doors.store.as_ref(), &key, &bytes).await?;
        Ok(RecordObject { key, sha256, bytes: bytes.len() as u64, rows })
    }

    /// What is to be said of the walk, given where the log says it stands.
    fn walk_facts(&self, walk: &mut Walking, met: Met, end: Option<&WalkEnd>) -> Vec<Action> {
        let (Some(top), Some(reached)) = (walk.proof.top, walk.proof.reached) else { return Vec::new() };
        let live = self.journal.archive().walks.live.get(&walk.id);
        walk.detached |= walk.logged && live.is_none();
        let from = live.map_or(top, |live| live.advanced.reached);
        // Another process that carries this walk may be deeper already: then ours says nothing new.
        if walk.detached || reached > from || live.is_some_and(|live| live.advanced.pages > walk.proof.pages) {
            return Vec::new();
        }
        let advanced = WalkAdvanced {
            walk: walk.id.clone(),
            purpose: walk.purpose,
            since: walk.proof.since,
            top,
            from,
            reached,
            canary: walk.canary,
            met: met.any,
            met_at: met.at,
            ordered: walk.proof.ordered,
            pages: walk.proof.pages,
            cursor: walk.cursor.clone(),
        };
        let unchanged =
            live.is_some_and(|live| live.advanced == WalkAdvanced { from: live.advanced.from, ..advanced.clone() });
        let mut facts = if unchanged { Vec::new() } else { vec![Action::WalkAdvanced(advanced)] };
        facts.extend(self.ending(walk, met, end));
        facts
    }

    /// Whether the end that the API told of may be believed: a held event was met below everything that
    /// would become covered, where one is held there.
    fn is_believable(&self, walk: &Walking, met: Met) -> bool {
        let Some(top) = walk.proof.top.filter(|_| walk.canary) else { return true };
        let (archive, from) = (self.journal.archive(), walk.proof.since + BELOW_SINCE);
        let Some(new) = archive.walks.covered.gaps_in(Interval::new(from, top)).start() else { return met.any };
        let expected = archive.holds_proven_event_in(Interval::new(from, new));
        met.any && (!expected || met.at.is_some_and(|at| at < new))
    }

    fn ending(&self, walk: &Walking, met: Met, end: Option<&WalkEnd>) -> Vec<Action> {
        let abandoned =
            |reason: &str| Action::WalkAbandoned(WalkAbandoned { walk: walk.id.clone(), reason: reason.to_owned() });
        // What a person must look at stands in the log as a failure too, so that `status` shows it.
        let failed = |code: &str| Action::RunFailed(RunFailed { critical: false, code: code.to_owned(), walk: None });
        let Some(end) = end else { return Vec::new() };
        match end {
            WalkEnd::Complete if !walk.believed => vec![abandoned(CANARY_MISSING), failed(CANARY_MISSING)],
            WalkEnd::Complete => vec![Action::WalkCompleted(WalkCompleted {
                walk: walk.id.clone(),
                swept: self.is_sweep(walk),
                covered: walk.proof.span().filter(|_| met.any),
            })],
            WalkEnd::CursorRefused => vec![abandoned("cursor_refused")],
            WalkEnd::Stuck(reason) => vec![abandoned(reason), failed(reason)],
            WalkEnd::TimeUp | WalkEnd::Interrupted | WalkEnd::Failed(_) => Vec::new(),
        }
    }

    fn is_sweep(&self, walk: &Walking) -> bool {
        let depth = walk.proof.top.map(|top| top.since(walk.proof.since)).unwrap_or_default();
        match walk.purpose {
            WalkPurpose::First | WalkPurpose::Sweep => true,
            WalkPurpose::Backfill => depth >= self.settings.walk.sweep_daily,
            WalkPurpose::Head => false,
        }
    }

    /// Refuses another workspace's key before anything of it is written.
    /// True where some events are of another organisation and some are not.
    fn check_source(&self, bodies: &[Body]) -> Result<bool, OperationError> {
        let Some(seen) = self.journal.archive().source else { return Ok(false) };
        let ours = |organization: &&str| Digest::of(organization.as_bytes()) == seen;
        let (ours, others): (Vec<&str>, Vec<&str>) = organizations(bodies).partition(ours);
        let Some(first) = others.first().filter(|_| ours.is_empty()) else { return Ok(!others.is_empty()) };
        let message =
            format!("this key reads another organisation (`{}`) than the one in this archive", SafeText(first));
        Err(OperationError::new(ErrorKind::Misconfigured, "other_organization", message)
            .with_help("nothing was written; use the key of the archive's own workspace, or another `--archive`"))
    }

    fn source_seen(&self, bodies: &[Body]) -> Vec<Action> {
        if self.journal.archive().source.is_some() {
            return Vec::new();
        }
        let fact =
            |organization: &str| Action::SourceSeen(SourceSeen { organization: Digest::of(organization.as_bytes()) });
        organizations(bodies).next().map(fact).into_iter().collect()
    }
}

fn organizations(bodies: &[Body]) -> impl Iterator<Item = &str> {
    bodies.iter().filter_map(|body| body.routed.as_ref().ok()?.organization.as_deref())
}
