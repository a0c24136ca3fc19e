//! The records of a stream of any size, in bounded memory: its lines, or what takes several of them.

use crate::split::{Found, JsonPlace, JsonScan, MAX_QUOTED, RowEnd, find_array, row_end, skip_blanks};
use crate::{Position, Splitting};
use event::{Layout, Parser, Separator};
use memchr::{memchr, memchr_iter};
use std::io::{self, ErrorKind, Read};
use std::ops::Range;

/// Bytes read at a time, and so the most that is held.
const BUFFER: usize = 1 << 20;
/// How much is kept of a line that does not fit the buffer.
const KEPT: usize = Parser::MAX_BYTES;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// One line that is not blank, or a record of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1: of its first line; in a JSON array or a table in columns, of the record.
    pub number: u64,
    /// Where it begins, in bytes from the start of the (decompressed) stream.
    pub offset: u64,
    /// How long it is in bytes, without its end. Only its first 32 KiB may be in the batch where it is longer
    /// than a record may be.
    pub length: u64,
    pub(crate) range: Range<usize>,
}

/// Some consecutive lines.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'b> {
    pub lines: &'b [Line],
    /// Where the next batch begins: the place to go on from once this one is stored.
    pub end: Position,
    /// Where the columns of rows stand.
    pub layout: Option<&'b Layout>,
    /// How many lines at the head of the stream are no rows.
    pub heading: u64,
    pub(crate) data: &'b [u8],
}

impl<'b> Batch<'b> {
    /// The bytes of a line of this batch, without its end (LF or CRLF).
    pub fn bytes(&self, line: &Line) -> &'b [u8] {
        &self.data[line.range.clone()]
    }
}

