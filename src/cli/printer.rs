//! stdout is data, stderr is talk. The only file that writes to either.

use std::io::{IsTerminal, Write};

use serde_json::{Map, Value, json};

use super::exit::{DONE, Failure};
use crate::domain::SafeText;

/// Prints for people, or JSON lines for programs.
#[derive(Clone, Debug)]
pub struct Printer {
    json: bool,
    command: String,
}

impl Printer {
    /// A printer for one command.
    pub fn new(json: bool, command: &str) -> Self {
        Self { json, command: command.to_owned() }
    }

    /// Whether a person watches stderr live: the only place for a progress bar.
    pub fn is_live(&self) -> bool {
        !self.json && std::io::stderr().is_terminal()
    }

    /// A line of data for people. Programs get it as part of the summary.
    pub fn line(&self, text: impl std::fmt::Display) {
        if !self.json {
            self.raw(&format!("{text}\n"));
        }
    }

    /// Data for whoever asked for exactly this: a completion script, a man page, a URL.
    pub fn raw(&self, text: &str) {
        // A closed pipe is the reader's way to say that it has seen enough.
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Talk, on stderr.
    pub fn say(&self, text: impl std::fmt::Display) {
        if !self.json {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    /// A warning, on stderr.
    pub fn warn(&self, text: &str) {
        self.say(format!("warning: {}", shown(text)));
    }

    /// One JSON line of data.
    pub fn record(&self, kind: &str, fields: Value) {
        if self.json {
            self.json_line(kind, fields);
        }
    }

    /// The last line of stdout under `--json`.
    pub fn summary(&self, outcome: &str, exit: u8, fields: Value) {
        if !self.json {
            return;
        }
        let mut summary = Map::new();
        summary.insert("command".into(), self.command.clone().into());
        summary.insert("outcome".into(), outcome.into());
        summary.insert("exit_code".into(), exit.into());
        if let Value::Object(fields) = fields {
            summary.extend(fields);
        }
        self.json_line("summary", Value::Object(summary));
    }

    /// Tells of a failure and ends the data with a summary. Returns the exit code.
    pub fn failed(&self, failure: &Failure, fields: Value) -> u8 {
        self.error(failure);
        self.summary("failed", failure.exit, fields);
        failure.exit
    }

    /// Tells of a failure, on stderr.
    pub fn error(&self, failure: &Failure) {
        let mut err = std::io::stderr().lock();
        let _ = if self.json {
            let error = json!({
                "type": "error", "code": failure.code, "exit_code": failure.exit, "message": failure.message,
                "help": failure.help, "retryable": failure.is_retryable(),
            });
            writeln!(err, "{error}")
        } else {
            let help = failure.help.as_ref().map(|help| format!("\n  help: {}", shown(help))).unwrap_or_default();
            writeln!(err, "error: {}{help}", shown(&failure.message))
        };
    }

    /// The outcome's word for an exit code.
    pub fn outcome(exit: u8) -> &'static str {
        if exit == DONE { "ok" } else { "failed" }
    }

    fn json_line(&self, kind: &str, fields: Value) {
        let mut line = Map::new();
        line.insert("type".into(), kind.into());
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        self.raw(&format!("{}\n", Value::Object(line)));
    }
}

/// A whole number with thin groups: `50 000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A size in decimal units: `4.1 MB`.
pub fn sized(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 && unit + 1 < units.len() {
        size /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{size:.1} {}", units[unit]) }
}

/// A span in the two largest units that matter: `179 days 23 h`.
pub fn spanned(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (1, hours, _) => format!("1 day {hours} h"),
        (days, hours, _) => format!("{days} days {hours} h"),
    }
}

/// Several lines of which parts may be of foreign origin, safe to show.
fn shown(text: &str) -> String {
    text.lines().map(|line| SafeText(line).up_to(2_000)).collect::<Vec<_>>().join("\n")
}

/// Text of foreign origin, safe to show.
pub fn safe(text: &str) -> String {
    SafeText(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            [grouped(0), grouped(999), grouped(50_000), grouped(1_234_567)],
            ["0", "999", "50 000", "1 234 567"]
        );
        assert_eq!([sized(999), sized(4_100_000)], ["999 B", "4.1 MB"]);
        assert_eq!(
            [spanned(59), spanned(3_660), spanned(86_400 * 179 + 82_800)],
            ["59 s", "1 h 1 min", "179 days 23 h"]
        );
    }
}
