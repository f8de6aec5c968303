//! `backfill`: windows say what can be had, and the walk gets it.

use ochre::domain::walk::Asked;
use ochre::domain::window::Reach;
use ochre::operations::backfill::windows;
use ochre::ports::Clock;

use crate::world::{DAY, HOUR, World, is_done, start};

#[tokio::test(flavor = "multi_thread")]
async fn four_hundred_days_are_tiled_and_classified() {
    let world = World::new(41, 1_500);
    world.sync().await;
    world.pass(DAY * 200);
    world.sync().await;
    let journal = world.journal().await;
    let now = world.clock.now();
    let windows = windows(&journal, now - DAY * 400, now, &world.settings.walk);
    assert_eq!(windows.len(), 3);
    let parts: Vec<_> = windows.iter().flat_map(|window| &window.stretches).map(|(_, reach)| *reach).collect();
    assert_eq!(parts[0], Reach::BeforeArchive);
    assert_eq!(parts.iter().filter(|reach| **reach == Reach::Lost).count(), 1);
    assert!(parts.contains(&Reach::Archived));
    assert!(matches!(parts.last(), Some(Reach::Reachable { .. })), "the lag behind now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_reads_again_as_deep_as_asked() {
    let mut world = World::new(41, 1_500);
    world.sync().await;
    world.pass(HOUR);
    world.settings.asked = Asked::Since(start() - DAY * 120);
    let report = world.sync().await;
    assert!(is_done(&report));
    assert!(report.counts.duplicates > 700, "{:?}", report.counts);
    world.assert_whole().await;
}
