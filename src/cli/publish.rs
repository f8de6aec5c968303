//! `ochre publish`.

use serde_json::json;

use super::args::{Common, DryRun};
use super::exit::{DONE, Failure};
use super::printer::{Printer, grouped};
use super::stop::Signals;
use super::wire_up::Wiring;
use crate::domain::publish::due;
use crate::operations::publish::publish;
use crate::operations::{Journal, writer};

/// Puts rows into the lake that are durable and due.
pub async fn run(common: &Common, verb: &DryRun, printer: &Printer) -> Result<u8, Failure> {
    let wiring = Wiring::read(common, &[])?;
    let doors = wiring.doors(printer)?;
    let mut journal = Journal::open(doors.store.clone(), writer(doors.entropy.as_ref(), "publish")).await?;
    let (rules, at) = (wiring.publish_rules(), doors.clock.now());
    if verb.dry_run {
        let (days, open) = (due(journal.archive(), &rules, at), journal.archive().lake.open.len());
        printer.line(format!("would finish {open} interrupted publishings and publish {} days", days.len()));
        days.iter().for_each(|day| printer.line(format!("  {day}")));
        printer.summary("ok", DONE, json!({ "dry_run": true, "open": open, "days": days }));
        return Ok(DONE);
    }
    let signals = Signals::listen(printer)?;
    let published = publish(&mut journal, &doors, &rules, at, &signals.stop).await?;
    let waiting = journal.archive().lake.unpublished_rows();
    let (rows, files) = (published.rows, published.files);
    printer.line(format!(
        "{} rows published in {} files, {} wait to be published",
        grouped(rows),
        grouped(files),
        grouped(waiting)
    ));
    let version = journal.archive().next.saturating_sub(1);
    printer.summary(
        "ok",
        DONE,
        json!({ "version": version, "published_rows": rows, "published_files": files, "unpublished_rows": waiting }),
    );
    Ok(DONE)
}
