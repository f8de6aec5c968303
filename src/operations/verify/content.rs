//! Levels 2 and 3: the bytes of every object, and what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::{self, BoxStream, StreamExt};

use super::VerifyReport;
use crate::domain::decide::partition_type;
use crate::domain::dedupe::id_hash;
use crate::domain::finding::Severity;
use crate::domain::layout::{ObjectKey, RECORD};
use crate::domain::log::{Action, DataFile, RecordObject, RowCounts};
use crate::domain::normalise::{columns, route};
use crate::domain::partition::PartitionKey;
use crate::domain::schema::{Field, RowSum};
use crate::domain::views::{Archive, Segment};
use crate::domain::{Digest, Timestamp};
use crate::format::{commit, parquet, quarantine, segment};
use crate::operations::error::ErrorKind;
use crate::operations::objects::read_named;
use crate::operations::{Doors, OperationError};
use crate::ports::{Progress, Store};

/// Objects read and checked at once.
const AT_ONCE: usize = 4;

/// Ids held in memory at once while looking for doubles, 8 bytes each.
const IDS_AT_ONCE: u64 = 16_000_000;

type Sums = BTreeMap<PartitionKey, RowSum>;

/// What one object gave.
#[derive(Default)]
struct Checked {
    bytes: u64,
    sums: Sums,
    ids: Vec<u64>,
    faults: Vec<(u8, &'static str, String)>,
}

/// Reads every named object that is there.
pub async fn check(
    doors: &Doors,
    archive: &Arc<Archive>,
    missing: &BTreeSet<String>,
    content: bool,
    report: &mut VerifyReport,
) -> Result<(), OperationError> {
    let passes = if content { archive.record.totals.archived.div_ceil(IDS_AT_ONCE).max(1) } else { 1 };
    let checker = Checker { store: doors.store.clone(), archive: archive.clone(), content, passes, pass: 0 };
    let named: Vec<Named> = Named::all(archive).into_iter().filter(|named| !missing.contains(named.key())).collect();
    let segments: Vec<Named> = named.iter().filter(|named| matches!(named, Named::Segment(_))).cloned().collect();
    let total = named.len() as u64;
    let (mut record, mut lake, mut ids) = (Sums::new(), Sums::new(), Vec::new());
    let mut results = checker.read_all(named);
    while let Some((named, checked)) = results.try_next().await? {
        report.objects += 1;
        report.bytes += checked.bytes;
        for (level, code, what) in checked.faults {
            report.damage(level, code, named.key(), what);
        }
        let into = if matches!(named, Named::File(_)) { &mut lake } else { &mut record };
        for (key, sum) in checked.sums {
            into.entry(key).or_default().merge(sum);
        }
        ids.extend(checked.ids);
        if report.objects.is_multiple_of(64) || report.objects == total {
            doors.watcher.saw(Progress::Verifying { done: report.objects, total });
        }
    }
    drop(results);
    if content {
        // Where bytes are missing or altered, sums cannot agree: that was said already.
        if report.worst() != Some(Severity::Damage) {
            compare(&record, &lake, report);
        }
        doubles(&mut ids, report);
        for pass in 1..passes {
            let mut results = Checker { pass, ..checker.clone() }.read_all(segments.clone());
            ids.clear();
            while let Some((_, checked)) = results.try_next().await? {
                ids.extend(checked.ids);
            }
            doubles(&mut ids, report);
        }
    }
    Ok(())
}

/// An object the log names.
#[derive(Clone)]
enum Named {
    Segment(Segment),
    Quarantine(RecordObject),
    File(DataFile),
}

impl Named {
    fn all(archive: &Archive) -> Vec<Self> {
        let segments = archive.record.segments.iter().cloned().map(Self::Segment);
        let quarantine = archive.record.quarantine.iter().cloned().map(Self::Quarantine);
        segments.chain(quarantine).chain(archive.lake.files.iter().cloned().map(Self::File)).collect()
    }

    fn key(&self) -> &str {
        match self {
            Self::Segment(segment) => &segment.object.key,
            Self::Quarantine(object) => &object.key,
            Self::File(file) => &file.key,
        }
    }

    fn digest(&self) -> Digest {
        match self {
            Self::Segment(segment) => segment.object.sha256,
            Self::Quarantine(object) => object.sha256,
            Self::File(file) => file.sha256,
        }
    }
}

#[derive(Clone)]
struct Checker {
    store: Arc<dyn Store>,
    archive: Arc<Archive>,
    content: bool,
    /// Ids are looked at in so many passes, to bound memory.
    passes: u64,
    pass: u64,
}

impl Checker {
    fn read_all(&self, named: Vec<Named>) -> BoxStream<'static, Result<(Named, Checked), OperationError>> {
        let checker = self.clone();
        let reads = stream::iter(named).map(move |named| tokio::spawn(checker.clone().read(named)));
        let joined = |read: Result<_, tokio::task::JoinError>| {
            read.unwrap_or_else(|error| Err(OperationError::new(ErrorKind::Unexpected, "verify", error.to_string())))
        };
        reads.buffered(AT_ONCE).map(joined).boxed()
    }

