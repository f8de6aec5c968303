//! The rules of paging, seen by a client that walks.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::domain::Timestamp;
use crate::sim::workload::{Dialect, WorkloadSpec};

const DAY: Duration = Duration::from_secs(86_400);

fn now() -> Timestamp {
    Timestamp::parse("2026-11-02T15:04:05Z").unwrap()
}

fn settings(events: u64) -> ApiSettings {
    ApiSettings::new(WorkloadSpec::new(7, events), now())
}

fn faulty(events: u64, faults: &str) -> Api {
    Api::new(ApiSettings { faults: FaultPlan::parse(faults).unwrap(), ..settings(events) })
}

fn event(id: u64) -> String {
    format!(r#"{{"eventId":"id-{id:05}","eventTimestamp":"2026-11-01T00:00:00Z"}}"#)
}

/// An API that holds exactly this many events, `ties` of them with one timestamp each.
fn holding(count: u64, ties: u64) -> Api {
    let mut api = Api::new(settings(0));
    for id in 0..count {
        api.insert(now() - DAY + Duration::from_secs(id / ties), event(id));
    }
    api
}

fn request(since: Option<&str>, cursor: Option<&str>) -> ApiRequest {
    ApiRequest {
        ingested_since: since.map(str::to_owned),
        cursor: cursor.map(str::to_owned),
        authorization: Some("Bearer any".to_owned()),
        client_ip: "127.0.0.1".to_owned(),
    }
}

fn body(response: &ApiResponse) -> Value {
    assert_eq!(response.status, 200);
    serde_json::from_slice(&response.body).unwrap()
}

fn ids(page: &Value) -> Vec<String> {
    page["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["eventId"].as_str().unwrap_or("none").to_owned())
        .collect()
}

/// The ids of each page of a walk, newest first.
fn walk(api: &mut Api, at: Timestamp) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = body(&api.answer(at, &request(None, cursor.as_deref())));
        pages.push(ids(&page));
        cursor = page["nextEventsCursor"].as_str().map(str::to_owned);
        if page["hasMoreEvents"] == false {
            return pages;
        }
    }
}

#[test]
fn pages_are_as_many_as_they_must_be() {
    for (count, pages) in [
        (0, vec![0]),
        (1, vec![1]),
        (999, vec![999]),
        (1_000, vec![1_000]),
        (1_001, vec![1_000, 1]),
        (2_000, vec![1_000, 1_000]),
        (2_001, vec![1_000, 1_000, 1]),
    ] {
        let walked = walk(&mut holding(count, 1), now());
        assert_eq!(walked.iter().map(Vec::len).collect::<Vec<_>>(), pages, "{count}");
    }
}

#[test]
fn ties_over_a_page_edge_are_neither_lost_nor_doubled() {
    let pages = walk(&mut holding(2_500, 7), now());
    let all: BTreeSet<_> = pages.iter().flatten().collect();
    assert_eq!((pages.len(), pages.iter().flatten().count(), all.len()), (3, 2_500, 2_500));
}

#[test]
fn a_walk_sees_the_truth_newest_first() {
    let mut api = Api::new(settings(30_000));
    let walked: Vec<_> = walk(&mut api, now()).concat();
    let mut truth: Vec<_> = api.truth(now()).collect();
    truth.reverse();
    assert!(truth.len() > 25_000 && walked == truth);
    let stats = api.stats(now());
    assert_eq!((stats.events_served, stats.visible), (truth.len() as u64, truth.len() as u64));
}

#[test]
fn events_that_arrive_during_a_walk_do_not_disturb_it() {
    let mut api = holding(1_500, 1);
    let first = body(&api.answer(now(), &request(None, None)));
    api.insert(now(), event(99_999));
    let rest = ids(&body(&api.answer(now(), &request(None, first["nextEventsCursor"].as_str()))));
    assert_eq!(rest.len(), 500);
    assert!(!rest.contains(&"id-99999".to_owned()));
    assert_eq!(walk(&mut api, now()).concat()[0], "id-99999");
}

#[test]
fn the_look_back_is_checked_on_every_page() {
    let mut api = holding(3_000, 1);
    let since = (now() - LOOK_BACK + Duration::from_secs(60)).to_seconds_string();
    let first = body(&api.answer(now(), &request(Some(&since), None)));
    let cursor = first["nextEventsCursor"].as_str();
    assert_eq!(api.answer(now() + Duration::from_secs(60), &request(Some(&since), cursor)).status, 200);
    assert_eq!(api.answer(now() + Duration::from_secs(61), &request(Some(&since), cursor)).status, 400);
    let mut clamping = faulty(3_000, "clamp");
    assert_eq!(clamping.answer(now(), &request(Some("2020-01-01"), None)).status, 200);
}

#[test]
fn request_501_waits_for_the_next_window() {
    let mut api = holding(1, 1);
    let start = Timestamp::parse("2026-11-02T15:05:00Z").unwrap();
    for _ in 0..500 {
        assert_eq!(api.answer(start, &request(None, None)).status, 200);
    }
    let refused = api.answer(start + Duration::from_secs(299), &request(None, None));
    assert_eq!((refused.status, refused.header("retry-after")), (429, None));
    let neighbour = ApiRequest { client_ip: "127.0.0.2".to_owned(), ..request(None, None) };
    assert_eq!(api.answer(start, &neighbour).status, 200);
    assert_eq!(api.answer(start + RATE_WINDOW, &request(None, None)).status, 200);
    assert_eq!(api.stats(start).busiest_window, 501);
}

