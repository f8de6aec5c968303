//! Settings: where they come from, and what is refused.

use super::person::{Person, is_untouched};

#[test]
fn every_setting_says_where_it_comes_from() {
    let person = Person::stranded().with("OCHRE_WALK__LAG", "3m");
    person.writes("ochre.toml", "# mine\n[publish]\nsettle = \"2h\"\n");
    let answer = person.runs("config show --origin --archive ./there").exits(0);
    for (name, value, origin) in [
        ("archive", "./there", "flag --archive"),
        ("walk.lag", "3m", "environment OCHRE_WALK__LAG"),
        ("publish.settle", "2h", "ochre.toml:3"),
        ("api.url", "https://pigment.app", "default"),
        ("api.key_file", "", "not set"),
    ] {
        let line = answer.stdout.lines().find(|line| line.split_whitespace().next() == Some(name));
        let line = line.unwrap_or_else(|| panic!("no `{name}` in {answer}"));
        assert!(line.contains(value) && line.ends_with(&format!("# {origin}")), "{line}");
    }
    assert_eq!(answer.stderr, "");
}

#[test]
fn the_stronger_place_wins() {
    let person = Person::stranded();
    person.writes("ochre.toml", "walk.lag = \"1m\"\n");
    person.writes("other.toml", "walk.lag = \"2m\"\n");
    let lag = |person: &Person, line: &str| {
        let records = person.runs(&format!("config show --json {line}")).exits(0).records();
        records.iter().find(|record| record["name"] == "walk.lag").unwrap()["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(lag(&person, ""), "1m");
    assert_eq!(lag(&person, "--config other.toml"), "2m");
    let person = person.with("OCHRE_WALK__LAG", "3m");
    assert_eq!(lag(&person, "--config other.toml"), "3m");
}

#[test]
fn an_unknown_key_is_refused_with_a_suggestion_and_a_caret() {
    let person = Person::stranded();
    person.writes("ochre.toml", "[publish]\nsetle = \"0s\"\n");
    let answer = person.runs("config show").exits(78).says("did you mean `publish.settle`?").says("ochre.toml:2");
    let lines: Vec<_> = answer.stderr.lines().collect();
    let at = lines.iter().position(|line| line.contains("setle …")).unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(lines[at].find("setle"), lines[at + 1].find("^^^^^"), "{answer}");
}

#[test]
fn an_unknown_variable_is_refused_with_a_suggestion() {
    let person = Person::stranded().with("OCHRE_PUBLISH_SETTLE", "0s");
    person.runs("config show").exits(78).says("did you mean `OCHRE_PUBLISH__SETTLE`?");
}

#[test]
fn a_configuration_file_that_was_asked_for_must_be_there() {
    Person::stranded().runs("config show --config nowhere.toml").exits(78).says("nowhere.toml");
}

#[test]
fn plain_http_beyond_this_machine_is_refused() {
    let person = Person::facing_url("http://example.com").with("OCHRE_API__REQUESTS_PER_WINDOW", "");
    person.runs("sync").exits(78).says("http");
    let person = person.with("OCHRE_API__URL", "");
    for url in ["http://example.com", "http://192.0.2.1:8080", "ftp://127.0.0.1", "nonsense"] {
        person.runs(&format!("sync --api-url {url}")).exits(78).says("api.url").never_says("panicked");
    }
    assert!(is_untouched(&person.place("archive")));
}

#[test]
fn no_pace_is_for_this_machine_only() {
    let person = Person::facing_url("https://pigment.example");
    person.runs("sync").exits(78).says("api.requests_per_window").says("C45");
}

#[test]
fn s3_is_refused_in_words_that_help() {
    let person = Person::facing_url("http://127.0.0.1:9");
    for line in ["init", "sync", "status", "verify"] {
        person
            .runs(&format!("{line} --archive s3://bucket/prefix"))
            .exits(78)
            .says("s3://")
            .says("not supported by this version")
            .says("file:///");
    }
    person.runs("init --archive file://relative").exits(78).says("three slashes");
    assert!(!person.place("s3:").exists() && !person.place("file:").exists());
}

#[test]
fn values_that_cannot_be_meant_are_refused() {
    for (name, value) in [
        ("OCHRE_WALK__LAG", "soon"),
        ("OCHRE_WALK__MARGIN", "181d"),
        ("OCHRE_API__SHARE", "2"),
        ("OCHRE_API__REQUESTS_PER_WINDOW", "-1"),
        ("OCHRE_PUBLISH__WHEN", "never"),
        ("OCHRE_LOG__LEVEL", "loud"),
    ] {
        Person::stranded().with(name, value).runs("config show").exits(78).says(value);
    }
}
