//! Ctrl-C and SIGTERM: the first asks the run to stop cleanly, the second forces it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use super::exit::Failure;
use super::printer::Printer;
use crate::operations::Stop;

const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// Listens for signals while a run is under way.
pub struct Signals {
    /// What the run looks at.
    pub stop: Stop,
    caught: Arc<AtomicU8>,
}

impl Signals {
    /// Begins to listen.
    pub fn listen(printer: &Printer) -> Result<Self, Failure> {
        let (switch, stop) = Stop::new();
        let caught = Arc::new(AtomicU8::new(0));
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt()).map_err(Failure::unexpected)?,
            signal(SignalKind::terminate()).map_err(Failure::unexpected)?,
        );
        let (note, printer) = (caught.clone(), printer.clone());
        tokio::spawn(async move {
            loop {
                let code = tokio::select! {
                    _ = interrupt.recv() => INTERRUPTED,
                    _ = terminate.recv() => TERMINATED,
                };
                if note.swap(code, Ordering::SeqCst) != 0 {
                    std::process::exit(i32::from(code));
                }
                printer.say("stopping: what is committed is safe; once more to force");
                let _ = switch.send(true);
            }
        });
        Ok(Self { stop, caught })
    }

    /// The exit code of an interrupted run: 130 for Ctrl-C, 143 for SIGTERM.
    pub fn code(&self, otherwise: u8) -> u8 {
        match (otherwise, self.caught.load(Ordering::SeqCst)) {
            (INTERRUPTED, TERMINATED) => TERMINATED,
            _ => otherwise,
        }
    }
}