#[test]
fn a_429_says_when_to_come_back_only_where_asked_to() {
    let at = Timestamp::parse("2026-11-02T15:05:10Z").unwrap();
    let header = |faults| faulty(0, faults).answer(at, &request(None, None)).header("retry-after").map(str::to_owned);
    assert_eq!(header("status:429"), None);
    assert_eq!(header("status:429 retry-after"), Some("290".to_owned()));
    assert_eq!(header("status:429 retry-after:7"), Some("7".to_owned()));
    assert_eq!(header("status:429 retry-after:date"), Some("Mon, 02 Nov 2026 15:10:00 GMT".to_owned()));
    assert_eq!(header("status:503 retry-after:7"), None);
}

#[test]
fn an_expired_key_ends_a_walk() {
    let key = KeySpec { expires: "2026-11-03".parse().ok(), ..KeySpec::audit("any") };
    let mut api = Api::new(ApiSettings { keys: vec![key], ..settings(5_000) });
    assert_eq!(api.answer(Timestamp::parse("2026-11-02T23:59:59Z").unwrap(), &request(None, None)).status, 200);
    assert_eq!(api.answer(Timestamp::parse("2026-11-03T00:00:00Z").unwrap(), &request(None, None)).status, 401);
}

#[test]
fn a_bad_cursor_or_start_is_a_400() {
    let mut api = faulty(5_000, "cursor-ttl:60s cursor-pinned");
    let first = body(&api.answer(now(), &request(Some("2026-08-01"), None)));
    let cursor = first["nextEventsCursor"].as_str().unwrap();
    let mut status = |since, cursor: &str, seconds| {
        api.answer(now() + Duration::from_secs(seconds), &request(since, Some(cursor))).status
    };
    assert_eq!(status(Some("2026-08-01"), cursor, 60), 200);
    assert_eq!(status(Some("2026-08-01T00:00:00Z"), cursor, 60), 200);
    assert_eq!(status(Some("2026-08-01"), cursor, 61), 400);
    assert_eq!(status(Some("2026-08-02"), cursor, 1), 400);
    assert_eq!(status(None, cursor, 1), 400);
    assert_eq!(status(Some("2026-08-01"), &cursor.replace('+', " "), 1), 400);
    assert_eq!(status(Some("not a date"), cursor, 1), 400);
    assert_eq!(api.answer(now(), &request(Some("2027-01-01"), None)).status, 200);
}

#[test]
fn the_end_of_a_walk_is_told_in_four_ways() {
    for (fault, member) in
        [("envelope:null", Some(Value::Null)), ("envelope:empty", Some("".into())), ("envelope:absent", None)]
    {
        let page = body(&faulty(10, fault).answer(now(), &request(None, None)));
        assert_eq!((page["hasMoreEvents"].clone(), page.get("nextEventsCursor").cloned()), (false.into(), member));
    }
    let page = body(&faulty(10, "envelope:stale").answer(now(), &request(None, None)));
    assert!(page["hasMoreEvents"] == false && page["nextEventsCursor"].is_string());
}

#[test]
fn the_skills_dialect_has_its_own_envelope() {
    let mut api = Api::new(ApiSettings { dialect: Dialect::Skill, ..settings(5_000) });
    let page = body(&api.answer(now(), &request(None, None)));
    assert!(page["pagination"]["nextCursor"].is_string() && page.get("hasMoreEvents").is_none());
    assert!(page["events"][0]["actor"]["memberId"].is_string());
}

#[test]
fn old_events_vanish_and_new_ones_keep_coming() {
    let mut api = Api::new(settings(20_000));
    let before: BTreeSet<_> = walk(&mut api, now()).concat().into_iter().collect();
    let later = now() + 400 * DAY;
    let after: BTreeSet<_> = walk(&mut api, later).concat().into_iter().collect();
    assert!(before.is_disjoint(&after) && after.len() > 15_000);
    let truth: BTreeSet<_> = api.truth(later).collect();
    assert!(truth.is_superset(&before) && truth.is_superset(&after) && truth.len() > 55_000);
}

#[test]
fn the_clock_may_go_back() {
    let mut api = Api::new(settings(20_000));
    let before = walk(&mut api, now());
    api.answer(now() + 300 * DAY, &request(None, None));
    assert_eq!(walk(&mut api, now()), before);
}

#[test]
fn late_events_appear_below_what_was_read() {
    let mut api = faulty(20_000, "late-visible:6h");
    let first: BTreeSet<_> = walk(&mut api, now()).concat().into_iter().collect();
    let later: Vec<_> = walk(&mut api, now() + Duration::from_secs(6 * 3_600)).concat();
    let truth: BTreeSet<_> = api.truth(now() + Duration::from_secs(6 * 3_600)).collect();
    let all: BTreeSet<_> = first.into_iter().chain(later).collect();
    assert_eq!(all, truth);
    assert!(api.truth(now()).count() < Api::new(settings(20_000)).truth(now()).count());
}

