//! Levels 2 and 3: the bytes of every object, and what they say.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};

use super::VerifyReport;
use crate::domain::decide::partition_type;
use crate::domain::dedupe::id_hash;
use crate::domain::layout::ObjectKey;
use crate::domain::log::DataFile;
use crate::domain::normalise::{columns, route};
use crate::domain::partition::{PartitionKey, TypeKey};
use crate::domain::schema::{Field, RowSum};
use crate::domain::views::{Archive, Segment};
use crate::domain::{Digest, Timestamp};
use crate::format::{parquet, quarantine, segment};
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
    archive: &Archive,
    missing: &BTreeSet<String>,
    content: bool,
    report: &mut VerifyReport,
) -> Result<(), OperationError> {
    let (mut record, mut lake) = (Sums::new(), Sums::new());
    let mut ids = Vec::new();
    let passes = if content { archive.record.totals.archived.div_ceil(IDS_AT_ONCE).max(1) } else { 1 };
    let context = Context { content, passes, pass: 0, types: &archive.record.types, archive };
    let named = Named::all(archive).into_iter().filter(|named| !missing.contains(named.key()));
    let named: Vec<Named> = named.collect();
    let total = named.len() as u64;
    let mut results = stream::iter(named).map(|named| context.read(doors.store.as_ref(), named)).buffered(AT_ONCE);
    while let Some(result) = results.next().await {
        let (named, checked) = result?;
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
        if report.objects % 64 == 0 || report.objects == total {
            doors.watcher.saw(Progress::Verifying { done: report.objects, total });
        }
    }
    drop(results);
    if content {
        compare(&record, &lake, report);
        doubles(&mut ids, report);
        for pass in 1..passes {
            let context = Context { pass, ..context };
            let segments = archive.record.segments.iter().map(Named::Segment).filter(|named| !missing.contains(named.key()));
            let mut results = stream::iter(segments).map(|named| context.read(doors.store.as_ref(), named)).buffered(AT_ONCE);
            let mut ids = Vec::new();
            while let Some(result) = results.next().await {
                ids.extend(result?.1.ids);
            }
            doubles(&mut ids, report);
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Named<'a> {
    Segment(&'a Segment),
    Quarantine(&'a crate::domain::log::RecordObject),
    File(&'a DataFile),
}

impl<'a> Named<'a> {
    fn all(archive: &'a Archive) -> Vec<Self> {
        let segments = archive.record.segments.iter().map(Self::Segment);
        let quarantine = archive.record.quarantine.iter().map(Self::Quarantine);
        segments.chain(quarantine).chain(archive.lake.files.iter().map(Self::File)).collect()
    }

    fn key(&self) -> &'a str {
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

#[derive(Clone, Copy)]
struct Context<'a> {
    content: bool,
    passes: u64,
    pass: u64,
    types: &'a BTreeMap<TypeKey, u64>,
    archive: &'a Archive,
}

impl<'a> Context<'a> {
    async fn read(self, store: &dyn Store, named: Named<'a>) -> Result<(Named<'a>, Checked), OperationError> {
        let mut checked = Checked::default();
        let Some(bytes) = store.read(named.key()).await? else {
            checked.faults.push((1, "missing_object", "is named by the log and missing".to_owned()));
            return Ok((named, checked));
        };
        checked.bytes = bytes.len() as u64;
        let whole = tokio::task::block_in_place(|| {
            if Digest::of(&bytes) != named.digest() {
                checked.faults.push((2, "digest_mismatch", "does not have the digest that the log names".to_owned()));
            }
            if self.content { self.content(named, bytes, &mut checked) } else { Ok(()) }
        });
        if let Err(what) = whole {
            checked.faults.push((3, "content", what));
        }
        Ok((named, checked))
    }

    fn content(&self, named: Named<'_>, bytes: Bytes, checked: &mut Checked) -> Result<(), String> {
        match named {
            Named::Segment(held) => self.segment(held, &bytes, checked),
            Named::Quarantine(object) => {
                let bodies = quarantine::decode(&bytes).map_err(|error| error.to_string())?;
                let rows = bodies.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?.len();
                same(rows as u64, object.rows, "bodies")
            }
            Named::File(file) => lake_file(file, bytes, checked),
        }
    }

    fn segment(&self, held: &Segment, bytes: &[u8], checked: &mut Checked) -> Result<(), String> {
        let mut rows = 0;
        let mut days: BTreeMap<_, u64> = BTreeMap::new();
        for line in segment::decode(bytes).map_err(|error| error.to_string())? {
            let raw = line.map_err(|error| error.to_string())?;
            let routed = route(&raw).map_err(|rejection| format!("line {} is not an event: {}", rows + 1, rejection.as_str()))?;
            rows += 1;
            let id = id_hash(&routed.id) as u64;
            if id % self.passes == self.pass {
                checked.ids.push(id);
            }
            let date = routed.occurred.date();
            *days.entry(date).or_default() += 1;
            let confirmed = self.archive.lake.taker(date, held.version).is_some_and(|taker| !self.archive.lake.open.contains_key(&taker));
            if confirmed && self.pass == 0 {
                let event_type = partition_type(&routed, self.types);
                let row = columns(&raw, &routed, &event_type);
                checked.sums.entry(PartitionKey { date, event_type }).or_default().add(&row);
            }
        }
        same(rows, held.object.rows, "events")?;
        if days == held.days { Ok(()) } else { Err("holds other days than the log says".to_owned()) }
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
        report.damage(3, "doubled", "record/", format!("{twice} event ids occur more than once"));
    }
}
