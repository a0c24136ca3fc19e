//! A refused record as bytes, to be sealed as a whole.

use event::wire::{Reader, put_bytes, put_signed};
use event::{Code, Quarantined, Rejection};

/// The record: when, by which source, why, and the original.
pub fn encode_record(record: &Quarantined) -> Vec<u8> {
    let mut out = Vec::with_capacity(record.original.len() + 128);
    put_signed(&mut out, record.at);
    for text in
        [&record.source, record.rejection.code.as_str(), &record.rejection.field, &record.rejection.reason]
    {
        put_bytes(&mut out, text.as_bytes());
    }
    put_bytes(&mut out, &record.original);
    out
}

/// What [`encode_record`] wrote; `None` where it is damaged, or of a later release.
pub fn decode_record(bytes: &[u8]) -> Option<Quarantined> {
    let mut reader = Reader::new(bytes);
    let at = reader.signed().ok()?;
    let source = reader.text().ok()?.to_owned();
    let code = Code::parse(reader.text().ok()?)?;
    let (field, reason) = (reader.text().ok()?, reader.text().ok()?);
    let rejection = Rejection::new(code, field, reason);
    Some(Quarantined { at, source, rejection, original: reader.bytes().ok()?.to_vec() })
}