/// Splits a stream into lines, or other records. Holds its buffer (1 MiB) and no more, however long a line is.
pub struct Lines<R> {
    source: R,
    splitting: Splitting,
    /// Of a JSON record that is not whole yet: how far it was read, and how many of its bytes were.
    scan: JsonScan,
    scanned: usize,
    /// Behind the end of the array of records.
    behind: bool,
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
            splitting: Splitting::Lines,
            scan: JsonScan::default(),
            scanned: 0,
            behind: false,
            buffer: vec![0; bytes.max(BUFFER)],
            pending: 0..0,
            position,
            ended: false,
            error: None,
            lines: Vec::new(),
        }
    }

    /// The same, split into other records than lines.
    pub fn splitting(self, splitting: Splitting) -> Self {
        Lines { splitting, ..self }
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
            if self.behind {
                return Ok(None);
            }
            if self.ended {
                if self.pending.is_empty() {
                    return Ok(None);
                }
                self.take_last();
            } else if self.pending.len() == self.buffer.len() {
                self.take_long_line()?;
            } else {
                self.fill();
            }
        }
        let (lines, end) = (&self.lines[..], self.position);
        Ok(Some(Batch { lines, end, layout: None, heading: 0, data: &self.buffer }))
    }

    /// Takes whole records that are in the buffer; whether there were any.
    fn split(&mut self, max: usize) -> bool {
        let before = self.pending.start;
        match self.splitting.clone() {
            Splitting::Lines | Splitting::Rows(Separator::Whitespace) => return self.split_lines(max),
            Splitting::Rows(Separator::Char(separator)) => {
                while self.lines.len() < max.max(1) && self.take_row(separator) {}
            }
            Splitting::Blocks => while self.lines.len() < max.max(1) && self.take_block() {},
            Splitting::Json(place) => while self.lines.len() < max.max(1) && self.take_json(&place) {},
        }
        self.pending.start > before
    }

    fn split_lines(&mut self, max: usize) -> bool {
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

    /// Takes a row of a table: up to the first line break that is not in quotation marks.
    fn take_row(&mut self, separator: u8) -> bool {
        let pending = &self.buffer[self.pending.clone()];
        let Some(line) = memchr(b'\n', pending) else { return false };
        let mut end = line + 1;
        if memchr(b'"', &pending[..line]).is_some() {
            match row_end(pending, separator) {
                RowEnd::Behind(at) => end = at,
                RowEnd::Missing => return false,
                // More of it may come, unless it is too long already: then its first line stands alone.
                RowEnd::Open if pending.len() < MAX_QUOTED && !self.ended => return false,
                RowEnd::Open => {}
            }
        }
        self.take(end);
        true
    }

    /// Takes the lines up to a blank one.
    fn take_block(&mut self) -> bool {
        let pending = &self.buffer[self.pending.clone()];
        let mut end = 0;
        for at in memchr_iter(b'\n', pending) {
            let blank = pending[end..at].iter().all(u8::is_ascii_whitespace);
            end = at + 1;
            // One that is too long for a record is cut at a line.
            if blank || end > crate::MAX_ROW {
                self.take(end);
                return true;
            }
        }
        false
    }

    /// Takes a JSON value; what it was not in, whole, is read from where it stopped.
    fn take_json(&mut self, place: &JsonPlace) -> bool {
        let pending = &self.buffer[self.pending.clone()];
        if self.behind || (pending.len() < self.buffer.len() && !self.ended && self.position.bytes == 0) {
            return false;
        }
        let mut from = self.scanned;
        if from == 0 {
            if let (JsonPlace::Array(keys), 0) = (place, self.position.bytes) {
                match find_array(pending, keys) {
                    Found::Behind(at) => from = at,
                    Found::Nowhere => {
                        self.fail(
                            "no array of records is where it should be, in its first MiB; `records:` of the \
                                   mapping names the key under which it stands",
                        );
                        return false;
                    }
                }
            } else if self.position.bytes == 0 && pending.starts_with(BOM) {
                from = BOM.len();
            }
            let separates = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
            from += pending[from..].iter().take_while(|byte| separates(byte)).count();
            match pending.get(from) {
                None => {
                    self.pass(from);
                    return false;
                }
                Some(b']') if *place != JsonPlace::Values => {
                    self.pass(from);
                    self.behind = true;
                    return false;
                }
                Some(_) => self.pass(from),
            }
            from = 0;
        }
        let pending = &self.buffer[self.pending.clone()];
        match self.scan.end(&pending[from..]) {
            // A lone closing bracket ends where it begins.
            Some(end) => {
                let end = (from + end).max(1);
                (self.scan, self.scanned) = (JsonScan::default(), 0);
                let range = self.pending.start..self.pending.start + end;
                self.note(range, 0);
                self.pending.start += end;
                true
            }
            None => {
                self.scanned = pending.len();
                false
            }
        }
    }

    /// Notes a JSON record, of which `cut` more bytes are not in the buffer.
    fn note(&mut self, range: Range<usize>, cut: u64) {
        let (offset, length) = (self.position.bytes, range.len() as u64 + cut);
        self.position.lines += 1;
        self.position.bytes += length;
        self.lines.push(Line { number: self.position.lines, offset, length, range });
    }

    /// Passes over bytes that are of no record.
    fn pass(&mut self, bytes: usize) {
        self.pending.start += bytes;
        self.position.bytes += bytes as u64;
    }

    fn fail(&mut self, reason: &'static str) {
        (self.ended, self.pending) = (true, 0..0);
        self.error = Some(io::Error::new(ErrorKind::InvalidData, reason));
    }

    /// Takes so many bytes of whole lines as one record.
    fn take(&mut self, bytes: usize) {
        let start = self.pending.start;
        self.pending.start += bytes;
        let number = self.position.lines + 1;
        let before = self.lines.len();
        push(&mut self.lines, &self.buffer, start..start + bytes - 1, 0, &mut self.position, 1);
        // All of its lines are behind.
        let breaks = memchr_iter(b'\n', &self.buffer[start..start + bytes]).count() as u64;
        self.position.lines = number - 1 + breaks;
        if let Some(line) = self.lines.get_mut(before) {
            line.number = number;
        }
    }

    /// Takes what is left at the end of the stream.
    fn take_last(&mut self) {
        let last = std::mem::take(&mut self.pending);
        match self.splitting {
            Splitting::Json(_) => {
                (self.scan, self.scanned) = (JsonScan::default(), 0);
                // A value that is cut short is refused as such.
                if skip_blanks(&self.buffer[..last.end], last.start) < last.end {
                    self.note(last, 0);
                }
            }
            _ => {
                let breaks = memchr_iter(b'\n', &self.buffer[last.clone()]).count() as u64;
                push(&mut self.lines, &self.buffer, last, 0, &mut self.position, 0);
                self.position.lines += breaks;
            }
        }
    }

    /// Takes a line, or another record, that fills the buffer: keeps its beginning and reads on to its end.
    fn take_long_line(&mut self) -> io::Result<()> {
        if matches!(self.splitting, Splitting::Json(_)) {
            return self.take_long_json();
        }
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

    fn take_long_json(&mut self) -> io::Result<()> {
        let mut length = self.buffer.len() as u64;
        (self.pending, self.scanned) = (0..0, 0);
        let mut scan = std::mem::take(&mut self.scan);
        loop {
            let read = read(&mut self.source, &mut self.buffer[KEPT..]).inspect_err(|_| self.ended = true)?;
            match scan.end(&self.buffer[KEPT..KEPT + read]) {
                Some(end) => {
                    length += end as u64;
                    self.pending = KEPT + end..KEPT + read;
                    break;
                }
                None => length += read as u64,
            }
            if read == 0 {
                self.ended = true;
                break;
            }
        }
        self.note(0..KEPT, length - KEPT as u64);
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
