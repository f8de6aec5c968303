//! An archive as what it is: files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ochre::domain::decide::Quarantined;
use ochre::format::{quarantine, segment};
use serde_json::Value;

#[derive(Clone, PartialEq, Eq)]
pub struct Tree {
    root: PathBuf,
    /// Contents by key.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Tree {
    /// Reads everything below a directory.
    pub fn at(root: &Path) -> Self {
        let mut tree = Self { root: root.to_owned(), files: BTreeMap::new() };
        tree.read(root);
        tree
    }

    fn read(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.read(&path);
                continue;
            }
            let key = path.strip_prefix(&self.root).unwrap().to_str().unwrap().to_owned();
            self.files.insert(key, std::fs::read(&path).unwrap());
        }
    }

    /// Keys of files that came, went or changed since.
    pub fn changed_since(&self, before: &Self) -> BTreeSet<String> {
        let keys = self.files.keys().chain(before.files.keys());
        keys.filter(|key| self.files.get(*key) != before.files.get(*key)).cloned().collect()
    }

    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.files.iter().filter(move |(key, _)| key.starts_with(prefix)).map(|(key, bytes)| (&key[..], &bytes[..]))
    }

    /// The commits, oldest first.
    pub fn log(&self) -> Vec<Value> {
        self.under("log/").map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect()
    }

    /// Every action of this type, oldest first.
    pub fn facts(&self, kind: &str) -> Vec<Value> {
        let actions = self.log().into_iter().flat_map(|commit| commit["actions"].as_array().unwrap().clone());
        actions.filter(|action| action["type"] == kind).collect()
    }

    /// The key of a log entry, counted from the last: 0 is the last.
    pub fn entry_from_end(&self, back: usize) -> String {
        let keys: Vec<_> = self.under("log/").map(|(key, _)| key.to_owned()).collect();
        keys[keys.len() - 1 - back].clone()
    }

    /// Ids in the record. Panics where one occurs twice.
    #[track_caller]
    pub fn ids(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for (key, bytes) in self.under("record/").filter(|(key, _)| !key.contains("quarantine")) {
            for event in segment::decode(bytes).unwrap() {
                let event: Value = serde_json::from_str(event.unwrap().as_str()).unwrap();
                let id = event["eventId"].as_str().unwrap().to_owned();
                assert!(ids.insert(id.clone()), "{id} is twice in the record, the second time in {key}");
            }
        }
        ids
    }

    /// Every body in quarantine, in all objects.
    pub fn quarantined(&self) -> Vec<Quarantined> {
        let objects = self.under("record/").filter(|(key, _)| key.contains("quarantine"));
        let entries = |bytes| quarantine::decode(bytes).unwrap().map(Result::unwrap).collect::<Vec<_>>();
        objects.flat_map(|(_, bytes)| entries(bytes)).collect()
    }

    /// Changes a JSON file in place.
    pub fn alter(&self, key: &str, change: impl FnOnce(&mut Value)) {
        let mut value = serde_json::from_slice(&self.files[key]).unwrap();
        change(&mut value);
        let mut line = serde_json::to_vec(&value).unwrap();
        line.push(b'\n');
        self.overwrite(key, &line);
    }

    /// Puts other bytes in a file's place, whatever its permissions.
    pub fn overwrite(&self, key: &str, bytes: &[u8]) {
        self.remove(key);
        std::fs::write(self.root.join(key), bytes).unwrap();
    }

    pub fn remove(&self, key: &str) {
        std::fs::remove_file(self.root.join(key)).unwrap();
    }
}
