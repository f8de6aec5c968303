//! Ochre keeps Pigment's audit history for good.
//!
//! The floor plan, in the order data walks:
//!
//! `Window → Walk → Page → RawEvent → AuditEvent | Rejection → fresh | duplicate → Segment → Commit →
//! PartitionRows → EncodedFile → DataFile → Manifest`
//!
//! | room | what it is | may name |
//! |---|---|---|
//! | [`domain`] | the rules: values and pure functions | nothing of ours |
//! | [`mod@format`] | the bytes: every layout read or written | `domain` |
//! | [`ports`] | the doors | `domain` |
//! | [`config`] | file, environment and flags become settings | `domain` |
//! | [`adapters`] | the outside: one file or folder for each thing | `domain`, `format`, `ports` |
//! | [`operations`] | the verbs | `domain`, `format`, `ports` |
//! | [`sim`] | the world in a box | `domain`, `format`, `ports` |
//! | [`cli`] | the desk; `wire_up` alone picks adapters, `demo` and `simulate` alone name `sim` | everything but `format` |
//!
//! `tests/tidy.rs` reads the sources and keeps this table. The longer story is in [`docs`].

pub mod domain;

pub mod format;

pub mod ports;

pub mod config;

pub mod adapters;

pub mod operations;

pub mod sim;

pub mod cli;

pub mod docs;
