//! Rules: values and pure functions. No I/O, no async, no clock, no chance.
//!
//! In the order data walks: an [`event`](RawEvent) comes in a [`Page`]; [`normalise`] gives it its id,
//! times, type and columns with the help of the [`catalogue`]; [`decide`] and [`dedupe`] say what
//! becomes of it; a [`walk`] says what its pages prove, [`coverage`] and [`window`] what is held of time;
//! the [`log`] states it all as facts and [`views`] fold them; [`publish`] says which rows are due in
//! the lake, whose files are made by [`schema`] and [`partition`], under keys of [`layout`].

mod answer;
mod digest;
mod event;
mod timestamp;

pub mod catalogue;
pub mod coverage;
pub mod decide;
pub mod dedupe;
pub mod finding;
pub mod layout;
pub mod log;
pub mod normalise;
pub mod partition;
pub mod publish;
mod safe_text;
pub mod schema;
mod time_spec;
pub mod views;
pub mod walk;
pub mod window;

pub use answer::{Answer, SourceError};
pub use digest::Digest;
pub use event::{Cursor, Page, RawEvent};
pub use normalise::ROUTING_VERSION;
pub use safe_text::SafeText;
pub use schema::SCHEMA_VERSION;
pub use time_spec::{Span, TimeSpec, TimeSpecError};
pub use timestamp::Timestamp;
