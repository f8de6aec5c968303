//! The columns of the lake and its rows, as plain data: no Parquet here.
//!
//! Columns are only ever added, at the end, and all are nullable. `event_date` is in the path only: a
//! physical copy breaks readers that take the path's value for a string.

use super::digest::Digest;

/// The version of the columns and of the file layout; every version is kept for ever.
pub const SCHEMA_VERSION: u32 = 1;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// UTF-8 text.
    Text,
    /// Microseconds since 1970, UTC.
    TimestampMicros,
    /// True or false.
    Bool,
}

/// One column of the lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the files.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether values repeat enough for a dictionary.
    pub dictionary: bool,
    /// What it means and where it comes from, for people.
    pub doc: &'static str,
}

const fn text(name: &'static str, doc: &'static str) -> Column {
    Column { name, kind: ColumnKind::Text, dictionary: true, doc }
}

const fn unique(name: &'static str, doc: &'static str) -> Column {
    Column { name, kind: ColumnKind::Text, dictionary: false, doc }
}

const fn instant(name: &'static str, dictionary: bool, doc: &'static str) -> Column {
    Column { name, kind: ColumnKind::TimestampMicros, dictionary, doc }
}

const fn flag(name: &'static str, doc: &'static str) -> Column {
    Column { name, kind: ColumnKind::Bool, dictionary: false, doc }
}

/// The columns of version 1, in file order.
#[rustfmt::skip]
pub const COLUMNS_V1: [Column; 35] = [
    unique("event_id", "The API's unique id of the event, as sent."),
    text("event_type", "The partition's type, the same value as in the path: `__OTHER__` where the type names no partition, null where there is none."),
    text("event_type_raw", "`eventType` exactly as sent."),
    text("event_type_canonical", "`eventType` with aliases resolved; the text itself where it is unknown (C19)."),
    instant("event_timestamp", false, "When it happened: UTC, truncated to microseconds; all digits are in the record (C33)."),
    instant("ingestion_timestamp", false, "When Pigment took it in: UTC, truncated to microseconds; null where missing or unusable."),
    text("category", "One of the seven categories, or `uncategorised` (F20)."),
    text("signal", "`activity`, `security`, `change_volume`, or `uncategorised` (F21)."),
    text("actor_kind", "`user` (the flat form included), `support` (impersonated, or a support session's start), `api` or `unknown` (C11)."),
    text("actor_id", "The user's id: `actor.user.id`, else the flat `actor.memberId` or `actor.id`; null for an API key."),
    text("actor_name", "The user's name as sent."),
    text("actor_email", "The user's e-mail address as sent: compare without case (C31)."),
    text("impersonator_id", "Who of Pigment Support acted under the user's name: id (E32)."),
    text("impersonator_name", "The impersonator's name."),
    text("impersonator_email", "The impersonator's e-mail address as sent."),
    text("session_id", "The id of the session's token (`jwt`), inside `user` or beside it (C14)."),
    instant("session_issued_at", true, "When the session's token was issued, UTC."),
    instant("session_expires_at", true, "When the session's token expires, UTC."),
    text("api_key_id", "`actor.api.apiKeyId` (E33)."),
    text("api_key_name", "`actor.api.apiKeyName`."),
    text("organization_id", "`context.organization.id`: the tenant."),
    text("organization_name", "`context.organization.name`."),
    text("ip_address", "`context.clientContext.ipAddress` as sent."),
    text("user_agent", "`context.clientContext.userAgent` as sent."),
    text("entity_id", "What the event is about: `payload.entity`; else the person, group, API key or Application that the payload of this type names; else `target.blockId` (C15, C30)."),
    text("entity_name", "Its name; a person's e-mail address where the payload gives no name."),
    text("entity_type", "`payload.entity.entityType` as sent (C25); where the payload has no entity: `User`, `UserGroup`, `APIKey` or `Application`."),
    text("block_id", "The Block: the entity itself where it is one, else the Block a View belongs to (C29), else `target.blockId`."),
    text("block_name", "The Block's name."),
    text("application_id", "`payload.entity.application`, else `payload.application`, else `target.applicationId` (C15)."),
    text("application_name", "The Application's name, from the same place."),
    text("change_type", "What an `…Updated` event changed, in lower case: `settings`, `rename`, `formula`, … (C21, C22)."),
    flag("is_temporary", "Whether the name marks a temporary View or Metric; null for anything else (E35)."),
    unique("payload", "`payload` as sent: JSON text on one line."),
    unique("unmapped", "JSON of every member that no column holds, in its place; a member that strict JSON readers would refuse is a string holding its text."),
];

