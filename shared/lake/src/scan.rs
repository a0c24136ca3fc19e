//! Streaming some columns of a file.

use crate::LakeError;
use crate::column::{Key, Long, Text};
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

/// Some consecutive rows of a file, by column. A column that was not asked for, or that an older file does
/// not have, is absent in every row.
pub struct Rows {
    len: usize,
    longs: [LongColumn; Long::ALL.len()],
    keys: [KeyColumn; Key::ALL.len()],
    texts: [TextColumn; Text::ALL.len()],
}

/// The values of a [`Long`] column.
#[derive(Default)]
pub struct LongColumn {
    levels: Vec<i16>,
    values: Vec<i64>,
}

/// The values of a [`Key`] column.
#[derive(Default)]
pub struct KeyColumn {
    levels: Vec<i16>,
    values: Vec<event::Key>,
}

/// The values of a [`Text`] column.
#[derive(Default)]
pub struct TextColumn {
    levels: Vec<i16>,
    ends: Vec<usize>,
    arena: String,
}

impl Rows {
    /// How many rows these are; never 0.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn long(&self, column: Long) -> &LongColumn {
        &self.longs[column as usize]
    }

    pub fn key(&self, column: Key) -> &KeyColumn {
        &self.keys[column as usize]
    }

    pub fn text(&self, column: Text) -> &TextColumn {
        &self.texts[column as usize]
    }
}

impl LongColumn {
    #[inline]
    pub fn get(&self, row: usize) -> Option<i64> {
        present(&self.levels, row)?;
        self.values.get(row).copied()
    }
}

impl KeyColumn {
    #[inline]
    pub fn get(&self, row: usize) -> Option<event::Key> {
        present(&self.levels, row)?;
        self.values.get(row).copied()
    }
}

impl TextColumn {
    #[inline]
    pub fn get(&self, row: usize) -> Option<&str> {
        present(&self.levels, row)?;
        let end = *self.ends.get(row)?;
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        Some(&self.arena[start..end])
    }
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
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
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
            rows: Rows {
                len: 0,
                longs: Default::default(),
                keys: Default::default(),
                texts: std::array::from_fn(|_| TextColumn::default()),
            },
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

fn present(levels: &[i16], row: usize) -> Option<()> {
    levels.get(row).is_none_or(|level| *level > 0).then_some(())
}

fn whole((records, ..): (usize, usize, usize), count: usize, column: &str) -> Result<()> {
    if records == count {
        return Ok(());
    }
    Err(ParquetError::General(format!("column {column} ends early")))
}

fn unexpected(column: &str) -> ParquetError {
    ParquetError::General(format!("column {column} is of another type"))
}
