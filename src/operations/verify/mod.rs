//! `verify`: checks, never repairs. It trusts nothing but the bytes it reads.
//!
//! | level | asks |
//! |---|---|
//! | 0 log | dense, chained, every commit allowed to follow; manifests equal the fold |
//! | 1 inventory | every object named is there with its size; nothing else is under the lake |
//! | 2 bytes | SHA-256 of every object named |
//! | 3 content | record and lake hold the same rows by day and type; paths equal columns; ids are unique |
//! | 4 coverage | what is missing of time, and whether it can still be had |

mod content;
mod inventory;
mod ledger;

use std::sync::Arc;

use serde::Serialize;

use super::{Doors, OperationError};
use crate::domain::Timestamp;
use crate::domain::coverage::Interval;
use crate::domain::finding::{Finding, Severity};
use crate::domain::views::Archive;
use crate::domain::window::deadline;

/// The deepest level there is.
pub const LEVEL_MAX: u8 = 4;

/// What was checked and found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct VerifyReport {
    /// The level asked for.
    pub level: u8,
    /// The log's last version.
    pub version: u64,
    /// Objects whose bytes were read.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Events in the record.
    pub record_rows: u64,
    /// Rows in confirmed files of the lake.
    pub lake_rows: u64,
    /// Covered time.
    pub covered: Vec<Interval>,
    /// Everything worth saying, worst first.
    pub findings: Vec<Finding>,
}

impl VerifyReport {
    /// The worst severity found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    fn find(&mut self, severity: Severity, level: u8, code: &'static str, subject: &str, what: impl Into<String>) {
        let next = advice(code).to_owned();
        self.findings.push(Finding { severity, level, code, subject: subject.to_owned(), what: what.into(), next });
    }

    fn damage(&mut self, level: u8, code: &'static str, subject: &str, what: impl Into<String>) {
        self.find(Severity::Damage, level, code, subject, what);
    }
}

/// Verifies up to `level`. An error is returned only where there is nothing to verify or the store fails.
pub async fn verify(doors: &Doors, level: u8) -> Result<VerifyReport, OperationError> {
    let mut report = VerifyReport { level: level.min(LEVEL_MAX), ..VerifyReport::default() };
    let archive = Arc::new(ledger::check(doors, &mut report).await?);
    report.version = archive.next.saturating_sub(1);
    report.record_rows = archive.record.totals.archived;
    report.lake_rows = archive.lake.rows;
    report.covered = archive.walks.covered.intervals().to_vec();
    let mut missing = Default::default();
    if level >= 1 {
        missing = inventory::check(doors, &archive, &mut report).await?;
    }
    if level >= 2 {
        content::check(doors, &archive, &missing, level >= 3, &mut report).await?;
    }
    if level >= 4 {
        coverage(&archive, doors.clock.now(), &mut report);
    }
    report.findings.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.level.cmp(&b.level)));
    Ok(report)
}

fn coverage(archive: &Archive, now: Timestamp, report: &mut VerifyReport) {
    if let Some(head) = archive.walks.covered.head().filter(|head| *head > now) {
        let what = format!("lies ahead of this machine's clock, {now}: which of the two clocks was wrong?");
        report.find(Severity::Note, 4, "covered_ahead", &format!("coverage up to {head}"), what);
    }
    for span in archive.walks.open_gaps().intervals() {
        let what = format!("not archived; begins to be lost at {}", deadline(span.from));
        report.find(Severity::Warning, 4, "open_gap", &format!("{} – {}", span.from, span.to), what);
    }
    for span in archive.walks.lost().intervals() {
        let what = "left the API's look-back before it was archived";
        report.find(Severity::Loss, 4, "lost", &format!("{} – {}", span.from, span.to), what);
    }
}

fn advice(code: &str) -> &'static str {
    match code {
        "open_gap" => "run `ochre sync` before that",
        "lost" => "nothing can be fetched any more; exports made at the time may still exist elsewhere",
        "orphan" => "an interrupted run left it; it is outside every query and may stay",
        "unconfirmed" => "run `ochre publish`: it finishes what was begun",
        "unclaimed" => "run `ochre sync`; if nothing was interrupted, look for the missing entries under `log/`",
        "covered_ahead" => "compare the machine's clock with the `Date` of Pigment's answers",
        "newer" => "run `ochre verify` again when nothing else runs",
        "foreign_object" => "find out who put it there; Ochre did not",
        "beyond_log" | "log_gap" => {
            "the log was cut: restore the missing objects under `log/` from a backup or a bucket version"
        }
        "missing_object" => "restore it from a backup or a bucket version",
        _ => "compare with a backup or a bucket version; who could write to this place?",
    }
}
