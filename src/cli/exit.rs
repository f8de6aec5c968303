//! Exit codes: stable from the first release, so that a scheduler can act on them.
//!
//! | code | meaning | try again? |
//! |---|---|---|
//! | 0 | done | |
//! | 1 | unexpected | limited |
//! | 2 | usage | no |
//! | 3 | the API answers but the walk cannot end; a page was quarantined | yes |
//! | 4 | key rejected, or the store refuses us | no |
//! | 10 | no archive there | no |
//! | 12 | integrity | never: look |
//! | 13 | history was lost: this run recorded it | never |
//! | 20 | findings at or above `--fail-on` | |
//! | 21 | `status --check` is over its threshold | |
//! | 75 | API or store does not answer | yes |
//! | 78 | configuration, or another workspace's key | no |
//! | 130, 143 | interrupted | yes |

use crate::config::ConfigError;
use crate::operations::{ErrorKind, OperationError};

/// Done.
pub const DONE: u8 = 0;
/// The command line is wrong.
pub const USAGE: u8 = 2;
/// The archive is not what its log says.
pub const INTEGRITY: u8 = 12;
/// This run recorded a loss.
pub const LOST: u8 = 13;
/// `verify` found something.
pub const FINDINGS: u8 = 20;
/// `status --check` found the head too old.
pub const STALE: u8 = 21;
/// The settings are wrong.
pub const CONFIGURATION: u8 = 78;

/// Where several codes apply, the first of these wins.
const ORDER: [u8; 5] = [INTEGRITY, 4, LOST, 75, 3];

/// Why a command failed, ready to be shown.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: u8,
    /// One word for scripts.
    pub code: String,
    /// What happened and why.
    pub message: String,
    /// The next step.
    pub help: Option<String>,
}

impl Failure {
    /// Whether trying again later can help.
    pub fn is_retryable(&self) -> bool {
        matches!(self.exit, 1 | 3 | 75 | 130 | 143)
    }

    /// A mistake on the command line.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit: USAGE, code: "usage".to_owned(), message: message.into(), help: Some(help.into()) }
    }

    /// A mistake in the settings.
    pub fn configuration(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit: CONFIGURATION, code: "configuration".to_owned(), message: message.into(), help: Some(help.into()) }
    }

    /// Something nobody thought of.
    pub fn unexpected(error: impl std::fmt::Display) -> Self {
        Self { exit: 1, code: "unexpected".to_owned(), message: error.to_string(), help: None }
    }
}

impl From<OperationError> for Failure {
    fn from(error: OperationError) -> Self {
        Self {
            exit: code_of(error.kind),
            code: error.code.to_owned(),
            message: error.message.clone(),
            help: error.help.clone(),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::configuration(error.message, error.help)
    }
}

/// The exit code of an operation's error.
pub fn code_of(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Unexpected => 1,
        ErrorKind::Partial => 3,
        ErrorKind::Refused => 4,
        ErrorKind::NoArchive => 10,
        ErrorKind::Integrity => INTEGRITY,
        ErrorKind::Unavailable => 75,
        ErrorKind::Misconfigured => CONFIGURATION,
        ErrorKind::Interrupted => 130,
    }
}

/// The code to exit with, of all that apply.
pub fn worst(codes: &[u8]) -> u8 {
    let ranked = ORDER.into_iter().find(|code| codes.contains(code));
    ranked.or_else(|| codes.iter().copied().find(|code| *code != DONE)).unwrap_or(DONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_several_codes_apply_the_gravest_wins() {
        assert_eq!(worst(&[3, LOST, 75]), LOST);
        assert_eq!(worst(&[LOST, 4, INTEGRITY]), INTEGRITY);
        assert_eq!(worst(&[0, 78]), 78);
        assert_eq!(worst(&[]), DONE);
    }
}
