//! `ochre init`.

use serde_json::json;

use super::args::{Common, DryRun};
use super::exit::{DONE, Failure};
use super::printer::{Printer, safe};
use super::wire_up::Wiring;
use crate::domain::layout::ObjectKey;
use crate::operations::init::{check_place, init};

/// Makes an archive.
pub async fn run(common: &Common, verb: &DryRun, printer: &Printer) -> Result<u8, Failure> {
    let wiring = Wiring::read(common, &[])?;
    let doors = wiring.doors(printer)?;
    let place = wiring.settings.archive.clone().unwrap_or_default();
    if verb.dry_run {
        let there = doors
            .store
            .read(&ObjectKey::Identity.to_string())
            .await
            .map_err(crate::operations::OperationError::from)?;
        printer.line(if there.is_some() { "there is an archive already" } else { "would make an archive here" });
        printer.summary("ok", DONE, json!({ "dry_run": true, "exists": there.is_some() }));
        return Ok(DONE);
    }
    check_place(doors.store.as_ref()).await?;
    wiring.probe().await?;
    let made = init(&doors).await?;
    let what = if made.created { "made" } else { "found" };
    printer.line(format!("{what} archive {} in {}", made.archive, safe(&place)));
    printer.line(format!("next: AUDIT_LOG_API_KEY=… ochre sync --archive {}", safe(&place)));
    printer.summary("ok", DONE, json!({ "archive": made.archive, "created": made.created }));
    Ok(DONE)
}
