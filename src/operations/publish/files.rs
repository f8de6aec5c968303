//! An intent's rows as files: encoded on all cores, put in batches, settled by reading back.

use std::collections::VecDeque;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use super::rows::{PartitionRows, Rows, Waiting};
use crate::domain::layout::ObjectKey;
use crate::domain::log::DataFile;
use crate::domain::normalise::{columns, route};
use crate::domain::partition::PartitionKey;
use crate::domain::schema::{Row, RowSum, sort_rows};
use crate::domain::views::{Publishing, total};
use crate::domain::{Digest, Timestamp};
use crate::format::parquet;
use crate::operations::error::ErrorKind;
use crate::operations::{Doors, Journal, OperationError, Stop};
use crate::ports::{CreateOutcome, Progress, Store};

/// Rows handed to one encoding task, about.
const TASK_ROWS: usize = 4_000;

/// Encoding tasks under way at once.
const TASKS_MAX: usize = 2;

/// Files put in one batch, about.
const BATCH_FILES: usize = 256;

/// A file that is encoded and not put yet.
struct Encoded {
    bytes: Bytes,
    file: DataFile,
    sum: RowSum,
}

/// Puts every file of an intent. Returns them in the order of their keys.
pub async fn put(
    journal: &Journal,
    doors: &Doors,
    publishing: u64,
    intent: &Publishing,
    stop: &Stop,
) -> Result<Vec<DataFile>, OperationError> {
    let archive = journal.archive();
    let mut rows = Rows::of(archive, publishing, intent);
    let mut lake = Putting {
        doors,
        publishing,
        generation: intent.intent.generation,
        total: total(&intent.expected),
        rows: 0,
        tasks: VecDeque::new(),
        waiting: Vec::new(),
        files: Vec::new(),
    };
    while let Some(partitions) = rows.next(doors.store.as_ref(), archive).await? {
        if stop.is_given() {
            return Err(OperationError::interrupted());
        }
        lake.encode(partitions).await?;
    }
    while lake.take_one().await? {}
    lake.flush().await?;
    lake.files.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(lake.files)
}

struct Putting<'a> {
    doors: &'a Doors,
    publishing: u64,
    generation: u32,
    total: u64,
    rows: u64,
    tasks: VecDeque<JoinHandle<Result<Vec<Encoded>, OperationError>>>,
    waiting: Vec<Encoded>,
    files: Vec<DataFile>,
}

impl Putting<'_> {
    async fn encode(&mut self, partitions: Vec<PartitionRows>) -> Result<(), OperationError> {
        let mut load = Vec::new();
        let mut size = 0;
        for (key, rows) in partitions {
            size += rows.len();
            load.push((key, rows));
            if size >= TASK_ROWS {
                self.start(std::mem::take(&mut load)).await?;
                size = 0;
            }
        }
        self.start(load).await
    }

    async fn start(&mut self, load: Vec<PartitionRows>) -> Result<(), OperationError> {
        if load.is_empty() {
            return Ok(());
        }
        if self.tasks.len() >= TASKS_MAX {
            self.take_one().await?;
        }
        let (publishing, generation) = (self.publishing, self.generation);
        self.tasks.push_back(tokio::task::spawn_blocking(move || {
            let mut files = Vec::new();
            for (key, rows) in load {
                encode_partition(&key, rows, publishing, generation, &mut files)?;
            }
            Ok(files)
        }));
        Ok(())
    }

    /// Waits for the oldest encoding task; false where there is none.
    async fn take_one(&mut self) -> Result<bool, OperationError> {
        let Some(task) = self.tasks.pop_front() else { return Ok(false) };
        let encoded = task.await;
        let encoded =
            encoded.map_err(|error| OperationError::new(ErrorKind::Unexpected, "encode", error.to_string()))??;
        self.waiting.extend(encoded);
        if self.waiting.len() >= BATCH_FILES {
            self.flush().await?;
        }
        Ok(true)
    }

    async fn flush(&mut self) -> Result<(), OperationError> {
        let store = self.doors.store.as_ref();
        let batch = std::mem::take(&mut self.waiting);
        let objects = batch.iter().map(|encoded| (encoded.file.key.clone(), encoded.bytes.clone())).collect();
        let outcomes = store.create_all(objects).await;
        let settled = batch.into_iter().zip(outcomes).map(|(encoded, outcome)| async move {
            match outcome? {
                CreateOutcome::Created => Ok(encoded.file),
                CreateOutcome::Exists | CreateOutcome::Unknown(_) => settle(store, encoded).await,
            }
        });
        for file in join_all(settled).await {
            let file = file?;
            self.rows += file.rows;
            self.files.push(file);
        }
        self.doors.watcher.saw(Progress::Publishing { rows: self.rows, total: self.total });
        Ok(())
    }
}

