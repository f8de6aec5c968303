//! A thousand small worlds: seeded companies, faults, clocks, budgets. Coverage never claims what is not
//! held, nothing is doubled, and when the API is well again everything it still shows is archived.
//!
//! A failure names its seed; `OCHRE_SEED=n cargo test --test it worlds` runs that world alone.

use std::time::Duration;

use ochre::domain::publish::PublishWhen;
use ochre::sim::workload::mix;

use crate::world::{DAY, HOUR, World};

const WORLDS: u64 = 1_000;

const FAULTS: [&str; 16] = [
    "none",
    "latency:700ms",
    "status:503@%7",
    "cut@%5,reset@%9",
    "html@%11",
    "badjson@%13",
    "cursor-ttl:20s,latency:3s",
    "cursor-missing@%6",
    "cursor-repeat@%8",
    "empty-page@%4,short-pages:7",
    "duplicate-edge,conflict:9",
    "unordered@%3",
    "empty-answers@90..140",
    "missing-fields:11",
    "since-exclusive,clamp",
    "date-skew:-3m",
];

/// Draws of one world.
struct Draws(u64);

impl Draws {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0) % below
    }
}

async fn live(seed: u64) {
    let mut draws = Draws(mix(seed));
    let faults = FAULTS[draws.next(FAULTS.len() as u64) as usize];
    let events = 20 + draws.next(60);
    let page_size = 3 + draws.next(9) as usize;
    let mut world = World::shaped(seed, events, |settings| {
        settings.faults = ochre::sim::api::FaultPlan::parse(faults).unwrap();
        settings.page_size = page_size;
        settings.workload.hostile = seed.is_multiple_of(5);
    });
    if draws.next(2) == 0 {
        world.settings.publish.when = PublishWhen::Commit;
    }
    world.settings.clock_tolerance = DAY * 36_500;
    for _ in 0..2 + draws.next(5) {
        let budget = draws.next(3);
        world.settings.time_max = (budget > 0).then(|| Duration::from_secs(2 + draws.next(40)));
        world.sync().await;
        world.assert_claims_are_held().await;
        let pause = [HOUR, HOUR * 13, DAY * 3, DAY * 40, DAY * 170, DAY * 195];
        world.pass(pause[draws.next(pause.len() as u64) as usize]);
    }
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_worlds_claim_nothing_that_is_not_held() {
    let only: Option<u64> = std::env::var("OCHRE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = only.map_or(0..WORLDS, |seed| seed..seed + 1);
    let mut worlds = tokio::task::JoinSet::new();
    for seed in seeds {
        if worlds.len() >= 4 {
            finish(worlds.join_next().await);
        }
        worlds.spawn(async move {
            let world = tokio::spawn(live(seed)).await;
            (seed, world.map_err(|error| error.to_string()))
        });
    }
    while !worlds.is_empty() {
        finish(worlds.join_next().await);
    }
}

/// A world's seed and what became of it.
type Ended = (u64, Result<(), String>);

fn finish(world: Option<Result<Ended, tokio::task::JoinError>>) {
    if let Some(Ok((seed, Err(error)))) = world {
        panic!("world {seed} (OCHRE_SEED={seed}): {error}");
    }
}
