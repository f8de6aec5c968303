//! `init`: a place becomes an archive, once.

use bytes::Bytes;
use ochre::operations::ErrorKind;
use ochre::operations::init::init;
use ochre::ports::Store;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_second_init_finds_what_the_first_made() {
    let world = World::new(1, 0);
    let first = init(&world.doors()).await.unwrap();
    let second = init(&world.doors()).await.unwrap();
    assert!(first.created && !second.created);
    assert_eq!(first.archive, second.archive);
    assert_eq!(world.store.keys(), ["archive.json", "log/00000000000000000000.json"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_init_is_finished_by_the_next() {
    let world = World::new(1, 0);
    let first = init(&world.doors()).await.unwrap();
    world.store.remove("log/00000000000000000000.json").unwrap();
    assert_eq!(init(&world.doors()).await.unwrap(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_holds_something_else_is_refused_and_left_alone() {
    let world = World::new(1, 0);
    world.store.create("holiday/photo.jpg", Bytes::from_static(b"x")).await.unwrap();
    let error = init(&world.doors()).await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Misconfigured, "foreign_content"));
    assert_eq!(world.store.keys(), ["holiday/photo.jpg"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_whose_log_was_taken_away_is_not_begun_anew() {
    let world = World::new(1, 300);
    world.sync().await;
    for key in world.store.keys() {
        if key.starts_with("log/") || key.starts_with("manifest/") {
            world.store.remove(&key);
        }
    }
    let before = world.store.keys();
    let error = init(&world.doors()).await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Integrity, "log_cut"));
    assert_eq!(world.store.keys(), before, "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_once_both_end_with_the_same_archive() {
    let world = World::new(1, 0);
    let (one, other) = (world.doors(), world.doors());
    let (a, b) = tokio::join!(init(&one), init(&other));
    assert_eq!(a.unwrap().archive, b.unwrap().archive);
}