/// The columns by name: `Field::X as usize` is the place of a column in [`COLUMNS_V1`], whose `doc` says what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `event_id`
    EventId,
    /// `event_type`
    EventType,
    /// `event_type_raw`
    EventTypeRaw,
    /// `event_type_canonical`
    EventTypeCanonical,
    /// `event_timestamp`
    EventTimestamp,
    /// `ingestion_timestamp`
    IngestionTimestamp,
    /// `category`
    Category,
    /// `signal`
    Signal,
    /// `actor_kind`
    ActorKind,
    /// `actor_id`
    ActorId,
    /// `actor_name`
    ActorName,
    /// `actor_email`
    ActorEmail,
    /// `impersonator_id`
    ImpersonatorId,
    /// `impersonator_name`
    ImpersonatorName,
    /// `impersonator_email`
    ImpersonatorEmail,
    /// `session_id`
    SessionId,
    /// `session_issued_at`
    SessionIssuedAt,
    /// `session_expires_at`
    SessionExpiresAt,
    /// `api_key_id`
    ApiKeyId,
    /// `api_key_name`
    ApiKeyName,
    /// `organization_id`
    OrganizationId,
    /// `organization_name`
    OrganizationName,
    /// `ip_address`
    IpAddress,
    /// `user_agent`
    UserAgent,
    /// `entity_id`
    EntityId,
    /// `entity_name`
    EntityName,
    /// `entity_type`
    EntityType,
    /// `block_id`
    BlockId,
    /// `block_name`
    BlockName,
    /// `application_id`
    ApplicationId,
    /// `application_name`
    ApplicationName,
    /// `change_type`
    ChangeType,
    /// `is_temporary`
    IsTemporary,
    /// `payload`
    Payload,
    /// `unmapped`
    Unmapped,
}

impl Field {
    /// The column it names.
    pub const fn column(self) -> &'static Column {
        &COLUMNS_V1[self as usize]
    }
}

/// One value of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Cell {
    /// Nothing.
    #[default]
    Null,
    /// Text.
    Text(String),
    /// Microseconds since 1970, UTC.
    Micros(i64),
    /// True or false.
    Bool(bool),
}

impl Cell {
    /// Text, or null where there is none.
    pub fn text(value: Option<impl Into<String>>) -> Self {
        value.map_or(Self::Null, |text| Self::Text(text.into()))
    }

    fn encode(&self, into: &mut Vec<u8>) {
        match self {
            Self::Null => into.push(0),
            Self::Text(text) => {
                into.push(1);
                into.extend_from_slice(&(text.len() as u64).to_le_bytes());
                into.extend_from_slice(text.as_bytes());
            }
            Self::Micros(micros) => {
                into.push(2);
                into.extend_from_slice(&micros.to_le_bytes());
            }
            Self::Bool(flag) => into.extend_from_slice(&[3, u8::from(*flag)]),
        }
    }
}

/// One row of the lake: one cell a column, in the order of the columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    cells: Vec<Cell>,
}

impl Default for Row {
    /// A row of nulls.
    fn default() -> Self {
        Self { cells: vec![Cell::Null; COLUMNS_V1.len()] }
    }
}

impl Row {
    /// The cells in the order of [`COLUMNS_V1`].
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// One cell.
    pub fn get(&self, field: Field) -> &Cell {
        &self.cells[field as usize]
    }

