//! `ochre verify`.

use serde_json::{Value, json};

use super::args::{Common, FailOn, Verify};
use super::exit::{self, DONE, Failure};
use super::printer::{Printer, grouped, safe, sized};
use super::wire_up::Wiring;
use crate::domain::finding::Severity;
use crate::operations::verify::{VerifyReport, verify};

/// Checks the archive.
pub async fn run(common: &Common, verb: &Verify, printer: &Printer) -> Result<u8, Failure> {
    let wiring = Wiring::read(common, &[])?;
    let doors = wiring.doors(printer)?;
    let report = verify(&doors, verb.level).await?;
    drop(doors);
    let code = code(&report, verb.fail_on);
    for finding in &report.findings {
        printer.line(format!("{}: `{}` {}", word(finding.severity), safe(&finding.subject), safe(&finding.what)));
        printer.line(format!("  next: {}", finding.next));
        printer.record("finding", serde_json::to_value(finding).unwrap_or(Value::Null));
    }
    printer.line(format!(
        "{} to level {}: log at version {}, {} objects of {} read, {} events in the record, {} rows in the lake",
        if code == DONE { "verified" } else { "checked" },
        report.level,
        report.version,
        grouped(report.objects),
        sized(report.bytes),
        grouped(report.record_rows),
        grouped(report.lake_rows),
    ));
    printer.summary(
        Printer::outcome(code),
        code,
        json!({
            "version": report.version, "level": report.level, "objects": report.objects, "bytes": report.bytes,
            "record_rows": report.record_rows, "lake_rows": report.lake_rows, "findings": report.findings.len(),
        }),
    );
    Ok(code)
}

/// Damage is always an error; what is missing of time is one from `--fail-on` up.
fn code(report: &VerifyReport, fail_on: FailOn) -> u8 {
    let threshold = match fail_on {
        FailOn::Note => Some(Severity::Note),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Loss => Some(Severity::Loss),
        FailOn::Never => None,
    };
    match (report.worst(), threshold) {
        (Some(Severity::Damage), _) => exit::INTEGRITY,
        (Some(worst), Some(threshold)) if worst >= threshold => exit::FINDINGS,
        _ => DONE,
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Loss => "lost",
        Severity::Damage => "DAMAGE",
    }
}
