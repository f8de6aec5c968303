//! Pigment's audit API as a pure state machine: the documented rules, the undocumented ones as settings, and
//! faults on request.
//!
//! [`Api`] holds no clock, no socket and no chance: whoever drives it says what time it is. A company
//! ([`crate::sim::workload`]) fills it. [`crate::sim::server`] puts it behind a socket, and
//! [`crate::sim::source`] into a test's process.
//!
//! # The order of judgement
//!
//! Rate limit (429), ordered status, key (401, 403), query (400), page. Every request counts against its
//! client's window, refused ones too.
//!
//! # The edges of reading
//!
//! | edge | where |
//! |---|---|
//! | E1 newest first | `timeline`: by `ingestionTimestamp`, ties by id; fault `unordered` breaks it |
//! | E2 ties | workload: the events of an act mostly share one ingestion timestamp |
//! | E3 late ingestion | workload: 1.5 % late, by seconds to more than 180 days |
//! | E4 events while paging | the head grows with the clock; cursors hold a position |
//! | E5 shown late | fault `late-visible` |
//! | E6 overlapping windows | nothing to do: every walk gets the same events again |
//! | E7 duplicates in a walk | fault `duplicate-edge` |
//! | E8 same id, other body | fault `conflict` |
//! | E9 page size | setting, 1,000 |
//! | E10 empty result | as documented; fault `empty-answers` for an incident |
//! | E11 short and empty pages | faults `short-pages`, `empty-page` |
//! | E12 cursor missing | fault `cursor-missing` |
//! | E13 cursor repeats | fault `cursor-repeat` |
//! | E14 cursor invalid, expired | sealed tokens; fault `cursor-ttl` |
//! | E15 cursor and other start | accepted; fault `cursor-pinned` refuses |
//! | E16 look-back | 400 on every page; fault `clamp` |
//! | E17 default start | 180 days before the request |
//! | E18 future, malformed start | empty page, 400 |
//! | E19 retention slides | what is older than 180 days is not shown any more |
//! | E20 rate limit | `rate`: 500 a fixed five minutes and address |
//! | E21 `Retry-After` | off; fault `retry-after` in three forms |
//! | E22 the other 429 | left out: it belongs to imports, which Ochre never calls |
//! | E23 401, E24 403, E25 expiry | `key` |
//! | E26 5xx, cut, reset, hang, HTML, bad JSON | faults of these names; gzip is left out: it belongs to the HTTP client, whose own tests cover it |
//! | E27 unknown types | workload: one event in 500 |
//! | E28 types unsafe in a path, E29 unknown fields, E46 hostile names | hostile workload |
//! | E30 missing payload | workload: absent, null or empty; hostile: on any type |
//! | E31 missing standard fields | fault `missing-fields` |
//! | E32 support, E33 API actor, E34 provisioning | workload |
//! | E35 temporary views and metrics | workload, with lasting views that look alike |
//! | E36 creation bursts, E37 several updates | workload: acts |
//! | E38 no `ViewDeleted` with a block | workload: a deletion stands alone |
//! | E39, E40 groups; E41 rules; E42 list as table; E43 spellings of a change | workload |
//! | E44 case of addresses, E45 spellings of time | workload |
//! | E47 crashes, E48 two runs | left out: they happen to the client; the simulated store has them |
//! | E49 clock skew | faults `skew` (the whole server), `date-skew` (the header alone) |
//! | E50 the skill's dialect | `Dialect::Skill` |
//!
//! Also left out: the earliest dates of the documented types (C38), because simulations begin long after
//! them, and the metadata, export and provisioning APIs.

mod answer;
mod cursor;
mod fault;
mod key;
mod machine;
mod page;
mod rate;
mod serving;
mod settings;
mod since;
mod stats;
mod timeline;
mod truth;

#[cfg(test)]
mod walk_tests;

pub use answer::{ApiRequest, ApiResponse, Transport};
pub use fault::FaultPlan;
pub use key::{KeyKind, KeySpec};
pub use machine::Api;
pub use settings::{ApiSettings, LOOK_BACK, LastCursor, RATE_WINDOW, RetryAfter};
pub use stats::Stats;
