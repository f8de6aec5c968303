//! Bytes: every layout read or written, one file each, versioned, with golden tests.

pub mod api_page;
pub mod commit;
mod error;
pub mod manifest;
pub mod parquet;
pub mod quarantine;
pub mod segment;

pub use error::FormatError;
