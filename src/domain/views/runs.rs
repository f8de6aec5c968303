//! What runs did lately, and what keeps them from working.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::log::{Action, Commit};

/// The last failure, until a walk works again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// One word: `key_rejected`, `page_undecodable` …
    pub code: String,
    /// When it was first seen.
    pub since: Timestamp,
    /// The walk whose next page could not be had.
    pub walk: Option<String>,
}

/// The last runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunsView {
    /// The failure that stands, if any.
    pub failure: Option<Failure>,
    /// The last runs, newest last: when, command, run identifier. At most ten.
    pub last: Vec<(Timestamp, String, String)>,
}

const KEPT: usize = 10;

impl RunsView {
    pub(super) fn apply(&mut self, commit: &Commit) {
        self.last.retain(|(_, _, run)| *run != commit.writer.run);
        self.last.push((commit.at, commit.writer.command.clone(), commit.writer.run.clone()));
        if self.last.len() > KEPT {
            self.last.remove(0);
        }
        for action in &commit.actions {
            match action {
                Action::WalkCompleted(_) => self.failure = None,
                Action::RunFailed(fact) => {
                    let since = match &self.failure {
                        Some(before) if before.code == fact.code => before.since,
                        _ => commit.at,
                    };
                    self.failure = Some(Failure { code: fact.code.clone(), since, walk: fact.walk.clone() });
                }
                _ => {}
            }
        }
    }
}
