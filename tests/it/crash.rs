//! A small run that dies at every store operation, in every way, and is run again.
//!
//! At each step of the dying and of the recovery a plain glob over the lake must show no event twice and
//! only events that are in the record; afterwards the archive must be the one of an undisturbed run.

use std::collections::BTreeSet;
use std::sync::Arc;

use ochre::operations::init::init;
use ochre::sim::faulty_store::{FaultSchedule, FaultyStore, StoreFault};
use ochre::sim::memory_store::MemoryStore;

use crate::world::{HOUR, World, glob_ids, is_done, record_ids};

const EVENTS: u64 = 24;

fn world() -> World {
    World::with(23, EVENTS, "missing-fields:6").publishing_at_once()
}

/// Two runs, as an undisturbed archive has them. Stops at the first error, as a dead process would.
async fn live(world: &World, store: Arc<FaultyStore<MemoryStore>>) {
    let doors = world.doors_to(store);
    if init(&doors).await.is_err() {
        return;
    }
    let _ = world.sync_over(&doors).await;
}

/// How many operations the scenario has, and the ids it ends with.
async fn undisturbed() -> (u64, BTreeSet<String>) {
    let world = world();
    let store = Arc::new(FaultyStore::new(world.store.clone(), FaultSchedule::none()));
    live(&world, store.clone()).await;
    world.assert_whole().await;
    (store.operations(), record_ids(&world.store, &world.archive().await).await)
}

/// A store that dies by schedule, and shows its lake to an auditor after every write.
fn watched(world: &World, schedule: FaultSchedule) -> Arc<FaultyStore<MemoryStore>> {
    let store = FaultyStore::new(world.store.clone(), schedule);
    Arc::new(store.on_mutation(|store: &MemoryStore, key| {
        if key.starts_with("lake/") {
            glob_ids(store);
        }
    }))
}

async fn dies_and_recovers(fault: StoreFault) {
    let (operations, expected) = undisturbed().await;
    assert!(operations > 30, "the scenario has {operations} operations");
    for number in 0..operations {
        let world = world();
        let dying = watched(&world, FaultSchedule::at(number, fault));
        live(&world, dying.clone()).await;
        // Whatever was on its way arrives after the process is gone.
        let recovering = watched(&world, FaultSchedule::none());
        live(&world, recovering).await;
        dying.settle().await;
        live(&world, watched(&world, FaultSchedule::none())).await;
        let archive = world.archive().await;
        assert_eq!(record_ids(&world.store, &archive).await, expected, "{fault:?} at {number}");
        assert_eq!(glob_ids(&world.store), expected, "{fault:?} at {number}: the lake");
        world.assert_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_any_operation_changes_nothing_in_the_end() {
    dies_and_recovers(StoreFault::CrashBefore).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_any_operation_changes_nothing_in_the_end() {
    dies_and_recovers(StoreFault::CrashAfter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_response_to_any_write_changes_nothing_in_the_end() {
    dies_and_recovers(StoreFault::LostResponse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_may_have_happened_and_did_not_changes_nothing_in_the_end() {
    dies_and_recovers(StoreFault::UnknownNotApplied).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_arrives_late_changes_nothing_in_the_end() {
    dies_and_recovers(StoreFault::AppliedLate { after: 3 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_over_a_store_that_fails_at_random_is_finished_by_later_runs() {
    for seed in 0..20 {
        let world = world();
        for attempt in 0..60 {
            let store = watched(&world, FaultSchedule::random(seed * 100 + attempt, 0.02));
            live(&world, store.clone()).await;
            store.settle().await;
        }
        world.pass(HOUR);
        let report = world.sync().await;
        assert!(is_done(&report), "seed {seed}: {:?}", report.outcome);
        world.assert_whole().await;
        assert_eq!(glob_ids(&world.store), record_ids(&world.store, &world.archive().await).await);
    }
}
