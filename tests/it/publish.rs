//! `publish`: when rows go out, and that anyone can finish what another began.

use std::sync::Arc;

use ochre::domain::log::Action;
use ochre::operations::Stop;
use ochre::operations::publish::publish;
use ochre::sim::faulty_store::{FaultSchedule, FaultyStore, StoreFault};

use crate::world::{DAY, HOUR, World, glob_ids, is_done, record_ids, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_day_goes_out_once_when_it_has_settled() {
    let world = World::new(31, 4_000);
    let report = world.sync().await;
    assert!(report.published_rows > 0 && report.unpublished_rows > 0, "today waits");
    world.pass(DAY * 2);
    let report = world.sync().await;
    assert!(is_done(&report));
    let archive = world.archive().await;
    let today = (start() + DAY * 2).date();
    assert!(
        archive.lake.waiting.keys().all(|day| *day >= today.pred_opt().unwrap()),
        "{:?}",
        archive.lake.waiting.keys()
    );
    world.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_publishing_is_finished_by_whoever_comes_next() {
    // An undisturbed run tells when the files go out.
    let twin = World::new(31, 600).publishing_at_once();
    twin.init().await;
    let watched = Arc::new(FaultyStore::new(twin.store.clone(), FaultSchedule::none()));
    twin.sync_over(&twin.doors_to(watched.clone())).await.unwrap();
    let puts = |operation: &&ochre::sim::faulty_store::Operation| operation.key.ends_with(".parquet");
    let seventh = watched.trace().iter().filter(puts).nth(7).unwrap().number;

    let world = World::new(31, 600).publishing_at_once();
    let doors = world.doors();
    world.init().await;
    let dying = FaultyStore::new(world.store.clone(), FaultSchedule::at(seventh, StoreFault::CrashAfter));
    let _ = world.sync_over(&world.doors_to(Arc::new(dying))).await;
    let open = world.archive().await.lake.open.len();
    assert_eq!(open, 1, "the intent stands, the outcome does not");
    let mut journal = world.journal().await;
    let (_switch, stop) = Stop::new();
    publish(&mut journal, &doors, &world.settings.publish, start(), &stop).await.unwrap();
    assert!(journal.archive().lake.open.is_empty());
    assert_eq!(glob_ids(&world.store), record_ids(&world.store, journal.archive()).await);
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_rows_of_a_published_day_go_out_in_one_further_file() {
    let world = World::new(31, 2_000);
    world.sync().await;
    let late = start() - DAY * 5;
    let text = format!(r#"{{"eventId":"late","eventTimestamp":"{late}","ingestionTimestamp":"{}"}}"#, start() + HOUR);
    world.api.lock().unwrap().insert(start() + HOUR, text);
    world.pass(HOUR * 30);
    world.sync().await;
    let archive = world.archive().await;
    assert_eq!(archive.lake.intents[&late.date()].len(), 2);
    let files = archive.lake.files.iter().filter(|file| file.key.contains(&format!("event_date={}", late.date())));
    assert_eq!(files.filter(|file| file.key.contains("__HIVE_DEFAULT_PARTITION__")).count(), 1);
    for version in 0..archive.next {
        for action in world.journal().await.read(version).await.unwrap().actions {
            if let Action::LakePublishing(intent) = action {
                assert_eq!(intent.upto + 1, version);
            }
        }
    }
    world.assert_whole().await;
}

/// Synced, and nearly every row waits.
async fn nearly_nothing_published(mut world: World) -> World {
    world.settings.publish.settle = DAY * 400;
    world.sync().await;
    let lake = world.archive().await.lake;
    assert!(lake.unpublished_rows() > 100, "all but rows older than the archive");
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn two_publishers_at_once_publish_each_row_once() {
    let world = nearly_nothing_published(World::new(31, 900)).await;
    let doors = world.doors();
    let rules = ochre::domain::publish::PublishRules {
        when: ochre::domain::publish::PublishWhen::Commit,
        ..world.settings.publish
    };
    let (_switch, stop) = Stop::new();
    let (mut one, mut other) = (world.journal().await, world.journal().await);
    let (a, b) = tokio::join!(
        publish(&mut one, &doors, &rules, start(), &stop),
        publish(&mut other, &doors, &rules, start(), &stop)
    );
    a.unwrap();
    b.unwrap();
    let archive = world.archive().await;
    assert_eq!(archive.lake.unpublished_rows(), 0);
    assert_eq!(glob_ids(&world.store), record_ids(&world.store, &archive).await);
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publishing_stops_when_asked_and_is_finished_later() {
    let world = nearly_nothing_published(World::new(31, 600)).await;
    let doors = world.doors();
    let rules = ochre::domain::publish::PublishRules {
        when: ochre::domain::publish::PublishWhen::Commit,
        ..world.settings.publish
    };
    let (switch, stop) = Stop::new();
    switch.send(true).unwrap();
    let mut journal = world.journal().await;
    let error = publish(&mut journal, &doors, &rules, start(), &stop).await.unwrap_err();
    assert_eq!(error.code, "interrupted");
    assert_eq!(world.archive().await.lake.open.len(), 1, "the intent stands");
    let (_switch, stop) = Stop::new();
    publish(&mut journal, &doors, &rules, start(), &stop).await.unwrap();
    assert_eq!(glob_ids(&world.store), record_ids(&world.store, journal.archive()).await);
}
