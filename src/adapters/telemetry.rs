//! Log lines, on stderr: stdout is for data.

use std::io::IsTerminal as _;

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people; coloured on a terminal unless `NO_COLOR` is set.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging to stderr: Ochre's own lines from `level` up, those of its libraries only as warnings.
/// A level it does not know counts as `warn`. Called again it changes nothing.
pub fn init(level: &str, format: LogFormat) {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(may_colour()).boxed(),
        LogFormat::Json => lines.with_ansi(false).json().flatten_event(true).boxed(),
    };
    // An error means that a subscriber is there already, which is what was asked for.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter(level))).try_init();
}

fn filter(level: &str) -> Targets {
    let own = level.parse().unwrap_or(LevelFilter::WARN);
    Targets::new().with_default(own.min(LevelFilter::WARN)).with_target("ochre", own)
}

fn may_colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && std::io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn libraries_are_quieter_than_ochre() {
        let debug = filter("debug");
        assert!(debug.would_enable("ochre::operations", &Level::DEBUG));
        assert!(!debug.would_enable("hyper", &Level::INFO));
        assert!(debug.would_enable("hyper", &Level::WARN));
        assert!(!filter("error").would_enable("hyper", &Level::WARN));
        assert!(filter("purple").would_enable("ochre", &Level::WARN));
        assert!(!filter("off").would_enable("ochre", &Level::ERROR));
    }

    #[test]
    fn starting_twice_is_harmless() {
        init("warn", LogFormat::Text);
        init("debug", LogFormat::Json);
    }
}
