//! A company that works: which audit events it causes, when, and how their JSON reads.
//!
//! Events are *planned* as 24 bytes each ([`EventPlan`]) and *rendered* only when somebody asks, so ten
//! million of them cost little. Both are pure functions of the [`WorkloadSpec`]: the same seed gives the
//! same bytes, and a day that was forgotten can be planned again.
//!
//! What one person did at one moment is an *act* of one or more events: a new block and its view (E36), one
//! edit that shows as several updates (E37), an import, a support session (E32), a rule for several metrics
//! (E41), an edited key (C40), a provisioning run (E34). The events of an act share its actor and, mostly,
//! one ingestion timestamp (E2).
//!
//! Names and addresses are invented; mail domains end in `.example`.

mod act;
mod catalogue;
mod chance;
mod company;
mod hostile;
mod json;
mod payload;
mod plan;
mod render;
mod spelling;

pub use catalogue::{skill_names, vendor_names};
pub use chance::{Chance, mix};
pub use plan::{EventPlan, WorkloadSpec, event_id, plan_day};
pub use render::{Dialect, Omission, render, render_without};
