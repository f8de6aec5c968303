//! Settings from `OCHRE_*` variables.

use super::error::ConfigError;
use super::keys::{KEYS, Key, is_api_key};

/// Names the file to read; not a setting itself.
pub(super) const CONFIG_VARIABLE: &str = "OCHRE_CONFIG";

/// The settings among these variables. An empty variable counts as not set, as a compose file with
/// `${X:-}` leaves one behind. A variable that begins with `OCHRE_` and is no setting is refused.
pub(super) fn settings_in(env: &[(String, String)]) -> Result<Vec<(&'static Key, &str)>, ConfigError> {
    let mut found = Vec::new();
    for (name, value) in env {
        let Some(rest) = name.strip_prefix("OCHRE_") else { continue };
        if name == CONFIG_VARIABLE {
            continue;
        }
        let Some(key) = KEYS.iter().find(|key| key.variable() == *name) else {
            return Err(refusal(name, &rest.replace("__", ".").to_lowercase()));
        };
        if !value.is_empty() {
            found.push((key, value.as_str()));
        }
    }
    Ok(found)
}

fn refusal(name: &str, path: &str) -> ConfigError {
    if is_api_key(path) {
        return ConfigError::misplaced_api_key(name, "in the environment");
    }
    ConfigError::unknown(name, path, "in the environment", Key::variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Vec<(&'static str, String)>, String> {
        let env = [(name.to_owned(), value.to_owned())];
        let found = settings_in(&env).map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|(key, value)| (key.name, value.to_owned())).collect())
    }

    #[test]
    fn two_underscores_nest() {
        assert_eq!(read("OCHRE_PUBLISH__SETTLE", "0s").unwrap(), [("publish.settle", "0s".to_owned())]);
        assert_eq!(read("OCHRE_ARCHIVE", "./a").unwrap(), [("archive", "./a".to_owned())]);
    }

    #[test]
    fn other_variables_and_empty_ones_are_passed_over() {
        for (name, value) in [("PATH", "/bin"), ("OCHRE_CONFIG", "x.toml"), ("OCHRE_API__URL", "")] {
            assert_eq!(read(name, value).unwrap(), []);
        }
    }

    #[test]
    fn an_unknown_variable_is_refused_with_a_suggestion_and_without_its_value() {
        let error = read("OCHRE_API_URL", "https://me:hunter2@x").unwrap_err();
        assert!(error.contains("did you mean `OCHRE_API__URL`?") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn an_api_key_is_sent_where_it_belongs() {
        for name in ["OCHRE_API_KEY", "OCHRE_API__KEY"] {
            let error = read(name, "hunter2").unwrap_err();
            assert!(error.contains("AUDIT_LOG_API_KEY") && !error.contains("hunter2"), "{error}");
        }
    }
}
