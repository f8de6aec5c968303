//! The schema of a data file and the properties it is written with.

use std::sync::{Arc, LazyLock};

use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::types::{ColumnPath, SchemaDescriptor, Type, TypePtr};

use super::LAYOUT;
use crate::domain::schema::{COLUMNS_V1, Column, ColumnKind, Field};
use crate::format::FormatError;

/// The most rows in one file.
pub const ROWS_MAX: usize = 1_000_000;
/// The most rows in one row group: what engines read in parallel, and what one encoder holds in memory.
pub const ROW_GROUP_ROWS: usize = 131_072;

/// A column of a file with one row group is compressed from this weight on, in bytes.
pub(super) const WEIGHT_COMPRESSED_MIN: usize = 1024;

const ZSTD_LEVEL: i32 = 3;

/// What both directions need, made once.
pub(super) struct Layout {
    pub(super) schema: TypePtr,
    pub(super) descriptor: SchemaDescriptor,
}

/// The schema of version 1.
pub(super) fn layout() -> Result<&'static Layout, FormatError> {
    static LAYOUT_V1: LazyLock<Result<Layout, String>> = LazyLock::new(|| build().map_err(|error| error.to_string()));
    LAYOUT_V1.as_ref().map_err(|error| FormatError::unwritable(LAYOUT, error))
}

fn build() -> Result<Layout, ParquetError> {
    let fields = COLUMNS_V1.iter().map(field_type).collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?);
    Ok(Layout { descriptor: SchemaDescriptor::new(Arc::clone(&schema)), schema })
}

fn field_type(column: &Column) -> Result<TypePtr, ParquetError> {
    let (physical, logical, converted) = match column.kind {
        ColumnKind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String), ConvertedType::UTF8),
        ColumnKind::TimestampMicros => {
            let instant = LogicalType::timestamp(true, TimeUnit::MICROS);
            (Physical::INT64, Some(instant), ConvertedType::TIMESTAMP_MICROS)
        }
        ColumnKind::Bool => (Physical::BOOLEAN, None, ConvertedType::NONE),
    };
    Type::primitive_type_builder(column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_converted_type(converted)
        .with_logical_type(logical)
        .build()
        .map(Arc::new)
}

/// The properties for a file in which the columns told by `is_slight` hold next to nothing.
///
/// Those are left uncompressed: zstd gains nothing on them, yet costs a context for each column of
/// each small file, which was half the time of writing one.
pub(super) fn properties(is_slight: impl Fn(usize) -> bool) -> Result<WriterPropertiesPtr, FormatError> {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).map_err(|error| FormatError::unwritable(LAYOUT, error))?;
    let mut properties = WriterProperties::builder()
        .set_created_by("ochre".to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_sorting_columns(Some(vec![ascending(Field::EventTimestamp), ascending(Field::EventId)]));
    for (index, column) in COLUMNS_V1.iter().enumerate() {
        let path = || ColumnPath::from(column.name);
        if !column.dictionary {
            properties = properties.set_column_dictionary_enabled(path(), false);
        }
        if is_slight(index) {
            properties = properties.set_column_compression(path(), Compression::UNCOMPRESSED);
        }
    }
    // The least and greatest of JSON texts help nobody; how many are null does.
    for field in [Field::Payload, Field::Unmapped] {
        properties =
            properties.set_column_statistics_enabled(ColumnPath::from(field.column().name), EnabledStatistics::Chunk);
    }
    Ok(Arc::new(properties.build()))
}

fn ascending(field: Field) -> SortingColumn {
    SortingColumn { column_idx: field as i32, descending: false, nulls_first: false }
}
