//! The client against a socket that answers byte by byte as told.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

use base64::Engine as _;

use super::*;
use crate::adapters::pigment_api::doubles::{JumpingClock, newest, settings};
use crate::domain::{Cursor, Timestamp};

const KEY: &str = "s3cret-k3y";
const EMPTY: &str = r#"{"events":[],"hasMoreEvents":false}"#;

/// Answers one connection and hands back the request's head.
fn serve(answer: Vec<u8>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        // The client may hang up before it has read all of a body that is too large.
        drop(socket.write_all(&answer));
        String::from_utf8(head).unwrap()
    });
    (url, server)
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}

fn source(url: &str) -> HttpSource {
    HttpSource::new(&settings(url), KEY.into(), Arc::<JumpingClock>::default()).unwrap()
}

async fn ask(answer: Vec<u8>, request: &PageRequest) -> (Result<Answer, SourceError>, String) {
    let (url, server) = serve(answer);
    let source = source(&url);
    let outcome = source.fetch(request).await;
    assert_eq!(source.requests(), 1);
    (outcome, server.join().unwrap())
}

async fn failure(answer: Vec<u8>) -> SourceError {
    let error = ask(answer, &newest()).await.0.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
    error
}

#[tokio::test]
async fn the_request_is_encoded_as_the_api_reads_it() {
    let cursor = Some(Cursor::new("a+b/c==&x=1 \u{e9}#"));
    let request = PageRequest { since: Timestamp::parse("2024-01-31T23:59:59.9999999+02:00").unwrap(), cursor };
    let (outcome, head) = ask(http("200 OK", "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", EMPTY), &request).await;
    let answer = outcome.unwrap();
    assert_eq!((answer.bytes, answer.page.more), (EMPTY.len(), false));
    assert_eq!(answer.served_at.unwrap().to_string(), "1994-11-06T08:49:37Z");
    let (line, headers) = head.split_once("\r\n").unwrap();
    assert_eq!(
        line,
        "GET /api/audit/v1/events?ingestedSince=2024-01-31T21%3A59%3A59Z&cursor=a%2Bb%2Fc%3D%3D%26x%3D1%20%C3%A9%23 HTTP/1.1"
    );
    for header in [
        "authorization: Bearer s3cret-k3y",
        "accept: application/json",
        "user-agent: ochre/0.1.0",
        "accept-encoding: gzip",
    ] {
        assert!(headers.lines().any(|line| line == header), "{header} in {headers}");
    }
}

#[tokio::test]
async fn a_compressed_page_is_read_and_a_cut_one_is_not() {
    let packed = base64::engine::general_purpose::STANDARD
        .decode("H4sIAAAAAAACA6tWSi1LzSspVrKKrlZKVLIyrI3VUcpILPbNL0p1hcqkJeYUp9YCAJ+O4fMqAAAA")
        .unwrap();
    let answer = |body: &[u8]| {
        let mut bytes =
            format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(body);
        bytes
    };
    let page = ask(answer(&packed), &newest()).await.0.unwrap();
    assert_eq!((page.page.events.len(), page.bytes), (1, 42));
    let cut = failure(answer(&packed[..packed.len() / 2])).await;
    assert!(matches!(cut, SourceError::Unavailable { .. }), "{cut:?}");
}

