//! What shells and readers ask for: completions, the manual, help.

use super::person::Person;

const VERBS: [&str; 11] =
    ["demo", "simulate", "init", "sync", "backfill", "publish", "status", "verify", "config", "completions", "man"];

#[test]
fn completion_scripts_know_every_verb() {
    for (shell, mark) in [("bash", "complete "), ("zsh", "#compdef ochre"), ("fish", "complete -c ochre")] {
        let answer = Person::stranded().runs(&format!("completions {shell}")).exits(0).says(mark);
        let lacking: Vec<_> = VERBS.iter().filter(|verb| !answer.stdout.contains(*verb)).collect();
        assert!(lacking.is_empty() && answer.stderr.is_empty(), "{lacking:?}");
    }
}

#[test]
fn the_manual_is_a_manual() {
    let answer = Person::stranded().runs("man").exits(0).says(".TH ochre");
    let lacking: Vec<_> = VERBS.iter().filter(|verb| !answer.stdout.contains(*verb)).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
}

#[test]
fn every_verb_has_help_on_stdout() {
    for verb in VERBS {
        let answer = Person::stranded().runs(&format!("{verb} --help")).exits(0).says("Usage: ochre");
        assert!(answer.stdout.contains(verb) && answer.stderr.is_empty(), "{answer}");
    }
    let help = Person::stranded().runs("--help").exits(0);
    assert!(VERBS.iter().all(|verb| help.stdout.contains(verb)), "{help}");
    Person::stranded().runs("--version").exits(0).says(env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let person = Person::stranded();
    let shell = std::process::Command::new("sh")
        .args(["-c", "\"$0\" man | head -n 1; \"$0\" config show | true", env!("CARGO_BIN_EXE_ochre")])
        .current_dir(person.place("."))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", person.place("."))
        .output()
        .unwrap();
    assert!(shell.status.success() && shell.stderr.is_empty(), "{}", String::from_utf8_lossy(&shell.stderr));
}
