//! A data file of the lake: rows of one partition as Parquet. Version 1.
//!
//! One schema for every file, all columns optional; ZSTD level 3; instants as INT64 microseconds
//! UTC; sorting columns declared; statistics and a page index for skipping. Nothing of the machine
//! or the moment is in a file: the same rows give the same bytes.
//!
//! Reading and writing go by columns without an Arrow schema in between, because files are many and
//! small: a day has one per event type.
//!
//! - `layout`: schema and writer properties
//! - `encode`: rows to bytes
//! - `decode`: bytes to rows, strict

mod decode;
mod encode;
mod layout;

pub use decode::{decode, decode_column};
pub use encode::{FileEncoder, encode};
pub use layout::{ROW_GROUP_ROWS, ROWS_MAX};

const LAYOUT: &str = "data file";