    /// The text of one cell; `None` where it is null or not text.
    pub fn text(&self, field: Field) -> Option<&str> {
        match self.get(field) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The instant of one cell in microseconds, UTC; `None` where it is null or not an instant.
    pub fn micros(&self, field: Field) -> Option<i64> {
        match self.get(field) {
            Cell::Micros(micros) => Some(*micros),
            _ => None,
        }
    }

    /// Fills one cell.
    pub fn set(&mut self, field: Field, cell: Cell) {
        self.cells[field as usize] = cell;
    }

    /// Fills the cell at a column's place in [`COLUMNS_V1`].
    pub fn set_at(&mut self, index: usize, cell: Cell) {
        self.cells[index] = cell;
    }

    /// Fills one cell with text, or null where there is none.
    pub fn set_text(&mut self, field: Field, text: Option<impl Into<String>>) {
        self.set(field, Cell::text(text));
    }

    /// What files are sorted by: the instant, then the id's bytes.
    pub fn sort_key(&self) -> (Option<i64>, Option<&str>) {
        (self.micros(Field::EventTimestamp), self.text(Field::EventId))
    }

    /// The first 128 bits of the SHA-256 over all cells, each tagged and with its length: equal for a
    /// row normalised from the record and the same row read from a file.
    pub fn digest(&self) -> u128 {
        let mut bytes = Vec::with_capacity(1024);
        self.cells.iter().for_each(|cell| cell.encode(&mut bytes));
        Digest::of(&bytes).short()
    }
}

/// Sorts rows as files hold them: by event time, then id.
pub fn sort_rows(rows: &mut [Row]) {
    rows.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
}

/// The sum of rows in any order: equal for equal collections of rows, whatever files hold them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowSum {
    /// The digests added up, modulo 2^128.
    pub sum: u128,
    /// How many rows.
    pub count: u64,
}

impl RowSum {
    /// Adds one row.
    pub fn add(&mut self, row: &Row) {
        self.merge(Self { sum: row.digest(), count: 1 });
    }

    /// Adds the rows of another sum.
    pub fn merge(&mut self, other: Self) {
        self.sum = self.sum.wrapping_add(other.sum);
        self.count += other.count;
    }
}

impl<'a> FromIterator<&'a Row> for RowSum {
    fn from_iter<I: IntoIterator<Item = &'a Row>>(rows: I) -> Self {
        rows.into_iter().fold(Self::default(), |mut sum, row| {
            sum.add(row);
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, at: i64) -> Row {
        let mut row = Row::default();
        row.set_text(Field::EventId, Some(id));
        row.set(Field::EventTimestamp, Cell::Micros(at));
        row
    }

    #[test]
    fn fields_stand_where_their_columns_stand() {
        for (field, name) in [
            (Field::EventId, "event_id"),
            (Field::EventTimestamp, "event_timestamp"),
            (Field::SessionExpiresAt, "session_expires_at"),
            (Field::BlockName, "block_name"),
            (Field::IsTemporary, "is_temporary"),
            (Field::Unmapped, "unmapped"),
        ] {
            assert_eq!(field.column().name, name);
        }
        assert_eq!(Field::Unmapped as usize + 1, COLUMNS_V1.len());
    }

    #[test]
    fn digests_tell_apart_what_concatenation_would_not() {
        let mut one = row("ab", 1);
        one.set_text(Field::EventType, Some("c"));
        let mut other = row("a", 1);
        other.set_text(Field::EventType, Some("bc"));
        assert_ne!(one.digest(), other.digest());
        let mut empty = row("a", 1);
        empty.set_text(Field::EventType, Some(""));
        assert_ne!(empty.digest(), row("a", 1).digest());
    }

    #[test]
    fn sums_do_not_depend_on_order() {
        let rows = [row("a", 2), row("b", 1), row("c", 3)];
        let forward: RowSum = rows.iter().collect();
        assert_eq!(forward, rows.iter().rev().collect());
        assert_ne!(forward, rows[..2].iter().collect());
    }

    #[test]
    fn rows_sort_by_time_then_id() {
        let mut rows = vec![row("b", 2), row("a", 2), row("z", 1)];
        sort_rows(&mut rows);
        assert_eq!(rows, [row("z", 1), row("a", 2), row("b", 2)]);
    }
}
