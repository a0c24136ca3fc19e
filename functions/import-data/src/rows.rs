//! The rows of a file or object, whatever its format.

use crate::columns::ColumnRows;
use crate::shape::Shape;
use crate::stream::{Compression, Counted, Peeked, Source};
use crate::{Batch, ImportError, Lines, Position, Splitting};
use event::{Layout, Mapping, RowKind};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Largest Parquet object that is fetched whole, since its directory stands at its end; in bytes.
const MAX_FETCHED: u64 = 400 << 20;

/// The rows of one file, batch by batch, in bounded memory.
pub struct Rows {
    reader: Reader,
    layout: Option<Layout>,
    heading: u64,
    /// Bytes read of the file as it is, compressed where it is.
    taken: Arc<AtomicU64>,
}

enum Reader {
    Text(Lines<Source>),
    Columns(Box<ColumnRows>),
}

impl Rows {
    /// The rows of an object that can only be read from its beginning.
    ///
    /// # Errors
    /// What can't be read, or does not fit the mapping.
    pub fn of_stream(
        name: &str,
        stream: impl Read + Send + 'static,
        mapping: Option<&Mapping>,
    ) -> Result<Rows, ImportError> {
        let unreadable = |error: io::Error| ImportError::reading(name, &error);
        let taken = Arc::new(AtomicU64::new(0));
        let stream = Counted { source: stream, count: taken.clone() };
        let peeked = Peeked::of(stream).map_err(unreadable)?;
        let peeked = peeked.in_utf8(mapping.and_then(Mapping::encoding)).map_err(unreadable)?;
        let shape = Shape::of(name, peeked.head(), mapping)?;
        let head = Head::of(name, peeked.head(), &shape, mapping)?;
        let reader = match shape.splitting {
            Some(splitting) => {
                Reader::Text(Lines::new(peeked.whole(), Position::default()).splitting(splitting))
            }
            None => {
                let mut file = tempfile::tempfile().map_err(unreadable)?;
                let mut stream = peeked.whole().take(MAX_FETCHED + 1);
                if io::copy(&mut stream, &mut file).map_err(unreadable)? > MAX_FETCHED {
                    let reason =
                        format!("a Parquet object may have {} MB; write it in parts", MAX_FETCHED >> 20);
                    return Err(ImportError::WrongFormat { name: name.to_owned(), reason });
                }
                let rows = ColumnRows::open(file, Position::default()).map_err(unreadable)?;
                Reader::Columns(Box::new(rows))
            }
        };
        Ok(Rows { reader, layout: head.layout, heading: head.heading, taken })
    }

    /// The rows of a file from a place on, in batches of up to so many bytes.
    pub(crate) fn of_file(
        name: &str,
        mut file: File,
        from: Position,
        mapping: Option<&Mapping>,
        bytes: usize,
    ) -> Result<Rows, ImportError> {
        let unreadable = |error: io::Error| ImportError::reading(name, &error);
        let shorter = || ImportError::Shorter { name: name.to_owned(), at: from };
        let encoding = mapping.and_then(Mapping::encoding);
        let again = |file: &File| file.try_clone();
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let peeked = Peeked::of(again(&file).map_err(unreadable)?).map_err(unreadable)?;
        let plain = peeked.compression == Compression::None;
        let peeked = peeked.in_utf8(encoding).map_err(unreadable)?;
        let seekable = plain && !peeked.transcoded;
        let shape = Shape::of(name, peeked.head(), mapping)?;
        let head = Head::of(name, peeked.head(), &shape, mapping)?;
        drop(peeked);
        let taken = Arc::new(AtomicU64::new(0));
        let Some(splitting) = shape.splitting else {
            if !plain {
                let reason = "a Parquet file is compressed within; unpack it first".to_owned();
                return Err(ImportError::WrongFormat { name: name.to_owned(), reason });
            }
            let rows = ColumnRows::open(file, from).map_err(unreadable)?;
            if rows.total() < from.lines {
                return Err(shorter());
            }
            return Ok(Rows { reader: Reader::Columns(Box::new(rows)), layout: None, heading: 0, taken });
        };
        let start = if seekable { from.bytes } else { 0 };
        if start > file.seek(SeekFrom::End(0)).map_err(unreadable)? {
            return Err(shorter());
        }
        file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
        taken.store(start, Ordering::Relaxed);
        let counted = Counted { source: file, count: taken.clone() };
        let text: Source = if seekable {
            Box::new(counted)
        } else {
            let peeked = Peeked::of(counted).map_err(unreadable)?;
            let mut text = peeked.in_utf8(encoding).map_err(unreadable)?.whole();
            let passed =
                io::copy(&mut text.by_ref().take(from.bytes), &mut io::sink()).map_err(unreadable)?;
            if passed < from.bytes {
                return Err(shorter());
            }
            text
        };
        let lines = Lines::with_buffer(text, from, bytes).splitting(splitting);
        Ok(Rows { reader: Reader::Text(lines), layout: head.layout, heading: head.heading, taken })
    }

    /// The next rows, at most `max` of them. `None` at the end.
    ///
    /// # Errors
    /// What can't be read any further; all rows before it were given out.
    pub fn next_batch(&mut self, max: usize) -> io::Result<Option<Batch<'_>>> {
        let batch = match &mut self.reader {
            Reader::Text(lines) => lines.next_batch(max)?,
            Reader::Columns(rows) => rows.next_batch(max)?,
        };
        Ok(batch.map(|batch| Batch { layout: self.layout.as_ref(), heading: self.heading, ..batch }))
    }

    /// Bytes read of the file as it is, compressed where it is.
    pub fn taken(&self) -> u64 {
        match &self.reader {
            Reader::Text(_) => self.taken.load(Ordering::Relaxed),
            Reader::Columns(rows) => rows.taken(),
        }
    }
}

/// What the beginning of a file says of its rows.
struct Head {
    layout: Option<Layout>,
    heading: u64,
}

impl Head {
    fn of(name: &str, head: &[u8], shape: &Shape, mapping: Option<&Mapping>) -> Result<Head, ImportError> {
        let (Some(mapping), Some(kind)) = (mapping, &shape.kind) else {
            return Ok(Head { layout: None, heading: 0 });
        };
        let wrong = |reason| ImportError::WrongFormat { name: name.to_owned(), reason };
        let skipped = mapping.skip_lines() as u64;
        if !matches!(kind, RowKind::Cells(_)) || !mapping.has_header() {
            let layout = mapping.layout(kind.clone(), None).map_err(wrong)?;
            return Ok(Head { layout: Some(layout), heading: skipped });
        }
        let splitting = shape.splitting.clone().unwrap_or(Splitting::Lines);
        let mut lines = Lines::new(head, Position::default()).splitting(splitting);
        while let Ok(Some(batch)) = lines.next_batch(1) {
            let Some(line) = batch.lines.first().filter(|line| line.number > skipped) else { continue };
            let text = std::str::from_utf8(batch.bytes(line)).map_err(|_| {
                wrong("its heading is not UTF-8; say its `encoding:` in the mapping".to_owned())
            })?;
            let layout = mapping.layout(kind.clone(), Some(text)).map_err(wrong)?;
            return Ok(Head { layout: Some(layout), heading: batch.end.lines });
        }
        Err(wrong("has no heading that names its columns, nor does the mapping name any".to_owned()))
    }
}
