//! What a person's sources say of them.

use crate::bounded::first_by_key;
use event::wire::{Damaged, Reader, put_bytes, put_varint};

/// How many traits are kept: the newest.
pub(crate) const MAX_TRAITS: usize = 64;
/// How many traits that were set once are kept: the first in alphabetical order.
const MAX_ONCE: usize = 32;
/// The trait under which those stand in an event that are to be set once: an object.
pub(crate) const SET_ONCE: &str = "$set_once";
/// Longest name and value that are kept, in bytes.
const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 512;

/// One trait: last writer wins by event time, and of two of the same millisecond the larger value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trait<'a> {
    pub name: &'a str,
    /// When it was said, UTC ms.
    pub at: i64,
    /// JSON text; a plain text may stand without quotes.
    pub value: &'a str,
    /// The source that said it.
    pub source: &'a str,
}

impl<'a> Trait<'a> {
    /// The value as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.value).unwrap_or_else(|_| self.value.into())
    }

    fn order(&self) -> (i64, &str, &str) {
        (self.at, self.value, self.source)
    }
}

/// Sets a trait in a list sorted by name; an older one changes nothing. Names and values that are too long
/// are passed over.
pub(crate) fn set<'a>(traits: &mut Vec<Trait<'a>>, new: Trait<'a>) {
    if new.name.len() > MAX_NAME || new.value.len() > MAX_VALUE {
        return;
    }
    match traits.binary_search_by(|t| t.name.cmp(new.name)) {
        Ok(at) => {
            if traits[at].order() < new.order() {
                traits[at] = new;
            }
        }
        Err(at) => {
            traits.insert(at, new);
            if traits.len() > MAX_TRAITS {
                let oldest = traits.iter().enumerate().min_by_key(|(_, t)| (t.order(), t.name));
                if let Some((oldest, _)) = oldest {
                    traits.remove(oldest);
                }
            }
        }
    }
}

/// Sets a trait in a list, sorted by name, of those whose first value counts: the one that happened first, and of two of
/// the same millisecond the smaller. It shows where the trait was never set otherwise.
pub(crate) fn set_once<'a>(once: &mut Vec<Trait<'a>>, new: Trait<'a>) {
    if new.name.len() > MAX_NAME || new.value.len() > MAX_VALUE {
        return;
    }
    let first = first_by_key(once, new.name, MAX_ONCE, |t| t.name, || new.clone());
    if let Some(first) = first.filter(|first| new.order() < first.order()) {
        *first = new;
    }
}

pub(crate) fn encode(traits: &[Trait<'_>], out: &mut Vec<u8>, base: i64) {
    let mut source = "";
    for t in traits {
        put_bytes(out, t.name.as_bytes());
        put_bytes(out, t.value.as_bytes());
        // The lowest bit says that the source is that of the trait before.
        let same = t.source == source;
        put_varint(out, ((base - t.at) as u64) << 1 | u64::from(same));
        if !same {
            put_bytes(out, t.source.as_bytes());
        }
        source = t.source;
    }
}

pub(crate) fn decode<'a>(
    traits: &mut Vec<Trait<'a>>,
    mut reader: Reader<'a>,
    base: i64,
) -> Result<(), Damaged> {
    let mut source = "";
    while !reader.is_empty() {
        let (name, value) = (reader.text()?, reader.text()?);
        let packed = reader.varint()?;
        if packed & 1 == 0 {
            source = reader.text()?;
        }
        traits.push(Trait { name, at: base.wrapping_sub((packed >> 1) as i64), value, source });
    }
    Ok(())
}
