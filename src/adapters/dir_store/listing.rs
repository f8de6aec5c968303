//! A listing as S3 would give it: full keys in ascending byte order, read from a tree.
//!
//! The names of one directory are sorted as if directories ended with `/`, so `a-b` comes before
//! everything below `a`. Held in memory are the names of the directories on the way down, not more.

use std::ffi::OsString;
use std::fs::FileType;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use futures_util::stream::{self, BoxStream, StreamExt};

use super::object_path::{TEMPORARY, check_key, from_io, is_absence, look, misuse};
use crate::ports::{ObjectMeta, StoreError, StoreErrorKind};

/// Objects looked at in one go on a blocking thread.
const BATCH: usize = 512;

type Listed = Result<ObjectMeta, StoreError>;

/// Lists the objects below `root` whose keys begin with `prefix`.
pub(super) fn list(root: &Path, prefix: &str) -> BoxStream<'static, Listed> {
    let walk = TreeWalk { root: root.to_owned(), pending: vec![Pending::Start(prefix.to_owned())] };
    stream::unfold(Some(walk), |walk| async move {
        match tokio::task::spawn_blocking(move || walk.map(TreeWalk::next_batch)).await {
            Ok(answer) => answer.flatten().map(|(batch, walk)| (batch, Some(walk))),
            Err(stopped) => Some((vec![Err(interrupted(&stopped))], None)),
        }
    })
    .flat_map(stream::iter)
    .boxed()
}

fn interrupted(stopped: &tokio::task::JoinError) -> StoreError {
    let reason = format!("the listing was interrupted: {stopped}");
    StoreError { kind: StoreErrorKind::Unavailable, key: String::new(), reason }
}

/// A walk down a tree: what is still to be seen, the next thing last.
struct TreeWalk {
    root: PathBuf,
    pending: Vec<Pending>,
}

enum Pending {
    /// The prefix asked for, nothing read yet.
    Start(String),
    /// A full key, with what it names.
    Entry(OsString, FileType),
}

impl TreeWalk {
    /// The next objects, `None` after the last.
    fn next_batch(mut self) -> Option<(Vec<Listed>, Self)> {
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            let found = match self.pending.pop() {
                None if batch.is_empty() => return None,
                None => break,
                Some(Pending::Start(prefix)) => self.start(&prefix).err(),
                Some(Pending::Entry(key, kind)) if kind.is_dir() => self.descend(key).err(),
                Some(Pending::Entry(key, kind)) => {
                    batch.extend(self.object(&key, kind));
                    None
                }
            };
            batch.extend(found.map(Err));
        }
        Some((batch, self))
    }

    /// Begins at the deepest directory that the prefix names whole.
    fn start(&mut self, prefix: &str) -> Result<(), StoreError> {
        let Some((directory, name)) = prefix.rsplit_once('/') else {
            return self.push_names(OsString::new(), prefix);
        };
        check_key(directory)?;
        match look(&self.root, directory)? {
            Some((_, found)) if found.is_dir() => self.push_names(format!("{directory}/").into(), name),
            _ => Ok(()),
        }
    }

    fn descend(&mut self, mut key: OsString) -> Result<(), StoreError> {
        key.push("/");
        self.push_names(key, "")
    }

    /// Puts the names in one directory that begin with `begin` on top of what is pending.
    fn push_names(&mut self, directory: OsString, begin: &str) -> Result<(), StoreError> {
        let failed = |error: &std::io::Error| from_io(&directory.to_string_lossy(), "list", error);
        let names = match std::fs::read_dir(self.root.join(&directory)) {
            Ok(names) => names,
            Err(error) if is_absence(&error) => return Ok(()),
            Err(error) => return Err(failed(&error)),
        };
        let mut entries = Vec::new();
        for entry in names {
            let entry = entry.map_err(|error| failed(&error))?;
            let name = entry.file_name();
            let hidden = directory.is_empty() && name == TEMPORARY;
            if !hidden && name.as_bytes().starts_with(begin.as_bytes()) {
                entries.push((name, entry.file_type().map_err(|error| failed(&error))?));
            }
        }
        entries.sort_by_cached_key(|(name, kind)| std::cmp::Reverse(sort_key(name.as_bytes(), *kind)));
        self.pending.extend(entries.into_iter().map(|(name, kind)| {
            let key = [directory.as_bytes(), name.as_bytes()].concat();
            Pending::Entry(OsString::from_vec(key), kind)
        }));
        Ok(())
    }

    /// What to say of something that is no directory; nothing where it has gone meanwhile.
    fn object(&self, key: &OsString, kind: FileType) -> Option<Listed> {
        let Some(text) = key.to_str() else {
            return Some(Err(misuse(&key.to_string_lossy(), "a name is not UTF-8")));
        };
        if !kind.is_file() {
            return Some(Err(misuse(text, "an archive holds plain files only, not links or devices")));
        }
        match std::fs::symlink_metadata(self.root.join(key)) {
            Ok(found) => Some(Ok(ObjectMeta { key: text.to_owned(), size: found.len() })),
            Err(error) if is_absence(&error) => None,
            Err(error) => Some(Err(from_io(text, "look", &error))),
        }
    }
}

