//! The longer story, as chapters of this documentation, so that its links are checked.
//!
//! | chapter | answers |
//! |---|---|
//! | [`architecture`] | how it is built, what must hold, what a crash does |
//! | [`glossary`] | what each word means here |
//! | [`formats`] | what every object of an archive holds, and how to check it by hand |
//! | [`columns`] | what every column of the lake means |
//! | [`testing`] | how trust is earned, and how to run the tests |
//! | [`decisions`] | what was decided, why, and what it costs |

pub mod decisions;

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("glossary.md")]
pub mod glossary {}

#[doc = include_str!("formats.md")]
pub mod formats {}

#[doc = include_str!("columns.md")]
pub mod columns {}

#[doc = include_str!("testing.md")]
pub mod testing {}
