//! From a batch of lines to events: no I/O.

use crate::{Batch, Format, Line};
use event::{Arrival, Code, Event, Parsed, Parser, Quarantined, Rejection, Secret};
use std::ops::Range;

/// Holds the records that the rows of a batch were turned into, since events borrow from them. Made once and
/// used again for each batch.
#[derive(Debug, Default)]
pub struct Arena {
    bytes: Vec<u8>,
    /// For each line its record, or why there is none.
    records: Vec<Result<Range<usize>, Rejection>>,
}

/// What a batch of lines gave.
#[derive(Debug, Default)]
pub struct Imported<'b> {
    /// In the order of their lines.
    pub events: Vec<Event<'b>>,
    /// The personal data taken out of them.
    pub secrets: Vec<Secret>,
    /// The lines that gave no event; their source is `file:line`.
    pub rejected: Vec<Quarantined>,
    /// How many lines gave no event and must not be kept either.
    pub withheld: u64,
}

/// Parses the lines of a batch. `source` is the file's name, `now` UTC ms. What comes out borrows from the
/// batch and the arena.
pub fn convert<'b>(
    parser: &Parser,
    format: Format<'_>,
    source: &'b str,
    batch: &Batch<'b>,
    arena: &'b mut Arena,
    now: i64,
) -> Imported<'b> {
    let mut lines = batch.lines;
    let mut imported = Imported { events: Vec::with_capacity(lines.len()), ..Imported::default() };
    let arrival = Arrival::Recorded { now };
    match format {
        Format::Records => {
            for line in lines {
                let record = checked(batch, line).and_then(|record| parser.parse(record, source, arrival));
                imported.add(record, batch, line, source, now);
            }
        }
        Format::Rows(mapping) => {
            let heading = lines.iter().take_while(|line| line.number <= mapping.skip_lines() as u64).count();
            lines = &lines[heading..];
            // All rows first, then all events: these borrow from the arena, which must not change by then.
            arena.fill(lines, |line| {
                let row = checked(batch, line)?;
                mapping.record(utf8(row)?, source, line.number)
            });
            let arena = &*arena;
            for (line, record) in lines.iter().zip(&arena.records) {
                let record = record.clone().and_then(|at| parser.parse(&arena.bytes[at], source, arrival));
                imported.add(record, batch, line, source, now);
            }
        }
    }
    imported
}

impl Arena {
    fn fill(&mut self, lines: &[Line], record: impl Fn(&Line) -> Result<Vec<u8>, Rejection>) {
        self.bytes.clear();
        self.records.clear();
        for line in lines {
            let record = record(line).map(|record| {
                let start = self.bytes.len();
                self.bytes.extend_from_slice(&record);
                start..self.bytes.len()
            });
            self.records.push(record);
        }
    }
}

impl<'b> Imported<'b> {
    fn add(
        &mut self,
        record: Result<Parsed<'b>, Rejection>,
        batch: &Batch<'_>,
        line: &Line,
        source: &str,
        now: i64,
    ) {
        match record {
            Ok(Parsed { event, secrets }) => {
                self.events.push(event);
                self.secrets.extend(secrets);
            }
            Err(rejection) if !rejection.code.is_kept() => self.withheld += 1,
            Err(rejection) => {
                let original = batch.bytes(line);
                self.rejected.push(Quarantined {
                    at: now,
                    source: format!("{source}:{}", line.number),
                    rejection,
                    original: original[..original.len().min(Parser::MAX_BYTES)].to_vec(),
                });
            }
        }
    }
}

/// The bytes of a line that is not too long for a record.
fn checked<'b>(batch: &Batch<'b>, line: &Line) -> Result<&'b [u8], Rejection> {
    if line.length > Parser::MAX_BYTES as u64 {
        let reason = format!("{} bytes; an event may have {}", line.length, Parser::MAX_BYTES);
        return Err(Rejection::new(Code::TooLarge, "", reason));
    }
    Ok(batch.bytes(line))
}

fn utf8(row: &[u8]) -> Result<&str, Rejection> {
    std::str::from_utf8(row).map_err(|error| {
        let reason = format!("not UTF-8 from byte {}; convert the file to UTF-8", error.valid_up_to() + 1);
        Rejection::new(Code::InvalidUtf8, "", reason)
    })
}
