//! Where settings come from, and which of several wins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::environment::{self, CONFIG_VARIABLE};
use super::error::ConfigError;
use super::file;
use super::keys::{KEYS, Key, is_api_key};
use crate::domain::SafeText;

/// One configuration file, read by the caller.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// Where it was read from.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
}

impl ConfigFile {
    pub(super) fn shown(&self) -> String {
        SafeText(&self.path.to_string_lossy()).to_string()
    }
}

/// Everything that may set something.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// All variables of the environment; those without `OCHRE_` are passed over.
    pub env: Vec<(String, String)>,
    /// The files that exist, in the order of [`candidate_files`]: the first wins.
    pub files: Vec<ConfigFile>,
    /// Flags given, by the dotted name of the setting.
    pub flags: Vec<(String, String)>,
}

/// What a setting is, and who said so: one line of `ochre config show --origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The dotted name.
    pub name: &'static str,
    /// The value as written, without what could be a secret; none where nobody set it.
    pub value: Option<String>,
    /// `default`, `ochre.toml:3`, `environment OCHRE_ARCHIVE`, `flag --archive`.
    pub origin: String,
}

/// The origin of every setting, in the order of [`KEYS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins(pub Vec<Origin>);

impl Origins {
    /// The origin of one setting.
    pub fn of(&self, name: &str) -> Option<&Origin> {
        self.0.iter().find(|origin| origin.name == name)
    }
}

/// The file someone asked for: `--config`, else `OCHRE_CONFIG`. Unlike the usual places it must exist.
pub fn explicit_file(env: &[(String, String)], flag: Option<&Path>) -> Option<PathBuf> {
    flag.map(Path::to_owned).or_else(|| variable(env, CONFIG_VARIABLE).map(PathBuf::from))
}

/// The files to look for, the one that wins first: the one asked for (or `ochre.toml` in the working
/// directory), the user's (`$XDG_CONFIG_HOME`, else `~/.config`), the machine's.
pub fn candidate_files(env: &[(String, String)], explicit: Option<&Path>) -> Vec<PathBuf> {
    // The XDG specification asks to pass over a relative path.
    let xdg = variable(env, "XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let user = xdg.or_else(|| variable(env, "HOME").map(|home| Path::new(home).join(".config")));
    let first = explicit_file(env, explicit).unwrap_or_else(|| PathBuf::from("ochre.toml"));
    let user = user.map(|folder| folder.join("ochre/ochre.toml"));
    [Some(first), user, Some(PathBuf::from("/etc/ochre/ochre.toml"))].into_iter().flatten().collect()
}

fn variable<'a>(env: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let value = env.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
    value.filter(|value| !value.is_empty())
}

/// The value that won, as text, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub value: String,
    pub origin: String,
}

/// The winners by name.
pub(super) type Winners = BTreeMap<&'static str, Chosen>;

impl Layers {
    /// Lays the layers on each other, the weakest first. Every layer is read whole, so that an unknown
    /// name is refused even where something stronger hides it.
    pub(super) fn winners(&self) -> Result<Winners, ConfigError> {
        let mut winners = Winners::new();
        let mut set = |key: &Key, value: &str, origin: String| {
            winners.insert(key.name, Chosen { value: value.to_owned(), origin });
        };
        for key in KEYS {
            if let Some(value) = key.default {
                set(key, value, "default".to_owned());
            }
        }
        for file in self.files.iter().rev() {
            for setting in file::settings_in(file)? {
                set(setting.key, &setting.value, format!("{}:{}", file.shown(), setting.line));
            }
        }
        for (key, value) in environment::settings_in(&self.env)? {
            set(key, value, format!("environment {}", key.variable()));
        }
        for (name, value) in &self.flags {
            let key = Key::named(name).ok_or_else(|| unknown_flag(name))?;
            set(key, value, format!("flag {}", key.flag()));
        }
        Ok(winners)
    }
}

fn unknown_flag(name: &str) -> ConfigError {
    if is_api_key(name) {
        return ConfigError::misplaced_api_key(name, "as a flag");
    }
    ConfigError::unknown(name, name, "as a flag", Key::flag)
}

/// As long as a path may be.
const SHOWN_CHARS_MAX: usize = 4_096;

/// Who set what, for people.
pub(super) fn origins(winners: &Winners) -> Origins {
    let line = |key: &Key| {
        let chosen = winners.get(key.name);
        Origin {
            name: key.name,
            value: chosen.map(|chosen| SafeText(&key.shown(&chosen.value)).up_to(SHOWN_CHARS_MAX)),
            origin: chosen.map_or_else(|| "not set".to_owned(), |chosen| chosen.origin.clone()),
        }
    };
    Origins(KEYS.iter().map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_stronger_layer_wins() {
        let file = |path: &str, text: &str| ConfigFile { path: path.into(), text: text.to_owned() };
        let mut layers = Layers::default();
        let winner = |layers: &Layers| layers.winners().unwrap()["walk.lag"].origin.clone();
        assert_eq!(winner(&layers), "default");
        layers.files = vec![file("/etc/ochre/ochre.toml", "walk.lag = '1m'")];
        assert_eq!(winner(&layers), "/etc/ochre/ochre.toml:1");
        layers.files.insert(0, file("ochre.toml", "[walk]\nlag = '2m'"));
        assert_eq!(winner(&layers), "ochre.toml:2");
        layers.env = pairs(&[("OCHRE_WALK__LAG", "3m")]);
        assert_eq!(winner(&layers), "environment OCHRE_WALK__LAG");
        layers.flags = pairs(&[("walk.lag", "4m")]);
        assert_eq!(winner(&layers), "flag --walk-lag");
    }

    #[test]
    fn an_unknown_key_is_refused_even_where_it_is_hidden() {
        let file = ConfigFile { path: "ochre.toml".into(), text: "walk.lagg = '1m'".to_owned() };
        let layers = Layers { files: vec![file], flags: pairs(&[("walk.lag", "4m")]), ..Layers::default() };
        assert!(layers.winners().is_err());
    }

    #[test]
    fn files_are_looked_for_from_near_to_far() {
        let paths = |env: &[(&str, &str)], flag: Option<&str>| {
            let found = candidate_files(&pairs(env), flag.map(Path::new));
            found.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
        };
        let etc = "/etc/ochre/ochre.toml";
        assert_eq!(paths(&[], None), format!("ochre.toml {etc}"));
        assert_eq!(paths(&[("HOME", "/h")], None), format!("ochre.toml /h/.config/ochre/ochre.toml {etc}"));
        let xdg = [("HOME", "/h"), ("XDG_CONFIG_HOME", "/x"), ("OCHRE_CONFIG", "a.toml")];
        assert_eq!(paths(&xdg, None), format!("a.toml /x/ochre/ochre.toml {etc}"));
        assert_eq!(paths(&xdg, Some("b.toml")), format!("b.toml /x/ochre/ochre.toml {etc}"));
    }
}
