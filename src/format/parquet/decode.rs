//! Bytes to rows, strict: a file of another schema is refused, not guessed at.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};

use super::LAYOUT;
use super::layout::{ROWS_MAX, layout};
use crate::domain::schema::{COLUMNS_V1, Cell, ColumnKind, Field, Row};
use crate::format::FormatError;

/// Reads all rows of a file, in its order.
pub fn decode(bytes: Bytes) -> Result<Vec<Row>, FormatError> {
    guarded(|| read_rows(bytes))
}

/// Reads one column of a file, in its order: the ids, say, where the record is damaged.
pub fn decode_column(bytes: Bytes, field: Field) -> Result<Vec<Cell>, FormatError> {
    guarded(|| read_column(bytes, field))
}

/// Turns a panic of the Parquet library into an error: on some damaged bytes it has no other answer.
fn guarded<T>(read: impl FnOnce() -> Result<T, FormatError>) -> Result<T, FormatError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(damaged("the Parquet reader gave up on it")))
}

fn read_rows(bytes: Bytes) -> Result<Vec<Row>, FormatError> {
    let file = open(bytes)?;
    let mut rows = vec![];
    for index in 0..file.num_row_groups() {
        let group = file.get_row_group(index).map_err(damaged)?;
        let first = rows.len();
        rows.resize_with(first + count_of(&*group), Row::default);
        for column in 0..COLUMNS_V1.len() {
            let cells = cells_of(&*group, column)?;
            rows[first..].iter_mut().zip(cells).for_each(|(row, cell)| row.set_at(column, cell));
        }
    }
    Ok(rows)
}

fn read_column(bytes: Bytes, field: Field) -> Result<Vec<Cell>, FormatError> {
    let file = open(bytes)?;
    let mut cells = vec![];
    for index in 0..file.num_row_groups() {
        let group = file.get_row_group(index).map_err(damaged)?;
        cells.extend(cells_of(&*group, field as usize)?);
    }
    Ok(cells)
}

fn open(bytes: Bytes) -> Result<SerializedFileReader<Bytes>, FormatError> {
    let file = SerializedFileReader::new(bytes).map_err(damaged)?;
    let found = file.metadata().file_metadata();
    let expected = &layout()?.descriptor;
    let foreign = |reason| Err(FormatError::Foreign { layout: LAYOUT, reason });
    if found.schema_descr().num_columns() != expected.num_columns() {
        return foreign(format!("{} columns", found.schema_descr().num_columns()));
    }
    for (is, should) in found.schema_descr().columns().iter().zip(expected.columns()) {
        if is.self_type() != should.self_type() || is.path() != should.path() {
            return foreign(format!("column `{}` where `{}` should be", is.path(), should.path()));
        }
    }
    if usize::try_from(found.num_rows()).is_ok_and(|rows| rows <= ROWS_MAX) {
        Ok(file)
    } else {
        foreign(format!("{} rows", found.num_rows()))
    }
}

fn count_of(group: &dyn RowGroupReader) -> usize {
    usize::try_from(group.metadata().num_rows()).unwrap_or(0).min(ROWS_MAX)
}

fn cells_of(group: &dyn RowGroupReader, column: usize) -> Result<Vec<Cell>, FormatError> {
    match COLUMNS_V1[column].kind {
        ColumnKind::Text => read::<ByteArrayType>(group, column, |text: ByteArray| {
            std::str::from_utf8(text.data()).map(|text| Cell::Text(text.to_owned())).map_err(damaged)
        }),
        ColumnKind::TimestampMicros => read::<Int64Type>(group, column, |micros| Ok(Cell::Micros(micros))),
        ColumnKind::Bool => read::<BoolType>(group, column, |flag| Ok(Cell::Bool(flag))),
    }
}

fn read<T: DataType>(
    group: &dyn RowGroupReader,
    column: usize,
    cell: impl Fn(T::T) -> Result<Cell, FormatError>,
) -> Result<Vec<Cell>, FormatError> {
    let rows = count_of(group);
    let mut reader = get_typed_column_reader::<T>(group.get_column_reader(column).map_err(damaged)?);
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let (read, ..) = reader.read_records(rows, Some(&mut levels), None, &mut values).map_err(damaged)?;
    if read != rows || levels.len() != rows {
        return Err(damaged(format!("column `{}` ends after {read} of {rows} rows", COLUMNS_V1[column].name)));
    }
    let mut values = values.into_iter();
    levels
        .into_iter()
        .map(|level| {
            if level == 0 { Ok(Cell::Null) } else { cell(values.next().ok_or_else(|| damaged("a value is missing"))?) }
        })
        .collect()
}

