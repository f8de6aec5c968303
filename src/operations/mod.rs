//! Verbs: one file or folder for each command. They know the doors, never what stands behind them.
//!
//! The library never prints, never exits and never reads the environment.

mod error;
mod journal;
mod objects;
mod stop;

pub mod backfill;
pub mod init;
pub mod manifest;
pub mod publish;
pub mod segments;
pub mod status;
pub mod sync;
pub mod verify;

use std::sync::Arc;

pub use error::{ErrorKind, OperationError};
pub use journal::{Appended, Journal};
pub use stop::Stop;

use crate::domain::log::Writer;
use crate::ports::{Clock, Entropy, Store, Watcher};

/// Everything an operation needs from outside; those that fetch are given an audit source too.
#[derive(Clone)]
pub struct Doors {
    /// Where the archive lies.
    pub store: Arc<dyn Store>,
    /// Durations and ages.
    pub clock: Arc<dyn Clock>,
    /// Identifiers.
    pub entropy: Arc<dyn Entropy>,
    /// Who watches.
    pub watcher: Arc<dyn Watcher>,
}

/// Names a run in the log.
pub fn writer(entropy: &dyn Entropy, command: &str) -> Writer {
    Writer { ochre: env!("CARGO_PKG_VERSION").to_owned(), run: identifier(entropy), command: command.to_owned() }
}

/// A random identifier: 32 hex digits.
pub fn identifier(entropy: &dyn Entropy) -> String {
    format!("{:032x}", entropy.bits())
}