fn sort_key(name: &[u8], kind: FileType) -> Vec<u8> {
    let slash: &[u8] = if kind.is_dir() { b"/" } else { b"" };
    [name, slash].concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use futures_util::TryStreamExt;
    use proptest::prelude::*;

    use super::*;

    fn keys(root: &Path, prefix: &str) -> Result<Vec<String>, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(list(root, prefix).map_ok(|object| object.key).try_collect())
    }

    fn write(root: &Path, key: &str) {
        let path = root.join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, key).unwrap();
    }

    #[test]
    fn temporary_files_stay_hidden_at_the_root_only() {
        let root = tempfile::tempdir().unwrap();
        ["a", ".tmp/body-1", "b/.tmp/c", ".x"].iter().for_each(|key| write(root.path(), key));
        assert_eq!(keys(root.path(), "").unwrap(), [".x", "a", "b/.tmp/c"]);
    }

    #[test]
    fn a_prefix_cannot_leave_the_root() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "inside/a");
        write(root.path(), "secret");
        let inside = root.path().join("inside");
        assert_eq!(keys(&inside, "../").unwrap_err().kind, StoreErrorKind::Misuse);
        assert_eq!(keys(&inside, "..").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn links_and_odd_names_are_named_and_the_rest_is_still_listed() {
        let root = tempfile::tempdir().unwrap();
        ["a", "z"].iter().for_each(|key| write(root.path(), key));
        std::os::unix::fs::symlink("/etc", root.path().join("b")).unwrap();
        std::fs::write(root.path().join(OsString::from_vec(vec![b'c', 0xff])), "").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let all: Vec<_> = runtime.block_on(list(root.path(), "").collect());
        let shown: Vec<_> = all
            .iter()
            .map(|found| found.as_ref().map_or_else(|e| e.kind == StoreErrorKind::Misuse, |_| false))
            .collect();
        assert_eq!(shown, [false, true, true, false]);
        assert!(all[1].as_ref().unwrap_err().key == "b");
    }

    #[test]
    fn more_than_one_batch_comes_in_order() {
        let root = tempfile::tempdir().unwrap();
        let expected: Vec<_> = (0..BATCH * 2 + 3).map(|n| format!("log/{n:020}")).collect();
        expected.iter().for_each(|key| write(root.path(), key));
        assert_eq!(keys(root.path(), "log/").unwrap(), expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_tree_lists_like_a_sorted_map(
            wanted in proptest::collection::btree_set("[ab./=-]{1,5}", 1..12), prefix in "[ab./=-]{0,3}",
        ) {
            let root = tempfile::tempdir().unwrap();
            let mut there = BTreeSet::new();
            for key in wanted.into_iter().filter(|key| check_key(key).is_ok()) {
                let clash = |other: &String| other.starts_with(&format!("{key}/")) || key.starts_with(&format!("{other}/"));
                if !there.iter().any(clash) {
                    write(root.path(), &key);
                    there.insert(key);
                }
            }
            let expected: Vec<_> = there.into_iter().filter(|key| key.starts_with(&prefix)).collect();
            // A prefix with an empty or dot segment is refused; no key can begin with it.
            prop_assert_eq!(keys(root.path(), &prefix).unwrap_or_default(), expected);
        }
    }
}
