//! `ochre config show`.

use serde_json::json;

use super::args::{Common, Config};
use super::exit::{DONE, Failure};
use super::printer::{Printer, safe};
use super::wire_up::Wiring;

/// Prints the settings in force.
pub fn run(common: &Common, verb: &Config, printer: &Printer) -> Result<u8, Failure> {
    let Config::Show { origin } = verb;
    let wiring = Wiring::read(common, &[])?;
    for setting in &wiring.origins.0 {
        let value = setting.value.as_deref().unwrap_or("");
        match origin {
            true => printer.line(format!("{:28} {:28} # {}", setting.name, safe(value), safe(&setting.origin))),
            false => printer.line(format!("{:28} {}", setting.name, safe(value))),
        }
        printer.record("setting", json!({ "name": setting.name, "value": setting.value, "origin": setting.origin }));
    }
    printer.summary("ok", DONE, json!({}));
    Ok(DONE)
}
