//! The outside: one file or folder for each thing Ochre touches. Picked by `cli/wire_up.rs` alone.

pub mod api_key;
pub mod dir_store;
pub mod pigment_api;
pub mod system;
pub mod telemetry;
