//! The desk: what people and schedulers meet. Parses, wires up, prints, exits.
//!
//! stdout is data, stderr is talk. One file for each verb; `wire_up` alone picks adapters, and
//! `demo` and `simulate` alone name the simulator.

mod args;
mod backfill;
mod config;
mod demo;
mod exit;
mod init;
mod printer;
mod progress;
mod publish;
mod shell;
mod simulate;
mod status;
mod stop;
mod sync;
mod verify;
mod wire_up;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Arguments, Verb};
use exit::Failure;
use printer::Printer;
use serde_json::json;

use crate::operations::sync::SyncReport;

/// clap knows which of its texts are help, for stdout, and which are errors. Programs get an error of ours.
fn misspelt(error: &clap::Error) -> u8 {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if !error.use_stderr() {
        let _ = error.print();
        return exit::DONE;
    }
    if !words.iter().any(|word| word == "--json") {
        let _ = error.print();
        return exit::USAGE;
    }
    let verbs = Arguments::command().get_subcommands().map(|verb| verb.get_name().to_owned()).collect::<Vec<_>>();
    let command = words.into_iter().find(|word| verbs.contains(word)).unwrap_or_default();
    Printer::new(true, &command).failed(&Failure::usage(error.to_string(), "see `ochre help`"), json!({}))
}

/// Parses the command line, runs one verb, and tells how it went.
pub async fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            return ExitCode::from(misspelt(&error));
        }
    };
    let printer = Printer::new(arguments.common.json, arguments.verb.name());
    let done = match &arguments.verb {
        Verb::Demo(verb) => demo::run(&arguments.common, verb, &printer).await,
        Verb::Simulate(verb) => simulate::run(&arguments.common, verb, &printer).await,
        Verb::Init(verb) => init::run(&arguments.common, verb, &printer).await,
        Verb::Sync(verb) => sync::run(&arguments.common, verb, &printer).await,
        Verb::Backfill(verb) => backfill::run(&arguments.common, verb, &printer).await,
        Verb::Publish(verb) => publish::run(&arguments.common, verb, &printer).await,
        Verb::Status(verb) => status::run(&arguments.common, verb, &printer).await,
        Verb::Verify(verb) => verify::run(&arguments.common, verb, &printer).await,
        Verb::Config(verb) => config::run(&arguments.common, verb, &printer),
        Verb::Completions(verb) => shell::completions(verb, &printer),
        Verb::Man => shell::man(&printer),
    };
    let code = done.unwrap_or_else(|failure: Failure| {
        // Those who read the account of a run find its fields also where the run could not begin.
        let of_a_run = matches!(arguments.verb, Verb::Sync(_) | Verb::Backfill(_));
        printer.failed(&failure, if of_a_run { sync::summary(&SyncReport::default()) } else { json!({}) })
    });
    ExitCode::from(code)
}
