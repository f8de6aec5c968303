//! Walks: where one starts, and what each of its pages proves.
//!
//! A walk is one newest-first traversal from `top` down to `since`. What it proves is decided here,
//! from values alone:
//!
//! | seen | proven |
//! |---|---|
//! | a page in order, oldest ingestion `t` | `[t + 100 ns, top)`, never below the look-back at that page's `Date` |
//! | a page out of order | nothing, until the walk ends |
//! | the last page | `[since + 1 s, top)`, cut at the look-back; whether `since` is inclusive is unknown (C7) |
//! | anything, before the canary was met | nothing |

mod plan;
mod proof;

pub use plan::{Asked, WalkPlan, WalkRules, edge, plan, reach};
pub use proof::{BELOW_SINCE, IDLE_PAGES_MAX, PageFacts, Proof};
