//! Puts the client together from settings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::{ClientMeter, HttpSource, Paced, Retrying};
use crate::ports::{AuditSource, Clock, Entropy, SourceError};

/// How to reach the audit API. Holds no secret.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiSettings {
    /// Where Pigment is: scheme, host and, behind a gateway, a path. Plain `http` to loopback only.
    pub url: Url,
    /// The longest a whole request may take, its body included.
    pub timeout: Duration,
    /// A PEM file of certificate authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The span the rate limit counts over (C45: 5 minutes).
    pub window: Duration,
    /// Requests the API allows per window (C45: 500); 0 = unpaced.
    pub requests_per_window: u32,
    /// The part of that budget this process may use, 0 to 1: the limit is per IP address, not per client.
    pub share: f64,
    /// The longest one request may wait, in total, for a source that does not answer, and again for one that throttles.
    pub retry_budget: Duration,
}

/// Builds the client: HTTP, paced, retried.
///
/// No request is sent. Fails as [`SourceError::Misconfigured`] where the settings or the key cannot work.
pub fn connect(
    settings: ApiSettings,
    key: SecretString,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    meter: Arc<ClientMeter>,
) -> Result<Arc<dyn AuditSource>, SourceError> {
    let http = Arc::new(HttpSource::new(&settings, key, clock.clone())?);
    Ok(wrap(http, &settings, clock, entropy, meter))
}

/// Wraps any source in the pace and the retries of these settings.
pub fn wrap(
    source: Arc<dyn AuditSource>,
    settings: &ApiSettings,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    meter: Arc<ClientMeter>,
) -> Arc<dyn AuditSource> {
    let paced = Arc::new(Paced::new(source, settings, clock.clone(), meter.clone()));
    Arc::new(Retrying::new(paced, settings.retry_budget, clock, entropy, meter))
}
