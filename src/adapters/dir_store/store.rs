//! The door's methods, each on a blocking thread.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::object_path::{check_key, from_io, is_absence, look_for_object, misuse};
use super::{listing, placement, probe};
use crate::ports::{CreateOutcome, ObjectMeta, Store, StoreError, StoreErrorKind};

/// An archive in a directory. Copies share it; several processes may use it at once.
#[derive(Clone, Debug)]
pub struct DirStore {
    root: Arc<Path>,
}

impl DirStore {
    /// Opens the directory `root`, which need not be there yet: the first write makes it, and until
    /// then reads find nothing. Errors where something else than a directory lies there.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let shown = root.display();
        let root = std::path::absolute(root).map_err(|error| from_io("", &format!("use `{shown}`"), &error))?;
        match std::fs::metadata(&root) {
            Ok(found) if !found.is_dir() => Err(misuse("", format!("`{shown}` is not a directory"))),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(from_io("", &format!("open `{shown}`"), &error))
            }
            _ => Ok(Self { root: root.into() }),
        }
    }

    /// Refuses a file system that cannot carry an archive: one that folds case, replaces where it must
    /// not, or cannot make a directory durable. Makes the root, and leaves nothing else behind but an
    /// empty `.tmp/`.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.blocking("", |root| probe::probe(&root)).await
    }

    /// Runs `work` where it may block. An interrupted one could not be answered.
    async fn blocking<T, F>(&self, key: &str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Path>) -> Result<T, StoreError> + Send + 'static,
    {
        let root = Arc::clone(&self.root);
        tokio::task::spawn_blocking(move || work(root)).await.unwrap_or_else(|stopped| {
            let reason = format!("the file work was interrupted: {stopped}");
            Err(StoreError { kind: StoreErrorKind::Unavailable, key: key.to_owned(), reason })
        })
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for DirStore {
    async fn create(&self, key: &str, body: Bytes) -> Result<CreateOutcome, StoreError> {
        let mut outcomes = self.create_all(vec![(key.to_owned(), body)]).await;
        outcomes.pop().unwrap_or_else(|| Ok(CreateOutcome::Unknown("the batch gave no answer".to_owned())))
    }

    async fn create_all(&self, objects: Vec<(String, Bytes)>) -> Vec<Result<CreateOutcome, StoreError>> {
        let count = objects.len();
        let placed = self.blocking("", move |root| Ok(placement::create_all(&root, &objects))).await;
        // Interrupted in the middle, any of them may be in place.
        placed.unwrap_or_else(|stopped| vec![Ok(CreateOutcome::Unknown(stopped.reason)); count])
    }

    async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        self.read_range(key, 0, u64::MAX).await
    }

    async fn read_range(&self, key: &str, offset: u64, length: u64) -> Result<Option<Bytes>, StoreError> {
        let wanted = key.to_owned();
        self.blocking(key, move |root| read_range(&root, &wanted, offset, length)).await
    }

    async fn stat(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
        let wanted = key.to_owned();
        let found = self.blocking(key, move |root| look_for_object(&root, &wanted)).await?;
        Ok(found.map(|(_, size)| ObjectMeta { key: key.to_owned(), size }))
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxStream<'a, Result<ObjectMeta, StoreError>> {
        listing::list(&self.root, prefix)
    }

    async fn replace(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
        check_key(key)?;
        let wanted = key.to_owned();
        self.blocking(key, move |root| placement::replace(&root, &wanted, &body)).await
    }
}

