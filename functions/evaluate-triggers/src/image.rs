//! The item of a profile as it stands in its table and on the table's change stream.

use event::{Code, Key, Rejection};
use person::attribute::{FRESH, INTO, LOG, MERGED, PERSON, PROFILE, VERSION};
use serde_dynamo::{AttributeValue, Item};

/// The stored form of a profile of which nothing is known: no field after the byte that says that it is one.
const NOTHING_KNOWN: &[u8] = &[1];

/// One profile's item: what update-profiles writes, and the change stream brings as the new image. It borrows
/// the bytes that it is read from, or made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image<'i> {
    /// Attribute `person`, the table's key: 16 bytes.
    pub person: Key,
    /// Attribute `profile`: the stored form of the profile, or of a forwarding pointer. An item without one that
    /// has an attribute `into` is the pointer of an identifier alone: nothing happened to a person by it, and what
    /// stands here is the form of an empty profile.
    pub profile: &'i [u8],
    /// Attribute `version`.
    pub version: u64,
    /// Attribute `fresh`: bus envelopes with the events that this write applied and a live campaign could want.
    /// One is stored as it is, several as a list, none not at all.
    pub fresh: Vec<&'i [u8]>,
    /// Attribute `merged`: the people whose state went into this one by this write, 16 bytes each, one after
    /// another; absent where there are none.
    pub merged: Vec<Key>,
}

impl<'i> Image<'i> {
    /// Reads an item; passes over attributes that it does not know. The envelopes are not looked into.
    pub fn decode(item: &'i Item) -> Result<Image<'i>, Rejection> {
        let person = bytes(item, PERSON)?.try_into().map_err(|_| damaged(PERSON, "is not of 16 bytes"))?;
        let AttributeValue::N(version) = attribute(item, VERSION)? else {
            return Err(damaged(VERSION, "is no number"));
        };
        let fresh = match item.get(FRESH) {
            None => Vec::new(),
            Some(AttributeValue::B(envelope)) if envelope.is_empty() => Vec::new(),
            Some(AttributeValue::B(envelope)) => vec![&envelope[..]],
            Some(AttributeValue::L(envelopes)) => envelopes
                .iter()
                .map(|envelope| match envelope {
                    AttributeValue::B(envelope) => Ok(&envelope[..]),
                    _ => Err(damaged(FRESH, "holds something that is not binary")),
                })
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(damaged(FRESH, "is neither binary nor a list")),
        };
        let merged = if item.contains_key(MERGED) { bytes(item, MERGED)? } else { &[] };
        let (merged, []) = merged.as_chunks::<16>() else {
            return Err(damaged(MERGED, "is not of 16 bytes a person"));
        };
        Ok(Image {
            person: Key(person),
            profile: match item.contains_key(INTO) && !item.contains_key(PROFILE) {
                true => NOTHING_KNOWN,
                false => bytes(item, PROFILE)?,
            },
            version: version.parse().map_err(|_| damaged(VERSION, "is no whole number"))?,
            fresh,
            merged: merged.iter().copied().map(Key).collect(),
        })
    }

    /// Whether an item of the table stands beside the profiles: it says whose an identifier is (an owner in
    /// attribute `into`, and no profile), or is somebody's identity log.
    pub fn is_beside_profiles(item: &Item) -> bool {
        !item.contains_key(PROFILE) && (item.contains_key(INTO) || item.contains_key(LOG))
    }

    /// The item, as [`Image::decode`] reads it.
    pub fn encode(&self) -> Item {
        let binary = |bytes: &[u8]| AttributeValue::B(bytes.to_vec());
        let mut item = std::collections::HashMap::from([
            (PERSON.to_owned(), AttributeValue::B(self.person.0.to_vec())),
            (PROFILE.to_owned(), binary(self.profile)),
            (VERSION.to_owned(), AttributeValue::N(self.version.to_string())),
        ]);
        let mut envelopes: Vec<AttributeValue> = self.fresh.iter().map(|envelope| binary(envelope)).collect();
        if envelopes.len() > 1 {
            item.insert(FRESH.to_owned(), AttributeValue::L(envelopes));
        } else if let Some(envelope) = envelopes.pop() {
            item.insert(FRESH.to_owned(), envelope);
        }
        if !self.merged.is_empty() {
            let merged = self.merged.iter().flat_map(|key| key.0).collect();
            item.insert(MERGED.to_owned(), AttributeValue::B(merged));
        }
        Item::from(item)
    }
}

fn bytes<'i>(item: &'i Item, name: &'static str) -> Result<&'i [u8], Rejection> {
    match attribute(item, name)? {
        AttributeValue::B(bytes) => Ok(bytes),
        _ => Err(damaged(name, "is not binary")),
    }
}

fn attribute<'i>(item: &'i Item, name: &'static str) -> Result<&'i AttributeValue, Rejection> {
    item.get(name).ok_or_else(|| damaged(name, "is missing"))
}

/// Why an image can't be read, by the attribute.
pub(crate) fn damaged(attribute: &str, what: &str) -> Rejection {
    let reason = format!("the attribute {what}: the item was not written by update-profiles of this release");
    Rejection::new(Code::InvalidEnvelope, attribute, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_known_is_an_empty_profile() {
        let empty = person::Blob::Profile(person::Profile::default());
        assert_eq!(person::Blob::decode(NOTHING_KNOWN), Ok(empty));
    }
}
