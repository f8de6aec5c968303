//! What must hold of a commit before it is written, and of every commit that is read by `verify`.

use crate::domain::ROUTING_VERSION;
use crate::domain::layout::ObjectKey;
use crate::domain::log::{Action, Commit, DataFile, LOG_FORMAT, RowCounts, SegmentArchived};
use crate::domain::views::Archive;

/// Why a commit must not follow what was folded so far.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("commit {version}: {what}")]
pub struct Violation {
    /// The commit's version.
    pub version: u64,
    /// What does not hold.
    pub what: String,
}

/// Checks that `commit` may follow `archive`.
pub fn check(archive: &Archive, commit: &Commit) -> Result<(), Violation> {
    let facts = commit.actions.iter().try_for_each(|action| check_action(archive, commit.version, action));
    let chain = check_chain(archive, commit);
    chain.and(facts).map_err(|what| Violation { version: commit.version, what })
}

fn check_chain(archive: &Archive, commit: &Commit) -> Result<(), String> {
    ensure(commit.format == LOG_FORMAT, || format!("log format {} is not known", commit.format))?;
    ensure(commit.version == archive.next, || format!("version {} was expected", archive.next))?;
    ensure(commit.parent == archive.tip, || "does not name the commit before as its parent".into())?;
    ensure(!commit.actions.is_empty(), || "says nothing".into())?;
    let begins = matches!(commit.actions.first(), Some(Action::ArchiveCreated(_)));
    ensure(begins == (commit.version == 0), || "an archive is created once, by version 0".into())?;
    ensure(begins || commit.archive == archive.id, || "belongs to another archive".into())
}

fn check_action(archive: &Archive, version: u64, action: &Action) -> Result<(), String> {
    match action {
        Action::SegmentArchived(fact) => check_segment(fact),
        Action::WalkAdvanced(fact) => {
            let stands = archive.walks.live.get(&fact.walk).map_or(fact.top, |walk| walk.advanced.reached);
            ensure(fact.from == stands, || format!("walk {} does not continue where it stands", fact.walk))?;
            ensure(fact.reached <= fact.from, || format!("walk {} goes upwards", fact.walk))
        }
        Action::IntervalLost(fact) => ensure(!fact.span.is_empty(), || "an empty span cannot be lost".into()),
        Action::LakePublishing(fact) => {
            ensure(fact.upto + 1 == version, || "a publishing takes everything before it".into())?;
            ensure(!fact.days.is_empty(), || "a publishing of no day".into())
        }
        Action::LakePublished(fact) => {
            let open = archive.lake.open.get(&fact.publishing);
            let open = open.ok_or_else(|| format!("publishing {} is not open", fact.publishing))?;
            let differs =
                || format!("publishing {} has other rows by day and type than were promised", fact.publishing);
            ensure(rows_of(&fact.files) == Some(open.expected.clone()), differs)
        }
        _ => Ok(()),
    }
}

fn check_segment(fact: &SegmentArchived) -> Result<(), String> {
    ensure(fact.counts.balances(), || "fetched is not archived + duplicates + rejected".into())?;
    ensure(fact.routing <= ROUTING_VERSION, || format!("routing version {} is not known", fact.routing))?;
    let rows = fact.segment.as_ref().map_or(0, |segment| segment.rows);
    ensure(rows == fact.counts.archived, || "the segment's rows are not the archived events".into())?;
    ensure(sum(&fact.rows) == rows, || "rows by day and type do not add up".into())
}

/// Rows by day and type as the files' keys tell; none where a key is not the lake's.
fn rows_of(files: &[DataFile]) -> Option<RowCounts> {
    let mut rows = RowCounts::new();
    for file in files {
        let ObjectKey::Lake { partition, .. } = ObjectKey::parse(&file.key)? else { return None };
        *rows.entry(partition.date).or_default().entry(partition.event_type).or_default() += file.rows;
    }
    Some(rows)
}

fn sum(rows: &RowCounts) -> u64 {
    rows.values().flat_map(|types| types.values()).sum()
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
