//! Rows to bytes.

use bytes::Bytes;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};

use super::LAYOUT;
use super::layout::{ROW_GROUP_ROWS, ROWS_MAX, WEIGHT_COMPRESSED_MIN, layout, properties};
use crate::domain::schema::{COLUMNS_V1, Cell, Column, ColumnKind, Row};
use crate::format::FormatError;

/// Writes the rows of one file. They must be in order ([`sort_rows`](crate::domain::schema::sort_rows)),
/// at least one and at most [`ROWS_MAX`].
pub fn encode(rows: &[Row]) -> Result<Bytes, FormatError> {
    let mut file = FileWriter::new(if rows.len() <= ROW_GROUP_ROWS { Some(rows) } else { None })?;
    for group in rows.chunks(ROW_GROUP_ROWS) {
        file.write(group)?;
    }
    file.close()
}

/// Writes one file from rows that come one by one, holding no more than one row group of rows.
///
/// The bytes are those that [`encode`] makes of the same rows.
#[derive(Default)]
pub struct FileEncoder {
    waiting: Vec<Row>,
    file: Option<FileWriter>,
}

impl FileEncoder {
    /// An encoder without rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next row in order.
    pub fn push(&mut self, row: Row) -> Result<(), FormatError> {
        if self.waiting.len() == ROW_GROUP_ROWS {
            let mut file = match self.file.take() {
                Some(file) => file,
                None => FileWriter::new(None)?,
            };
            file.write(&self.waiting)?;
            self.file = Some(file);
            self.waiting.clear();
        }
        self.waiting.push(row);
        Ok(())
    }

    /// Ends the file.
    pub fn close(self) -> Result<Bytes, FormatError> {
        match self.file {
            None => encode(&self.waiting),
            Some(mut file) => {
                file.write(&self.waiting)?;
                file.close()
            }
        }
    }
}

/// A file being written, row group by row group.
struct FileWriter {
    file: SerializedFileWriter<Vec<u8>>,
    rows: usize,
    last: (Option<i64>, Option<String>),
}

impl FileWriter {
    /// Starts a file; `only_group` are its rows where they fit into one row group.
    fn new(only_group: Option<&[Row]>) -> Result<Self, FormatError> {
        let properties = match only_group {
            Some(rows) => properties(|column| weight(rows, column) < WEIGHT_COMPRESSED_MIN)?,
            None => properties(|_| false)?,
        };
        Self::start(properties)
    }

    fn start(properties: WriterPropertiesPtr) -> Result<Self, FormatError> {
        let schema = layout()?.schema.clone();
        let file = SerializedFileWriter::new(Vec::new(), schema, properties).map_err(unwritable)?;
        Ok(Self { file, rows: 0, last: (None, None) })
    }

    fn write(&mut self, rows: &[Row]) -> Result<(), FormatError> {
        self.check_order(rows)?;
        self.rows += rows.len();
        if self.rows > ROWS_MAX {
            return Err(unwritable(format!("more than {ROWS_MAX} rows")));
        }
        let mut group = self.file.next_row_group().map_err(unwritable)?;
        for (index, column) in COLUMNS_V1.iter().enumerate() {
            let mut writer = group
                .next_column()
                .map_err(unwritable)?
                .ok_or_else(|| unwritable(format!("no place for column `{}`", column.name)))?;
            write_column(&mut writer, column, rows.iter().map(|row| &row.cells()[index]))?;
            writer.close().map_err(unwritable)?;
        }
        group.close().map(drop).map_err(unwritable)
    }

    /// The file declares its order, so it must be true.
    fn check_order(&mut self, rows: &[Row]) -> Result<(), FormatError> {
        let mut last = (self.last.0, self.last.1.as_deref());
        for (index, row) in rows.iter().enumerate() {
            let key = row.sort_key();
            if key.0.is_none() || key.1.is_none() {
                return Err(unwritable(format!("row {} has no id or no event time", self.rows + index)));
            }
            if key < last {
                return Err(unwritable(format!("row {} is out of order", self.rows + index)));
            }
            last = key;
        }
        self.last = (last.0, last.1.map(str::to_owned));
        Ok(())
    }