/// Finds out what lies under a key whose PUT did not simply succeed: the same rows, whoever put them.
async fn settle(store: &dyn Store, encoded: Encoded) -> Result<DataFile, OperationError> {
    const SENDS_MAX: u32 = 5;
    let key = &encoded.file.key;
    for _ in 0..SENDS_MAX {
        let Some(found) = store.read(key).await? else {
            if store.create(key, encoded.bytes.clone()).await? == CreateOutcome::Created {
                return Ok(encoded.file);
            }
            continue;
        };
        if found == encoded.bytes {
            return Ok(encoded.file);
        }
        let (sha256, bytes) = (Digest::of(&found), found.len() as u64);
        let rows = parquet::decode(found).map_err(|error| OperationError::damaged(key, error))?;
        let mut sum = RowSum::default();
        rows.iter().for_each(|row| sum.add(row));
        if sum != encoded.sum {
            return Err(OperationError::damaged(key, "holds other rows than the log promises"));
        }
        return Ok(DataFile { sha256, bytes, ..encoded.file });
    }
    Err(OperationError::new(
        ErrorKind::Unavailable,
        "write_unknown",
        format!("`{key}` was sent {SENDS_MAX} times and is still not there"),
    ))
}

fn encode_partition(
    key: &PartitionKey,
    waiting: Vec<Waiting>,
    publishing: u64,
    generation: u32,
    files: &mut Vec<Encoded>,
) -> Result<(), OperationError> {
    let times: Vec<Times> = waiting.iter().map(|row| (row.occurred, row.ingested)).collect();
    // Each text is let go as soon as its columns are known.
    let row = |waiting: Waiting| Some(columns(&waiting.raw, &route(&waiting.raw).ok()?, &key.event_type));
    let mut rows: Vec<Row> = waiting.into_iter().filter_map(row).collect();
    sort_rows(&mut rows);
    for (part, rows) in (0_u32..).zip(rows.chunks(parquet::ROWS_MAX)) {
        let key = ObjectKey::Lake { generation, partition: key.clone(), publishing, part };
        files.push(encode_file(key.to_string(), rows, &times)?);
    }
    Ok(())
}

/// When an event happened, and when it was ingested.
type Times = (Timestamp, Option<Timestamp>);

/// `times` are those of the whole partition: nearly always one file.
fn encode_file(key: String, rows: &[Row], times: &[Times]) -> Result<Encoded, OperationError> {
    let mut sum = RowSum::default();
    rows.iter().for_each(|row| sum.add(row));
    let bytes = parquet::encode(rows)?;
    let file = DataFile {
        key,
        sha256: Digest::of(&bytes),
        bytes: bytes.len() as u64,
        rows: rows.len() as u64,
        occurred_min: times.iter().map(|(occurred, _)| *occurred).min().unwrap_or_default(),
        occurred_max: times.iter().map(|(occurred, _)| *occurred).max().unwrap_or_default(),
        ingested_min: times.iter().filter_map(|(_, ingested)| *ingested).min(),
        ingested_max: times.iter().filter_map(|(_, ingested)| *ingested).max(),
    };
    Ok(Encoded { bytes, file, sum })
}
