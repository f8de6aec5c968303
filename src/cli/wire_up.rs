//! Flags, environment and files become settings; settings become adapters. The only file that picks them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use super::args::Common;
use super::exit::Failure;
use super::printer::Printer;
use super::progress::Screen;
use crate::adapters::api_key::{ApiKeySources, load_api_key};
use crate::adapters::dir_store::DirStore;
use crate::adapters::pigment_api::{self, ClientMeter};
use crate::adapters::system::{SystemClock, SystemEntropy};
use crate::adapters::telemetry;
use crate::config::{ConfigFile, Layers, LogFormat, Origins, Settings, candidate_files, explicit_file};
use crate::domain::Timestamp;
use crate::domain::publish::PublishRules;
use crate::domain::walk::{Asked, WalkRules};
use crate::operations::Doors;
use crate::operations::sync::SyncSettings;
use crate::ports::{AuditSource, Clock};

/// The variable that holds the API key, as Pigment's own runbook names it.
const KEY_VARIABLE: &str = "AUDIT_LOG_API_KEY";

/// Settings in force, and the doors they lead to.
pub struct Wiring {
    /// The settings.
    pub settings: Settings,
    /// Who set what.
    pub origins: Origins,
    meter: Arc<ClientMeter>,
    clock: Arc<dyn Clock>,
}

impl Wiring {
    /// Reads every layer. `overrides` are settings that the verb itself makes.
    pub fn read(common: &Common, overrides: &[(&str, &str)]) -> Result<Self, Failure> {
        let env: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name != KEY_VARIABLE)
            .collect();
        let explicit = explicit_file(&env, common.config.as_deref());
        let files = read_files(&candidate_files(&env, explicit.as_deref()), explicit.as_deref())?;
        let flag = |name: &str, value: &Option<String>| value.clone().map(|value| (name.to_owned(), value));
        let mut flags: Vec<_> =
            flag("archive", &common.archive).into_iter().chain(flag("api.url", &common.api_url)).collect();
        flags.extend(overrides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let (settings, origins) = Settings::resolve(&Layers { env, files, flags })?;
        let format = match settings.log.format {
            LogFormat::Text => telemetry::LogFormat::Text,
            LogFormat::Json => telemetry::LogFormat::Json,
        };
        telemetry::init(&settings.log.level, format);
        Ok(Self { settings, origins, meter: Arc::default(), clock: Arc::new(SystemClock::start()) })
    }

    /// The local clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The doors to the archive.
    pub fn doors(&self, printer: &Printer) -> Result<Doors, Failure> {
        let place = self.settings.archive.as_deref().ok_or_else(|| {
            Failure::usage("no archive was named", "add `--archive ./my-archive`, or set `OCHRE_ARCHIVE`")
        })?;
        let store = DirStore::open(&directory(place)?).map_err(crate::operations::OperationError::from)?;
        let screen = Screen::new(printer.clone(), self.clock.clone(), self.meter.clone());
        Ok(Doors {
            store: Arc::new(store),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            watcher: Arc::new(screen),
        })
    }

    /// Checks, before an archive is made, that the place can hold one.
    pub async fn probe(&self) -> Result<(), Failure> {
        let place = self.settings.archive.as_deref().unwrap_or_default();
        let store = DirStore::open(&directory(place)?).map_err(crate::operations::OperationError::from)?;
        store.probe().await.map_err(|error| crate::operations::OperationError::from(error).into())
    }

    /// The door to the API, with the key from where the settings say.
    pub async fn source(&self, printer: &Printer) -> Result<Arc<dyn AuditSource>, Failure> {
        let api = &self.settings.api;
        let env = std::env::var(KEY_VARIABLE).ok().map(SecretString::from);
        let sources = ApiKeySources { env, file: api.key_file.as_deref(), command: api.key_command.as_deref() };
        let key = load_api_key(sources).await.map_err(|error| Failure::configuration(error.message, error.help))?;
        if let Some(warning) = &key.warning {
            printer.warn(warning);
        }
        self.connect(key.secret)
    }

    /// The door to the API, with this key.
    pub fn connect(&self, key: SecretString) -> Result<Arc<dyn AuditSource>, Failure> {
        let api = &self.settings.api;
        let settings = pigment_api::ApiSettings {
            url: api.url.clone(),
            timeout: api.timeout,
            ca_file: api.ca_file.clone(),
            window: api.window,
            requests_per_window: api.requests_per_window,
            share: api.share,
            retry_budget: api.retry_budget,
        };
        let (clock, meter) = (self.clock.clone(), self.meter.clone());
        let source = pigment_api::connect(settings, key, clock, Arc::new(SystemEntropy), meter);
        source.map_err(|error| crate::operations::OperationError::from(&error).into())
    }

    /// The rules of a run.
    pub fn run(&self, command: &'static str, asked: Asked, time_max: Option<std::time::Duration>) -> SyncSettings {
        let walk = &self.settings.walk;
        SyncSettings {
            walk: self.walk_rules(),
            clock_tolerance: walk.clock_tolerance,
            publish: self.publish_rules(),
            time_max,
            asked,
            command,
        }
    }

    /// Where walks start.
    pub fn walk_rules(&self) -> WalkRules {
        let walk = &self.settings.walk;
        WalkRules { overlap: walk.overlap, lag: walk.lag, margin: walk.margin, sweep_daily: walk.sweep_daily }
    }

    /// When rows go to the lake.
    pub fn publish_rules(&self) -> PublishRules {
        PublishRules { when: self.settings.publish.when, settle: self.settings.publish.settle }
    }
}

fn read_files(candidates: &[PathBuf], explicit: Option<&Path>) -> Result<Vec<ConfigFile>, Failure> {
    let mut files = Vec::new();
    for path in candidates {
        match std::fs::read_to_string(path) {
            Ok(text) => files.push(ConfigFile { path: path.clone(), text }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && explicit != Some(path) => {}
            Err(error) => {
                let message = format!("failed to read the configuration file `{}`: {error}", path.display());
                return Err(Failure::configuration(
                    message,
                    "check `--config` or `OCHRE_CONFIG`, and the file's owner",
                ));
            }
        }
    }
    Ok(files)
}

/// The directory an archive URL names.
fn directory(place: &str) -> Result<PathBuf, Failure> {
    if let Some(path) = place.strip_prefix("file://") {
        let path = path.strip_prefix("localhost").unwrap_or(path);
        if path.starts_with('/') {
            return Ok(PathBuf::from(path));
        }
        return Err(Failure::configuration(
            format!("`{place}` names no absolute path"),
            "write three slashes: file:///var/lib/ochre",
        ));
    }
    match place.split_once("://") {
        Some((scheme, _)) => Err(Failure::configuration(
            format!("archives under `{scheme}://` are not supported by this version"),
            "use a directory: ./archive or file:///var/lib/ochre",
        )),
        None => Ok(PathBuf::from(place)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_a_directory_or_a_file_url() {
        assert_eq!(directory("./a b").unwrap(), PathBuf::from("./a b"));
        assert_eq!(directory("file:///var/x").unwrap(), PathBuf::from("/var/x"));
        for wrong in ["file://var/x", "s3://bucket/prefix"] {
            assert_eq!(directory(wrong).unwrap_err().exit, super::super::exit::CONFIGURATION);
        }
    }
}