fn damaged(reason: impl ToString) -> FormatError {
    FormatError::damaged(LAYOUT, reason)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::encode;
    use super::*;
    use crate::domain::RawEvent;
    use crate::domain::normalise::{columns, route};
    use crate::domain::partition::TypeKey;
    use crate::domain::schema::{RowSum, sort_rows};

    fn row(n: i64, text: &str) -> Row {
        let text = serde_json::to_string(text).unwrap();
        let event = RawEvent::new(&format!(
            r#"{{"eventId":"e{n:03}","eventTimestamp":"2026-01-02T03:04:{:02}.{n:07}Z","eventType":"ViewUpdated",
            "actor":{{"user":{{"id":"u{}","name":{text},"jwt":{{"id":"s","issuedAt":"2026-01-01T00:00:00Z"}}}}}},
            "payload":{{"entity":{{"id":"v","name":"My View - 111aa1a1","entityType":"View"}},"type":"Rename"}},"new":{text}}}"#,
            n % 60,
            n % 3,
        ));
        let routed = route(&event).unwrap();
        columns(&event, &routed, &TypeKey::route(routed.event_type.as_deref()))
    }

    fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
        sort_rows(&mut rows);
        rows
    }

    #[test]
    fn version_1_is_written_and_read_as_ever() {
        let golden = include_bytes!("../../../tests/it/golden/data-file-v1.parquet");
        let rows = sorted((0..20).map(|n| row(n, "é \u{0} \"quoted\"")).collect());
        assert_eq!(decode(Bytes::from_static(golden)).unwrap(), rows);
        assert_eq!(encode(&rows).unwrap().as_ref(), golden);
    }

    #[test]
    fn one_column_can_be_read_alone() {
        let bytes = encode(&[row(1, "a"), row(2, "b")]).unwrap();
        let ids = decode_column(bytes, Field::EventId).unwrap();
        assert_eq!(ids, [Cell::Text("e001".into()), Cell::Text("e002".into())]);
    }

    #[test]
    fn no_trace_of_machine_or_moment_is_in_the_file() {
        let file = open(encode(&[row(1, "a")]).unwrap()).unwrap();
        let metadata = file.metadata().file_metadata();
        assert_eq!(metadata.created_by(), Some("ochre"));
        assert_eq!(metadata.key_value_metadata(), None);
        let group = file.metadata().row_group(0);
        let sorting: Vec<_> = group.sorting_columns().unwrap().iter().map(|column| column.column_idx).collect();
        assert_eq!(sorting, [Field::EventTimestamp as i32, Field::EventId as i32]);
        assert!(group.column(0).column_index_offset().is_some() && group.column(0).offset_index_offset().is_some());
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = encode(&(0..50).map(|n| row(n, "a")).collect::<Vec<_>>()).unwrap();
        assert!(decode(bytes.slice(..bytes.len() - 1)).is_err());
        assert!(decode(Bytes::from_static(b"PAR1")).is_err());
        assert!(decode(Bytes::new()).is_err());
    }

    #[test]
    fn no_single_altered_byte_stops_the_program() {
        let golden = include_bytes!("../../../tests/it/golden/data-file-v1.parquet");
        for at in (0..golden.len()).step_by(23) {
            let mut bytes = golden.to_vec();
            bytes[at] ^= 0xff;
            let _ = decode(bytes.into());
        }
    }

    #[test]
    fn another_schema_is_foreign() {
        use parquet::file::writer::SerializedFileWriter;
        let schema =
            parquet::schema::parser::parse_message_type("message schema { optional int64 event_id; }").unwrap();
        let bytes =
            SerializedFileWriter::new(Vec::new(), schema.into(), Default::default()).unwrap().into_inner().unwrap();
        assert!(matches!(decode(bytes.into()), Err(FormatError::Foreign { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn rows_and_their_digests_survive(texts in prop::collection::vec(any::<String>(), 1..40)) {
            let rows = sorted(texts.iter().enumerate().map(|(n, text)| row(n as i64, text)).collect());
            let back = decode(encode(&rows).unwrap()).unwrap();
            prop_assert_eq!(back.iter().collect::<RowSum>(), rows.iter().collect());
            prop_assert_eq!(back, rows);
        }
    }
}
