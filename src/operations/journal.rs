//! The log's only reader and writer.
//!
//! ```text
//!  fold to n-1 ──▶ decide ──▶ PUT log/n if absent ──▶ Created ─────────────▶ committed
//!       ▲                         │  ▲
//!       │                         ▼  │ absent: the identical bytes again
//!       │                  Exists / Unknown ──▶ read log/n ──▶ ours ───────▶ committed
//!       └──────────────── another's: fold it, decide again ◀──────┘
//! ```
//!
//! *Consistency*: the log decides; there are no leases and no clocks. *Retries*: only of identical
//! bytes under the same version. *Crash*: before the PUT nothing happened, after it everything did.

use std::sync::Arc;

use bytes::Bytes;
use chrono::NaiveDate;
use futures_util::TryStreamExt;

use super::error::{ErrorKind, OperationError};
use crate::domain::layout::{GENERATION, MANIFEST, ObjectKey, RECORD, day_prefix};
use crate::domain::log::{Action, Commit, LOG_FORMAT, Writer, check};
use crate::domain::views::Archive;
use crate::domain::{Digest, Timestamp};
use crate::format::{commit, manifest};
use crate::ports::{CreateOutcome, Store};

/// How often a write whose outcome is unknown is sent again before giving up.
const SENDS_MAX: u32 = 5;

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The facts stand, as this version.
    Committed(u64),
    /// Another writer took the version. Its facts are folded; nothing of ours happened: decide again.
    Overtaken,
}

/// The log of one archive, folded as far as it was read.
pub struct Journal {
    store: Arc<dyn Store>,
    writer: Writer,
    archive: Archive,
    /// The version of the newest usable manifest, and when it was taken.
    manifest: Option<(u64, Option<Timestamp>)>,
}

impl Journal {
    /// Folds the log: the newest manifest that fits, and the commits after it.
    pub async fn open(store: Arc<dyn Store>, writer: Writer) -> Result<Self, OperationError> {
        let identity = read_identity(store.as_ref()).await?;
        let mut journal = Self { store, writer, archive: Archive::default(), manifest: None };
        let newest = journal.load_manifest().await?;
        journal.refresh().await?;
        if journal.archive.next == 0 {
            return Err(no_archive(
                "`archive.json` is there and the log is not: `init` was interrupted, or the log was taken away",
            ));
        }
        if let Some(beyond) = newest.filter(|version| *version >= journal.archive.next) {
            return Err(OperationError::log_cut(&ObjectKey::Manifest { version: beyond }, journal.archive.next));
        }
        journal.refuse_cut_log().await?;
        journal.refuse_cut_record().await?;
        let waiting: Vec<NaiveDate> = journal.archive.lake.waiting.keys().copied().collect();
        journal.refuse_cut_lake(&waiting).await?;
        if journal.archive.identity != Some(identity) {
            return Err(OperationError::damaged("archive.json", "is not the one the log began with"));
        }
        Ok(journal)
    }

    /// A journal of an archive that has no commit yet, for `init`.
    pub fn begin(store: Arc<dyn Store>, writer: Writer, id: &str) -> Self {
        let archive = Archive { id: id.to_owned(), ..Archive::default() };
        Self { store, writer, archive, manifest: None }
    }

    /// What the log says.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The version and time of the newest manifest that was used or written.
    pub fn manifest(&self) -> Option<(u64, Option<Timestamp>)> {
        self.manifest
    }

    /// Remembers that a manifest of the present fold is stored.
    pub fn note_manifest(&mut self) {
        self.manifest = self.archive.next.checked_sub(1).map(|version| (version, self.archive.at));
    }

    /// Folds what others committed meanwhile. Returns how many commits there were.
    pub async fn refresh(&mut self) -> Result<u64, OperationError> {
        let before = self.archive.next;
        loop {
            let key = ObjectKey::Log { version: self.archive.next }.to_string();
            let Some(bytes) = self.store.read(&key).await? else { return Ok(self.archive.next - before) };
            self.fold(&key, &bytes)?;
        }
    }

    /// Reads one commit again, for those who need more of it than the fold keeps.
    pub async fn read(&self, version: u64) -> Result<Commit, OperationError> {
        let key = ObjectKey::Log { version }.to_string();
        let bytes = self.store.read(&key).await?;
        let bytes = bytes.ok_or_else(|| OperationError::damaged(&key, "is missing from the log"))?;
        commit::decode(&bytes).map_err(|error| OperationError::damaged(&key, error))
    }

    /// Commits these facts as the next version, or learns that another writer was faster.
    pub async fn append(&mut self, at: Timestamp, actions: Vec<Action>) -> Result<Appended, OperationError> {
        let version = self.archive.next;
        let next = Commit {
            format: LOG_FORMAT,
            archive: self.archive.id.clone(),
            version,
            parent: self.archive.tip,
            at,
            writer: self.writer.clone(),
            actions,
        };
        check(&self.archive, &next)
            .map_err(|violation| OperationError::new(ErrorKind::Unexpected, "invariant", violation.to_string()))?;
        let bytes = commit::encode(&next)?;
        if self.put(version, &bytes).await? {
            self.archive.apply(&next, Digest::of(&bytes));
            return Ok(Appended::Committed(version));
        }
        self.refresh().await?;
        Ok(Appended::Overtaken)
    }