#[test]
fn faults_of_a_page_are_as_described() {
    let mut api =
        faulty(5_000, "cursor-missing@1 cursor-repeat@3 empty-page@4 unordered@5 empty-answers@6 html@7 badjson@8");
    let lost = body(&api.answer(now(), &request(None, None)));
    assert!(lost["hasMoreEvents"] == true && lost.get("nextEventsCursor").is_none());
    let page = body(&api.answer(now(), &request(None, None)));
    let cursor = page["nextEventsCursor"].as_str().unwrap();
    assert_eq!(body(&api.answer(now(), &request(None, Some(cursor))))["nextEventsCursor"], *cursor);
    let empty = body(&api.answer(now(), &request(None, Some(cursor))));
    assert!(ids(&empty).is_empty() && empty["hasMoreEvents"] == true);
    let mut reversed = ids(&body(&api.answer(now(), &request(None, None))));
    reversed.reverse();
    assert_eq!(reversed, ids(&page));
    assert_eq!(body(&api.answer(now(), &request(None, None)))["events"], Value::Array(Vec::new()));
    assert!(api.answer(now(), &request(None, None)).body.starts_with(b"<!DOCTYPE"));
    assert!(serde_json::from_slice::<Value>(&api.answer(now(), &request(None, None)).body).is_err());
}

#[test]
fn faults_of_the_connection_are_as_described() {
    let mut api = faulty(5_000, "cut@1 reset@2 hang@3 latency:300ms@4 status:503@5");
    let mut next = || api.answer(now(), &request(None, None));
    let cut = next();
    assert_eq!(cut.transport, Transport::CutAfter(cut.body.len() / 2));
    assert_eq!([next().transport, next().transport], [Transport::Reset, Transport::Hang]);
    assert_eq!(next().delay, Duration::from_millis(300));
    assert_eq!(next().status, 503);
    assert_eq!(api.stats(now()).pages, 1);
}

#[test]
fn a_repeated_edge_loses_nothing_and_repeats_one_event_a_page() {
    let mut api = faulty(5_000, "duplicate-edge");
    let pages = walk(&mut api, now());
    for pair in pages.windows(2) {
        assert_eq!(pair[0].last(), pair[1].first());
    }
    let distinct: BTreeSet<_> = pages.concat().into_iter().collect();
    assert_eq!(distinct.len(), api.truth(now()).count());
}

#[test]
fn conflicts_show_the_second_time_only() {
    let mut api = faulty(5_000, "conflict:10");
    let mut bodies = || body(&api.answer(now(), &request(None, None)))["events"].as_array().unwrap().clone();
    let (first, second) = (bodies(), bodies());
    let differing = first.iter().zip(&second).filter(|(a, b)| a != b).count();
    assert!((40..250).contains(&differing), "{differing}");
    assert!(first.iter().zip(&second).all(|(a, b)| a["eventId"] == b["eventId"]));
}

#[test]
fn events_without_id_or_time_are_rejects_not_truth() {
    let mut api = faulty(20_000, "missing-fields:20");
    let served = walk(&mut api, now()).concat().len() as u64;
    let (truth, rejects) = (api.truth(now()).count() as u64, api.rejects(now()));
    assert_eq!(truth + rejects, served);
    assert!(rejects > served / 60);
}

#[test]
fn another_workspace_shares_no_event() {
    let mut api = faulty(5_000, "other-organization@2");
    let ours: BTreeSet<_> = ids(&body(&api.answer(now(), &request(None, None)))).into_iter().collect();
    let theirs = body(&api.answer(now(), &request(None, None)));
    assert!(ids(&theirs).iter().all(|id| !ours.contains(id)));
    assert_eq!(theirs["events"][0]["context"]["organization"]["id"], "org-acme-example-other");
}

#[test]
fn the_servers_clock_can_be_wrong() {
    let date = |faults| faulty(0, faults).answer(now(), &request(None, None)).header("date").map(str::to_owned);
    assert_eq!(date("none").as_deref(), Some("Mon, 02 Nov 2026 15:04:05 GMT"));
    assert_eq!(date("skew:-10m").as_deref(), Some("Mon, 02 Nov 2026 14:54:05 GMT"));
    assert_eq!(date("date-skew:1h").as_deref(), Some("Mon, 02 Nov 2026 16:04:05 GMT"));
    assert_eq!(date("no-date"), None);
}

#[test]
fn the_start_is_inclusive_unless_asked_otherwise() {
    let mut api = holding(10, 1);
    let since = (now() - DAY + Duration::from_secs(5)).to_seconds_string();
    assert_eq!(ids(&body(&api.answer(now(), &request(Some(&since), None)))).len(), 5);
    let mut exclusive = Api::new(ApiSettings { since_exclusive: true, ..settings(0) });
    exclusive.insert(now() - DAY + Duration::from_secs(5), event(1));
    assert!(ids(&body(&exclusive.answer(now(), &request(Some(&since), None)))).is_empty());
}
