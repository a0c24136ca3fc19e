//! Refused records, read once more.

use event::{Arrival, Came, Code, Event, Mapping, Parsed, Parser, Quarantined, Rejection};
use xxhash_rust::xxh3::xxh3_64;

/// A refused record, ready to be read again as it was read when it came: with the moment, the source and the line that
/// it had then, so that it becomes the very event, message id included, that it would have become.
#[derive(Debug)]
pub struct Replay {
    records: Vec<Vec<u8>>,
    /// The source of its events: that of the record without a line or a message's id.
    source: String,
    arrival: Arrival,
    came: Came,
    /// Whether it is an event of the bus that could not be applied.
    is_event: bool,
}

impl Replay {
    /// Through a mapping, where one is given.
    ///
    /// # Errors
    /// What it is refused for now, or why it can't be read again at all.
    pub fn of(refused: &Quarantined, mapping: Option<&Mapping>) -> Result<Replay, Rejection> {
        let code = refused.rejection.code;
        if code == Code::InvalidEnvelope {
            let reason =
                "it is a message of the bus, not a record; a release that can read it takes it from the bus";
            return Err(Rejection::new(code, "", reason));
        }
        if code == Code::TooLarge && refused.original.len() >= Parser::MAX_BYTES {
            let reason =
                "only its beginning was kept; make it smaller where it comes from, and send it again";
            return Err(Rejection::new(code, "", reason));
        }
        let came = Origin::of(&refused.source);
        let at = refused.at;
        let recorded = refused.came.recorded || matches!(came, Origin::File { .. });
        let arrival = if recorded { Arrival::Recorded { now: at } } else { Arrival::Live { now: at } };
        let is_event = code == Code::NotApplied;
        let (source, records) = match (mapping, &came) {
            _ if is_event => (refused.source.as_str(), vec![refused.original.clone()]),
            (None, _) => (came.name(), vec![refused.original.clone()]),
            (Some(mapping), _) => {
                let line = match came {
                    Origin::File { line, .. } => line,
                    // A record without a line has its content for one: the same record gives the same message id.
                    Origin::Other { .. } => xxh3_64(&refused.original),
                };
                (came.name(), rows(mapping, &refused.original, came.name(), line)?)
            }
        };
        Ok(Replay { records, source: source.to_owned(), arrival, came: refused.came.clone(), is_event })
    }

    /// Its events, and the personal data taken out of them.
    ///
    /// # Errors
    /// What it is refused for now.
    pub fn parse(&self, parser: &Parser) -> Result<Vec<Parsed<'_>>, Rejection> {
        let each = self.records.iter().map(|record| match self.is_event {
            true => Event::decode(record).map(|event| Parsed { event, secrets: Vec::new() }).map_err(|_| {
                Rejection::new(
                    Code::NotApplied,
                    "",
                    "the event that was kept is damaged; restore it from a copy",
                )
            }),
            false => parser.parse_again(record, &self.came, &self.source, self.arrival),
        });
        each.collect()
    }
}

/// The records of a row.
fn rows(mapping: &Mapping, original: &[u8], source: &str, line: u64) -> Result<Vec<Vec<u8>>, Rejection> {
    let text = std::str::from_utf8(original).map_err(|error| {
        let reason = format!("not UTF-8 from byte {}; import the file again", error.valid_up_to() + 1);
        Rejection::new(Code::InvalidUtf8, "", reason)
    })?;
    let records = mapping.records(text, source, line)?;
    if records.is_empty() {
        return Err(Rejection::new(Code::InvalidRow, "", "the mapping leaves rows of this kind out"));
    }
    Ok(records)
}

/// What a record's source tells.
enum Origin<'s> {
    /// `file:line`
    File { name: &'s str, line: u64 },
    /// A write key's name; a queue's, with its message's id.
    Other { name: &'s str },
}

impl<'s> Origin<'s> {
    fn of(source: &'s str) -> Origin<'s> {
        match source.rsplit_once(':') {
            Some((name, line)) => match line.parse() {
                Ok(line) => Origin::File { name, line },
                Err(_) => Origin::Other { name },
            },
            None => Origin::Other { name: source },
        }
    }

    fn name(&self) -> &'s str {
        match self {
            Origin::File { name, .. } | Origin::Other { name } => name,
        }
    }
}
