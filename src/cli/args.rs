//! The command line. Flags become settings in [`super::wire_up`]; nothing here knows what they do.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Keeps Pigment's audit history for good.
///
/// Copies every audit event out before Pigment drops it after 180 days, into storage you own, as Parquet
/// that Athena, DuckDB and Spark can read, with a log that proves what is there and what is not.
#[derive(Debug, Parser)]
#[command(name = "ochre", version, max_term_width = 100, propagate_version = true)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub verb: Verb,
}

/// Flags that every command knows.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Where the archive lies: ./dir or file:///dir [env: OCHRE_ARCHIVE]
    #[arg(long, global = true, value_name = "URL")]
    pub archive: Option<String>,
    /// The base URL of Pigment's API [env: OCHRE_API__URL] [default: https://pigment.app]
    #[arg(long, global = true, value_name = "URL")]
    pub api_url: Option<String>,
    /// A configuration file, instead of ./ochre.toml and the ones of the user and the system
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON lines; the last one is a summary, also on failure
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// See it work: a simulated Pigment, a real archive in ./ochre-demo, verified; no key needed
    Demo(Demo),
    /// Serve a simulated Pigment API on 127.0.0.1, for trying things out
    Simulate(Simulate),
    /// Make a new archive
    Init(DryRun),
    /// Fetch what is new, and finish what was interrupted
    Sync(Sync),
    /// Fetch as far back as asked and as the API reaches
    Backfill(Backfill),
    /// Put rows into the lake that are durable and due
    Publish(DryRun),
    /// Show what is held, what is missing, and until when it can still be fetched
    Status(Status),
    /// Check the archive; never changes it
    Verify(Verify),
    /// Show the settings in force
    #[command(subcommand)]
    Config(Config),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print the manual page
    Man,
}

impl Verb {
    /// The verb as it is typed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Demo(_) => "demo",
            Self::Simulate(_) => "simulate",
            Self::Init(_) => "init",
            Self::Sync(_) => "sync",
            Self::Backfill(_) => "backfill",
            Self::Publish(_) => "publish",
            Self::Status(_) => "status",
            Self::Verify(_) => "verify",
            Self::Config(_) => "config",
            Self::Completions(_) => "completions",
            Self::Man => "man",
        }
    }
}

#[derive(Clone, Debug, Args)]
pub struct Demo {
    /// How many events the simulated company makes in 180 days
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..=20_000_000))]
    pub events: u64,
    /// The seed of the simulated company
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Clone, Debug, Args)]
pub struct Simulate {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// The seed of the simulated company
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many events it makes in 180 days
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(0..=20_000_000))]
    pub events: u64,
    /// How many requests it answers in 5 minutes; 0 for any number, to measure without the limit
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub requests_per_window: u64,
    /// The time the simulated server's clock begins at, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// How responses are written
    #[arg(long, value_enum, default_value_t = SimulatedDialect::Vendor)]
    pub dialect: SimulatedDialect,
    /// The bearer key it accepts
    #[arg(long, default_value = "demo")]
    pub key: String,
    /// Also serve hostile names, types and fields
    #[arg(long)]
    pub hostile: bool,
    /// A fault to serve, such as `status:503@5..8`; may be repeated; `--fault help` lists them
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SimulatedDialect {
    /// As Pigment's own pages describe
    Vendor,
    /// As a widely used runbook describes
    Skill,
}

#[derive(Clone, Debug, Args)]
pub struct DryRun {
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Sync {
    /// Stop fetching after this time, such as 10m; the next run goes on
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub max_time: Option<Duration>,
    /// Print the plan, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Backfill {
    /// How far back: 2026-01-01, 2026-Q1, 90d, last-month, or an RFC 3339 time; UTC
    #[arg(long, value_name = "TIME")]
    pub since: String,
    #[command(flatten)]
    pub sync: Sync,
}

#[derive(Clone, Debug, Args)]
pub struct Status {
    /// Exit with 21 when the newest coverage is older than this, such as 26h
    #[arg(long, value_name = "AGE", num_args = 0..=1, default_missing_value = "26h", value_parser = humantime::parse_duration)]
    pub check: Option<Duration>,
    /// Tell ages and deadlines as of this time instead of now
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub struct Verify {
    /// How deep: 0 log, 1 inventory, 2 bytes, 3 content, 4 coverage
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(0..=4))]
    pub level: u8,
    /// Exit with 20 for findings that are at least this bad; damage always exits with 12
    #[arg(long, value_enum, default_value_t = FailOn::Warning)]
    pub fail_on: FailOn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Worth knowing
    Note,
    /// Missing, and can still be had
    Warning,
    /// Missing for good
    Loss,
    /// Never
    Never,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Config {
    /// Print every key with its value
    Show {
        /// Also say where each value comes from
        #[arg(long)]
        origin: bool,
    },
}

#[derive(Clone, Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}
