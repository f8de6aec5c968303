//! Pigment's audit API over HTTPS, behind the door [`AuditSource`](crate::ports::AuditSource).
//!
//! One wrapper, one duty, and the order matters:
//!
//! ```text
//! Retrying  repeats what may pass (E26), within a budget
//!   Paced   keeps to the rate limit and waits out a 429 (C45, E20, E21)
//!     Http  one question, one answer, no second try
//! ```
//!
//! The repeats are inside the pace, so that trying again can never exceed the rate limit. [`connect`] builds
//! all three; [`wrap`] puts the outer two around any source, a simulated one too.

mod connection;
#[cfg(test)]
mod doubles;
mod failure;
mod http;
mod meter;
mod pacing;
mod retry;

pub use connection::{ApiSettings, connect, wrap};
pub use http::HttpSource;
pub use meter::ClientMeter;
pub use pacing::Paced;
pub use retry::Retrying;