    fn close(self) -> Result<Bytes, FormatError> {
        if self.rows == 0 {
            return Err(unwritable("there are no rows"));
        }
        self.file.into_inner().map(Bytes::from).map_err(unwritable)
    }
}

/// About how many bytes a column's values take once neighbours that are equal count as one.
fn weight(rows: &[Row], column: usize) -> usize {
    let cells = || rows.iter().map(|row| &row.cells()[column]);
    let before = std::iter::once(&Cell::Null).chain(cells());
    cells().zip(before).filter(|(cell, before)| cell != before).map(|(cell, _)| size_of(cell)).sum()
}

fn size_of(cell: &Cell) -> usize {
    match cell {
        Cell::Null | Cell::Bool(_) => 0,
        Cell::Text(text) => text.len(),
        Cell::Micros(_) => 8,
    }
}

fn write_column<'a>(
    writer: &mut SerializedColumnWriter<'_>,
    column: &Column,
    cells: impl ExactSizeIterator<Item = &'a Cell> + Clone,
) -> Result<(), FormatError> {
    let levels: Vec<i16> = cells.clone().map(|cell| i16::from(*cell != Cell::Null)).collect();
    let mismatch = || unwritable(format!("a value does not fit column `{}`", column.name));
    let filled = cells.filter(|cell| **cell != Cell::Null);
    let written = match column.kind {
        ColumnKind::Text => {
            let values = texts(filled).ok_or_else(mismatch)?;
            writer.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)
        }
        ColumnKind::TimestampMicros => {
            let values: Option<Vec<i64>> =
                filled.map(|cell| if let Cell::Micros(micros) = cell { Some(*micros) } else { None }).collect();
            writer.typed::<Int64Type>().write_batch(&values.ok_or_else(mismatch)?, Some(&levels), None)
        }
        ColumnKind::Bool => {
            let values: Option<Vec<bool>> =
                filled.map(|cell| if let Cell::Bool(flag) = cell { Some(*flag) } else { None }).collect();
            writer.typed::<BoolType>().write_batch(&values.ok_or_else(mismatch)?, Some(&levels), None)
        }
    };
    written.map(drop).map_err(unwritable)
}

/// The texts of a column as slices of one buffer.
fn texts<'a>(cells: impl Iterator<Item = &'a Cell>) -> Option<Vec<ByteArray>> {
    let mut buffer = Vec::new();
    let mut ends = Vec::new();
    for cell in cells {
        let Cell::Text(text) = cell else { return None };
        buffer.extend_from_slice(text.as_bytes());
        ends.push(buffer.len());
    }
    let buffer = Bytes::from(buffer);
    let mut start = 0;
    let slices = ends.into_iter().map(|end| ByteArray::from(buffer.slice(std::mem::replace(&mut start, end)..end)));
    Some(slices.collect())
}

fn unwritable(reason: impl ToString) -> FormatError {
    FormatError::unwritable(LAYOUT, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schema::Field;

    fn row(id: &str, at: i64) -> Row {
        let mut row = Row::default();
        row.set_text(Field::EventId, Some(id));
        row.set(Field::EventTimestamp, Cell::Micros(at));
        row
    }

    fn refusal(rows: &[Row]) -> String {
        encode(rows).unwrap_err().to_string()
    }

    #[test]
    fn what_would_make_a_false_file_is_refused() {
        assert!(refusal(&[]).ends_with("there are no rows"));
        assert!(refusal(&[row("b", 1), row("a", 1)]).ends_with("row 1 is out of order"));
        assert!(refusal(&[Row::default()]).ends_with("row 0 has no id or no event time"));
        let mut wrong = row("a", 1);
        wrong.set(Field::IsTemporary, Cell::Micros(1));
        assert!(refusal(&[wrong]).ends_with("a value does not fit column `is_temporary`"));
    }

    #[test]
    fn one_by_one_gives_the_same_bytes() {
        let rows: Vec<_> = (0..50).map(|n| row(&format!("e{n:02}"), n)).collect();
        let mut encoder = FileEncoder::new();
        rows.iter().for_each(|row| encoder.push(row.clone()).unwrap());
        assert_eq!(encoder.close().unwrap(), encode(&rows).unwrap());
    }
}
