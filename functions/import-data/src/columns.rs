//! The rows of a Parquet file, each as JSON.

use crate::{Batch, Line, Position};
use event::iso_time;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::data_type::Decimal;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// About how many bytes of JSON make a batch.
const BATCH_BYTES: usize = 1 << 20;

/// Rows from a place on. Reads a row group at a time, of it a page of each column, and of the rows no more than a batch.
pub(crate) struct ColumnRows {
    rows: RowIter<'static>,
    position: Position,
    total: u64,
    length: u64,
    /// Columns of nanoseconds since 1970, which the reader gives as plain numbers.
    nanoseconds: HashSet<String>,
    json: Vec<u8>,
    lines: Vec<Line>,
    failed: Option<io::Error>,
}

impl ColumnRows {
    /// # Errors
    /// A file that is no Parquet file, is damaged, or has columns of types that can't be read; one that has fewer
    /// rows than were taken before gives none and is told by [`ColumnRows::rows_before`].
    pub fn open(file: File, from: Position) -> io::Result<ColumnRows> {
        let length = file.metadata()?.len();
        let whole = SerializedFileReader::new(file.try_clone()?).map_err(damaged)?;
        let schema = whole.metadata().file_metadata().schema_descr_ptr();
        let mut nanoseconds = HashSet::new();
        for column in schema.columns() {
            let readable = match (column.physical_type(), column.converted_type()) {
                (Type::INT32, kind) => !matches!(kind, ConvertedType::TIME_MICROS | ConvertedType::UTF8),
                (
                    Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY,
                    ConvertedType::BSON | ConvertedType::INTERVAL,
                ) => false,
                _ => true,
            };
            if !readable {
                let reason =
                    format!("its column `{}` has a type that can't be read; leave it out", column.path());
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            if let Some(LogicalType::Timestamp(stamp)) = column.logical_type_ref()
                && stamp.unit == TimeUnit::NANOS
            {
                nanoseconds.insert(column.name().to_owned());
            }
        }
        let (mut before, mut total, mut groups) = (0, 0, 0);
        for group in whole.metadata().row_groups() {
            let rows = u64::try_from(group.num_rows()).unwrap_or(0);
            if total + rows <= from.lines {
                (before, groups) = (total + rows, groups + 1);
            }
            total += rows;
        }
        let options = ReadOptionsBuilder::new().with_predicate(Box::new(move |_, nth| nth >= groups)).build();
        let rest = SerializedFileReader::new_with_options(file, options).map_err(damaged)?;
        let mut rows = RowIter::from_file_into(Box::new(rest));
        for _ in before..from.lines.min(total) {
            next(&mut rows).transpose()?;
        }
        Ok(ColumnRows {
            rows,
            position: from,
            total,
            length,
            nanoseconds,
            json: Vec::new(),
            lines: Vec::new(),
            failed: None,
        })
    }

    /// How many rows the file has.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Bytes of the file that the rows given out so far stand for.
    pub fn taken(&self) -> u64 {
        (self.length as f64 * self.position.lines as f64 / self.total.max(1) as f64) as u64
    }

    /// The next rows, at most `max` of them.
    pub fn next_batch(&mut self, max: usize) -> io::Result<Option<Batch<'_>>> {
        self.json.clear();
        self.lines.clear();
        while self.lines.len() < max.max(1) && self.json.len() < BATCH_BYTES && self.failed.is_none() {
            match next(&mut self.rows) {
                None => break,
                Some(Err(error)) => self.failed = Some(error),
                Some(Ok(row)) => {
                    let start = self.json.len();
                    self.write(&row);
                    self.position.lines += 1;
                    let range = start..self.json.len();
                    let (number, length) = (self.position.lines, range.len() as u64);
                    self.position.bytes += length;
                    self.lines.push(Line { number, offset: self.position.bytes - length, length, range });
                }
            }
        }
        if self.lines.is_empty() {
            return self.failed.take().map_or(Ok(None), Err);
        }
        let (lines, end) = (&self.lines[..], self.position);
        Ok(Some(Batch { lines, end, layout: None, heading: 0, data: &self.json }))
    }

    fn write(&mut self, row: &Row) {
        let Self { json, nanoseconds, .. } = self;
        json.push(b'{');
        for (n, (name, field)) in row.get_column_iter().enumerate() {
            if n > 0 {
                json.push(b',');
            }
            text(name, json);
            json.push(b':');
            match field {
                Field::Long(nanos) if nanoseconds.contains(name) => text(&iso_time(nanos / 1_000_000), json),
                field => value(field, json),
            }
        }
        json.push(b'}');
    }
}

