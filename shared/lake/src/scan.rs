//! Streaming some columns of a file.

use crate::LakeError;
use crate::column::{Key, Long, Text};
use crate::rows::Rows;
use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, FileReader};
use parquet::file::serialized_reader::SerializedFileReader;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many rows are decoded at once.
const BATCH: usize = 8192;

/// The columns that are wanted; no others are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Columns<'c> {
    pub longs: &'c [Long],
    pub keys: &'c [Key],
    pub texts: &'c [Text],
}

/// Streams the wanted columns of a file through `visit`, some thousand rows at a time: memory is bounded
/// by a page of each column. `path` names the file in errors.
pub fn scan<R: ChunkReader + 'static>(
    path: &str,
    file: R,
    columns: Columns<'_>,
    mut visit: impl FnMut(&Rows),
) -> std::result::Result<(), LakeError> {
    let damaged =
        |error: ParquetError| LakeError::Damaged { file: path.to_owned(), reason: error.to_string() };
    let reader = guarded(|| SerializedFileReader::new(file)).map_err(damaged)?;
    for group in 0..reader.num_row_groups() {
        let mut streams = guarded(|| Streams::open(&reader, group, columns)).map_err(damaged)?;
        while streams.left > 0 {
            guarded(|| streams.advance()).map_err(damaged)?;
            visit(&streams.rows);
        }
    }
    Ok(())
}

/// The decoder checks lengths but not every byte: damage that it trips over is an error like any other.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(ParquetError::General("the decoder stopped at impossible data".into())))
}

struct Streams {
    left: usize,
    rows: Rows,
    longs: Vec<(Long, ColumnReader)>,
    keys: Vec<(Key, ColumnReader)>,
    texts: Vec<(Text, ColumnReader)>,
    /// Decoded values before they are put in their rows.
    long_values: Vec<i64>,
    key_values: Vec<FixedLenByteArray>,
    text_values: Vec<ByteArray>,
}

impl Streams {
    fn open<R: ChunkReader + 'static>(
        reader: &SerializedFileReader<R>,
        group: usize,
        columns: Columns<'_>,
    ) -> Result<Streams> {
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let group = reader.get_row_group(group)?;
        let find = |name: &str| -> Result<Option<ColumnReader>> {
            let at = schema.columns().iter().position(|column| column.name() == name);
            at.map(|at| group.get_column_reader(at)).transpose()
        };
        let mut streams = Streams {
            left: usize::try_from(group.metadata().num_rows()).unwrap_or(0),
            rows: Rows::new(),
            longs: Vec::new(),
            keys: Vec::new(),
            texts: Vec::new(),
            long_values: Vec::new(),
            key_values: Vec::new(),
            text_values: Vec::new(),
        };
        for &column in columns.longs {
            streams.longs.extend(find(column.name())?.map(|reader| (column, reader)));
        }
        for &column in columns.keys {
            streams.keys.extend(find(column.name())?.map(|reader| (column, reader)));
        }
        for &column in columns.texts {
            streams.texts.extend(find(column.name())?.map(|reader| (column, reader)));
        }
        Ok(streams)
    }

    /// Decodes the next rows.
    fn advance(&mut self) -> Result<()> {
        let count = self.left.min(BATCH);
        let rows = &mut self.rows;
        for (column, reader) in &mut self.longs {
            let ColumnReader::Int64ColumnReader(reader) = reader else {
                return Err(unexpected(column.name()));
            };
            let into = &mut rows.longs[*column as usize];
            let (levels, values) = (&mut into.levels, &mut self.long_values);
            levels.clear();
            values.clear();
            whole(reader.read_records(count, Some(levels), None, values)?, count, column.name())?;
            into.values.clear();
            spread(levels, values.drain(..), count, |value| into.values.push(value.unwrap_or_default()));
        }
        for (column, reader) in &mut self.keys {
            let ColumnReader::FixedLenByteArrayColumnReader(reader) = reader else {
                return Err(unexpected(column.name()));
            };
            let into = &mut rows.keys[*column as usize];
            let (levels, values) = (&mut into.levels, &mut self.key_values);
            levels.clear();
            values.clear();
            whole(reader.read_records(count, Some(levels), None, values)?, count, column.name())?;
            into.values.clear();
            spread(levels, values.drain(..), count, |value| {
                let bytes = value.and_then(|value| value.data().try_into().ok());
                into.values.push(event::Key(bytes.unwrap_or_default()));
            });
        }
        for (column, reader) in &mut self.texts {
            let ColumnReader::ByteArrayColumnReader(reader) = reader else {
                return Err(unexpected(column.name()));
            };
            let into = &mut rows.texts[*column as usize];
            let (levels, values) = (&mut into.levels, &mut self.text_values);
            levels.clear();
            values.clear();
            whole(reader.read_records(count, Some(levels), None, values)?, count, column.name())?;
            into.arena.clear();
            into.ends.clear();
            let mut sound = true;
            spread(levels, values.drain(..), count, |value| {
                if let Some(value) = value {
                    match std::str::from_utf8(value.data()) {
                        Ok(text) => into.arena.push_str(text),
                        Err(_) => sound = false,
                    }
                }
                into.ends.push(into.arena.len());
            });
            if !sound {
                return Err(ParquetError::General(format!("column {} is not UTF-8", column.name())));
            }
        }
        rows.len = count;
        self.left -= count;
        Ok(())
    }
}

/// Gives each row its value, or none; a column without levels has one in every row.
fn spread<T>(
    levels: &[i16],
    mut values: impl Iterator<Item = T>,
    count: usize,
    mut put: impl FnMut(Option<T>),
) {
    if levels.is_empty() {
        return values.for_each(|value| put(Some(value)));
    }
    for level in &levels[..count] {
        put(if *level > 0 { values.next() } else { None });
    }
}

pub(crate) fn whole((records, ..): (usize, usize, usize), count: usize, column: &str) -> Result<()> {
    if records == count {
        return Ok(());
    }
    Err(ParquetError::General(format!("column {column} ends early")))
}

fn unexpected(column: &str) -> ParquetError {
    ParquetError::General(format!("column {column} is of another type"))
}