    async fn read(self, named: Named) -> Result<(Named, Checked), OperationError> {
        let Some(bytes) = self.store.read(named.key()).await? else {
            let fault = (1, "missing_object", "is named by the log and missing".to_owned());
            return Ok((named, Checked { faults: vec![fault], ..Checked::default() }));
        };
        let promised = match &named {
            Named::Segment(held) if self.content && self.pass == 0 => Some(self.promised(held.version).await?),
            _ => None,
        };
        let checked = tokio::task::spawn_blocking(move || {
            let checked = self.check(&named, bytes, promised.as_ref());
            (named, checked)
        });
        checked.await.map_err(|error| OperationError::new(ErrorKind::Unexpected, "verify", error.to_string()))
    }

    /// The rows by day and type that the commit of a segment states.
    async fn promised(&self, version: u64) -> Result<RowCounts, OperationError> {
        let key = ObjectKey::Log { version }.to_string();
        let bytes = read_named(self.store.as_ref(), &key).await?;
        let commit = commit::decode(&bytes).map_err(|error| OperationError::damaged(&key, error))?;
        let segment = commit.actions.into_iter().find_map(|action| match action {
            Action::SegmentArchived(fact) => Some(fact.rows),
            _ => None,
        });
        Ok(segment.unwrap_or_default())
    }

    fn check(&self, named: &Named, bytes: Bytes, promised: Option<&RowCounts>) -> Checked {
        let mut checked = Checked { bytes: bytes.len() as u64, ..Checked::default() };
        if Digest::of(&bytes) != named.digest() {
            // What such bytes say is nobody's word: their content is not looked at.
            checked.faults.push((2, "digest_mismatch", "does not have the digest that the log names".to_owned()));
        } else if self.content
            && let Err(what) = self.read_content(named, bytes, promised, &mut checked)
        {
            checked.faults.push((3, "content", what));
        }
        checked
    }

    fn read_content(
        &self,
        named: &Named,
        bytes: Bytes,
        promised: Option<&RowCounts>,
        checked: &mut Checked,
    ) -> Result<(), String> {
        match named {
            Named::Segment(held) => {
                let found = self.read_segment(held, &bytes, checked)?;
                match promised {
                    Some(promised) if *promised != found => {
                        Err("holds other rows by day and type than its commit says".to_owned())
                    }
                    _ => Ok(()),
                }
            }
            Named::Quarantine(object) => {
                let bodies = quarantine::decode(&bytes).map_err(|error| error.to_string())?;
                let rows = bodies.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?.len();
                same(rows as u64, object.rows, "bodies")
            }
            Named::File(file) => lake_file(file, bytes, checked),
        }
    }

    fn read_segment(&self, held: &Segment, bytes: &[u8], checked: &mut Checked) -> Result<RowCounts, String> {
        let lake = &self.archive.lake;
        let mut rows = 0;
        let mut counts = RowCounts::new();
        for line in segment::decode(bytes).map_err(|error| error.to_string())? {
            let raw = line.map_err(|error| error.to_string())?;
            let routed = route(&raw);
            let routed = routed.map_err(|why| format!("line {} is not an event: {}", rows + 1, why.as_str()))?;
            rows += 1;
            let id = id_hash(&routed.id) as u64;
            if id % self.passes == self.pass {
                checked.ids.push(id);
            }
            let date = routed.occurred.date();
            let event_type = partition_type(&routed, &self.archive.record.types);
            *counts.entry(date).or_default().entry(event_type.clone()).or_default() += 1;
            let confirmed = lake.taker(date, held.version).is_some_and(|taker| !lake.open.contains_key(&taker));
            if confirmed && self.pass == 0 {
                let row = columns(&raw, &routed, &event_type);
                checked.sums.entry(PartitionKey { date, event_type }).or_default().add(&row);
            }
        }
        same(rows, held.object.rows, "events")?;
        Ok(counts)
    }
}

fn lake_file(file: &DataFile, bytes: Bytes, checked: &mut Checked) -> Result<(), String> {
    let Some(ObjectKey::Lake { partition, .. }) = ObjectKey::parse(&file.key) else {
        return Err("is not a key of the lake".to_owned());
    };
    let rows = parquet::decode(bytes).map_err(|error| error.to_string())?;
    same(rows.len() as u64, file.rows, "rows")?;
    let mut sum = RowSum::default();
    for row in &rows {
        if row.text(Field::EventType) != partition.event_type.column_text() {
            return Err("holds a row of another type than its path says".to_owned());
        }
        let occurred = row.micros(Field::EventTimestamp).map(|micros| Timestamp::from_ticks(micros.saturating_mul(10)));
        if occurred.map(Timestamp::date) != Some(partition.date) {
            return Err("holds a row of another day than its path says".to_owned());
        }
        sum.add(row);
    }
    checked.sums.insert(partition, sum);
    Ok(())
}

fn same(found: u64, named: u64, what: &str) -> Result<(), String> {
    if found == named { Ok(()) } else { Err(format!("holds {found} {what}, the log says {named}")) }
}

fn compare(record: &Sums, lake: &Sums, report: &mut VerifyReport) {
    let keys: BTreeSet<_> = record.keys().chain(lake.keys()).collect();
    for key in keys {
        if record.get(key) != lake.get(key) {
            report.damage(3, "rows_differ", &key.to_path(), "the lake does not hold the rows that the record holds");
        }
    }
}

/// Finds ids that occur twice, by the half of their digest that is kept.
fn doubles(ids: &mut [u64], report: &mut VerifyReport) {
    ids.sort_unstable();
    let twice = ids.windows(2).filter(|pair| pair[0] == pair[1]).count();
    if twice > 0 {
        report.damage(3, "doubled", RECORD, format!("{twice} event ids occur more than once"));
    }
}
