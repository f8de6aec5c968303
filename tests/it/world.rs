//! A small world: a company, its API, a clock that obeys, an archive in memory, and the account of it all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ochre::adapters::pigment_api::{self, ApiSettings as ClientSettings};
use ochre::domain::coverage::{Coverage, Interval};
use ochre::domain::layout::ObjectKey;
use ochre::domain::publish::{PublishRules, PublishWhen};
use ochre::domain::schema::Field;
use ochre::domain::views::Archive;
use ochre::domain::walk::{Asked, WalkRules};
use ochre::domain::{Timestamp, normalise};
use ochre::format::{parquet, segment};
use ochre::operations::init::init;
use ochre::operations::sync::{Outcome, SyncReport, SyncSettings, sync};
use ochre::operations::verify::{VerifyReport, verify};
use ochre::operations::{Doors, Journal, OperationError, Stop, writer};
use ochre::ports::{AuditSource, Clock, Store, Unwatched};
use ochre::sim::api::{Api, ApiSettings, FaultPlan};
use ochre::sim::clock::SimulatedClock;
use ochre::sim::entropy::SeededEntropy;
use ochre::sim::memory_store::MemoryStore;
use ochre::sim::source::SimulatedSource;
use ochre::sim::workload::{WorkloadSpec, event_id, plan_day};

pub const HOUR: Duration = Duration::from_secs(3600);
const TICK: Duration = Duration::from_nanos(100);
pub const DAY: Duration = Duration::from_secs(86_400);

/// A Tuesday morning.
pub fn start() -> Timestamp {
    Timestamp::parse("2026-03-10T09:00:00Z").unwrap()
}

pub struct World {
    pub api: Arc<Mutex<Api>>,
    pub clock: SimulatedClock,
    pub store: MemoryStore,
    pub settings: SyncSettings,
    /// How far the local clock is ahead of the server's.
    pub local: SimulatedClock,
    entropy: Arc<SeededEntropy>,
    workload: WorkloadSpec,
}

impl World {
    /// A company that makes about this many events in 180 days.
    pub fn new(seed: u64, events: u64) -> Self {
        Self::with(seed, events, "none")
    }

    /// The same, with faults of the API.
    pub fn with(seed: u64, events: u64, faults: &str) -> Self {
        Self::shaped(seed, events, |settings| settings.faults = FaultPlan::parse(faults).unwrap())
    }

    /// The same, with any settings of the API.
    pub fn shaped(seed: u64, events: u64, shape: impl FnOnce(&mut ApiSettings)) -> Self {
        let workload = WorkloadSpec::new(seed, events);
        let mut settings = ApiSettings::new(workload, start());
        settings.page_size = 100;
        shape(&mut settings);
        let workload = settings.workload.clone();
        let clock = SimulatedClock::starting_at(start());
        Self {
            api: Arc::new(Mutex::new(Api::new(settings))),
            local: clock.clone(),
            clock,
            store: MemoryStore::new(),
            settings: rules(),
            entropy: Arc::new(SeededEntropy::new(seed)),
            workload,
        }
    }

    pub fn publishing_at_once(mut self) -> Self {
        self.settings.publish.when = PublishWhen::Commit;
        self
    }

    pub fn doors(&self) -> Doors {
        self.doors_to(Arc::new(self.store.clone()))
    }

    pub fn doors_to(&self, store: Arc<dyn Store>) -> Doors {
        Doors {
            store,
            clock: Arc::new(self.local.clone()),
            entropy: self.entropy.clone(),
            watcher: Arc::new(Unwatched),
        }
    }

    /// The real client's pacing and patience around the simulated API.
    pub fn source(&self) -> Arc<dyn AuditSource> {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let simulated = SimulatedSource::new(self.api.clone(), clock.clone(), "key");
        let settings = ClientSettings {
            url: "http://127.0.0.1:1".parse().unwrap(),
            timeout: Duration::from_secs(60),
            ca_file: None,
            window: Duration::from_secs(300),
            requests_per_window: 500,
            share: 1.0,
            retry_budget: Duration::from_secs(900),
        };
        pigment_api::wrap(Arc::new(simulated), &settings, clock, self.entropy.clone(), Arc::default())
    }

    pub async fn init(&self) {
        init(&self.doors()).await.unwrap();
    }

    /// One run; the archive is made first where there is none.
    pub async fn sync(&self) -> SyncReport {
        self.init().await;
        self.sync_over(&self.doors()).await.unwrap()
    }

    pub async fn sync_over(&self, doors: &Doors) -> Result<SyncReport, OperationError> {
        let (_switch, stop) = Stop::new();
        sync(doors, self.source(), &self.settings, stop).await
    }

    pub fn pass(&self, span: Duration) {
        self.clock.advance(span);
    }

    pub async fn archive(&self) -> Archive {
        self.journal().await.archive().clone()
    }

    pub async fn journal(&self) -> Journal {
        Journal::open(self.doors().store, writer(self.entropy.as_ref(), "test")).await.unwrap()
    }

    pub async fn verify(&self) -> VerifyReport {
        verify(&self.doors(), 4).await.unwrap()
    }

