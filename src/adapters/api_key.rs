//! The API key: from the environment, a file, or a command, in that order.
//!
//! The key never appears in an error, a log line or a `Debug`. What was read is wiped from memory;
//! what is kept is a [`SecretString`].

use std::fmt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use crate::domain::SafeText;

/// Longer than any key; also what ends the reading of a device.
const BYTES_MAX: u64 = 8 * 1024;

const COMMAND_TIME_MAX: Duration = Duration::from_secs(30);

/// Where the key may be. The first that is set is used, and no other.
#[derive(Clone, Debug, Default)]
pub struct ApiKeySources<'a> {
    /// The value of `AUDIT_LOG_API_KEY`; an empty one counts as not set.
    pub env: Option<SecretString>,
    /// `api.key_file`.
    pub file: Option<&'a Path>,
    /// `api.key_command`, run by `sh -c` for at most 30 s.
    pub command: Option<&'a str>,
}

/// The key, fit to be a header's value.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The key itself.
    pub secret: SecretString,
    /// Where it came from: `AUDIT_LOG_API_KEY`, `api.key_file`, `api.key_command`.
    pub origin: &'static str,
    /// What a person should know about it, such as a file that everyone can read.
    pub warning: Option<String>,
}

/// Why there is no key. Its text is whole: what, why, and what next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyError {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: &'static str,
}

impl fmt::Display for ApiKeyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\nhelp: {}", self.message, self.help)
    }
}

impl std::error::Error for ApiKeyError {}

const ONE_LINE: &str = "it must hold the key of type “Audit logs” as Pigment showed it, on one line, and nothing else";

impl ApiKeyError {
    fn new(message: String, help: &'static str) -> Self {
        Self { message, help }
    }
}

/// Finds the key.
///
/// # Errors
///
/// None is set; the file or command fails; or what it gives is empty, too long, or not plain ASCII
/// without spaces, which no header could carry.
pub async fn load_api_key(sources: ApiKeySources<'_>) -> Result<ApiKey, ApiKeyError> {
    if let Some(value) = sources.env.as_ref().map(|value| value.expose_secret().trim()).filter(|key| !key.is_empty()) {
        return key_from("AUDIT_LOG_API_KEY", value.as_bytes(), None);
    }
    if let Some(path) = sources.file {
        let (bytes, warning) = read_file(path).await?;
        return key_from("api.key_file", &bytes, warning);
    }
    if let Some(command) = sources.command {
        let bytes = run_command(command, COMMAND_TIME_MAX).await?;
        return key_from("api.key_command", &bytes, None);
    }
    let empty = if sources.env.is_some() { " (`AUDIT_LOG_API_KEY` is set, but empty)" } else { "" };
    Err(ApiKeyError::new(
        format!("there is no API key{empty}"),
        "set AUDIT_LOG_API_KEY, or name a file (`api.key_file`) or a command (`api.key_command`) that holds a key of \
         type “Audit logs”; a Security Admin makes one in Pigment",
    ))
}

/// Checks what was read. Says what kind of thing is wrong, never which character.
fn key_from(origin: &'static str, bytes: &[u8], warning: Option<String>) -> Result<ApiKey, ApiKeyError> {
    let refuse = |why: &str| Err(ApiKeyError::new(format!("the API key from `{origin}` {why}"), ONE_LINE));
    let key = bytes.trim_ascii();
    if key.is_empty() {
        return refuse("is empty");
    }
    if bytes.len() as u64 > BYTES_MAX {
        return refuse("is longer than any key");
    }
    if key.iter().any(u8::is_ascii_whitespace) {
        return refuse("has spaces or line breaks inside");
    }
    match std::str::from_utf8(key) {
        Ok(text) if key.iter().all(u8::is_ascii_graphic) => {
            Ok(ApiKey { secret: SecretString::from(text), origin, warning })
        }
        _ => refuse("has characters that no HTTP header can carry (control characters or beyond ASCII)"),
    }
}

async fn read_file(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Option<String>), ApiKeyError> {
    let refuse = |error: std::io::Error| {
        ApiKeyError::new(
            format!("cannot read the file named by `api.key_file` (`{}`): {error}", SafeText(&path.to_string_lossy())),
            "check the path and that this user may read it; a relative path is seen from the working directory",
        )
    };
    let file = tokio::fs::File::open(path).await.map_err(refuse)?;
    let meta = file.metadata().await.map_err(refuse)?;
    let bytes = read_key(file).await.map_err(refuse)?;
    let warning = is_open_to_all(&meta).then(|| {
        format!("every user of this machine can read `{}`; `chmod 600` it", SafeText(&path.to_string_lossy()))
    });
    Ok((bytes, warning))
}

