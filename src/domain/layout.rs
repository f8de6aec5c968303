//! Every object key of an archive, built and parsed here and nowhere else.
//!
//! ```text
//! archive.json
//! log/00000000000000000042.json
//! record/2026/11/00000000000000000042-<sha256>.ndjson.zst
//! record/2026/11/00000000000000000042-<sha256>.quarantine.ndjson.zst
//! lake/events/event_date=2026-11-19/event_type=UserLoggedIn/00000000000000000043-000.parquet
//! manifest/00000000000000000042.json.zst
//! manifest/latest.json
//! ```

use std::fmt;

use chrono::{Datelike, NaiveDate};

use super::partition::{PartitionKey, TypeKey};
use super::{Digest, Timestamp};

/// The prefix under which the log lies.
pub const LOG: &str = "log/";
/// The prefix under which the record lies.
pub const RECORD: &str = "record/";
/// The prefix that every lake root begins with.
pub const LAKE: &str = "lake";
/// The prefix under which manifests lie.
pub const MANIFEST: &str = "manifest/";

/// Which build of the lake a file belongs to: 1 is `lake/events/`, n is `lake-n/events/`.
pub type Generation = u32;

/// The build of the lake that this version of Ochre writes.
pub const GENERATION: Generation = 1;

/// The key of one object in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKey {
    /// `archive.json`: identity, written once.
    Identity,
    /// One commit.
    Log {
        /// Its version.
        version: u64,
    },
    /// One segment of the record, or the quarantine object beside it.
    Record {
        /// Calendar year of the commit's time, UTC.
        year: i32,
        /// Calendar month of the commit's time, 1 to 12.
        month: u32,
        /// The version the writer was about to commit.
        version: u64,
        /// SHA-256 of the object.
        digest: Digest,
        /// Whether it holds bodies that are not archived events.
        quarantine: bool,
    },
    /// One data file of the lake.
    Lake {
        /// Which build of the lake.
        generation: Generation,
        /// Its (date, type).
        partition: PartitionKey,
        /// The version of the `LakePublishing` that named it.
        publishing: u64,
        /// Its number within the partition and publishing.
        part: u32,
    },
    /// One manifest.
    Manifest {
        /// The log version it stands at.
        version: u64,
    },
    /// `manifest/latest.json`.
    LatestManifest,
}

impl ObjectKey {
    /// The key of a record object written at `at` for the commit `version`.
    pub fn record(at: Timestamp, version: u64, digest: Digest, quarantine: bool) -> Self {
        let date = at.date();
        Self::Record { year: date.year(), month: date.month(), version, digest, quarantine }
    }

    /// Reads a key back. `None` for anything this version of Ochre would not write.
    pub fn parse(key: &str) -> Option<Self> {
        let parsed = match key {
            "archive.json" => Self::Identity,
            "manifest/latest.json" => Self::LatestManifest,
            _ if key.starts_with(LOG) => Self::Log { version: version(key.strip_prefix(LOG)?.strip_suffix(".json")?)? },
            _ if key.starts_with(MANIFEST) => {
                Self::Manifest { version: version(key.strip_prefix(MANIFEST)?.strip_suffix(".json.zst")?)? }
            }
            _ if key.starts_with(RECORD) => parse_record(key.strip_prefix(RECORD)?)?,
            _ => parse_lake(key)?,
        };
        // One spelling a key: what is not written back the same was not written by us.
        (parsed.to_string() == key).then_some(parsed)
    }
}

/// Everything a publishing's glob shows: `lake/events/`, or `lake-2/events/` for a later build.
pub fn lake_root(generation: Generation) -> String {
    if generation == 1 { "lake/events/".to_owned() } else { format!("lake-{generation}/events/") }
}

/// The glob that shows exactly the lake's data files, for the engines that people use.
pub fn lake_glob(generation: Generation) -> String {
    format!("{}event_date=*/event_type=*/*.parquet", lake_root(generation))
}

