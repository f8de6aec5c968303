//! `verify`: what it sees at which level.

use bytes::Bytes;
use ochre::domain::finding::Severity;
use ochre::operations::verify::verify;

use crate::world::{DAY, HOUR, World};

async fn archive() -> World {
    let world = World::with(51, 800, "missing-fields:40").publishing_at_once();
    world.sync().await;
    world.pass(HOUR);
    world.sync().await;
    world
}

/// The lowest level at which damage is found, looking only as deep as that.
async fn seen_at(world: &World) -> Option<u8> {
    for level in 0..=3 {
        let report = verify(&world.doors(), level).await.unwrap();
        if report.worst() == Some(Severity::Damage) {
            assert!(report.findings.iter().all(|found| !found.next.is_empty()));
            return Some(level);
        }
    }
    None
}

fn some(world: &World, prefix: &str) -> String {
    let keys = world.store.keys();
    keys.into_iter().rev().find(|key| key.starts_with(prefix)).unwrap()
}

fn flip(world: &World, key: &str) {
    let mut bytes = world.store.objects()[key].to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    world.store.tamper(key, bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_archive_has_nothing_to_find() {
    let world = archive().await;
    assert_eq!(seen_at(&world).await, None);
    assert!(world.verify().await.findings.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_seen_in_every_kind_of_object() {
    for (prefix, level) in
        [("archive.json", 0), ("log/00000000000000000001", 0), ("manifest/0", 0), ("record/", 2), ("lake/", 2)]
    {
        let world = archive().await;
        flip(&world, &some(&world, prefix));
        let seen = seen_at(&world).await;
        assert_eq!(seen, Some(level), "{prefix}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_object_is_seen() {
    for (key, level) in [("archive.json", 0), ("log/00000000000000000001.json", 0), ("record/", 1), ("lake/", 1)] {
        let world = archive().await;
        world.store.remove(&some(&world, key)).unwrap();
        assert_eq!(seen_at(&world).await, Some(level), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_log_is_seen_by_what_was_made_after_it() {
    let world = archive().await;
    let archive = world.archive().await;
    for version in 1..archive.next {
        world.store.remove(&format!("log/{version:020}.json"));
    }
    assert!(seen_at(&world).await.is_some_and(|level| level <= 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_file_under_the_lake_is_seen() {
    for key in
        ["lake/events/event_date=2026-01-01/event_type=X/00000000000000000002-000.parquet", "lake/events/x.parquet"]
    {
        let world = archive().await;
        let body = world.store.objects()[&some(&world, "lake/")].clone();
        ochre::ports::Store::create(&world.store, key, body).await.unwrap();
        assert_eq!(seen_at(&world).await, Some(1), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_swapped_files_are_seen_by_size_or_digest() {
    let world = archive().await;
    let objects = world.store.objects();
    let mut files = objects.iter().filter(|(key, _)| key.starts_with("lake/"));
    let ((one, a), (other, b)): ((_, &Bytes), (_, &Bytes)) = (files.next().unwrap(), files.next_back().unwrap());
    world.store.tamper(one, b.clone());
    world.store.tamper(other, a.clone());
    assert!(seen_at(&world).await.is_some_and(|level| level <= 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orphan_in_the_record_is_only_worth_a_note() {
    let world = archive().await;
    let digest = "0".repeat(64);
    let key = format!("record/2026/03/00000000000000000001-{digest}.ndjson.zst");
    ochre::ports::Store::create(&world.store, &key, Bytes::from_static(b"x")).await.unwrap();
    let report = world.verify().await;
    assert_eq!(report.worst(), Some(Severity::Note));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_of_time_is_told_with_its_deadline() {
    let world = World::with(51, 2_000, "cursor-missing@6");
    world.sync().await;
    let report = world.verify().await;
    let gap = report.findings.iter().find(|found| found.code == "open_gap").unwrap();
    assert_eq!((gap.severity, gap.level), (Severity::Warning, 4));
    let world = World::new(51, 500);
    world.sync().await;
    world.pass(DAY * 200);
    world.sync().await;
    assert_eq!(world.verify().await.worst(), Some(Severity::Loss));
}
