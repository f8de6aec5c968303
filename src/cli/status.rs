//! `ochre status`: the home screen.

use serde_json::Value;

use super::args::{Common, Status};
use super::exit::{self, DONE, Failure};
use super::printer::{Printer, grouped, safe, sized, spanned};
use super::wire_up::Wiring;
use crate::domain::TimeSpec;
use crate::domain::coverage::Interval;
use crate::operations::status::StatusReport;
use crate::operations::{Journal, writer};

/// Characters of the coverage bar.
const BAR: usize = 60;

/// Shows what is held and what is missing.
pub async fn run(common: &Common, verb: &Status, printer: &Printer) -> Result<u8, Failure> {
    let wiring = Wiring::read(common, &[])?;
    let doors = wiring.doors(printer)?;
    let now = match &verb.at {
        Some(text) => {
            let span = TimeSpec::parse(text, wiring.now());
            span.map_err(|error| Failure::usage(error.to_string(), "write 2026-01-01 or an RFC 3339 time"))?.from
        }
        None => wiring.now(),
    };
    let journal = Journal::open(doors.store.clone(), writer(doors.entropy.as_ref(), "status")).await?;
    let report = StatusReport::of(&journal, now);
    let stale = verb.check.is_some_and(|age_max| report.is_stale(age_max));
    let code = if stale { exit::STALE } else { DONE };
    show(&report, printer);
    if stale {
        let message = "the newest coverage is older than `--check` allows".to_owned();
        let help = Some("run `ochre sync`; see above for what keeps it from working".to_owned());
        printer.error(&Failure { exit: code, code: "stale".to_owned(), message, help });
    }
    printer.summary(Printer::outcome(code), code, serde_json::to_value(&report).unwrap_or(Value::Null));
    Ok(code)
}

fn show(report: &StatusReport, printer: &Printer) {
    printer.line(format!("archive {} at version {}", report.archive, report.version));
    show_coverage(report, printer);
    show_failure(report, printer);
    let totals = &report.totals;
    printer.line(format!(
        "events    {} archived, {} duplicates, {} conflicts, {} rejected; {} bodies in quarantine",
        grouped(totals.archived),
        grouped(totals.duplicates),
        grouped(totals.conflicts),
        grouped(totals.rejected),
        grouped(report.quarantined as u64),
    ));
    printer.line(format!(
        "lake      {} rows in {} files, {}; {} rows are durable and wait",
        grouped(report.published_rows),
        grouped(report.files as u64),
        sized(report.lake_bytes),
        grouped(report.unpublished_rows),
    ));
    if !report.uncategorised.is_empty() {
        let types: Vec<_> =
            report.uncategorised.iter().map(|(name, rows)| format!("{} ({})", safe(name), grouped(*rows))).collect();
        printer.line(format!("unknown   types without a category: {}", types.join(", ")));
    }
    for (at, command, _) in report.runs.iter().rev().take(3) {
        printer.line(format!("run       {at}  {}", safe(command)));
    }
}

fn show_coverage(report: &StatusReport, printer: &Printer) {
    let (Some(floor), Some(head)) = (report.floor, report.head) else {
        printer.line("coverage  nothing yet: run `ochre sync`");
        return;
    };
    printer.line(format!("coverage  {} – {}", floor.to_seconds_string(), head.to_seconds_string()));
    printer.line(format!("          ▕{}▏ █ held  ░ open  ✗ lost", bar(report, Interval::new(floor, head))));
    printer.line(format!("head      {} behind", spanned(report.lag_seconds.unwrap_or_default())));
    match (report.headroom_seconds, report.loss_begins) {
        (Some(0), Some(at)) => {
            printer.line(format!("headroom  NONE: data is being lost since {at}; run `ochre sync` now"));
        }
        (Some(left), Some(at)) => {
            printer.line(format!("headroom  {} until data is lost ({})", spanned(left), at.to_seconds_string()));
        }
        _ => {}
    }
    for gap in &report.open {
        printer.line(format!("open      {} – {}: begins to be lost at {}", gap.span.from, gap.span.to, gap.expires));
    }
    for span in report.lost.intervals() {
        printer.line(format!("lost      {} – {}", span.from, span.to));
    }
    for walk in &report.live {
        printer.line(format!("walk      under way: from {} down to {}", walk.to, walk.from));
    }
    if report.restarts > 1 {
        printer.line(format!(
            "warning   {} walks in a row started from the top and got no deeper: give `ochre sync` more time",
            report.restarts
        ));
    }
}

fn show_failure(report: &StatusReport, printer: &Printer) {
    let Some(failure) = &report.failure else { return };
    let what = match failure.code.as_str() {
        "key_rejected" => "the API rejects the key",
        "page_undecodable" => "a page does not decode; it is kept in quarantine",
        "cursor_failed" | "request_refused" => "the API refuses the next page of a walk",
        "canary_missing" => "the API does not show events that are held; nothing new is claimed",
        "cursor_missing" | "cursor_repeated" | "no_progress" => "the API answers, but its pages lead nowhere",
        "api_unavailable" | "throttled" => "the API does not answer",
        other => other,
    };
    let deadline = report.loss_begins.map(|at| format!("; data is lost from {at} on")).unwrap_or_default();
    printer.line(format!("FAILING   since {}: {}{deadline}", failure.since, safe(what)));
}

/// Coverage over time: each character stands for an equal part of the span and shows the worst in it.
fn bar(report: &StatusReport, span: Interval) -> String {
    let step = span.to.since(span.from) / BAR as u32;
    let mut from = span.from;
    let mut bar = String::new();
    for at in 0..BAR {
        let to = if at + 1 == BAR { span.to } else { from + step };
        bar.push(mark(report, Interval::new(from, to)));
        from = to;
    }
    bar
}

fn mark(report: &StatusReport, part: Interval) -> char {
    let open = |part: Interval| report.open.iter().any(|gap| gap.span.meets(&part));
    if report.lost.meets(part) {
        '✗'
    } else if open(part) {
        '░'
    } else if report.covered.meets(part) {
        '█'
    } else {
        ' '
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::coverage::Coverage;

    #[test]
    fn the_bar_shows_the_worst_of_each_part() {
        let at = |hour: i64| Timestamp::from_seconds(hour * 3600);
        let span = |from, to| Interval::new(at(from), at(to));
        let covered: Coverage = [span(0, 30), span(40, 60)].into_iter().collect();
        let lost = [span(30, 40)].into_iter().collect();
        let report = report(covered, lost);
        let bar = bar(&report, span(0, 60));
        assert_eq!(bar.chars().filter(|mark| *mark == '✗').count(), 10);
        assert_eq!(bar.chars().count(), BAR);
    }

    fn report(covered: Coverage, lost: Coverage) -> StatusReport {
        StatusReport {
            archive: String::new(),
            version: 0,
            now: Timestamp::default(),
            head: covered.head(),
            floor: covered.start(),
            covered,
            lag_seconds: None,
            loss_begins: None,
            headroom_seconds: None,
            open: Vec::new(),
            lost,
            totals: Default::default(),
            segments: 0,
            files: 0,
            lake_bytes: 0,
            published_rows: 0,
            unpublished_rows: 0,
            quarantined: 0,
            live: Vec::new(),
            restarts: 0,
            uncategorised: Vec::new(),
            failure: None,
            runs: Vec::new(),
        }
    }
}
