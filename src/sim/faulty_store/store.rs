//! The wrapper itself.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};

use super::schedule::{FaultSchedule, StoreFault};
use crate::ports::{CreateOutcome, ObjectMeta, Store, StoreError, StoreErrorKind};

/// What an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// [`Store::create`].
    Create,
    /// One object of [`Store::create_all`].
    CreateInBatch,
    /// [`Store::read`].
    Read,
    /// [`Store::read_range`].
    ReadRange,
    /// [`Store::stat`].
    Stat,
    /// [`Store::list`], counted when the listing is first asked for an object.
    List,
    /// [`Store::replace`].
    Replace,
}

/// One line of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its number, from 0.
    pub number: u64,
    /// What it was.
    pub kind: OperationKind,
    /// The key, or the prefix of a listing.
    pub key: String,
    /// What the schedule did to it.
    pub fault: Option<StoreFault>,
}

#[derive(Debug)]
struct LateWrite {
    due: u64,
    kind: OperationKind,
    key: String,
    body: Bytes,
}

#[derive(Debug, Default)]
struct Progress {
    trace: Vec<Operation>,
    late: Vec<LateWrite>,
    dead: bool,
}

type Observer<S> = Box<dyn Fn(&S, &str) + Send + Sync>;

/// A wrapper that counts, records and spoils the operations on a store.
pub struct FaultyStore<S> {
    inner: S,
    schedule: FaultSchedule,
    progress: Mutex<Progress>,
    observer: Option<Observer<S>>,
}

impl<S: Store> FaultyStore<S> {
    /// Wraps `inner`.
    pub fn new(inner: S, schedule: FaultSchedule) -> Self {
        Self { inner, schedule, progress: Mutex::default(), observer: None }
    }

