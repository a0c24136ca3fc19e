//! A refused record as bytes, to be sealed as a whole.

use event::wire::{Reader, put_bytes, put_signed};
use event::{Came, Code, EventType, Quarantined, Rejection};

/// The record: when, by which source, why, the original, and how it came.
pub fn encode_record(record: &Quarantined) -> Vec<u8> {
    let mut out = Vec::with_capacity(record.original.len() + 128);
    put_signed(&mut out, record.at);
    for text in
        [&record.source, record.rejection.code.as_str(), &record.rejection.field, &record.rejection.reason]
    {
        put_bytes(&mut out, text.as_bytes());
    }
    put_bytes(&mut out, &record.original);
    let Came { call, around, recorded } = &record.came;
    out.extend([call.map_or(0, |call| call as u8), u8::from(*recorded)]);
    put_bytes(&mut out, around.as_deref().unwrap_or_default().as_bytes());
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
    let original = reader.bytes().ok()?.to_vec();
    let came = if reader.is_empty() { Came::default() } else { came(&mut reader)? };
    Some(Quarantined { at, source, rejection, original, came })
}

/// How it came; earlier releases did not say.
fn came(reader: &mut Reader<'_>) -> Option<Came> {
    let call = match reader.byte().ok()? {
        0 => None,
        code => Some(EventType::from_code(code)?),
    };
    let recorded = reader.byte().ok()? == 1;
    let around = Some(reader.text().ok()?.to_owned()).filter(|text| !text.is_empty());
    Some(Came { call, around, recorded })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_whole_also_those_of_a_release_that_did_not_say_how_they_came() {
        let rejection = Rejection::new(Code::InvalidRow, "qty", "not a number");
        let came =
            Came { call: Some(EventType::Page), around: Some("{\"sentAt\":1}".into()), recorded: true };
        let (source, original) = ("shop.csv:7".to_owned(), b"a;b\xff".to_vec());
        let record = Quarantined { at: 1_793_527_200_000, source, rejection, original, came };
        let bytes = encode_record(&record);
        assert_eq!(decode_record(&bytes), Some(record.clone()));
        let plain = Quarantined { came: Came::default(), ..record };
        let old = encode_record(&plain);
        assert_eq!(decode_record(&old[..old.len() - 3]), Some(plain));
        for at in 0..old.len() - 3 {
            assert_eq!(decode_record(&old[..at]), None, "cut at {at}");
        }
    }
}
