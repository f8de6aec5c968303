//! `ochre demo`: the main job against a simulated Pigment, with the real client and a real archive.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::net::TcpListener;

use super::args::{Common, Demo};
use super::exit::{DONE, Failure};
use super::printer::{Printer, grouped, sized};
use super::stop::Signals;
use super::sync::{summary, tell};
use super::wire_up::Wiring;
use crate::adapters::system::SystemClock;
use crate::domain::Timestamp;
use crate::domain::finding::Severity;
use crate::domain::layout::{GENERATION, lake_glob};
use crate::domain::views::CANARY_MISSING;
use crate::domain::walk::Asked;
use crate::operations::init::{check_place, init};
use crate::operations::status::StatusReport;
use crate::operations::sync::{Outcome, SyncReport, sync};
use crate::operations::verify::{LEVEL_MAX, VerifyReport, verify};
use crate::operations::{Doors, Journal, writer};
use crate::ports::Clock;
use crate::sim::api::{Api, ApiSettings, KeySpec};
use crate::sim::server::{ServerTime, serve};
use crate::sim::workload::WorkloadSpec;

const KEY: &str = "demo";
const PLACE: &str = "./ochre-demo";

/// Archives a simulated half year, verifies it, and says what to do next.
pub async fn run(common: &Common, verb: &Demo, printer: &Printer) -> Result<u8, Failure> {
    let url = serve_company(verb).await?;
    printer.line(format!("  ✓ simulated Pigment API on {url}, 180 days, about {} events", grouped(verb.events)));
    let place = common.archive.clone().unwrap_or_else(|| PLACE.to_owned());
    let common = Common { archive: Some(place.clone()), api_url: Some(url), ..common.clone() };
    let wiring = Wiring::read(&common, &[("publish.when", "commit")])?;
    let doors = wiring.doors(printer)?;
    check_place(doors.store.as_ref()).await?;
    wiring.probe().await?;
    init(&doors).await?;
    let signals = Signals::listen(printer)?;
    let settings = wiring.run("demo", Asked::Sync, None);
    let source = wiring.connect(KEY.to_owned().into())?;
    let run = sync(&doors, source, &settings, signals.stop.clone()).await?;
    if matches!(&run.outcome, Outcome::Failed(error) if error.code == CANARY_MISSING) {
        return Err(Failure::usage(
            format!("{place} holds another demo, made with other `--events` or another `--seed`"),
            "delete it, or name another `--archive`",
        ));
    }
    if !matches!(run.outcome, Outcome::Done) || !run.lost_now.is_empty() {
        return Ok(tell(&run, &signals, printer));
    }
    let verified = verify(&doors, LEVEL_MAX).await?;
    let journal = Journal::open(doors.store.clone(), writer(doors.entropy.as_ref(), "demo")).await?;
    let status = StatusReport::of(&journal, doors.clock.now());
    let code = show(&doors, &run, &verified, &status, printer);
    if code == DONE {
        show_next(&place, printer);
    }
    let mut fields = summary(&run);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("record_rows".into(), json!(verified.record_rows));
        fields.insert("lake_rows".into(), json!(verified.lake_rows));
        fields.insert("findings".into(), json!(verified.findings.len()));
    }
    printer.summary(Printer::outcome(code), code, fields);
    Ok(code)
}

/// Serves the simulated company on a free port of 127.0.0.1 for as long as this process lives.
async fn serve_company(verb: &Demo) -> Result<String, Failure> {
    let clock = Arc::new(SystemClock::start());
    let now: Timestamp = clock.now();
    let mut settings = ApiSettings::new(WorkloadSpec::new(verb.seed, verb.events), now);
    settings.keys = vec![KeySpec::audit(KEY)];
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(Failure::unexpected)?;
    let url = format!("http://{}", listener.local_addr().map_err(Failure::unexpected)?);
    let time = Arc::new(ServerTime::new(clock, now));
    let api = Arc::new(Mutex::new(Api::new(settings)));
    tokio::spawn(serve(listener, api, time, std::future::pending::<()>()));
    Ok(url)
}

fn show(doors: &Doors, run: &SyncReport, verified: &VerifyReport, status: &StatusReport, printer: &Printer) -> u8 {
    let counts = &run.counts;
    printer.line(format!(
        "  ✓ {} archived, {} duplicates, {} rejected, in {} requests · record {} segments · lake {} files, {}",
        grouped(counts.archived),
        grouped(counts.duplicates),
        grouped(counts.rejected),
        grouped(run.requests),
        grouped(status.segments as u64),
        grouped(status.files as u64),
        sized(status.lake_bytes),
    ));
    let damage: Vec<_> = verified.findings.iter().filter(|found| found.severity > Severity::Note).collect();
    for finding in &damage {
        printer.line(format!("  ✗ `{}` {}", finding.subject, finding.what));
    }
    if !damage.is_empty() || verified.lake_rows != verified.record_rows {
        printer.line("  ✗ the archive does not verify");
        return super::exit::INTEGRITY;
    }
    printer.line(format!(
        "  ✓ verified: chain whole, {} of {} rows, every digest ({} objects, {})",
        grouped(verified.lake_rows),
        grouped(verified.record_rows),
        grouped(verified.objects),
        sized(verified.bytes),
    ));
    let (floor, now) = (status.floor.map(Timestamp::to_seconds_string), doors.clock.now());
    if let (Some(floor), Some(head)) = (floor, status.head) {
        printer.line(format!(
            "  ✓ covered {floor} → {} before now, no gaps",
            super::printer::spanned(now.since(head).as_secs())
        ));
    }
    DONE
}

fn show_next(place: &str, printer: &Printer) {
    // As this program was called, so that the line works where it is read.
    let program = std::env::args().next().unwrap_or_else(|| "ochre".to_owned());
    printer.line("next:");
    printer.line(format!("  {program} status --archive {place}"));
    printer.line(format!("  {program} verify --archive {place}"));
    let glob = lake_glob(GENERATION);
    printer.line(format!(
        "  duckdb -c \"select event_type, count(*) n from read_parquet('{place}/{glob}', hive_partitioning=true, \
         hive_types={{event_date: DATE, event_type: VARCHAR}}) group by 1 order by n desc limit 5\"   (with DuckDB installed)"
    ));
}
