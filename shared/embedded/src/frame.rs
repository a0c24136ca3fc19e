//! One frame of the bus log: what is accepted in one step.

use event::wire::{Damaged, Reader, put_bytes, put_field, put_signed, put_varint};
use event::{Event, Identifier, IdentifierKind, Key, Measure, QualityCount};

/// Length of a frame's head: the payload's length and CRC-32, and the CRC-32 of these two, four bytes each.
pub(crate) const HEAD: usize = 12;

/// A frame in the making: its records in wire form.
#[derive(Default)]
pub struct FrameBuilder {
    events: Vec<u8>,
    count: u64,
    secrets: Vec<u8>,
    quarantined: Vec<u8>,
    checkpoint: Vec<u8>,
    released: Vec<u8>,
    counts: Vec<u8>,
    scratch: Vec<u8>,
}

impl FrameBuilder {
    pub fn event(&mut self, event: &Event<'_>) {
        self.scratch.clear();
        event.encode(&mut self.scratch);
        put_bytes(&mut self.events, &self.scratch);
        self.count += 1;
    }

    /// A value for the vault, sealed already.
    pub fn secret(&mut self, identifier: Identifier, field: &str, sealed: &[u8]) {
        self.secrets.push(identifier.kind as u8);
        self.secrets.extend_from_slice(&identifier.key.0);
        put_bytes(&mut self.secrets, field.as_bytes());
        put_bytes(&mut self.secrets, sealed);
    }

    /// A refused record under an id that tells it from others, sealed already.
    pub fn quarantined(&mut self, id: u64, sealed: &[u8]) {
        put_varint(&mut self.quarantined, id);
        put_bytes(&mut self.quarantined, sealed);
    }

    /// A refused record, by its id, that leaves the quarantine with this frame: what it became is in it.
    pub fn release(&mut self, id: &str) {
        put_bytes(&mut self.released, id.as_bytes());
    }

    /// Records that left nothing to keep.
    pub fn counts(&mut self, counts: &[QualityCount]) {
        for count in counts {
            put_signed(&mut self.counts, count.hour);
            put_bytes(&mut self.counts, count.source.as_bytes());
            put_bytes(&mut self.counts, count.measure.name().as_bytes());
            put_varint(&mut self.counts, count.count);
        }
    }

    /// How far a source was read when this frame's records were taken from it.
    pub fn checkpoint(&mut self, source: &str, position: &[u8]) {
        put_bytes(&mut self.checkpoint, source.as_bytes());
        put_bytes(&mut self.checkpoint, position);
    }

    /// How many numbers it takes: one for each event, and one where it has none.
    pub(crate) fn numbers(&self) -> i64 {
        self.count.max(1) as i64
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
            && self.secrets.is_empty()
            && self.quarantined.is_empty()
            && self.checkpoint.is_empty()
            && self.released.is_empty()
            && self.counts.is_empty()
    }

    /// Appends the frame, head and payload, and empties the builder.
    pub(crate) fn finish(&mut self, first_sequence: i64, appended_at: i64, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; HEAD]);
        put_field(out, 1, |out| {
            put_signed(out, first_sequence);
            put_signed(out, appended_at);
            put_varint(out, self.count);
        });
        for (tag, part) in [
            (2, &self.secrets),
            (3, &self.quarantined),
            (4, &self.checkpoint),
            (5, &self.events),
            (6, &self.released),
            (7, &self.counts),
        ] {
            if !part.is_empty() {
                out.push(tag);
                put_bytes(out, part);
            }
        }
        let payload = &out[start + HEAD..];
        let head = head(payload.len() as u32, crc32fast::hash(payload));
        out[start..start + HEAD].copy_from_slice(&head);
        for part in [
            &mut self.events,
            &mut self.secrets,
            &mut self.quarantined,
            &mut self.checkpoint,
            &mut self.released,
            &mut self.counts,
        ] {
            part.clear();
        }
        self.count = 0;
    }
}

/// The head of a frame with a payload of this length and CRC-32.
fn head(len: u32, sum: u32) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&len.to_le_bytes());
    head[4..8].copy_from_slice(&sum.to_le_bytes());
    let own = crc32fast::hash(&head[..8]);
    head[8..].copy_from_slice(&own.to_le_bytes());
    head
}

