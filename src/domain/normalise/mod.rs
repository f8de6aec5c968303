//! From a raw event to what the archive decides by ([`route`]) and to a row of the lake ([`columns`]).
//!
//! Two steps, because they run at two times. Routing happens before a commit and is cheap: only the
//! top level is looked at. Columns are made when a day is published. Both are pure functions of the
//! event's text, total over any text, and versioned: [`ROUTING_VERSION`] and
//! [`SCHEMA_VERSION`](super::schema::SCHEMA_VERSION) say which rules a commit was made with.
//!
//! What the two promise together: an event that routes has a row, and every member of the event is
//! in the row, either in a column, or inside `payload`, or in `unmapped`.
//!
//! - `members`: an object's members as text, each marked once a column holds it
//! - `route`: id, instants, type, organisation, or a [`Rejection`]
//! - `actor`, `context`, `entity`, `change`: one group of columns each
//! - `unmapped`: what is left

mod actor;
mod change;
mod context;
mod entity;
mod members;
mod route;
mod row;
mod unmapped;

pub use route::{ROUTING_VERSION, Rejection, Routed, route};
pub use row::columns;
