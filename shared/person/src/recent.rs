//! What a person did last.

use event::wire::{Damaged, Reader, put_bytes, put_signed, put_varint};

/// How many events are kept: the newest.
pub(crate) const MAX_RECENT: usize = 10;

/// One event in short, ordered by its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recent<'a> {
    /// When it happened, UTC ms.
    pub at: i64,
    pub name: &'a str,
    /// Empty where it was about none.
    pub product: &'a str,
    /// Minor units; 0 where none was given.
    pub amount: i64,
}

/// `names` are texts that most events' names are among (those of the counters), written as their index.
pub(crate) fn encode(
    recent: &[Recent<'_>],
    names: impl Fn(&str) -> Option<usize>,
    out: &mut Vec<u8>,
    base: i64,
) {
    let mut before = base;
    for event in recent {
        put_varint(out, (before - event.at) as u64);
        before = event.at;
        match names(event.name) {
            Some(index) => put_varint(out, index as u64 + 1),
            None => {
                out.push(0);
                put_bytes(out, event.name.as_bytes());
            }
        }
        put_bytes(out, event.product.as_bytes());
        put_signed(out, event.amount);
    }
}

pub(crate) fn decode<'a>(
    recent: &mut Vec<Recent<'a>>,
    names: impl Fn(usize) -> Option<&'a str>,
    mut reader: Reader<'a>,
    base: i64,
) -> Result<(), Damaged> {
    let mut at = base;
    while !reader.is_empty() {
        at = at.wrapping_sub(reader.varint()? as i64);
        let name = match reader.varint()? {
            0 => reader.text()?,
            index => names(index as usize - 1).ok_or(Damaged)?,
        };
        recent.push(Recent { at, name, product: reader.text()?, amount: reader.signed()? });
    }
    Ok(())
}