#[tokio::test]
async fn a_cut_body_and_a_closed_door_are_worth_another_try() {
    let cut = failure(
        b"HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 99\r\n\r\n{\"events\":[]}".to_vec(),
    )
    .await;
    assert!(cut.to_string().contains("cut"), "{cut}");
    assert!(cut.served_at().is_some());
    for nonsense in [&b""[..], b"SSH-2.0-x\r\n"] {
        assert!(matches!(failure(nonsense.to_vec()).await, SourceError::Unavailable { .. }));
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let request = PageRequest { cursor: Some(Cursor::new("CURSOR")), ..newest() };
    let refused = source(&format!("http://{free}")).fetch(&request).await.unwrap_err();
    assert!(matches!(refused, SourceError::Unavailable { .. }), "{refused:?}");
    assert!(!refused.to_string().contains("CURSOR"), "{refused}");
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = settings(&format!("http://{}", listener.local_addr().unwrap()));
    settings.timeout = Duration::from_millis(50);
    let source = HttpSource::new(&settings, KEY.into(), Arc::<JumpingClock>::default()).unwrap();
    let error = source.fetch(&newest()).await.unwrap_err();
    assert_eq!(error.to_string(), "the API does not answer: no whole answer in time (the limit is 0.05 s)");
}

#[tokio::test]
async fn redirects_html_and_bad_keys_are_told_apart() {
    let redirect = failure(http("302 Found", "location: http://127.0.0.1:1/\r\n", "")).await;
    assert!(matches!(redirect, SourceError::Misconfigured { .. }), "{redirect:?}");
    let html = failure(http("200 OK", "content-type: text/html\r\n", "<html>")).await;
    assert!(matches!(html, SourceError::Undecodable { .. }), "{html:?}");
    let key = failure(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 99\r\n\r\ncut".to_vec()).await;
    assert!(matches!(key, SourceError::KeyRejected { status: 401, .. }), "{key:?}");
    let busy = failure(http("429 Too Many Requests", "retry-after: 7\r\n", "")).await;
    assert!(matches!(busy, SourceError::Throttled { retry_after: Some(span), .. } if span.as_secs() == 7));
}

#[tokio::test]
async fn a_key_that_comes_back_is_neither_shown_nor_kept() {
    for status in ["200 OK", "400 Bad Request", "500 Oops", "404 Not Found"] {
        failure(http(status, "", "Authorization: Bearer s3cret-k3y, s3cret-k3y!")).await;
    }
    assert_eq!(without(b"a k k", b"k").as_deref(), Some(&b"a [key] [key]"[..]));
    assert_eq!(without(b"a", b"key"), None);
}

#[tokio::test]
async fn a_page_without_end_is_given_up() {
    let mut answer = b"HTTP/1.1 200 OK\r\n\r\n{\"events\":[\"".to_vec();
    answer.resize(PAGE_BYTES_MAX + 1_000, b'x');
    let error = failure(answer).await;
    assert!(error.to_string().ends_with("a page of more than 64 MiB"), "{error}");
}

#[test]
fn only_a_url_that_keeps_the_key_safe_is_taken() {
    let to = |url: &str| endpoint(&url.parse().unwrap()).map(String::from);
    assert_eq!(to("https://pigment.app").unwrap(), "https://pigment.app/api/audit/v1/events");
    assert_eq!(
        to("https://gate.example:8443/pigment/").unwrap(),
        "https://gate.example:8443/pigment/api/audit/v1/events"
    );
    for local in ["http://localhost:1", "http://127.8.8.8", "http://[::1]:1", "http://[::ffff:127.0.0.1]"] {
        assert!(to(local).is_ok(), "{local}");
    }
    for url in [
        "http://pigment.app",
        "http://localhost.example",
        "ftp://localhost",
        "https://a:b@pigment.app",
        "https://pigment.app/?x",
        "mailto:a@b",
    ] {
        assert!(matches!(to(url), Err(SourceError::Misconfigured { .. })), "{url}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused_before_the_first_request() {
    let source = |key: &str, ca_file: Option<&str>| {
        let mut settings = settings("https://pigment.app");
        settings.ca_file = ca_file.map(Into::into);
        HttpSource::new(&settings, key.into(), Arc::<JumpingClock>::default()).err()
    };
    for key in ["", " ", "a\nb"] {
        assert!(matches!(source(key, None), Some(SourceError::Misconfigured { .. })), "{key:?}");
    }
    assert!(
        source(KEY, Some("/nowhere.pem")).unwrap().to_string().contains("api.ca_file `/nowhere.pem` cannot be read")
    );
    assert!(source(KEY, Some("Cargo.toml")).unwrap().to_string().contains("holds no certificate"));
}
