//! From a batch of lines to events: no I/O.

use crate::{Batch, Format, Line};
use event::{
    Arrival, Came, Code, Event, Mapping, Parsed, Parser, Quarantined, Records, Rejection, RowKind, Scratch,
    Secret,
};
use std::borrow::Cow;

/// Most bytes of a row that a mapping reads; the event made of it may have fewer.
pub const MAX_ROW: usize = 512 * 1024;

/// Holds the records that the rows of a batch were turned into, since events borrow from them. Made once and
/// used again for each batch.
#[derive(Debug, Default)]
pub struct Arena {
    records: Records,
    scratch: Scratch,
    /// For each line how many records it gave, or why none.
    each: Vec<Result<usize, Rejection>>,
    spare: Spare,
}

/// The memory of events that nobody needs any more, for those of the next batch: a batch has megabytes of them, which
/// the system would have to clear anew each time.
#[derive(Debug, Default)]
pub struct Spare(Vec<Event<'static>>);

/// What a batch of lines gave.
#[derive(Debug, Default)]
pub struct Imported<'b> {
    /// In the order of their lines.
    pub events: Vec<Event<'b>>,
    /// The personal data taken out of them.
    pub secrets: Vec<Secret>,
    /// The lines that gave no event; their source is `file:line`.
    pub rejected: Vec<Quarantined>,
    /// Of each line that gave no event and must not be kept either, why.
    pub dropped: Vec<Code>,
    /// How many rows the mapping leaves out.
    pub skipped: u64,
}

impl Imported<'_> {
    /// What is left of a batch that was dealt with, for [`Arena::reuse`].
    pub fn spare(self) -> Spare {
        // No event is left, and so nothing that is borrowed; the memory stays the same.
        Spare(self.events.into_iter().map_while(|_| None).collect())
    }
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
    let heading = batch.lines.iter().take_while(|line| line.number <= batch.heading).count();
    let lines = &batch.lines[heading..];
    let mut imported = Imported { events: std::mem::take(&mut arena.spare.0), ..Imported::default() };
    imported.events.reserve(lines.len());
    let arrival = Arrival::Recorded { now };
    match format {
        Format::Records => {
            for line in lines {
                let record = checked(batch, line, Parser::MAX_BYTES);
                let record = record.and_then(|record| parser.parse(record, source, arrival));
                imported.add(record, batch, line, source, now);
            }
        }
        Format::Rows(mapping) => {
            // All rows first, then all events: these borrow from the arena, which must not change by then.
            arena.fill(mapping, source, batch, lines);
            let Arena { records, each, .. } = &*arena;
            let mut ranges = records.each.iter();
            for (line, result) in lines.iter().zip(each) {
                match result {
                    Ok(count) => {
                        imported.skipped += u64::from(*count == 0);
                        for at in ranges.by_ref().take(*count) {
                            let record = parser.parse(&records.bytes[at.clone()], source, arrival);
                            imported.add(record, batch, line, source, now);
                        }
                    }
                    Err(rejection) => imported.add(Err(rejection.clone()), batch, line, source, now),
                }
            }
        }
    }
    imported
}

impl Arena {
    /// Takes the memory of a batch back.
    pub fn reuse(&mut self, spare: Spare) {
        self.spare = spare;
    }

    fn fill(&mut self, mapping: &Mapping, source: &str, batch: &Batch<'_>, lines: &[Line]) {
        let Arena { records, scratch, each, .. } = self;
        records.clear();
        each.clear();
        // A stream that says nothing of its columns has those that the mapping names.
        let own;
        let layout = match batch.layout {
            Some(layout) => Ok(layout),
            None => {
                own = mapping.layout(mapping.kind().unwrap_or(RowKind::Json), None);
                own.as_ref().map_err(|reason| Rejection::new(Code::InvalidRow, "", reason.clone()))
            }
        };
        for line in lines {
            let before = records.each.len();
            let written = layout.clone().and_then(|layout| {
                let row = utf8(checked(batch, line, MAX_ROW)?)?;
                mapping.write(layout, row, source, line.number, scratch, records)
            });
            each.push(written.map(|()| records.each.len() - before));
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
            Err(rejection) if !rejection.code.is_kept() => self.dropped.push(rejection.code),
            Err(rejection) => {
                let bytes = batch.bytes(line);
                let named = batch.layout.and_then(|layout| layout.original(std::str::from_utf8(bytes).ok()?));
                let original = named.map_or(Cow::Borrowed(bytes), |text| Cow::Owned(text.into_bytes()));
                self.rejected.push(Quarantined {
                    at: now,
                    source: format!("{source}:{}", line.number),
                    rejection,
                    original: original[..original.len().min(Parser::MAX_BYTES)].to_vec(),
                    came: Came::default(),
                });
            }
        }
    }
}

/// The bytes of a line that is not too long for a record.
fn checked<'b>(batch: &Batch<'b>, line: &Line, most: usize) -> Result<&'b [u8], Rejection> {
    if line.length > most as u64 {
        let reason = format!("{} bytes; one may have {most}", line.length);
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
