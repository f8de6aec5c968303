//! One question to the audit API over HTTPS, and its one answer.
//!
//! Nothing is repeated or followed here: a redirect could carry the key to another host, and a hidden second try
//! would escape the pace. What an answer means is decided in [`crate::format::api_page`]; this file adds
//! what happens where none comes.
//!
//! The key goes into one header, marked sensitive, and nowhere else. An error answer that repeats it, as
//! debugging proxies do, has it taken out before anyone sees the text.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, ClientBuilder, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url, form_urlencoded};

use super::ApiSettings;
use super::failure::unanswered;
use crate::format::api_page::{AnswerHeaders, excerpt, read_answer};
use crate::ports::{Answer, AuditSource, Clock, PageRequest, SourceError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest silence within a body.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// A page of 1,000 events is about 1 MB; this bounds memory, after decompression.
const PAGE_BYTES_MAX: usize = 64 << 20;
/// Of any other answer only the beginning is shown.
const ERROR_BYTES_MAX: usize = 64 << 10;
const USER_AGENT: &str = concat!("ochre/", env!("CARGO_PKG_VERSION"));

/// Pigment's audit API, asked once per call.
pub struct HttpSource {
    client: Client,
    endpoint: Url,
    key: SecretString,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    requests: AtomicU64,
}

impl HttpSource {
    /// Prepares a client; sends nothing.
    ///
    /// Fails as [`SourceError::Misconfigured`] where the URL is not one this key may be sent to, the key cannot
    /// stand in a header, or the certificate authorities cannot be read.
    pub fn new(settings: &ApiSettings, key: SecretString, clock: Arc<dyn Clock>) -> Result<Self, SourceError> {
        let endpoint = endpoint(&settings.url)?;
        // Several parts of the process may install the provider; whoever is first, it is the same one.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .default_headers(headers(&key)?)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .timeout(settings.timeout);
        if is_loopback(&endpoint) {
            builder = builder.no_proxy();
        }
        let client = trusting(builder, &endpoint, settings.ca_file.as_deref())?
            .build()
            .map_err(|error| misconfigured(format!("cannot prepare TLS: {}", super::failure::root_cause(&error))))?;
        Ok(Self { client, endpoint, key, timeout: settings.timeout, clock, requests: AtomicU64::new(0) })
    }

    /// The request's URL: always `ingestedSince`, in UTC with `Z` (C5, C6), and the cursor percent-encoded (C4).
    fn url(&self, request: &PageRequest) -> Url {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("ingestedSince", &request.since.to_seconds_string());
        if let Some(cursor) = &request.cursor {
            query.append_pair("cursor", cursor.as_str());
        }
        let mut url = self.endpoint.clone();
        // The serializer writes a space as `+`, which only some servers read as one; a real `+` is `%2B` by now.
        url.set_query(Some(&query.finish().replace('+', "%20")));
        url
    }

    /// The answer, with the key taken out of whatever an error would show or keep.
    fn read(
        &self,
        status: StatusCode,
        headers: &AnswerHeaders,
        body: Bytes,
        took: Duration,
    ) -> Result<Answer, SourceError> {
        read_answer(status.as_u16(), headers, body.clone(), took).or_else(|error| {
            match without(&body, self.key.expose_secret().as_bytes()) {
                Some(clean) => read_answer(status.as_u16(), headers, clean, took),
                None => Err(error),
            }
        })
    }
}

#[async_trait]
impl AuditSource for HttpSource {
    async fn fetch(&self, request: &PageRequest) -> Result<Answer, SourceError> {
        let began = self.clock.elapsed();
        self.requests.fetch_add(1, Ordering::Relaxed);
        let sent = self.client.get(self.url(request)).send().await;
        let mut response = sent.map_err(|error| unanswered(&error, self.timeout, None))?;
        let status = response.status();
        let headers = answer_headers(response.headers());
        let body = match status {
            StatusCode::OK => self.page_body(&mut response, &headers).await?,
            _ => start_of_body(&mut response).await,
        };
        self.read(status, &headers, body, self.clock.elapsed().saturating_sub(began))
    }

    fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

impl HttpSource {
    async fn page_body(&self, response: &mut Response, headers: &AnswerHeaders) -> Result<Bytes, SourceError> {
        let mut body = BytesMut::new();
        loop {
            let chunk = response.chunk().await;
            let chunk = chunk.map_err(|error| unanswered(&error, self.timeout, headers.served_at()))?;
            let Some(chunk) = chunk else { return Ok(body.freeze()) };
            if body.len() + chunk.len() > PAGE_BYTES_MAX {
                let detail = format!("a page of more than {} MiB", PAGE_BYTES_MAX >> 20);
                return Err(SourceError::Unavailable { detail, served_at: headers.served_at() });
            }
            body.extend_from_slice(&chunk);
        }
    }
}

/// What can be had of an error answer's body: its status says enough where the body is cut.
async fn start_of_body(response: &mut Response) -> Bytes {
    let mut body = BytesMut::new();
    while body.len() < ERROR_BYTES_MAX {
        let Ok(Some(chunk)) = response.chunk().await else { break };
        body.extend_from_slice(&chunk);
    }
    body.truncate(ERROR_BYTES_MAX);
    body.freeze()
}

fn answer_headers(headers: &HeaderMap) -> AnswerHeaders {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    AnswerHeaders {
        date: text(header::DATE),
        retry_after: text(header::RETRY_AFTER),
        content_type: text(header::CONTENT_TYPE),
    }
}

/// The events' address below the base URL. Refuses what would send the key in the clear or to nowhere.
fn endpoint(base: &Url) -> Result<Url, SourceError> {
    match base.scheme() {
        "https" => {}
        "http" if is_loopback(base) => {}
        "http" => return Err(misconfigured("api.url is plain http: the key would travel in the clear".to_owned())),
        other => return Err(misconfigured(format!("api.url has the scheme `{}`", excerpt(other.as_bytes())))),
    }
    let extra = base.query().is_some() || base.fragment().is_some();
    if extra || !base.username().is_empty() || base.password().is_some() {
        return Err(misconfigured("api.url may hold a scheme, a host, a port and a path only".to_owned()));
    }
    let mut endpoint = base.clone();
    match endpoint.path_segments_mut() {
        Ok(mut path) => drop(path.pop_if_empty().extend(["api", "audit", "v1", "events"])),
        Err(()) => return Err(misconfigured("api.url has no path".to_owned())),
    }
    Ok(endpoint)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

fn headers(key: &SecretString) -> Result<HeaderMap, SourceError> {
    let key = key.expose_secret();
    let bearer = HeaderValue::from_str(&format!("Bearer {key}")).ok().filter(|_| !key.trim().is_empty());
    let mut bearer =
        bearer.ok_or_else(|| misconfigured("the API key is empty or holds characters no header can".to_owned()))?;
    bearer.set_sensitive(true);
    Ok(HeaderMap::from_iter([
        (header::AUTHORIZATION, bearer),
        (header::ACCEPT, HeaderValue::from_static("application/json")),
    ]))
}

/// Adds `api.ca_file` to the system's authorities. Plain http to loopback needs none: a container without
/// certificates can still run against a local source.
fn trusting(builder: ClientBuilder, endpoint: &Url, ca_file: Option<&Path>) -> Result<ClientBuilder, SourceError> {
    if endpoint.scheme() == "http" {
        return Ok(builder.tls_certs_only([]));
    }
    let Some(path) = ca_file else { return Ok(builder) };
    let refused =
        |why: &str| misconfigured(format!("api.ca_file `{}` {why}", excerpt(path.as_os_str().as_encoded_bytes())));
    let pem = std::fs::read(path).map_err(|error| refused(&format!("cannot be read: {error}")))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| refused("is not PEM"))?;
    if certificates.is_empty() {
        return Err(refused("holds no certificate"));
    }
    Ok(builder.tls_certs_merge(certificates))
}

fn misconfigured(detail: String) -> SourceError {
    SourceError::Misconfigured { detail }
}

/// The text without the secret; `None` where it does not hold it.
fn without(text: &[u8], secret: &[u8]) -> Option<Bytes> {
    let mut rest = text;
    let mut clean = BytesMut::new();
    while let Some(at) = rest.windows(secret.len().max(1)).position(|part| part == secret) {
        clean.extend_from_slice(&rest[..at]);
        clean.extend_from_slice(b"[key]");
        rest = &rest[at + secret.len()..];
    }
    (rest.len() < text.len()).then(|| {
        clean.extend_from_slice(rest);
        clean.freeze()
    })
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
