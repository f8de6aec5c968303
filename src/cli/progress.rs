//! What a run shows while it runs: a bar on a terminal, else a line every 30 seconds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::printer::{Printer, grouped, spanned};
use crate::adapters::pigment_api::ClientMeter;
use crate::ports::{Clock, Progress, Watcher};

/// Without a terminal, a line this often.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// The bar's length in steps.
const STEPS: u64 = 1000;

/// Shows progress on stderr.
pub struct Screen {
    printer: Printer,
    clock: Arc<dyn Clock>,
    meter: Arc<ClientMeter>,
    bar: Option<ProgressBar>,
    began: Duration,
    said: Mutex<Duration>,
}

impl Screen {
    /// A screen for one run.
    pub fn new(printer: Printer, clock: Arc<dyn Clock>, meter: Arc<ClientMeter>) -> Self {
        let bar = printer.is_live().then(|| {
            let style = ProgressStyle::with_template("  {prefix} ▕{bar:20}▏ {msg}");
            let bar = ProgressBar::new(STEPS);
            if let Ok(style) = style {
                bar.set_style(style.progress_chars("██ "));
            }
            bar
        });
        let began = clock.elapsed();
        Self { printer, clock, meter, bar, began, said: Mutex::new(began) }
    }

    fn show(&self, doing: &'static str, done: f64, text: String) {
        if let Some(bar) = &self.bar {
            bar.set_prefix(doing);
            bar.set_position((done.clamp(0.0, 1.0) * STEPS as f64) as u64);
            bar.set_message(text);
            return;
        }
        let now = self.clock.elapsed();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= *said + LINE_EVERY {
            *said = now;
            self.printer.say(format!("{doing}: {text}"));
        }
    }

    /// The rate, the requests, the time left, and what holds the walk up.
    fn walking(&self, fetched: u64, requests: u64, done: f64) -> String {
        let seconds = (self.clock.elapsed().saturating_sub(self.began)).as_secs_f64();
        let rate = if seconds > 0.0 { fetched as f64 / seconds } else { 0.0 };
        let left = if done > 0.0 { seconds / done * (1.0 - done) } else { 0.0 };
        let limit =
            if self.meter.waiting() || self.meter.waited() > Duration::ZERO { " · API rate limit" } else { "" };
        format!(
            "{} events · {} requests · {}/s · about {} left{limit}",
            grouped(fetched),
            grouped(requests),
            grouped(rate as u64),
            spanned(left as u64),
        )
    }
}

impl Watcher for Screen {
    fn saw(&self, progress: Progress) {
        match progress {
            Progress::Walking { fetched, requests, top, reached, since } => {
                let whole = top.since(since).as_secs_f64();
                let done = if whole > 0.0 { top.since(reached).as_secs_f64() / whole } else { 1.0 };
                self.show("archiving", done, self.walking(fetched, requests, done));
            }
            Progress::Publishing { rows, total } => {
                self.show("publishing", ratio(rows, total), format!("{} of {} rows", grouped(rows), grouped(total)));
            }
            Progress::Verifying { done, total } => {
                self.show("verifying", ratio(done, total), format!("{} of {} objects", grouped(done), grouped(total)));
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn ratio(done: u64, total: u64) -> f64 {
    if total == 0 { 1.0 } else { done as f64 / total as f64 }
}
