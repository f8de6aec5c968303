//! `sync`: one property each, in small worlds.

use std::time::Duration;

use ochre::domain::log::BodyCounts;
use ochre::domain::publish::{PublishRules, PublishWhen};
use ochre::domain::walk::Asked;
use ochre::operations::sync::Outcome;
use ochre::sim::api::{ApiSettings, FaultPlan};
use ochre::sim::workload::Dialect;

use crate::world::{DAY, HOUR, World, failure, glob_ids, is_done, record_ids, start};

#[tokio::test(flavor = "multi_thread")]
async fn everything_the_api_shows_is_in_record_and_lake_in_both_dialects() {
    for dialect in [Dialect::Vendor, Dialect::Skill] {
        let shape = |settings: &mut ApiSettings| {
            settings.dialect = dialect;
            settings.workload.hostile = true;
            settings.workload.pretty = true;
        };
        let world = World::shaped(3, 2_500, shape).publishing_at_once();
        let report = world.sync().await;
        assert!(is_done(&report), "{:?}", report.outcome);
        world.assert_whole().await;
        assert_eq!(glob_ids(&world.store), record_ids(&world.store, &world.archive().await).await);
        assert_eq!(report.unpublished_rows, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_archives_only_what_is_new() {
    let world = World::new(1, 3_000);
    let first = world.sync().await;
    world.pass(HOUR * 8);
    let second = world.sync().await;
    assert!(is_done(&second));
    assert!(second.counts.duplicates > 0 && second.counts.archived < first.counts.archived / 10);
    world.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_run_is_one_commit() {
    let world = World::new(1, 300);
    world.sync().await;
    let before = world.archive().await.next;
    world.sync().await;
    assert_eq!(world.archive().await.next, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn exact_page_sizes_lose_and_double_nothing() {
    for events in [0, 1, 99, 100, 101, 200, 201] {
        let world = World::new(7, events);
        let report = world.sync().await;
        assert!(is_done(&report), "{events}: {:?}", report.outcome);
        world.assert_whole().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_answer_alone_covers_nothing() {
    let world = World::new(7, 0);
    let report = world.sync().await;
    assert!(is_done(&report) && report.covered.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_a_single_event_covers_nothing() {
    let world = World::new(7, 0);
    (0..3).for_each(|n| world.api.lock().unwrap().insert(start() - HOUR, format!(r#"{{"noise":{n}}}"#)));
    let report = world.sync().await;
    assert_eq!((report.counts.fetched, report.counts.rejected), (3, 3));
    assert!(is_done(&report) && report.covered.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_without_id_or_time_are_kept_once_and_counted_each_time() {
    let mut world = World::with(5, 2_000, "missing-fields:50");
    let first = world.sync().await;
    assert!(first.counts.rejected > 0);
    let kept = world.archive().await.record.quarantined.len();
    world.pass(HOUR);
    world.settings.asked = Asked::Since(start() - DAY * 100);
    world.sync().await;
    let archive = world.archive().await;
    assert!(archive.record.totals.rejected > first.counts.rejected, "they came again");
    assert!(archive.record.quarantined.len() <= kept + 1, "and were kept once");
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_body_under_a_held_id_is_a_conflict_and_the_first_stays() {
    let mut world = World::with(5, 2_000, "conflict:20");
    world.sync().await;
    world.pass(HOUR);
    world.settings.asked = Asked::Since(start() - DAY * 60);
    let report = world.sync().await;
    assert!(report.counts.conflicts > 0 && report.counts.conflicts <= report.counts.duplicates);
    let BodyCounts { fetched, archived, duplicates, rejected, .. } = report.counts;
    assert_eq!(fetched, archived + duplicates + rejected);
    world.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_that_answers_empty_is_refused_and_claims_nothing() {
    let world = World::with(2, 2_000, "empty-answers@40+");
    world.sync().await;
    let before = world.archive().await.walks.covered;
    world.pass(HOUR * 5);
    let mut report = world.sync().await;
    for _ in 0..40 {
        if failure(&report) == Some("canary_missing") {
            assert!(report.covered.head() < Some(ochre::ports::Clock::now(&world.clock) - HOUR));
            world.assert_sound().await;
            return;
        }
        world.pass(HOUR);
        report = world.sync().await;
    }
    panic!("never refused; covered {before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisation_is_refused_before_anything_is_written() {
    let world = World::with(2, 1_000, "none");
    world.sync().await;
    let mut other = World::with(2, 1_000, "other-organization");
    other.store = world.store.clone();
    let keys = world.store.keys();
    let report = other.sync().await;
    assert_eq!(failure(&report), Some("other_organization"));
    assert_eq!(other.store.keys(), keys);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_that_ran_out_of_time_is_finished_by_the_next_run() {
    let mut world = World::with(4, 6_000, "latency:2s");
    world.settings.time_max = Some(Duration::from_secs(31));
    let mut runs = 0;
    loop {
        let report = world.sync().await;
        runs += 1;
        if is_done(&report) {
            break;
        }
        assert!(matches!(report.outcome, Outcome::More), "{:?}", report.outcome);
        world.assert_sound().await;
        assert!(runs < 40, "it must end");
        world.pass(Duration::from_secs(300));
    }
    assert!(runs > 2);
    world.assert_whole().await;
    let archive = world.archive().await;
    assert!(archive.walks.open_gaps().is_empty(), "{:?}", archive.walks.open_gaps());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_cursor_ends_the_walk_and_a_new_one_skips_what_is_held() {
    let mut world = World::with(4, 6_000, "latency:2s,cursor-ttl:10m");
    world.settings.time_max = Some(Duration::from_secs(31));
    world.sync().await;
    world.pass(Duration::from_secs(1_200));
    world.settings.time_max = None;
    let report = world.sync().await;
    assert!(is_done(&report), "{:?}", report.outcome);
    assert!(report.open.is_empty() && report.lost.is_empty(), "the new walk starts inside the margin");
    world.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_api_lose_nothing() {
    for faults in [
        "status:503@3..5",
        "cut@2,reset@4,hang@6",
        "html@2,badjson@5",
        "status:429@7",
        "status:429@7,retry-after",
        "empty-page@3,short-pages:30",
        "duplicate-edge",
        "unordered@2",
        "since-exclusive",
        "clamp",
        "envelope:stale",
        "envelope:null",
        "no-date",
        "skew:10m",
        "skew:-10m",
        "date-skew:-4m",
    ] {
        let world = World::with(9, 1_500, faults);
        let report = world.sync().await;
        assert!(is_done(&report), "{faults}: {:?}", report.outcome);
        world.assert_whole().await;
        world.pass(DAY + HOUR);
        let report = world.sync().await;
        assert!(is_done(&report), "{faults}: {:?}", report.outcome);
        world.assert_whole().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_a_way_on_is_never_a_success() {
    for (faults, code) in [("cursor-missing@3", "cursor_missing"), ("cursor-repeat@3", "cursor_repeated")] {
        let world = World::with(9, 1_500, faults);
        let report = world.sync().await;
        assert_eq!(failure(&report), Some(code));
        world.assert_sound().await;
        let report = world.sync().await;
        assert!(is_done(&report), "{faults}: the next run goes on: {:?}", report.outcome);
        world.assert_whole().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_never_decodes_is_kept_and_its_walk_given_up_after_two_runs() {
    let world = World::with(9, 1_500, "badjson@4+");
    let report = world.sync().await;
    assert_eq!(failure(&report), Some("page_undecodable"));
    let archive = world.archive().await;
    assert_eq!(archive.record.quarantined.len(), 1);
    assert_eq!(archive.runs.failure.map(|failure| failure.code), Some("page_undecodable".to_owned()));
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_each_150_days_for_two_years_archives_all_of_it() {
    let mut world = World::new(11, 2_000);
    world.settings.clock_tolerance = DAY * 36_500;
    for _ in 0..6 {
        let report = world.sync().await;
        assert!(is_done(&report), "{:?}", report.outcome);
        assert!(report.lost_now.is_empty());
        world.pass(DAY * 150);
    }
    world.sync().await;
    world.assert_whole().await;
    let archive = world.archive().await;
    assert_eq!(archive.walks.covered.intervals().len(), 1);
    assert!(archive.walks.open_gaps().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_pause_of_200_days_is_one_loss_told_once_and_shown_for_ever() {
    let world = World::new(11, 2_000);
    world.sync().await;
    world.pass(DAY * 200);
    let report = world.sync().await;
    assert_eq!(report.lost_now.len(), 1);
    let lost = report.lost_now[0];
    let (margin, lag) = (world.settings.walk.margin, world.settings.walk.lag);
    let expected = DAY * 20 + margin + lag;
    let length = lost.to.since(lost.from);
    assert!(length >= expected && length <= expected + Duration::from_secs(5), "{length:?}");
    for _ in 0..3 {
        world.pass(HOUR * 30);
        let later = world.sync().await;
        assert!(is_done(&later) && later.lost_now.is_empty(), "told once");
        assert_eq!(later.lost.intervals(), [lost], "shown for ever");
        assert!(later.open.is_empty());
    }
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_while_the_clocks_disagree() {
    let mut world = World::new(11, 1_000);
    world.sync().await;
    world.pass(DAY * 200);
    world.local = ochre::sim::clock::SimulatedClock::starting_at(ochre::ports::Clock::now(&world.clock) - HOUR * 3);
    let report = world.sync().await;
    assert!(report.lost_now.is_empty());
    assert!(!report.warnings.is_empty(), "and it says that the clocks differ");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_become_visible_late_are_found_by_the_overlap_and_the_sweep() {
    let mut world = World::with(13, 6_000, "late-visible:40h");
    for _ in 0..16 {
        world.sync().await;
        world.pass(HOUR * 9);
    }
    world.settings.time_max = None;
    world.pass(DAY * 2);
    world.sync().await;
    world.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_segment_is_stood_in_for_by_its_lake_files_or_stops_the_run() {
    for published in [true, false] {
        let mut world = World::new(19, 1_200).publishing_at_once();
        if !published {
            world.settings.publish = PublishRules { when: PublishWhen::Day, settle: DAY * 400 };
        }
        world.sync().await;
        let segment = world.archive().await.record.segments[0].object.key.clone();
        world.store.tamper(&segment, "damaged");
        world.pass(HOUR);
        let report = world.sync().await;
        if published {
            assert!(is_done(&report), "{:?}", report.outcome);
            glob_ids(&world.store);
        } else {
            assert_eq!(failure(&report), Some("archive_damaged"));
            assert!(matches!(&report.outcome, Outcome::Failed(error) if error.message.contains(&segment)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_at_once_archive_each_event_once() {
    let world = World::with(17, 3_000, "latency:1s").publishing_at_once();
    world.init().await;
    let (one, other) = (world.doors(), world.doors());
    let (a, b) = tokio::join!(world.sync_over(&one), world.sync_over(&other));
    assert!(is_done(&a.unwrap()) && is_done(&b.unwrap()));
    world.assert_whole().await;
    assert_eq!(glob_ids(&world.store), record_ids(&world.store, &world.archive().await).await);
}

#[test]
fn every_fault_named_here_is_known() {
    assert!(FaultPlan::parse("nonsense").is_err());
}
