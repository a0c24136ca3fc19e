//! The lines of a stream of any size, in bounded memory.

use crate::Position;
use event::Parser;
use memchr::{memchr, memchr_iter};
use std::io::{self, ErrorKind, Read};
use std::ops::Range;

/// Bytes read at a time, and so the most that is held.
const BUFFER: usize = 1 << 20;
/// How much is kept of a line that does not fit the buffer.
const KEPT: usize = Parser::MAX_BYTES;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// One line that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: u64,
    /// Where it begins, in bytes from the start of the (decompressed) stream.
    pub offset: u64,
    /// How long it is in bytes, without its end. Only its first 32 KiB may be in the batch where it is longer
    /// than a record may be.
    pub length: u64,
    range: Range<usize>,
}

/// Some consecutive lines.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'b> {
    pub lines: &'b [Line],
    /// Where the next batch begins: the place to go on from once this one is stored.
    pub end: Position,
    data: &'b [u8],
}

impl<'b> Batch<'b> {
    /// The bytes of a line of this batch, without its end (LF or CRLF).
    pub fn bytes(&self, line: &Line) -> &'b [u8] {
        &self.data[line.range.clone()]
    }
}

/// Splits a stream into lines. Holds its buffer (1 MiB) and no more, however long a line is.
pub struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    /// The part of the buffer that was read and not yet given out.
    pending: Range<usize>,
    position: Position,
    ended: bool,
    /// An error of the source, held back until the whole lines before it are given out.
    error: Option<io::Error>,
    lines: Vec<Line>,
}

impl<R: Read> Lines<R> {
    /// The lines of a stream that stands at `position`.
    pub fn new(source: R, position: Position) -> Self {
        Lines::with_buffer(source, position, BUFFER)
    }

    /// The same with a buffer of so many bytes, at least 1 MiB: a larger one gives larger batches.
    pub fn with_buffer(source: R, position: Position, bytes: usize) -> Self {
        Lines {
            source,
            buffer: vec![0; bytes.max(BUFFER)],
            pending: 0..0,
            position,
            ended: false,
            error: None,
            lines: Vec::new(),
        }
    }

    /// The end of the last batch.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The next lines, at most `max` of them; fewer where the buffer holds no more. `None` at the end. A last
    /// line without an end is a line.
    pub fn next_batch(&mut self, max: usize) -> io::Result<Option<Batch<'_>>> {
        self.lines.clear();
        while self.lines.is_empty() {
            if self.split(max) {
                continue;
            }
            if let Some(error) = self.error.take() {
                // What is pending is the beginning of a line; it is read again with the rest of it.
                self.pending = 0..0;
                return Err(error);
            }
            if self.ended {
                if self.pending.is_empty() {
                    return Ok(None);
                }
                let last = std::mem::take(&mut self.pending);
                push(&mut self.lines, &self.buffer, last, 0, &mut self.position, 0);
            } else if self.pending.len() == self.buffer.len() {
                self.take_long_line()?;
            } else {
                self.fill();
            }
        }
        Ok(Some(Batch { lines: &self.lines, end: self.position, data: &self.buffer }))
    }

    /// Takes whole lines that are in the buffer; whether there were any.
    fn split(&mut self, max: usize) -> bool {
        let pending = self.pending.clone();
        let mut lines = std::mem::take(&mut self.lines);
        let mut start = pending.start;
        for end in memchr_iter(b'\n', &self.buffer[pending.clone()]) {
            let end = pending.start + end;
            push(&mut lines, &self.buffer, start..end, 0, &mut self.position, 1);
            start = end + 1;
            if lines.len() == max.max(1) {
                break;
            }
        }
        self.lines = lines;
        self.pending.start = start;
        start > pending.start
    }

    /// Takes a line that fills the buffer: keeps its beginning and reads on to its end.
    fn take_long_line(&mut self) -> io::Result<()> {
        let mut length = self.buffer.len() as u64;
        let mut end = 0;
        loop {
            let read = match read(&mut self.source, &mut self.buffer[KEPT..]) {
                Ok(read) => read,
                Err(error) => {
                    // Nothing of it was given out: it is read again from its beginning.
                    self.ended = true;
                    self.pending = 0..0;
                    return Err(error);
                }
            };
            let new = &self.buffer[KEPT..KEPT + read];
            if let Some(at) = memchr(b'\n', new) {
                length += at as u64;
                end = 1;
                self.pending = KEPT + at + 1..KEPT + read;
                break;
            }
            length += read as u64;
            if read == 0 {
                self.ended = true;
                self.pending = 0..0;
                break;
            }
        }
        push(&mut self.lines, &self.buffer, 0..KEPT, length - KEPT as u64, &mut self.position, end);
        Ok(())
    }

    /// Moves what is pending to the front and reads until the buffer is full or the stream has ended.
    fn fill(&mut self) {
        self.buffer.copy_within(self.pending.clone(), 0);
        self.pending = 0..self.pending.len();
        while self.pending.end < self.buffer.len() {
            match read(&mut self.source, &mut self.buffer[self.pending.end..]) {
                Ok(0) => {
                    self.ended = true;
                    return;
                }
                Ok(count) => self.pending.end += count,
                Err(error) => {
                    self.ended = true;
                    self.error = Some(error);
                    return;
                }
            }
        }
    }
}

/// Notes the line of `range`, of which `cut` more bytes are not in the buffer, unless it is blank; moves
/// `position` past it and its end.
#[inline]
fn push(
    lines: &mut Vec<Line>,
    buffer: &[u8],
    mut range: Range<usize>,
    cut: u64,
    position: &mut Position,
    end: usize,
) {
    let offset = position.bytes;
    position.lines += 1;
    position.bytes += (range.len() + end) as u64 + cut;
    if offset == 0 && buffer[range.clone()].starts_with(BOM) {
        range.start += BOM.len();
    }
    if cut == 0 && buffer[range.clone()].last() == Some(&b'\r') {
        range.end -= 1;
    }
    if cut > 0 || !buffer[range.clone()].iter().all(u8::is_ascii_whitespace) {
        lines.push(Line { number: position.lines, offset, length: range.len() as u64 + cut, range });
    }
}

fn read(source: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(into) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