fn next(rows: &mut RowIter<'static>) -> Option<io::Result<Row>> {
    // Some damage makes the reader give up by a panic.
    match catch_unwind(AssertUnwindSafe(|| rows.next())) {
        Ok(row) => row.map(|row| row.map_err(damaged)),
        Err(_) => Some(Err(damaged(parquet::errors::ParquetError::EOF(String::new())))),
    }
}

/// The library's own words may hold values of the file.
fn damaged(error: parquet::errors::ParquetError) -> io::Error {
    use parquet::errors::ParquetError;
    let reason = match error {
        ParquetError::NYI(what) => format!("it is written in a way that can't be read: {what}"),
        ParquetError::General(what) if what.starts_with("Disabled feature") => {
            "it is compressed in a way that can't be read; write it with snappy, gzip, zstd or lz4".to_owned()
        }
        _ => "not a whole Parquet file, or a damaged one; fetch or write it again".to_owned(),
    };
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

fn value(field: &Field, json: &mut Vec<u8>) {
    let plain = |text: String, json: &mut Vec<u8>| json.extend_from_slice(text.as_bytes());
    match field {
        Field::Null => json.extend_from_slice(b"null"),
        Field::Bool(truth) => plain(truth.to_string(), json),
        Field::Byte(number) => plain(number.to_string(), json),
        Field::Short(number) => plain(number.to_string(), json),
        Field::Int(number) => plain(number.to_string(), json),
        Field::Long(number) => plain(number.to_string(), json),
        Field::UByte(number) => plain(number.to_string(), json),
        Field::UShort(number) => plain(number.to_string(), json),
        Field::UInt(number) => plain(number.to_string(), json),
        Field::ULong(number) => plain(number.to_string(), json),
        Field::Float16(number) => plain(serde_json::Value::from(number.to_f32()).to_string(), json),
        // As its shortest decimal digits, which the double would not have.
        Field::Float(number) if number.is_finite() => plain(number.to_string(), json),
        Field::Float(_) => json.extend_from_slice(b"null"),
        Field::Double(number) => plain(serde_json::Value::from(*number).to_string(), json),
        Field::Decimal(amount) => plain(decimal(amount), json),
        Field::Str(words) => text(words, json),
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(words) => text(words, json),
            Err(_) => json.extend_from_slice(b"null"),
        },
        Field::Date(days) => text(&iso_time(i64::from(*days) * event::DAY)[..10], json),
        Field::TimeMillis(ms) => plain(ms.to_string(), json),
        Field::TimeMicros(us) => plain(us.to_string(), json),
        Field::TimestampMillis(ms) => text(&iso_time(*ms), json),
        Field::TimestampMicros(us) => text(&iso_time(us.div_euclid(1_000)), json),
        Field::Group(group) => {
            json.push(b'{');
            for (n, (name, field)) in group.get_column_iter().enumerate() {
                if n > 0 {
                    json.push(b',');
                }
                text(name, json);
                json.push(b':');
                value(field, json);
            }
            json.push(b'}');
        }
        Field::ListInternal(list) => {
            json.push(b'[');
            for (n, item) in list.elements().iter().enumerate() {
                if n > 0 {
                    json.push(b',');
                }
                value(item, json);
            }
            json.push(b']');
        }
        Field::MapInternal(map) => {
            json.push(b'{');
            for (n, (key, item)) in map.entries().iter().enumerate() {
                if n > 0 {
                    json.push(b',');
                }
                match key {
                    Field::Str(name) => text(name, json),
                    other => {
                        let mut name = Vec::new();
                        value(other, &mut name);
                        text(String::from_utf8_lossy(&name).trim_matches('"'), json);
                    }
                }
                json.push(b':');
                value(item, json);
            }
            json.push(b'}');
        }
    }
}

/// The exact digits of a decimal; null for one beyond 128 bits.
fn decimal(amount: &Decimal) -> String {
    let bytes = amount.data();
    if bytes.len() > 16 || bytes.is_empty() {
        return "null".to_owned();
    }
    let fill = if bytes[0] & 0x80 != 0 { 0xff } else { 0 };
    let mut wide = [fill; 16];
    wide[16 - bytes.len()..].copy_from_slice(bytes);
    let number = i128::from_be_bytes(wide);
    let scale = usize::try_from(amount.scale()).unwrap_or(0);
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if number < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn text(words: &str, json: &mut Vec<u8>) {
    // Writing into memory does not fail.
    let _ = serde_json::to_writer(json, words);
}
