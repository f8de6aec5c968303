//! Someone at a keyboard: a working directory, an environment, and what the program answered.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::runtime::Runtime;

use super::pigment::Pigment;
use super::tree::Tree;

/// No command of these tests needs a tenth of this.
const PATIENCE: Duration = Duration::from_secs(60);

/// The key this person has unless told otherwise.
pub const KEY: &str = "k3y-hunter2-0123456789";

pub struct Person {
    home: TempDir,
    environment: Vec<(String, String)>,
    runtime: Runtime,
}

impl Person {
    /// With an empty home, no archive, no key, and no API.
    pub fn stranded() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { home: tempfile::tempdir().unwrap(), environment: Vec::new(), runtime }
    }

    /// With a key, an API at this address, and settings that make runs quick; no archive yet.
    pub fn facing_url(url: &str) -> Self {
        Self::stranded()
            .with("AUDIT_LOG_API_KEY", KEY)
            .with("OCHRE_ARCHIVE", "./archive")
            .with("OCHRE_API__URL", url)
            .with("OCHRE_API__REQUESTS_PER_WINDOW", "0")
            .with("OCHRE_API__RETRY_BUDGET", "2s")
            // Thousands of small data files are another test's subject.
            .with("OCHRE_PUBLISH__SETTLE", "180d")
    }

    /// The same, with an archive in `./archive`.
    pub fn facing(pigment: &Pigment) -> Self {
        let person = Self::facing_url(&pigment.url);
        person.runs("init").exits(0);
        person
    }

    /// With a variable set, or set anew; an empty value counts as not set.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file into the working directory.
    pub fn writes(&self, name: &str, text: &str) {
        std::fs::write(self.home.path().join(name), text).unwrap();
    }

    pub fn place(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The archive as files.
    pub fn archive(&self) -> Tree {
        Tree::at(&self.place("archive"))
    }

    /// Types `ochre …` and waits for the end.
    pub fn runs(&self, line: &str) -> Answer {
        let output = self.runtime.block_on(async {
            let child = self.command(line).spawn().unwrap();
            tokio::time::timeout(PATIENCE, child.wait_with_output()).await
        });
        let output = output.unwrap_or_else(|_| panic!("`ochre {line}` did not end in time"));
        Answer::of(line, &output.unwrap())
    }

    /// Types `ochre …` and does not wait.
    pub fn starts(&self, line: &str) -> Running<'_> {
        let child = self.runtime.block_on(async { self.command(line).spawn().unwrap() });
        Running { person: self, line: line.to_owned(), child }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ochre"));
        command.args(line.split_whitespace()).current_dir(self.home.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.home.path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

/// A program that has not ended.
pub struct Running<'a> {
    person: &'a Person,
    line: String,
    child: Child,
}

impl Running<'_> {
    /// Sends it a signal, `INT` or `TERM`, by its id.
    pub fn is_sent(&self, signal: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{signal}"), &id]).status();
        assert!(sent.unwrap().success());
    }

    /// The next line of its stdout.
    pub fn prints(&mut self) -> String {
        use tokio::io::AsyncReadExt as _;
        let stdout = self.child.stdout.as_mut().expect("it was not taken");
        let line = async {
            let mut line = Vec::new();
            while line.last() != Some(&b'\n') {
                line.push(stdout.read_u8().await.unwrap());
            }
            String::from_utf8(line).unwrap().trim_end().to_owned()
        };
        self.person.runtime.block_on(async { tokio::time::timeout(PATIENCE, line).await }).expect("a line in time")
    }

    /// Waits for its end.
    pub fn ends(self) -> Answer {
        let Self { person, line, child } = self;
        let ended = person.runtime.block_on(async { tokio::time::timeout(PATIENCE, child.wait_with_output()).await });
        Answer::of(&line, &ended.unwrap_or_else(|_| panic!("`ochre {line}` did not end in time")).unwrap())
    }
}

/// What a program left behind.
pub struct Answer {
    line: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    fn of(line: &str, output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Self {
            line: line.to_owned(),
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Asserts that stdout or stderr holds this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "`{text}` is not said by {self}");
        self
    }

    /// Asserts that neither holds it.
    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        assert!(!self.stdout.contains(text) && !self.stderr.contains(text), "`{text}` is said by {self}");
        self
    }

    /// stdout as JSON lines.
    #[track_caller]
    pub fn records(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line} in {self}"));
        self.stdout.lines().map(parse).collect()
    }

    /// The last line of stdout, which must be the summary.
    #[track_caller]
    pub fn summary(&self) -> Value {
        let last = self.records().pop().unwrap_or_else(|| panic!("stdout is empty: {self}"));
        assert_eq!(last["type"], "summary", "{self}");
        assert_eq!(last["exit_code"].as_i64(), self.code.map(i64::from), "{self}");
        last
    }

    /// The error objects on stderr.
    pub fn errors(&self) -> Vec<Value> {
        let objects = self.stderr.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        objects.filter(|object| object["type"] == "error").collect()
    }

    /// A number of the summary.
    #[track_caller]
    pub fn counted(&self, field: &str) -> u64 {
        self.summary()[field].as_u64().unwrap_or_else(|| panic!("no number `{field}` in {self}"))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, code, stdout, stderr } = self;
        write!(out, "`ochre {line}` → {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// Whether a path holds anything at all.
pub fn is_untouched(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()) || !path.exists()
}