/// Everything of one day in the lake.
pub fn day_prefix(generation: Generation, day: NaiveDate) -> String {
    format!("{}event_date={}/", lake_root(generation), day.format("%Y-%m-%d"))
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => write!(out, "archive.json"),
            Self::Log { version } => write!(out, "log/{version:020}.json"),
            Self::Record { year, month, version, digest, quarantine } => {
                let kind = if *quarantine { ".quarantine" } else { "" };
                write!(out, "record/{year:04}/{month:02}/{version:020}-{}{kind}.ndjson.zst", digest.hex())
            }
            Self::Lake { generation, partition, publishing, part } => write!(
                out,
                "{}event_date={}/event_type={}/{publishing:020}-{part:03}.parquet",
                lake_root(*generation),
                partition.date.format("%Y-%m-%d"),
                partition.event_type.to_path_value(),
            ),
            Self::Manifest { version } => write!(out, "manifest/{version:020}.json.zst"),
            Self::LatestManifest => write!(out, "manifest/latest.json"),
        }
    }
}

fn version(digits: &str) -> Option<u64> {
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

fn parse_record(rest: &str) -> Option<ObjectKey> {
    let mut parts = rest.splitn(3, '/');
    let (year, month, name) = (parts.next()?, parts.next()?, parts.next()?);
    let name = name.strip_suffix(".ndjson.zst")?;
    let (name, quarantine) = match name.strip_suffix(".quarantine") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let (number, digest) = name.split_once('-')?;
    Some(ObjectKey::Record {
        year: year.parse().ok()?,
        month: month.parse().ok()?,
        version: version(number)?,
        digest: Digest::from_hex(digest)?,
        quarantine,
    })
}

fn parse_lake(key: &str) -> Option<ObjectKey> {
    let (root, rest) = key.split_once("/events/")?;
    let generation = if root == LAKE { 1 } else { root.strip_prefix("lake-")?.parse().ok().filter(|n| *n > 1)? };
    let mut parts = rest.splitn(3, '/');
    let date = parts.next()?.strip_prefix("event_date=")?;
    let event_type = parts.next()?.strip_prefix("event_type=")?;
    let (publishing, part) = parts.next()?.strip_suffix(".parquet")?.split_once('-')?;
    Some(ObjectKey::Lake {
        generation,
        partition: PartitionKey {
            date: NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?,
            event_type: TypeKey::from_path_value(event_type)?,
        },
        publishing: version(publishing)?,
        part: part.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> impl Strategy<Value = ObjectKey> {
        let digest = any::<u64>().prop_map(|seed| Digest::of(&seed.to_le_bytes()));
        let record = (1970..2200, 1_u32..13, any::<u64>(), digest, any::<bool>()).prop_map(
            |(year, month, version, digest, quarantine)| ObjectKey::Record { year, month, version, digest, quarantine },
        );
        let lake = (1_u32..9, 0..80_000_u64, ".{0,70}", any::<u64>(), 0_u32..2000).prop_map(
            |(generation, days, text, publishing, part)| ObjectKey::Lake {
                generation,
                partition: PartitionKey {
                    date: NaiveDate::default() + chrono::Days::new(days),
                    event_type: TypeKey::route(Some(&text)),
                },
                publishing,
                part,
            },
        );
        prop_oneof![
            Just(ObjectKey::Identity),
            Just(ObjectKey::LatestManifest),
            any::<u64>().prop_map(|version| ObjectKey::Log { version }),
            any::<u64>().prop_map(|version| ObjectKey::Manifest { version }),
            record,
            lake,
        ]
    }

    proptest! {
        #[test]
        fn every_key_reads_back_as_itself(key in keys()) {
            prop_assert_eq!(ObjectKey::parse(&key.to_string()), Some(key));
        }

        #[test]
        fn foreign_keys_are_not_ours(text in "(log|record|lake|manifest)/[a-z0-9/=.-]{0,40}") {
            if let Some(key) = ObjectKey::parse(&text) {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }
}
