//! `ochre simulate`: a simulated Pigment API on loopback.

use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;

use super::args::{Common, Simulate, SimulatedDialect};
use super::exit::{DONE, Failure};
use super::printer::Printer;
use super::stop::Signals;
use crate::adapters::system::SystemClock;
use crate::domain::Timestamp;
use crate::ports::Clock;
use crate::sim::api::{Api, ApiSettings, FaultPlan, KeySpec};
use crate::sim::server::{ServerTime, serve};
use crate::sim::workload::{Dialect, WorkloadSpec};

/// Serves until it is told to stop. The URL is the first line of stdout.
pub async fn run(_: &Common, verb: &Simulate, printer: &Printer) -> Result<u8, Failure> {
    if verb.fault.iter().any(|fault| fault == "help") {
        for (form, meaning) in FaultPlan::known() {
            printer.raw(&format!("{form:40} {meaning}\n"));
        }
        return Ok(DONE);
    }
    let clock = Arc::new(SystemClock::start());
    let now = match &verb.now {
        Some(text) => Timestamp::parse(text).ok_or_else(|| {
            Failure::usage(format!("`{text}` is not a time"), "write RFC 3339, such as 2026-11-20T08:00:00Z")
        })?,
        None => clock.now(),
    };
    let mut faults = FaultPlan::default();
    for fault in &verb.fault {
        let plan = FaultPlan::parse(fault);
        faults.extend(plan.map_err(|error| Failure::usage(error, "`ochre simulate --fault help` lists them"))?);
    }
    let mut workload = WorkloadSpec::new(verb.seed, verb.events);
    workload.hostile = verb.hostile;
    let mut settings = ApiSettings::new(workload, now);
    settings.keys = vec![KeySpec::audit(&verb.key)];
    settings.requests_per_window = (verb.requests_per_window > 0).then_some(verb.requests_per_window);
    settings.faults = faults;
    settings.dialect = match verb.dialect {
        SimulatedDialect::Vendor => Dialect::Vendor,
        SimulatedDialect::Skill => Dialect::Skill,
    };
    let listener = TcpListener::bind(("127.0.0.1", verb.port)).await;
    let listener = listener.map_err(|error| {
        Failure::usage(format!("failed to listen on port {}: {error}", verb.port), "take another `--port`, or 0")
    })?;
    let signals = Signals::listen(printer)?;
    let url = listener.local_addr().map_err(Failure::unexpected)?;
    printer.raw(&format!("http://{url}\n"));
    printer.say(format!("try: AUDIT_LOG_API_KEY={} ochre sync --archive ./try --api-url http://{url}", verb.key));
    let mut stop = signals.stop.clone();
    let time = Arc::new(ServerTime::new(clock, now));
    serve(listener, Arc::new(Mutex::new(Api::new(settings))), time, async move { stop.given().await })
        .await
        .map_err(Failure::unexpected)?;
    Ok(DONE)
}
