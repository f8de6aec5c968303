//! `ochre backfill --since`.

use serde_json::json;

use super::args::{Backfill, Common};
use super::exit::Failure;
use super::printer::Printer;
use super::sync::run_with;
use super::wire_up::Wiring;
use crate::domain::TimeSpec;
use crate::domain::walk::Asked;
use crate::domain::window::{Reach, Window};
use crate::operations::backfill::windows;
use crate::operations::{Journal, writer};

/// Says what of the time asked for can be had, and fetches it.
pub async fn run(common: &Common, verb: &Backfill, printer: &Printer) -> Result<u8, Failure> {
    let wiring = Wiring::read(common, &[])?;
    let now = wiring.now();
    let span = TimeSpec::parse(&verb.since, now)
        .map_err(|error| Failure::usage(error.to_string(), "write 2026-01-01, 2026-Q1, 90d or an RFC 3339 time"))?;
    let doors = wiring.doors(printer)?;
    let journal = Journal::open(doors.store.clone(), writer(doors.entropy.as_ref(), "backfill")).await?;
    printer.line(format!("asked for {} to now ({})", span.from, span.reason));
    for window in windows(&journal, span.from, now, &wiring.walk_rules()) {
        print_window(&window, printer);
    }
    drop(journal);
    let settings = wiring.run("backfill", Asked::Since(span.from), verb.sync.max_time);
    run_with(&wiring, &settings, verb.sync.dry_run, printer).await
}

fn print_window(window: &Window, printer: &Printer) {
    printer.line(format!("window {} – {}", window.span.from, window.span.to));
    for (part, reach) in &window.stretches {
        let what = match reach {
            Reach::Archived => "archived".to_owned(),
            Reach::Reachable { expires } => format!("reachable; begins to expire at {expires}"),
            Reach::Lost => "lost: it expired after this archive began".to_owned(),
            Reach::BeforeArchive => "expired before this archive began".to_owned(),
        };
        printer.line(format!("  {} – {}  {what}", part.from, part.to));
    }
    let stretches: Vec<_> = window
        .stretches
        .iter()
        .map(|(part, reach)| json!({ "from": part.from, "to": part.to, "reach": reach }))
        .collect();
    printer.record("window", json!({ "from": window.span.from, "to": window.span.to, "stretches": stretches }));
}