    /// Ids of everything the API ever showed.
    pub fn truth(&self) -> BTreeSet<String> {
        self.api.lock().unwrap().truth(self.clock.now()).collect()
    }

    /// When the API took in what it ever showed.
    pub fn ingested(&self) -> BTreeMap<String, Timestamp> {
        let truth = self.truth();
        let (mut day, mut all) = (start() - DAY * 182, BTreeMap::new());
        while day <= self.clock.now() + DAY {
            for plan in plan_day(&self.workload, day.date()) {
                all.insert(event_id(&plan), plan.ingested);
            }
            day = day + DAY;
        }
        all.retain(|id, _| truth.contains(id));
        all
    }
}

/// The defaults of the product.
pub fn rules() -> SyncSettings {
    SyncSettings {
        walk: WalkRules { overlap: HOUR * 6, lag: Duration::from_secs(300), margin: HOUR, sweep_daily: DAY * 7 },
        clock_tolerance: HOUR,
        publish: PublishRules { when: PublishWhen::Day, settle: HOUR },
        time_max: None,
        asked: Asked::Sync,
        command: "sync",
    }
}

/// Whether the run ended well.
pub fn is_done(report: &SyncReport) -> bool {
    matches!(report.outcome, Outcome::Done)
}

/// The code of the error the run ended with.
pub fn failure(report: &SyncReport) -> Option<&'static str> {
    match &report.outcome {
        Outcome::Failed(error) => Some(error.code),
        Outcome::Done | Outcome::More => None,
    }
}

/// Ids in the record, by reading every segment the log names. Panics where one occurs twice.
pub async fn record_ids(store: &dyn Store, archive: &Archive) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for held in &archive.record.segments {
        let bytes = store.read(&held.object.key).await.unwrap().unwrap();
        for line in segment::decode(&bytes).unwrap() {
            let id = normalise::route(&line.unwrap()).unwrap().id;
            assert!(ids.insert(id.clone()), "{id} is in the record twice");
        }
    }
    ids
}

/// Ids a plain glob over the lake shows, whatever the log says. Panics where one occurs twice.
pub fn glob_ids(store: &MemoryStore) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (key, bytes) in store.objects() {
        if !key.starts_with("lake/events/") {
            continue;
        }
        assert!(matches!(ObjectKey::parse(&key), Some(ObjectKey::Lake { .. })), "{key} is foreign");
        for row in parquet::decode(bytes).unwrap() {
            let id = row.text(Field::EventId).unwrap().to_owned();
            assert!(ids.insert(id.clone()), "{id} is in the lake twice");
        }
    }
    ids
}

impl World {
    /// Coverage never claims what is not held.
    pub async fn assert_claims_are_held(&self) {
        let archive = self.archive().await;
        let record = record_ids(&self.store, &archive).await;
        for (id, at) in self.ingested() {
            let claimed = archive.walks.covered.meets(Interval::new(at, at + TICK));
            assert!(!claimed || record.contains(&id), "{id} of {at} is claimed and not held");
        }
    }

    /// The account: the conservation law, truth = record, lake within record, coverage that is held, and
    /// an archive that verifies. Returns how many events are held.
    pub async fn assert_sound(&self) -> usize {
        let archive = self.archive().await;
        assert!(archive.record.totals.balances(), "{:?}", archive.record.totals);
        let record = record_ids(&self.store, &archive).await;
        assert_eq!(record.len() as u64, archive.record.totals.archived);
        assert!(glob_ids(&self.store).is_subset(&record), "the lake shows what is not in the record");
        self.assert_claims_are_held().await;
        let worst = verify(&self.doors(), 3).await.unwrap();
        let worse: Vec<_> = worst.findings.iter().filter(|found| found.code != "orphan").collect();
        assert!(worse.is_empty(), "{worse:?}");
        record.len()
    }

    /// Everything the API ever showed since the archive's floor is in the record, and nothing else.
    pub async fn assert_whole(&self) {
        self.assert_sound().await;
        let archive = self.archive().await;
        let record = record_ids(&self.store, &archive).await;
        let truth = self.truth();
        let foreign: Vec<_> = record.difference(&truth).take(5).collect();
        assert!(foreign.is_empty(), "{foreign:?} were never shown");
        assert!(archive.walks.losses.is_empty(), "{:?}", archive.walks.losses);
        self.assert_accounted().await;
    }

    /// Everything the API ever showed since the archive's floor is in the record, or known to be missing.
    pub async fn assert_accounted(&self) {
        let archive = self.archive().await;
        let record = record_ids(&self.store, &archive).await;
        let known: Coverage =
            archive.walks.open_gaps().intervals().iter().chain(archive.walks.losses.intervals()).copied().collect();
        let head = archive.walks.covered.head();
        let missed = |at: Timestamp| known.meets(Interval::new(at, at + TICK)) || head.is_some_and(|head| at >= head);
        let asked = self.ingested().into_iter().filter(|(_, at)| archive.walks.floor.is_some_and(|floor| *at >= floor));
        let missing: Vec<_> = asked.filter(|(id, at)| !record.contains(id) && !missed(*at)).take(5).collect();
        assert!(missing.is_empty(), "missing and not known to be: {missing:?}");
    }
}
