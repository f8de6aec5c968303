//! Decisions: what was chosen, against what, and what it costs. One file each, numbered, never rewritten
//! into another decision: a later one says which it replaces.

#[doc = include_str!("0001-backon-for-backoff.md")]
pub mod d0001_backon_for_backoff {}

#[doc = include_str!("0002-commit-before-publish.md")]
pub mod d0002_commit_before_publish {}

#[doc = include_str!("0003-record-and-lake.md")]
pub mod d0003_record_and_lake {}

#[doc = include_str!("0004-personal-data-erasure-worm.md")]
pub mod d0004_personal_data_erasure_worm {}

#[doc = include_str!("0005-dependencies.md")]
pub mod d0005_dependencies {}

#[doc = include_str!("0006-margin-belongs-to-the-loss.md")]
pub mod d0006_margin_belongs_to_the_loss {}
