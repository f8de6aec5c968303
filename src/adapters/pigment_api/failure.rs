//! Why no answer came, in few words and without the URL: its query holds the cursor.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::domain::Timestamp;
use crate::format::api_page::excerpt;
use crate::ports::SourceError;

/// Sorts what went wrong below HTTP: nearly all of it may pass; a certificate nobody trusts does not.
pub(super) fn unanswered(error: &reqwest::Error, timeout: Duration, served_at: Option<Timestamp>) -> SourceError {
    if let Some(certificate) = chain(error).find_map(certificate_failure) {
        return SourceError::Misconfigured {
            detail: format!(
                "the server's certificate is not trusted ({}); `api.ca_file` can name the authority to trust",
                excerpt(certificate.to_string().as_bytes())
            ),
        };
    }
    let cause = root_cause(error);
    let detail = if error.is_timeout() && error.is_connect() {
        "no connection in time".to_owned()
    } else if error.is_timeout() {
        format!("no whole answer in time (the limit is {} s)", timeout.as_secs_f64())
    } else if error.is_dns() {
        format!("the host's address cannot be found: {cause}")
    } else if error.is_connect() {
        format!("no connection: {cause}")
    } else if error.is_body() || error.is_decode() {
        format!("the answer was cut or damaged: {cause}")
    } else {
        cause
    };
    SourceError::Unavailable { detail, served_at }
}

/// The innermost cause: reqwest's own words name the URL, and say little.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(|cause| excerpt(cause.to_string().as_bytes())).unwrap_or_default()
}

/// The causes below an error, those an I/O error carries inside itself included.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(below(error), |cause| below(*cause))
}

fn below<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn certificate_failure<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    error.downcast_ref().filter(|error| matches!(error, rustls::Error::InvalidCertificate(_)))
}