/// One byte more than allowed is enough to know that it is too much.
async fn read_key(from: impl AsyncRead + Unpin) -> std::io::Result<Zeroizing<Vec<u8>>> {
    // With its full room from the start the buffer never moves and leaves no copy of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * BYTES_MAX as usize));
    from.take(BYTES_MAX + 1).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(unix)]
fn is_open_to_all(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    meta.is_file() && meta.permissions().mode() & 0o007 != 0
}

#[cfg(not(unix))]
fn is_open_to_all(_meta: &std::fs::Metadata) -> bool {
    false
}

/// Runs the command; its stderr goes to ours, so that it can say what it misses.
async fn run_command(command: &str, time_max: Duration) -> Result<Zeroizing<Vec<u8>>, ApiKeyError> {
    let refuse = |why: String| {
        ApiKeyError::new(
            format!("the command named by `api.key_command` {why}"),
            "run it in a shell: it must print the key to stdout, nothing else, and exit with 0",
        )
    };
    let run = async {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = shell.spawn()?;
        let bytes = match child.stdout.take() {
            Some(stdout) => read_key(stdout).await?,
            None => Zeroizing::default(),
        };
        Ok::<_, std::io::Error>((child.wait().await?, bytes))
    };
    match tokio::time::timeout(time_max, run).await {
        Err(_) => Err(refuse(format!("did not end within {} s", time_max.as_secs()))),
        Ok(Err(error)) => Err(refuse(format!("could not be run: {error}"))),
        // A command cut off for printing too much is told by its output, not by its end.
        Ok(Ok((_, bytes))) if bytes.len() as u64 > BYTES_MAX => Ok(bytes),
        Ok(Ok((status, _))) if !status.success() => Err(refuse(format!("failed ({status})"))),
        Ok(Ok((_, bytes))) => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    async fn from_env(value: &str) -> Result<ApiKey, ApiKeyError> {
        load_api_key(ApiKeySources { env: Some(SecretString::from(value)), ..ApiKeySources::default() }).await
    }

    async fn from_command(command: &str) -> Result<ApiKey, ApiKeyError> {
        load_api_key(ApiKeySources { command: Some(command), ..ApiKeySources::default() }).await
    }

    fn file_with(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[tokio::test]
    async fn the_environment_comes_before_the_file_and_the_file_before_the_command() {
        let file = file_with(" from-file\n");
        let mut sources =
            ApiKeySources { env: Some("from-env".into()), file: Some(file.path()), command: Some("echo from-command") };
        for origin in ["AUDIT_LOG_API_KEY", "api.key_file", "api.key_command"] {
            let key = load_api_key(sources.clone()).await.unwrap();
            assert_eq!(key.origin, origin);
            assert!(key.secret.expose_secret().starts_with("from-"));
            match origin {
                "AUDIT_LOG_API_KEY" => sources.env = Some("".into()),
                _ => sources.file = None,
            }
        }
    }

    #[tokio::test]
    async fn no_key_says_where_one_goes() {
        let error = load_api_key(ApiKeySources::default()).await.unwrap_err().to_string();
        assert!(error.contains("AUDIT_LOG_API_KEY") && error.contains("Security Admin"), "{error}");
        assert!(from_env(" ").await.unwrap_err().message.contains("set, but empty"));
    }

    #[tokio::test]
    async fn a_key_no_header_can_carry_is_refused_and_not_shown() {
        for value in ["hunter2\u{7}x", "hunter2é", "Bearer hunter2", "hunter2\nhunter3", &"hunter2".repeat(2_000)] {
            let error = from_env(value).await.unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter"), "{error}");
        }
        assert!(!format!("{:?}", from_env("hunter2").await.unwrap()).contains("hunter"));
    }

    #[tokio::test]
    async fn a_file_that_is_empty_or_missing_is_refused() {
        let empty = file_with("\n");
        for path in [empty.path(), Path::new("/nowhere/key"), Path::new("/dev/zero")] {
            let sources = ApiKeySources { file: Some(path), command: Some("echo key"), ..ApiKeySources::default() };
            assert!(load_api_key(sources).await.unwrap_err().message.contains("api.key_file"));
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_open_to_all_gives_a_warning() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = file_with("hunter2");
        for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            let sources = ApiKeySources { file: Some(file.path()), ..ApiKeySources::default() };
            assert_eq!(load_api_key(sources).await.unwrap().warning.is_some(), warned);
        }
    }

    #[tokio::test]
    async fn a_command_must_succeed_in_time_and_print_something() {
        for (command, why) in [("echo hunter2; exit 3", "exit status: 3"), ("true", "empty"), ("yes x", "longer")] {
            let error = from_command(command).await.unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("hunter"), "{error}");
        }
        let error = run_command("sleep 20", Duration::from_millis(50)).await.unwrap_err();
        assert!(error.message.contains("did not end"), "{error}");
    }
}
