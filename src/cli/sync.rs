//! `ochre sync`.

use serde_json::{Value, json};

use super::args::{Common, Sync};
use super::exit::{self, DONE, Failure};
use super::printer::{Printer, grouped};
use super::stop::Signals;
use super::wire_up::Wiring;
use crate::domain::coverage::Interval;
use crate::domain::walk::Asked;
use crate::operations::status::open_gaps;
use crate::operations::sync::{Outcome, SyncReport, SyncSettings, planned, sync};
use crate::operations::{Doors, Journal, writer};

/// Fetches what is new.
pub async fn run(common: &Common, verb: &Sync, printer: &Printer) -> Result<u8, Failure> {
    let wiring = Wiring::read(common, &[])?;
    let settings = wiring.run("sync", Asked::Sync, verb.max_time);
    run_with(&wiring, &settings, verb.dry_run, printer).await
}

/// Runs, or prints the plan; shared with `backfill`.
pub async fn run_with(
    wiring: &Wiring,
    settings: &SyncSettings,
    dry_run: bool,
    printer: &Printer,
) -> Result<u8, Failure> {
    let doors = wiring.doors(printer)?;
    if dry_run {
        return print_plan(&doors, settings, printer).await;
    }
    let source = wiring.source(printer).await?;
    let signals = Signals::listen(printer)?;
    let report = sync(&doors, source, settings, signals.stop.clone()).await?;
    drop(doors);
    Ok(tell(&report, &signals, printer))
}

async fn print_plan(doors: &Doors, settings: &SyncSettings, printer: &Printer) -> Result<u8, Failure> {
    let journal = Journal::open(doors.store.clone(), writer(doors.entropy.as_ref(), settings.command)).await?;
    let plan = planned(&journal, settings, doors.clock.now());
    for live in journal.archive().walks.live.values() {
        let walk = &live.advanced;
        printer.line(format!("would finish walk {}: from {} down to {}", walk.walk, walk.reached, walk.since));
        printer.record("plan", json!({ "walk": "resume", "since": walk.since, "from": walk.reached }));
    }
    printer.line(format!("would walk from now down to {} ({})", plan.since, plan.reason));
    if plan.canary {
        printer.line("it must meet an event that is held, else it claims nothing");
    }
    printer
        .record("plan", json!({ "walk": "new", "since": plan.since, "purpose": plan.purpose, "reason": plan.reason }));
    printer.summary("ok", DONE, json!({ "dry_run": true }));
    Ok(DONE)
}

/// Prints the account of a run. Returns the exit code.
pub fn tell(report: &SyncReport, signals: &Signals, printer: &Printer) -> u8 {
    let failure = match &report.outcome {
        Outcome::Failed(error) => {
            let failure = Failure::from(error.clone());
            Some(Failure { exit: signals.code(failure.exit), ..failure })
        }
        Outcome::Done | Outcome::More => None,
    };
    let lost = if report.lost_now.is_empty() { DONE } else { exit::LOST };
    let code = exit::worst(&[failure.as_ref().map_or(DONE, |failure| failure.exit), lost]);
    for warning in &report.warnings {
        printer.warn(warning);
    }
    print_counts(report, printer);
    // One error, the one that gives the exit code; a loss is also in the account above.
    match failure {
        Some(failure) if failure.exit == code => printer.error(&failure),
        _ if code == exit::LOST => printer.error(&loss(report)),
        _ => {}
    }
    printer.summary(Printer::outcome(code), code, summary(report));
    code
}

fn loss(report: &SyncReport) -> Failure {
    let spans: Vec<_> = report.lost_now.iter().map(|span| format!("{} – {}", span.from, span.to)).collect();
    let message = format!("history was lost: {} left the API's look-back before it was archived", spans.join(", "));
    let help = "nothing can fetch it any more; `ochre status` shows it for ever. Run `ochre sync` daily";
    Failure { exit: exit::LOST, code: "lost".into(), message, help: Some(help.into()) }
}

fn print_counts(report: &SyncReport, printer: &Printer) {
    let counts = &report.counts;
    printer.line(format!(
        "{} fetched in {} requests: {} archived, {} duplicates, {} rejected",
        grouped(counts.fetched),
        grouped(report.requests),
        grouped(counts.archived),
        grouped(counts.duplicates),
        grouped(counts.rejected),
    ));
    if counts.conflicts > 0 {
        printer.line(format!(
            "{} came again with other content: the first stays, the others are in quarantine",
            grouped(counts.conflicts)
        ));
    }
    printer.line(format!(
        "{} rows published in {} files, {} wait to be published",
        grouped(report.published_rows),
        grouped(report.published_files),
        grouped(report.unpublished_rows),
    ));
    match report.covered.intervals() {
        [] => printer.line("nothing is covered yet"),
        spans => spans.iter().for_each(|span| printer.line(format!("covered {} – {}", span.from, span.to))),
    }
    for span in &report.lost_now {
        printer.line(format!("LOST {} – {}: it left the API's look-back unread", span.from, span.to));
    }
    for gap in open_gaps(&report.open) {
        printer.line(format!("open gap {} – {}: begins to be lost at {}", gap.span.from, gap.span.to, gap.expires));
    }
    if matches!(report.outcome, Outcome::More) {
        printer.line("the time is up; the next run goes on");
    }
}

/// What `sync` and `backfill` add to the summary.
pub fn summary(report: &SyncReport) -> Value {
    let counts = &report.counts;
    let spans =
        |spans: &[Interval]| spans.iter().map(|span| json!({ "from": span.from, "to": span.to })).collect::<Value>();
    json!({
        "version": report.version,
        "requests": report.requests,
        "pages": report.pages,
        "fetched": counts.fetched,
        "archived": counts.archived,
        "duplicates": counts.duplicates,
        "conflicts": counts.conflicts,
        "rejected": counts.rejected,
        "published_rows": report.published_rows,
        "unpublished_rows": report.unpublished_rows,
        "more": matches!(report.outcome, Outcome::More),
        "covered": spans(report.covered.intervals()),
        "open": open_gaps(&report.open),
        "lost": spans(report.lost.intervals()),
    })
}
