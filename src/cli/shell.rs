//! `ochre completions` and `ochre man`: made by clap from the command line's own definition.

use clap::CommandFactory;

use super::args::{Arguments, Completions};
use super::exit::{DONE, Failure};
use super::printer::Printer;

/// Prints a completion script.
pub fn completions(verb: &Completions, printer: &Printer) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(verb.shell, &mut Arguments::command(), "ochre", &mut script);
    printer.raw(&String::from_utf8_lossy(&script));
    Ok(DONE)
}

/// Prints the manual page.
pub fn man(printer: &Printer) -> Result<u8, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page).map_err(Failure::unexpected)?;
    printer.raw(&String::from_utf8_lossy(&page));
    Ok(DONE)
}