    /// Calls `observer` after every write that was applied, late ones included, with the store inside and
    /// the key: for a look at the lake at every step.
    pub fn on_mutation(mut self, observer: impl Fn(&S, &str) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// The store inside, free of faults.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Operations begun so far; those of a dead process do not count.
    pub fn operations(&self) -> u64 {
        self.progress().trace.len() as u64
    }

    /// Every operation so far, in order.
    pub fn trace(&self) -> Vec<Operation> {
        self.progress().trace.clone()
    }

    /// Whether a crash has happened.
    pub fn is_dead(&self) -> bool {
        self.progress().dead
    }

    /// Applies every late write now, as far as the store still takes it. Works after a crash too.
    pub async fn settle(&self) {
        self.apply_late(u64::MAX).await;
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation in, and says what goes wrong with it.
    async fn begin(&self, kind: OperationKind, key: &str) -> Result<Option<StoreFault>, StoreError> {
        if self.is_dead() {
            return Err(dead(key));
        }
        self.apply_late(self.operations()).await;
        let mut progress = self.progress();
        if progress.dead {
            return Err(dead(key));
        }
        let number = progress.trace.len() as u64;
        let fault = self.schedule.fault_at(number);
        progress.dead = fault.is_some_and(StoreFault::kills);
        progress.trace.push(Operation { number, kind, key: key.to_owned(), fault });
        Ok(fault)
    }

    async fn apply_late(&self, number: u64) {
        let due: Vec<_> = self.progress().late.extract_if(.., |write| write.due <= number).collect();
        for write in due {
            // Too late is too late: whatever the store answers, nobody waits for it any more.
            let _ = self.apply(write.kind, &write.key, write.body).await;
        }
    }

    fn delay(&self, kind: OperationKind, key: &str, body: Bytes, after: u64) {
        let mut progress = self.progress();
        let due = (progress.trace.len() as u64).saturating_add(after);
        progress.late.push(LateWrite { due, kind, key: key.to_owned(), body });
    }

    async fn apply(&self, kind: OperationKind, key: &str, body: Bytes) -> Result<CreateOutcome, StoreError> {
        let outcome = match kind {
            OperationKind::Replace => self.inner.replace(key, body).await.map(|()| CreateOutcome::Created),
            OperationKind::CreateInBatch => {
                let mut outcomes = self.inner.create_all(vec![(key.to_owned(), body)]).await;
                outcomes.pop().unwrap_or_else(|| Err(unavailable(key, "the batch gave no answer")))
            }
            _ => self.inner.create(key, body).await,
        };
        if let (Ok(CreateOutcome::Created), Some(observer)) = (&outcome, &self.observer) {
            observer(&self.inner, key);
        }
        outcome
    }

    async fn write(&self, kind: OperationKind, key: &str, body: Bytes) -> Result<CreateOutcome, StoreError> {
        let unknown = || CreateOutcome::Unknown("no response came".to_owned());
        match self.begin(kind, key).await? {
            None | Some(StoreFault::TruncatedRead) => self.apply(kind, key, body).await,
            Some(StoreFault::CrashBefore) => Err(dead(key)),
            Some(StoreFault::CrashAfter) => self.apply(kind, key, body).await.and(Err(dead(key))),
            Some(StoreFault::LostResponse) => {
                // The answer is lost on the way, a refusal as well as a success.
                let _ = self.apply(kind, key, body).await;
                Ok(unknown())
            }
            Some(StoreFault::UnknownNotApplied) => Ok(unknown()),
            Some(StoreFault::AppliedLate { after }) => {
                self.delay(kind, key, body, after);
                Ok(unknown())
            }
            Some(StoreFault::Unavailable) => Err(unavailable(key, "the store does not answer")),
        }
    }

    /// Counts a read in; `true` where only half of it arrives.
    async fn begin_read(&self, kind: OperationKind, key: &str) -> Result<bool, StoreError> {
        match self.begin(kind, key).await? {
            None => Ok(false),
            Some(StoreFault::TruncatedRead) => Ok(true),
            Some(fault) if fault.kills() => Err(dead(key)),
            Some(_) => Err(unavailable(key, "the store does not answer")),
        }
    }

    async fn listing<'a>(&'a self, prefix: &'a str) -> BoxStream<'a, Result<ObjectMeta, StoreError>> {
        match self.begin_read(OperationKind::List, prefix).await {
            Ok(false) => self.inner.list(prefix),
            Ok(true) => {
                let mut whole: Vec<_> = self.inner.list(prefix).collect().await;
                whole.truncate(whole.len() / 2);
                whole.push(Err(unavailable(prefix, "the listing broke off")));
                stream::iter(whole).boxed()
            }
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }
}

fn unavailable(key: &str, reason: &str) -> StoreError {
    StoreError { kind: StoreErrorKind::Unavailable, key: key.to_owned(), reason: reason.to_owned() }
}

fn dead(key: &str) -> StoreError {
    unavailable(key, "the process is dead")
}

fn cut(body: Option<Bytes>, truncated: bool) -> Option<Bytes> {
    body.map(|whole| if truncated { whole.slice(..whole.len() / 2) } else { whole })
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store> Store for FaultyStore<S> {
    async fn create(&self, key: &str, body: Bytes) -> Result<CreateOutcome, StoreError> {
        self.write(OperationKind::Create, key, body).await
    }

    async fn create_all(&self, objects: Vec<(String, Bytes)>) -> Vec<Result<CreateOutcome, StoreError>> {
        let mut outcomes = Vec::with_capacity(objects.len());
        for (key, body) in objects {
            outcomes.push(self.write(OperationKind::CreateInBatch, &key, body).await);
        }
        outcomes
    }

    async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        let truncated = self.begin_read(OperationKind::Read, key).await?;
        Ok(cut(self.inner.read(key).await?, truncated))
    }

    async fn read_range(&self, key: &str, offset: u64, length: u64) -> Result<Option<Bytes>, StoreError> {
        let truncated = self.begin_read(OperationKind::ReadRange, key).await?;
        Ok(cut(self.inner.read_range(key, offset, length).await?, truncated))
    }

    async fn stat(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
        match self.begin_read(OperationKind::Stat, key).await? {
            false => self.inner.stat(key).await,
            true => Err(unavailable(key, "the answer broke off")),
        }
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxStream<'a, Result<ObjectMeta, StoreError>> {
        stream::once(self.listing(prefix)).flatten().boxed()
    }

    async fn replace(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
        match self.write(OperationKind::Replace, key, body).await? {
            CreateOutcome::Unknown(reason) => Err(unavailable(key, &reason)),
            CreateOutcome::Created | CreateOutcome::Exists => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sim::memory_store::MemoryStore;

    fn store(schedule: FaultSchedule) -> FaultyStore<MemoryStore> {
        FaultyStore::new(MemoryStore::new(), schedule)
    }

    async fn create(store: &impl Store, key: &str) -> Result<CreateOutcome, StoreError> {
        store.create(key, Bytes::from_static(b"body")).await
    }

    #[tokio::test]
    async fn every_fault_does_to_a_create_what_the_table_says() {
        use StoreFault::*;
        let cases = [
            (CrashBefore, "dead", false),
            (CrashAfter, "dead", true),
            (LostResponse, "unknown", true),
            (UnknownNotApplied, "unknown", false),
            (AppliedLate { after: 9 }, "unknown", false),
            (Unavailable, "unavailable", false),
            (TruncatedRead, "created", true),
        ];
        for (fault, expected, applied) in cases {
            let store = store(FaultSchedule::at(0, fault));
            let told = match create(&store, "a").await {
                Ok(CreateOutcome::Unknown(_)) => "unknown",
                Ok(_) => "created",
                Err(error) if error.reason.contains("dead") => "dead",
                Err(_) => "unavailable",
            };
            assert_eq!((told, store.inner().keys().len() == 1), (expected, applied), "{fault:?}");
            assert_eq!(create(&store, "b").await.is_err(), expected == "dead", "{fault:?}");
        }
    }

    #[tokio::test]
    async fn a_crash_can_fall_inside_a_batch() {
        let store = store(FaultSchedule::at(1, StoreFault::CrashAfter));
        let batch = ["a", "b", "c"].map(|key| (key.to_owned(), Bytes::new())).to_vec();
        let outcomes = store.create_all(batch).await;
        assert!(matches!(outcomes[..], [Ok(CreateOutcome::Created), Err(_), Err(_)]));
        assert_eq!(store.inner().keys(), ["a", "b"]);
        assert_eq!((store.operations(), store.is_dead()), (2, true));
    }

    #[tokio::test]
    async fn a_late_write_comes_after_its_operations_or_on_demand() {
        let store = store(FaultSchedule::at(0, StoreFault::AppliedLate { after: 2 }));
        create(&store, "late").await.unwrap();
        assert_eq!(store.stat("late").await.unwrap(), None);
        assert_eq!(store.stat("late").await.unwrap(), None);
        assert!(store.stat("late").await.unwrap().is_some());

        let schedule = FaultSchedule::at(0, StoreFault::AppliedLate { after: 99 }).and(1, StoreFault::CrashBefore);
        let store = self::store(schedule);
        create(&store, "late").await.unwrap();
        create(&store, "b").await.unwrap_err();
        store.settle().await;
        assert_eq!(store.inner().keys(), ["late"]);
    }

    #[tokio::test]
    async fn a_late_create_finds_its_place_taken() {
        let store = store(FaultSchedule::at(0, StoreFault::AppliedLate { after: 99 }));
        store.create("a", Bytes::from_static(b"late")).await.unwrap();
        create(&store, "a").await.unwrap();
        store.settle().await;
        assert_eq!(store.read("a").await.unwrap().unwrap(), "body");
    }

    #[tokio::test]
    async fn a_truncated_read_is_half_and_a_truncated_listing_says_so() {
        let store = store(FaultSchedule::at(1, StoreFault::TruncatedRead).and(2, StoreFault::TruncatedRead));
        create(&store, "a").await.unwrap();
        assert_eq!(store.read("a").await.unwrap().unwrap(), "bo");
        assert!(store.list("").collect::<Vec<_>>().await.pop().unwrap().is_err());
    }

    #[tokio::test]
    async fn the_observer_sees_the_store_after_every_applied_write() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&seen);
        let schedule = FaultSchedule::at(1, StoreFault::LostResponse).and(2, StoreFault::Unavailable);
        let store = store(schedule)
            .on_mutation(move |inner, key| to.lock().unwrap().push((key.to_owned(), inner.keys().len())));
        for key in ["a", "b", "c", "a", "d"] {
            let _ = create(&store, key).await;
        }
        let expected = [("a", 1), ("b", 2), ("d", 3)].map(|(key, count)| (key.to_owned(), count));
        assert_eq!(*seen.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn one_seed_gives_one_trace() {
        async fn trace(seed: u64) -> Vec<Operation> {
            let faults = [StoreFault::LostResponse, StoreFault::Unavailable];
            let store = store(FaultSchedule::random(seed, 0.3).among(&faults));
            for number in 0..200 {
                let _ = create(&store, &number.to_string()).await;
            }
            store.trace()
        }
        assert_eq!(trace(7).await, trace(7).await);
        assert_ne!(trace(7).await, trace(8).await);
        let faults = trace(7).await.iter().filter(|operation| operation.fault.is_some()).count();
        assert!((30..90).contains(&faults), "{faults}");
    }
}
