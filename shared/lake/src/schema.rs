//! The columns in Parquet's terms.

use crate::column::{Key, Layout, Long, Text};
use parquet::basic::{
    Compression, ConvertedType, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical,
};
use parquet::errors::Result;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use std::sync::Arc;

/// The schema: numbers, identifiers, texts, each in the order of its enum.
pub(crate) fn schema() -> Result<TypePtr> {
    let repetition = |required| if required { Repetition::REQUIRED } else { Repetition::OPTIONAL };
    let mut fields = Vec::with_capacity(Long::ALL.len() + Key::ALL.len() + Text::ALL.len());
    for column in Long::ALL {
        let millis = LogicalType::timestamp(true, TimeUnit::MILLIS);
        let field = Type::primitive_type_builder(column.name(), Physical::INT64)
            .with_repetition(repetition(column.is_required()))
            .with_logical_type(column.is_time().then_some(millis));
        fields.push(Arc::new(field.build()?));
    }
    for column in Key::ALL {
        let field = Type::primitive_type_builder(column.name(), Physical::FIXED_LEN_BYTE_ARRAY)
            .with_repetition(Repetition::OPTIONAL)
            .with_length(16);
        fields.push(Arc::new(field.build()?));
    }
    for column in Text::ALL {
        let field = Type::primitive_type_builder(column.name(), Physical::BYTE_ARRAY)
            .with_repetition(repetition(column.is_required()))
            .with_logical_type(Some(LogicalType::String))
            .with_converted_type(ConvertedType::UTF8);
        fields.push(Arc::new(field.build()?));
    }
    Ok(Arc::new(Type::group_type_builder("event").with_fields(fields).build()?))
}

/// Encodings chosen for speed: what hardly compresses is not compressed.
pub(crate) fn properties() -> WriterPropertiesPtr {
    let mut builder = WriterProperties::builder()
        .set_created_by("rondo".to_owned())
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true);
    for column in Long::ALL {
        let path = ColumnPath::from(column.name());
        if column.is_required() {
            builder = builder
                .set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
                .set_column_compression(path.clone(), Compression::UNCOMPRESSED);
        }
        if column.is_time() {
            builder = builder.set_column_statistics_enabled(path, EnabledStatistics::Chunk);
        }
    }
    for column in Key::ALL {
        builder = builder.set_column_compression(ColumnPath::from(column.name()), Compression::UNCOMPRESSED);
    }
    for column in Text::ALL {
        let path = ColumnPath::from(column.name());
        builder = match column.layout() {
            Layout::Dictionary => builder.set_column_dictionary_enabled(path, true),
            Layout::Random => builder.set_column_compression(path, Compression::UNCOMPRESSED),
            Layout::Plain => builder,
        };
    }
    Arc::new(builder.build())
}
