//! File, environment and flags become [`Settings`]: plain data, checked once.
//!
//! Nothing here reads a file or the environment. The caller collects [`Layers`] (the files that
//! [`candidate_files`] names, the variables, the flags) and [`Settings::resolve`] decides:
//! flag > `OCHRE_*` > `--config` or `./ochre.toml` > XDG > `/etc/ochre/ochre.toml` > default.
//!
//! An unknown key is refused wherever it stands: a misspelt setting that is silently ignored is how
//! an archive ends up with another margin than its owner believes. The API key is not a setting and
//! is never shown: errors name keys and places, and cut what follows.

mod environment;
mod error;
mod file;
mod keys;
mod layers;
mod settings;
mod value;

pub use error::ConfigError;
pub use keys::{KEYS, Key, Kind};
pub use layers::{ConfigFile, Layers, Origin, Origins, candidate_files, explicit_file};
pub use settings::{ApiSettings, LogFormat, LogSettings, PublishSettings, Settings, WalkSettings};
