//! What `verify` has to say.

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Something is missing that may still be had, or lies where nothing should.
    Warning,
    /// History is missing for good.
    Loss,
    /// The archive is not what its log says.
    Damage,
}

/// One finding: the object, what is wrong with it, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The verify level that found it.
    pub level: u8,
    /// One word for scripts: `digest_mismatch`, `missing_object` …
    pub code: &'static str,
    /// The object or span in question.
    pub subject: String,
    /// What was found, as a sentence fragment.
    pub what: String,
    /// What to do about it.
    pub next: String,
}
