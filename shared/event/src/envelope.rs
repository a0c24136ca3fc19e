//! What the bus carries: several events of one person in one record, since the bus is paid by the record.

use crate::Event;
use crate::wire::{Damaged, Reader, put_bytes};

/// Largest envelope in bytes: Kinesis bills by started 25 KB.
pub const MAX_ENVELOPE_BYTES: usize = 25_000;

/// The version of the layout, the first byte of an envelope.
const VERSION: u8 = 1;

/// Packs events, in order, into as few envelopes as fit the limit. An event too large for it travels
/// alone in a larger one.
pub fn encode_envelopes<'e>(events: impl IntoIterator<Item = &'e Event<'e>>) -> Vec<Vec<u8>> {
    let mut envelopes: Vec<Vec<u8>> = Vec::new();
    let mut encoded = Vec::with_capacity(1024);
    for event in events {
        encoded.clear();
        event.encode(&mut encoded);
        match envelopes.last_mut() {
            Some(last) if last.len() + encoded.len() + 5 <= MAX_ENVELOPE_BYTES => put_bytes(last, &encoded),
            _ => {
                let mut envelope = vec![VERSION];
                put_bytes(&mut envelope, &encoded);
                envelopes.push(envelope);
            }
        }
    }
    envelopes
}

/// The events of an envelope; they borrow from it.
pub fn decode_envelope(bytes: &[u8]) -> Result<Vec<Event<'_>>, Damaged> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != VERSION {
        return Err(Damaged);
    }
    let mut events = Vec::new();
    while !reader.is_empty() {
        events.push(Event::decode(reader.bytes()?)?);
    }
    Ok(events)
}
