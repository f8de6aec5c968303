//! The API key is in one header and nowhere else.

use super::person::{Answer, KEY, Person};
use super::pigment::Pigment;
use super::stranger::Stranger;
use super::tree::Tree;

/// Looks through files as they lie, and through what is compressed in them.
#[track_caller]
fn holds_no_key(tree: &Tree) {
    let has = |bytes: &[u8]| bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes());
    for (key, bytes) in &tree.files {
        assert!(!has(bytes), "{key} holds the key");
        if key.ends_with(".zst") {
            let plain = zstd::decode_all(&bytes[..]).unwrap();
            assert!(!has(&plain), "{key}, decompressed, holds the key");
        }
    }
}

fn told(answer: Answer) {
    let _ = answer.never_says(KEY).never_says("hunter2");
}

#[test]
fn the_key_is_in_no_output_and_no_file_however_much_is_logged() {
    let pigment = Pigment::failing(500, "status:503@2");
    let person = Person::facing(&pigment).with("OCHRE_LOG__LEVEL", "trace");
    for line in ["sync", "sync --json", "status", "verify", "publish", "backfill --since 30d", "config show --origin"] {
        told(person.runs(line).exits(0));
    }
    let person = person.with("OCHRE_LOG__FORMAT", "json");
    told(person.runs("sync").exits(0));
    holds_no_key(&person.archive());
}

#[test]
fn a_server_that_repeats_the_request_gives_nothing_away() {
    for status in ["200 OK", "400 Bad", "401 Who", "403 No", "404 Lost", "429 Slow", "500 Oh", "302 Elsewhere"] {
        let mirror = Stranger::answering(status, str::to_owned);
        let person =
            Person::facing_url(&mirror.url).with("OCHRE_API__RETRY_BUDGET", "0s").with("OCHRE_LOG__LEVEL", "trace");
        person.runs("init").exits(0);
        let answer = person.runs("sync --json");
        assert!(answer.code.is_some_and(|code| code > 1), "{answer}");
        told(answer);
        holds_no_key(&person.archive());
    }
}

#[test]
fn a_key_in_the_wrong_place_is_refused_and_not_repeated() {
    let person = Person::stranded().with("OCHRE_ARCHIVE", "./archive");
    for (name, value) in [("OCHRE_API_KEY", KEY), ("OCHRE_API__KEY", KEY)] {
        told(Person::stranded().with(name, value).runs("config show").exits(78).says("AUDIT_LOG_API_KEY"));
    }
    person.writes("ochre.toml", &format!("[api]\nkey = \"{KEY}\"\n"));
    told(person.runs("config show").exits(78).says("AUDIT_LOG_API_KEY"));
    person.writes("ochre.toml", &format!("[api]\nkey_command = \"echo {KEY}\"\n"));
    told(person.runs("config show --origin").exits(0).says("echo …"));
    told(person.runs("config show --json").exits(0));
}