fn read_range(root: &Path, key: &str, offset: u64, length: u64) -> Result<Option<Bytes>, StoreError> {
    let Some((path, _)) = look_for_object(root, key)? else {
        return Ok(None);
    };
    let failed = |error: &std::io::Error| from_io(key, "read", error);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    let size = file.metadata().map_err(|error| failed(&error))?.len();
    let begin = offset.min(size);
    let wanted = length.min(size - begin);
    let mut body = Vec::with_capacity(usize::try_from(wanted).unwrap_or(0));
    file.seek(SeekFrom::Start(begin)).map_err(|error| failed(&error))?;
    file.take(wanted).read_to_end(&mut body).map_err(|error| failed(&error))?;
    Ok(Some(body.into()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use futures_util::StreamExt;

    use super::*;

    fn body(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    fn kind<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> StoreErrorKind {
        answer.unwrap_err().kind
    }

    #[tokio::test]
    async fn a_missing_root_reads_as_empty_and_the_first_write_makes_it() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("new/archive");
        let store = DirStore::open(&root).unwrap();
        assert_eq!(store.read("a").await.unwrap(), None);
        assert_eq!(store.stat("a").await.unwrap(), None);
        assert_eq!(store.list("").count().await, 0);
        assert!(!root.exists());
        assert_eq!(store.create("log/0", body("x")).await.unwrap(), CreateOutcome::Created);
        assert_eq!(std::fs::read(root.join("log/0")).unwrap(), b"x");
        assert_eq!(std::fs::read_dir(root.join(".tmp")).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_file_is_no_root() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(kind(DirStore::open(file.path())), StoreErrorKind::Misuse);
        assert_eq!(kind(DirStore::open(Path::new(""))), StoreErrorKind::Misuse);
    }

    #[tokio::test]
    async fn twisted_keys_touch_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("archive");
        let store = DirStore::open(&root).unwrap();
        for key in ["../evil", "/etc/evil", "a//b", "a\\b", "a\0b", ".tmp/x", ""] {
            assert_eq!(kind(store.create(key, body("x")).await), StoreErrorKind::Misuse, "{key:?}");
            assert_eq!(kind(store.replace(key, body("x")).await), StoreErrorKind::Misuse, "{key:?}");
            assert_eq!(kind(store.read(key).await), StoreErrorKind::Misuse, "{key:?}");
            assert_eq!(kind(store.stat(key).await), StoreErrorKind::Misuse, "{key:?}");
        }
        assert!(!parent.path().join("evil").exists());
        assert_eq!(store.list("").count().await, 0);
    }

    #[tokio::test]
    async fn links_below_the_root_are_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "s").unwrap();
        let inside = tempfile::tempdir().unwrap();
        symlink(outside.path(), inside.path().join("out")).unwrap();
        symlink(outside.path().join("secret"), inside.path().join("file")).unwrap();
        let store = DirStore::open(inside.path()).unwrap();
        assert_eq!(kind(store.read("out/secret").await), StoreErrorKind::Misuse);
        assert_eq!(kind(store.read("file").await), StoreErrorKind::Misuse);
        assert_eq!(kind(store.create("out/new", body("x")).await), StoreErrorKind::Misuse);
        assert_eq!(kind(store.create("file", body("x")).await), StoreErrorKind::Misuse);
        assert_eq!(kind(store.replace("file", body("x")).await), StoreErrorKind::Misuse);
        assert!(store.list("out/").next().await.unwrap().is_err());
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_directory_is_no_object_and_an_object_no_directory() {
        let root = tempfile::tempdir().unwrap();
        let store = DirStore::open(root.path()).unwrap();
        store.create("a/b", body("x")).await.unwrap();
        assert_eq!(store.read("a").await.unwrap(), None);
        assert_eq!(store.read("a/b/c").await.unwrap(), None);
        assert_eq!(kind(store.create("a", body("x")).await), StoreErrorKind::Misuse);
        assert_eq!(kind(store.create("a/b/c", body("x")).await), StoreErrorKind::Misuse);
        assert_eq!(kind(store.replace("a", body("x")).await), StoreErrorKind::Misuse);
    }

    #[tokio::test]
    async fn objects_are_readable_by_other_accounts_as_the_umask_says() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("plain"), "").unwrap();
        DirStore::open(root.path()).unwrap().create("object", body("x")).await.unwrap();
        let mode = |name: &str| std::fs::metadata(root.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("object"), mode("plain"));
    }

    #[tokio::test]
    async fn one_bad_key_does_not_spoil_a_batch() {
        let root = tempfile::tempdir().unwrap();
        let store = DirStore::open(root.path()).unwrap();
        let batch = ["a/1", "../x", "a/2"].map(|key| (key.to_owned(), body(key)));
        let outcomes = store.create_all(batch.to_vec()).await;
        assert!(matches!(outcomes[..], [Ok(CreateOutcome::Created), Err(_), Ok(CreateOutcome::Created)]));
    }

    #[tokio::test]
    async fn others_temporary_files_are_left_alone() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(".tmp")).unwrap();
        std::fs::write(root.path().join(".tmp/body-dead"), "x").unwrap();
        let store = DirStore::open(root.path()).unwrap();
        store.create("a", body("x")).await.unwrap();
        store.probe().await.unwrap();
        assert!(root.path().join(".tmp/body-dead").exists());
    }
}
