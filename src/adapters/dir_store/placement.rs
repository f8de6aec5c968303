//! Putting objects in place: whole and durable, or not at all.
//!
//! A batch goes in three strides: all directories are made, once each; all bodies are written, fsynced
//! and linked, on several threads because fsync is mostly waiting; all directories are fsynced, once
//! each. Outcomes are told after the last stride only. Measured: 6,400 objects of 3 kB in as many new
//! directories take 1 to 4 seconds on ext4, on two cores and a virtual disk; most of it is fsync.

use std::collections::HashMap;
use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tempfile::NamedTempFile;

use super::object_path::{
    TEMPORARY, check_key, directory_of, from_io, is_absence, look_for_object, misuse, with_parents,
};
use crate::ports::{CreateOutcome, StoreError};

type Outcome = Result<CreateOutcome, StoreError>;

/// Threads of one batch, at least: more wait for the disk than compute.
const THREADS_MIN: usize = 16;

/// Creates every object that is not there yet. Outcomes come in the order of the objects.
pub(super) fn create_all(root: &Path, objects: &[(String, Bytes)]) -> Vec<Outcome> {
    let mut directories = Directories::new(root);
    let ready: Vec<_> = objects.iter().map(|(key, _)| directories.make_for(key)).collect();
    let placed = in_parallel(objects.len(), |index| {
        let (key, body) = &objects[index];
        ready[index].clone().and_then(|()| place(root, key, body))
    });
    let undurable = directories.sync();
    objects.iter().zip(placed).map(|((key, _), outcome)| durable_outcome(key, outcome, &undurable)).collect()
}

/// Puts or replaces one object. After an error it may be the old one or the new one, never a mixture.
pub(super) fn replace(root: &Path, key: &str, body: &[u8]) -> Result<(), StoreError> {
    let mut directories = Directories::new(root);
    directories.make_for(key)?;
    look_for_object(root, key)?;
    let staged = stage(root, key, body)?;
    staged.persist(root.join(key)).map_err(|refused| from_io(key, "replace", &refused.error))?;
    match directories.sync().into_values().next() {
        None => Ok(()),
        Some(error) => Err(from_io(key, "make the directory durable", &error)),
    }
}

/// The directory for temporary files, made if need be.
pub(super) fn temporary_directory(root: &Path) -> Result<PathBuf, StoreError> {
    make_root(root)?;
    make_directory(root, TEMPORARY)?;
    Ok(root.join(TEMPORARY))
}

/// Makes what was linked into a directory survive a power cut.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn place(root: &Path, key: &str, body: &[u8]) -> Outcome {
    // An object once there stays, so a taken key needs no body written.
    if look_for_object(root, key)?.is_some() {
        return Ok(CreateOutcome::Exists);
    }
    match stage(root, key, body)?.persist_noclobber(root.join(key)) {
        Ok(_) => Ok(CreateOutcome::Created),
        Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => match look_for_object(root, key)? {
            Some(_) => Ok(CreateOutcome::Exists),
            None => Err(misuse(key, "a directory lies there")),
        },
        Err(refused) if surely_not_linked(refused.error.kind()) => Err(from_io(key, "link", &refused.error)),
        Err(refused) => Ok(unknown(&format!("linking failed: {}", refused.error))),
    }
}

/// Writes a body to a durable temporary file, which goes away again unless it is linked.
fn stage(root: &Path, key: &str, body: &[u8]) -> Result<NamedTempFile, StoreError> {
    // The library makes private files; an archive is read by other accounts' engines, so the umask decides.
    let mut staged = tempfile::Builder::new()
        .prefix("body-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(root.join(TEMPORARY))
        .map_err(|error| from_io(key, "make a temporary file", &error))?;
    staged.write_all(body).map_err(|error| from_io(key, "write", &error))?;
    staged.as_file().sync_all().map_err(|error| from_io(key, "make the body durable", &error))?;
    Ok(staged)
}

/// Refusals that come before anything is linked. An I/O error or a timeout does not say.
fn surely_not_linked(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::CrossesDevices
            | ErrorKind::TooManyLinks
            | ErrorKind::InvalidFilename
    )
}

fn durable_outcome(key: &str, outcome: Outcome, undurable: &HashMap<String, io::Error>) -> Outcome {
    let failed = with_parents(directory_of(key)).find_map(|directory| undurable.get(directory));
    match (outcome?, failed) {
        (outcome, None) | (outcome @ CreateOutcome::Unknown(_), _) => Ok(outcome),
        (_, Some(error)) => Ok(unknown(&format!("the directory may not be durable: {error}"))),
    }
}

