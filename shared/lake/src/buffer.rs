//! Column buffers: what a file holds before it is encoded.
//!
//! A buffer notes the row of each value, so that an absent value costs nothing; the bytes of a column lie
//! in one arena, so that a value costs no allocation.

use bytes::Bytes;
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int64Type,
};
use parquet::errors::Result;

/// How many rows are handed to the encoder at once: their values stay in the processor's cache.
const BATCH: usize = 8192;

/// Numbers.
#[derive(Debug, Default)]
pub(crate) struct LongBuffer {
    rows: Vec<u32>,
    values: Vec<i64>,
}

/// Texts or keys.
#[derive(Debug, Default)]
pub(crate) struct ByteBuffer {
    rows: Vec<u32>,
    ends: Vec<usize>,
    arena: Vec<u8>,
}

impl LongBuffer {
    #[inline]
    pub fn push(&mut self, row: u32, value: i64) {
        self.rows.push(row);
        self.values.push(value);
    }

    /// Writes the column and empties the buffer.
    pub fn write(
        &mut self,
        out: &mut ColumnWriterImpl<'_, Int64Type>,
        rows: u32,
        required: bool,
    ) -> Result<()> {
        let mut taken = 0;
        in_batches(out, &self.rows, rows, required, |count, values| {
            values.extend_from_slice(&self.values[taken..taken + count]);
            taken += count;
        })?;
        self.rows.clear();
        self.values.clear();
        Ok(())
    }
}

impl ByteBuffer {
    #[inline]
    pub fn push(&mut self, row: u32, value: &[u8]) {
        self.arena.extend_from_slice(value);
        self.rows.push(row);
        self.ends.push(self.arena.len());
    }

    pub fn write_texts(
        &mut self,
        out: &mut ColumnWriterImpl<'_, ByteArrayType>,
        rows: u32,
        required: bool,
    ) -> Result<()> {
        self.write(out, rows, required, ByteArray::from)
    }

    pub fn write_keys(
        &mut self,
        out: &mut ColumnWriterImpl<'_, FixedLenByteArrayType>,
        rows: u32,
    ) -> Result<()> {
        self.write(out, rows, false, |bytes| FixedLenByteArray::from(ByteArray::from(bytes)))
    }

    fn write<T: DataType>(
        &mut self,
        out: &mut ColumnWriterImpl<'_, T>,
        rows: u32,
        required: bool,
        value: impl Fn(Bytes) -> T::T,
    ) -> Result<()> {
        let arena = Bytes::from(std::mem::take(&mut self.arena));
        let (mut taken, mut start) = (0, 0);
        in_batches(out, &self.rows, rows, required, |count, values| {
            values.extend(self.ends[taken..taken + count].iter().map(|&end| {
                let bytes = arena.slice(start..end);
                start = end;
                value(bytes)
            }));
            taken += count;
        })?;
        self.rows.clear();
        self.ends.clear();
        // The encoder is done with its slices of the arena by now or when the column closes; where it is
        // already, the allocation serves the next file.
        if let Ok(arena) = arena.try_into_mut() {
            self.arena = arena.into();
            self.arena.clear();
        }
        Ok(())
    }
}

/// Writes `present` of `rows` rows; `take(n, values)` appends the next `n` values.
fn in_batches<T: DataType>(
    out: &mut ColumnWriterImpl<'_, T>,
    present: &[u32],
    rows: u32,
    required: bool,
    mut take: impl FnMut(usize, &mut Vec<T::T>),
) -> Result<()> {
    let mut values = Vec::with_capacity(BATCH.min(present.len()));
    let mut levels = [0i16; BATCH];
    let mut rest = present;
    for start in (0..rows as usize).step_by(BATCH) {
        let end = (start + BATCH).min(rows as usize);
        let count = rest.partition_point(|&row| (row as usize) < end);
        let (now, later) = rest.split_at(count);
        rest = later;
        values.clear();
        take(count, &mut values);
        if required {
            out.write_batch(&values, None, None)?;
            continue;
        }
        let levels = &mut levels[..end - start];
        levels.fill(0);
        for &row in now {
            levels[row as usize - start] = 1;
        }
        out.write_batch(&values, Some(levels), None)?;
    }
    Ok(())
}