    /// Whether the version is ours. An outcome that is not `Created` is settled by reading back.
    async fn put(&self, version: u64, bytes: &Bytes) -> Result<bool, OperationError> {
        let key = ObjectKey::Log { version }.to_string();
        for _ in 0..SENDS_MAX {
            if self.store.create(&key, bytes.clone()).await? == CreateOutcome::Created {
                return Ok(true);
            }
            if let Some(found) = self.store.read(&key).await? {
                return Ok(found == *bytes);
            }
        }
        Err(OperationError::new(
            ErrorKind::Unavailable,
            "commit_unknown",
            format!("`{key}` was sent {SENDS_MAX} times and is still not there"),
        )
        .with_help("run again: whatever became of it, the log decides"))
    }

    fn fold(&mut self, key: &str, bytes: &[u8]) -> Result<(), OperationError> {
        let next = commit::decode(bytes).map_err(|error| OperationError::damaged(key, error))?;
        check(&self.archive, &next).map_err(|violation| OperationError::damaged(key, violation.what))?;
        self.archive.apply(&next, Digest::of(bytes));
        Ok(())
    }

    /// Starts from the newest manifest that reads well and stands on the log as it is. Returns the
    /// version of the newest manifest there is, usable or not.
    async fn load_manifest(&mut self) -> Result<Option<u64>, OperationError> {
        let mut versions: Vec<u64> = Vec::new();
        let mut listing = self.store.list(MANIFEST);
        while let Some(object) = listing.try_next().await? {
            if let Some(ObjectKey::Manifest { version }) = ObjectKey::parse(&object.key) {
                versions.push(version);
            }
        }
        drop(listing);
        for version in versions.iter().rev() {
            if let Some(archive) = self.read_manifest(*version).await? {
                self.manifest = Some((*version, archive.at));
                self.archive = archive;
                break;
            }
        }
        Ok(versions.last().copied())
    }

    /// An entry beyond the first one missing: the log has a hole, and writing into it would make a second
    /// history. Looks at the thousand numbers around the end, one listing whatever the log's length.
    async fn refuse_cut_log(&self) -> Result<(), OperationError> {
        let end = ObjectKey::Log { version: self.archive.next }.to_string();
        let thousand = end.trim_end_matches(".json").len() - 3;
        let mut listing = self.store.list(&end[..thousand]);
        while let Some(object) = listing.try_next().await? {
            match ObjectKey::parse(&object.key) {
                // Another writer's, committed since the fold.
                Some(ObjectKey::Log { version }) if version <= self.archive.next => {}
                Some(key) => return Err(OperationError::log_cut(&key, self.archive.next)),
                None => return Err(OperationError::damaged(&object.key, "lies in the log and is not Ochre's")),
            }
        }
        Ok(())
    }

    /// A lake file of these days under a number that the log has not given out yet: the log was longer once,
    /// and publishing on top of it would show rows twice.
    pub async fn refuse_cut_lake(&self, days: &[NaiveDate]) -> Result<(), OperationError> {
        for day in days {
            let prefix = day_prefix(GENERATION, *day);
            let mut listing = self.store.list(&prefix);
            while let Some(object) = listing.try_next().await? {
                match ObjectKey::parse(&object.key) {
                    Some(ObjectKey::Lake { publishing, .. }) if publishing < self.archive.next => {}
                    Some(key) => return Err(OperationError::log_cut(&key, self.archive.next)),
                    None => return Err(OperationError::damaged(&object.key, "lies in the lake and is not Ochre's")),
                }
            }
        }
        Ok(())
    }

    /// A record object under a number two beyond the log's end: whoever wrote it had seen a longer log. Looks
    /// at the month of the last commit only, so that the cost does not grow with history; `verify` looks at all.
    async fn refuse_cut_record(&self) -> Result<(), OperationError> {
        let Some(at) = self.archive.at else { return Ok(()) };
        let prefix = format!("{RECORD}{}", at.date().format("%Y/%m/"));
        let mut listing = self.store.list(&prefix);
        while let Some(object) = listing.try_next().await? {
            match ObjectKey::parse(&object.key) {
                Some(key @ ObjectKey::Record { version, .. }) if version > self.archive.next => {
                    return Err(OperationError::log_cut(&key, self.archive.next));
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn read_manifest(&self, version: u64) -> Result<Option<Archive>, OperationError> {
        let key = ObjectKey::Manifest { version };
        let Some(bytes) = self.store.read(&key.to_string()).await? else { return Ok(None) };
        let stored = match manifest::decode(&bytes) {
            Ok(Some(stored)) if stored.version == version => stored,
            Ok(_) => return Ok(None),
            Err(error) => {
                tracing::warn!(%key, %error, "a manifest cannot be read; folding the log instead");
                return Ok(None);
            }
        };
        let entry = ObjectKey::Log { version }.to_string();
        match self.store.read(&entry).await? {
            None => Err(OperationError::log_cut(&key, version)),
            Some(bytes) if Digest::of(&bytes) != stored.log => {
                Err(OperationError::damaged(&entry, format!("is not the entry that `{key}` was made from")))
            }
            Some(_) if stored.archive.next != version + 1 || stored.archive.tip != Some(stored.log) => {
                Err(OperationError::damaged(&key.to_string(), "does not hold the fold it names"))
            }
            Some(_) => Ok(Some(stored.archive)),
        }
    }
}

/// The digest of `archive.json`, which must be there and be an archive's.
async fn read_identity(store: &dyn Store) -> Result<Digest, OperationError> {
    let key = ObjectKey::Identity.to_string();
    let bytes = store.read(&key).await?.ok_or_else(|| no_archive("there is no `archive.json`"))?;
    commit::decode_identity(&bytes).map_err(|error| OperationError::damaged(&key, error))?;
    Ok(Digest::of(&bytes))
}

fn no_archive(why: &str) -> OperationError {
    OperationError::new(ErrorKind::NoArchive, "no_archive", format!("there is no archive here: {why}"))
        .with_help("`ochre init` makes one; check `--archive` if you have one")
}