/// The payload's length and CRC-32 that a head tells; `None` for a damaged head.
pub(crate) fn read_head(bytes: &[u8; HEAD]) -> Option<(usize, u32)> {
    let [a, b, c, d, e, f, g, h, ..] = *bytes;
    let (len, sum) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
    (head(len, sum) == *bytes).then_some((len as usize, sum))
}

/// A frame as it was read.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The number of its first event.
    pub first_sequence: i64,
    /// When it was appended, UTC ms.
    pub appended_at: i64,
    /// How many events it has.
    pub count: u64,
    payload: Vec<u8>,
}

/// A sealed value for the vault.
pub struct SealedSecret<'f> {
    pub identifier: Identifier,
    pub field: &'f str,
    pub sealed: &'f [u8],
}

impl Frame {
    pub(crate) fn parse(payload: Vec<u8>) -> Result<Frame, Damaged> {
        let mut frame = Frame { first_sequence: 0, appended_at: 0, count: 0, payload };
        let mut reader = frame.part(1)?;
        let (first_sequence, appended_at, count) = (reader.signed()?, reader.signed()?, reader.varint()?);
        (frame.first_sequence, frame.appended_at, frame.count) = (first_sequence, appended_at, count);
        Ok(frame)
    }

    /// The number that the next frame begins with. A frame without events takes one number too, so that a
    /// position tells whether it was read.
    pub fn end_sequence(&self) -> i64 {
        self.first_sequence + self.count.max(1) as i64
    }

    /// Its events; they borrow from it.
    pub fn events(&self) -> Result<Vec<Event<'_>>, Damaged> {
        let mut reader = self.part(5)?;
        let mut events = Vec::with_capacity(self.count as usize);
        while !reader.is_empty() {
            events.push(Event::decode(reader.bytes()?)?);
        }
        Ok(events)
    }

    pub fn secrets(&self) -> Result<Vec<SealedSecret<'_>>, Damaged> {
        let mut reader = self.part(2)?;
        let mut secrets = Vec::new();
        while !reader.is_empty() {
            let (kind, key) = (reader.byte()?, Key(reader.array()?));
            let kind = IdentifierKind::all().find(|k| *k as u8 == kind).ok_or(Damaged)?;
            let identifier = Identifier { kind, key };
            secrets.push(SealedSecret { identifier, field: reader.text()?, sealed: reader.bytes()? });
        }
        Ok(secrets)
    }

    /// Refused records: id and sealed record.
    pub fn quarantined(&self) -> Result<Vec<(u64, &[u8])>, Damaged> {
        let mut reader = self.part(3)?;
        let mut records = Vec::new();
        while !reader.is_empty() {
            records.push((reader.varint()?, reader.bytes()?));
        }
        Ok(records)
    }

    /// Ids of refused records that leave the quarantine.
    pub fn released(&self) -> Result<Vec<&str>, Damaged> {
        let mut reader = self.part(6)?;
        let mut ids = Vec::new();
        while !reader.is_empty() {
            ids.push(reader.text()?);
        }
        Ok(ids)
    }

    /// Counts of records that left nothing to keep; those of a later release's measures are passed over.
    pub fn counts(&self) -> Result<Vec<QualityCount>, Damaged> {
        let mut reader = self.part(7)?;
        let mut counts = Vec::new();
        while !reader.is_empty() {
            let (hour, source, measure, count) =
                (reader.signed()?, reader.text()?, reader.text()?, reader.varint()?);
            let of = |measure| QualityCount { hour, source: source.to_owned(), measure, count };
            counts.extend(Measure::parse(measure).map(of));
        }
        Ok(counts)
    }

    /// How far its source was read: the source and the position.
    pub fn checkpoint(&self) -> Result<Option<(&str, &[u8])>, Damaged> {
        let mut reader = self.part(4)?;
        if reader.is_empty() {
            return Ok(None);
        }
        Ok(Some((reader.text()?, reader.bytes()?)))
    }

    fn part(&self, wanted: u8) -> Result<Reader<'_>, Damaged> {
        let mut reader = Reader::new(&self.payload);
        while let Some((tag, field)) = reader.field()? {
            if tag == wanted {
                return Ok(field);
            }
        }
        Ok(Reader::new(&[]))
    }
}