fn unknown(reason: &str) -> CreateOutcome {
    CreateOutcome::Unknown(reason.to_owned())
}

/// The directories of one batch, by key: each is made once and fsynced once.
struct Directories<'a> {
    root: &'a Path,
    base: Result<(), StoreError>,
    made: HashMap<String, Result<(), StoreError>>,
}

impl<'a> Directories<'a> {
    fn new(root: &'a Path) -> Self {
        Self { root, base: temporary_directory(root).map(drop), made: HashMap::new() }
    }

    /// Makes the directories above `key`. A bad key is refused here, before anything is touched for it.
    fn make_for(&mut self, key: &str) -> Result<(), StoreError> {
        check_key(key)?;
        let told_of_key = |error: StoreError| StoreError { key: key.to_owned(), ..error };
        self.base.clone().map_err(told_of_key)?;
        self.make(directory_of(key)).map_err(told_of_key)
    }

    fn make(&mut self, directory: &str) -> Result<(), StoreError> {
        if directory.is_empty() {
            return Ok(());
        }
        if let Some(known) = self.made.get(directory) {
            return known.clone();
        }
        let made = self.make(directory_of(directory)).and_then(|()| make_directory(self.root, directory));
        self.made.insert(directory.to_owned(), made.clone());
        made
    }

    /// Fsyncs every directory of the batch, found or made: another process may have made one and died
    /// before its own fsync. Returns those that failed.
    fn sync(self) -> HashMap<String, io::Error> {
        if self.base.is_err() {
            return HashMap::new();
        }
        let mut directories: Vec<_> =
            self.made.into_iter().filter_map(|(directory, made)| made.is_ok().then_some(directory)).collect();
        directories.push(String::new());
        let synced = in_parallel(directories.len(), |index| sync_directory(&self.root.join(&directories[index])));
        directories.into_iter().zip(synced).filter_map(|(directory, synced)| Some((directory, synced.err()?))).collect()
    }
}

/// Makes the root with what is missing above it, durably. Found ready it is left alone.
fn make_root(root: &Path) -> Result<(), StoreError> {
    if root.is_dir() {
        return Ok(());
    }
    let failed = |error: io::Error| from_io("", &format!("make the directory `{}`", root.display()), &error);
    let above: Vec<_> = root.ancestors().take_while(|path| !path.is_dir()).filter_map(Path::parent).collect();
    std::fs::create_dir_all(root).map_err(failed)?;
    above.into_iter().try_for_each(|path| sync_directory(path).map_err(failed))
}

fn make_directory(root: &Path, directory: &str) -> Result<(), StoreError> {
    let path = root.join(directory);
    match std::fs::create_dir(&path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match std::fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(misuse(directory, format!("`{directory}` should be a directory and is not"))),
            Err(error) => Err(from_io(directory, "look", &error)),
        },
        Err(error) if is_absence(&error) => Err(misuse(directory, format!("`{directory}` has lost its parent"))),
        Err(error) => Err(from_io(directory, "make the directory", &error)),
    }
}

/// Runs `work` for every index on a few threads, this one among them; answers come in order.
fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(Vec::with_capacity(count));
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            let answer = work(index);
            answers.lock().unwrap_or_else(PoisonError::into_inner).push((index, answer));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).max(THREADS_MIN).min(count);
    // The scope ends when every index has its answer: a thread that panics takes the whole batch with it.
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // A thread that cannot start is one thread fewer; the batch goes on with the others.
            let _ = std::thread::Builder::new().spawn_scoped(scope, worker);
        }
        worker();
    });
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.sort_unstable_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parallel_answers_keep_their_order() {
        let answers = in_parallel(1000, |index| index * 2);
        assert!(answers.into_iter().enumerate().all(|(index, answer)| answer == index * 2));
        assert!(in_parallel(0, |index| index).is_empty());
    }

    #[test]
    fn a_failed_directory_fsync_leaves_the_objects_below_it_unknown() {
        let undurable = HashMap::from([("a".to_owned(), io::Error::other("disk gone"))]);
        let told = |key| durable_outcome(key, Ok(CreateOutcome::Created), &undurable).unwrap();
        assert!(matches!(told("a/b/c"), CreateOutcome::Unknown(reason) if reason.contains("disk gone")));
        assert_eq!(told("b/c"), CreateOutcome::Created);
        let refused = durable_outcome("a/x", Err(misuse("a/x", "no")), &undurable);
        assert!(refused.is_err(), "what did not happen stays so");
    }
}
