//! What a profile knows of its identifiers: since when each is linked and by what, which were refused, and whom it is
//! never to be joined with.

use crate::profile::Profile;
use event::wire::{Damaged, Reader, put_bytes, put_varint};
use event::{Event, Identifier, IdentifierKind, Key, MessageHash};

/// How many refused identifiers a stored profile lists: the strongest. One that it does not list is refused again.
pub const MAX_REFUSED: usize = 16;

/// The first of a person's events that carried an identifier, by the time it happened and, within one millisecond, by
/// its message's hash: whatever order they came in, it is the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin<'a> {
    /// When it happened, UTC ms.
    pub at: i64,
    pub message: MessageHash,
    /// The name of the source that it came by.
    pub source: &'a str,
}

impl<'a> Origin<'a> {
    pub fn of(event: &'a Event<'a>) -> Origin<'a> {
        Origin { at: event.happened_at, message: event.hash, source: &event.source }
    }
}

/// An identifier that some event of the person carried, but that is not theirs. [`Reason::of`](crate::Reason::of) says
/// why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused<'a> {
    pub identifier: Identifier,
    /// Nothing where it could not be kept.
    pub origin: Option<Origin<'a>>,
}

impl<'a> Profile<'a> {
    /// Since when an identifier is the person's, and by what; nothing where it is not theirs, or was linked before
    /// origins were kept.
    pub fn origin(&self, identifier: Identifier) -> Option<Origin<'a>> {
        let at = self.identifiers.binary_search(&identifier).ok()?;
        self.origins.get(at).copied().flatten()
    }

    /// Notes that an event of the person carried an identifier: it is theirs unless it was refused.
    pub(crate) fn carry(&mut self, identifier: Identifier, origin: Origin<'a>) {
        if let Some(refused) = self.refused.iter_mut().find(|refused| refused.identifier == identifier) {
            refused.origin = refused.origin.map(|first| first.min(origin));
            return;
        }
        self.link(identifier, Some(origin));
    }

    /// Links an identifier to the person; of too many the weakest goes.
    pub(crate) fn link(&mut self, identifier: Identifier, origin: Option<Origin<'a>>) {
        match self.identifiers.binary_search(&identifier) {
            Ok(at) => {
                let first = &mut self.origins[at];
                *first = first.zip(origin).map(|(first, origin)| first.min(origin));
            }
            Err(at) if at < crate::Limits::MOST => {
                self.identifiers.truncate(crate::Limits::MOST - 1);
                self.origins.truncate(crate::Limits::MOST - 1);
                self.identifiers.insert(at, identifier);
                self.origins.insert(at, origin);
            }
            Err(_) => {}
        }
    }

    /// Takes identifiers of others off the lists; whether any was on one.
    pub fn unlink(&mut self, is_other: impl Fn(Identifier) -> bool) -> bool {
        let count = |profile: &Profile<'_>| {
            profile.identifiers.len() + profile.refused.len() + profile.separated.len()
        };
        let before = count(self);
        let stays: Vec<bool> = self.identifiers.iter().map(|identifier| !is_other(*identifier)).collect();
        let mut places = stays.iter();
        self.origins.retain(|_| places.next().copied().unwrap_or(false));
        self.identifiers.retain(|identifier| !is_other(*identifier));
        self.refused.retain(|refused| !is_other(refused.identifier));
        self.separated.retain(|identifier| !is_other(*identifier));
        count(self) < before
    }

    /// Notes that an identifier was found not to be the person's, before the event that carried it is applied.
    pub fn refuse(&mut self, identifier: Identifier, origin: Origin<'a>) {
        if self.identifiers.binary_search(&identifier).is_ok() {
            return;
        }
        if let Err(at) = self.refused.binary_search_by_key(&identifier, |refused| refused.identifier) {
            self.refused.insert(at, Refused { identifier, origin: Some(origin) });
        }
    }

    /// Takes back a refusal: the identifier is the person's after all.
    pub fn admit(&mut self, identifier: Identifier) {
        let place = self.refused.iter().position(|refused| refused.identifier == identifier);
        if let Some(place) = place {
            let refused = self.refused.remove(place);
            self.link(identifier, refused.origin);
        }
    }

    /// Keeps the person apart from whom an identifier belongs to, for good.
    pub fn keep_apart(&mut self, identifier: Identifier) {
        if let Err(at) = self.separated.binary_search(&identifier) {
            self.separated.insert(at, identifier);
        }
    }

    /// Adds what another part of the same person knows of identifiers.
    pub(crate) fn merge_links(&mut self, other: &Profile<'a>) {
        for (at, identifier) in other.identifiers.iter().enumerate() {
            self.link(*identifier, other.origins.get(at).copied().flatten());
        }
        for theirs in &other.refused {
            match self.refused.binary_search_by_key(&theirs.identifier, |refused| refused.identifier) {
                Ok(at) => {
                    let own = &mut self.refused[at];
                    own.origin = own.origin.zip(theirs.origin).map(|(own, theirs)| own.min(theirs));
                }
                Err(at) => self.refused.insert(at, *theirs),
            }
        }
        // What one part was refused may be the other's, and so is the person's.
        let (theirs, refused): (Vec<_>, Vec<_>) = std::mem::take(&mut self.refused)
            .into_iter()
            .partition(|refused| self.identifiers.binary_search(&refused.identifier).is_ok());
        self.refused = refused;
        theirs.into_iter().for_each(|refused| self.link(refused.identifier, refused.origin));
        other.separated.iter().for_each(|identifier| self.keep_apart(*identifier));
    }

    pub(crate) fn encode_refused(&self, out: &mut Vec<u8>) {
        for refused in self.refused.iter().take(MAX_REFUSED) {
            put_identifier(out, refused.identifier);
        }
    }

    /// Appends the origins of the identifiers, then of those that were refused. Times are given as what they lie before
    /// `base`.
    pub(crate) fn encode_origins(&self, out: &mut Vec<u8>, base: i64) {
        let refused = self.refused.iter().take(MAX_REFUSED).map(|refused| &refused.origin);
        if self.origins.iter().chain(refused.clone()).all(Option::is_none) {
            return;
        }
        let mut source = "";
        for origin in self.origins.iter().chain(refused) {
            let Some(origin) = origin else {
                put_varint(out, 0);
                continue;
            };
            // The lowest bit says that the source is that of the one before.
            let same = origin.source == source;
            let before = base.wrapping_sub(origin.at);
            // Small in either direction: the one that repeats an event may tell another time of it.
            let folded = (before << 1 ^ before >> 63) as u64;
            put_varint(out, (folded << 1 | u64::from(same)).wrapping_add(2));
            if !same {
                put_bytes(out, origin.source.as_bytes());
                source = origin.source;
            }
            out.extend_from_slice(&origin.message.0.to_le_bytes());
        }
    }

    pub(crate) fn decode_refused(&mut self, mut field: Reader<'a>) -> Result<(), Damaged> {
        while !field.is_empty() {
            self.refused.push(Refused { identifier: read_identifier(&mut field)?, origin: None });
        }
        Ok(())
    }

    pub(crate) fn decode_origins(&mut self, mut field: Reader<'a>, base: i64) -> Result<(), Damaged> {
        let mut source = "";
        let mut read = || -> Result<Option<Origin<'a>>, Damaged> {
            if field.is_empty() {
                return Ok(None);
            }
            let packed = field.varint()?;
            let Some(packed) = packed.checked_sub(2) else { return Ok(None) };
            if packed & 1 == 0 {
                source = field.text()?;
            }
            let message = MessageHash(u64::from_le_bytes(field.array()?));
            let folded = packed >> 1;
            let before = (folded >> 1) as i64 ^ -((folded & 1) as i64);
            Ok(Some(Origin { at: base.wrapping_sub(before), message, source }))
        };
        for _ in 0..self.identifiers.len() {
            let origin = read()?;
            self.origins.push(origin);
        }
        for refused in &mut self.refused {
            refused.origin = read()?;
        }
        Ok(())
    }
}

pub(crate) fn put_identifier(out: &mut Vec<u8>, identifier: Identifier) {
    out.push(identifier.kind as u8);
    out.extend_from_slice(&identifier.key.0);
}

pub(crate) fn read_identifier(reader: &mut Reader<'_>) -> Result<Identifier, Damaged> {
    let (kind, key) = (reader.byte()?, Key(reader.array()?));
    let kind = IdentifierKind::all().find(|k| *k as u8 == kind).ok_or(Damaged)?;
    Ok(Identifier { kind, key })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> Identifier {
        Identifier { kind: IdentifierKind::Anonymous, key: Key([n; 16]) }
    }

    fn origin(at: i64) -> Origin<'static> {
        Origin { at, message: MessageHash(at as u64), source: "web" }
    }

    #[test]
    fn the_first_event_counts_whatever_the_order() {
        let mut profile = Profile::default();
        for at in [5, 3, 9] {
            profile.carry(id(1), origin(at));
        }
        assert_eq!(profile.origin(id(1)), Some(origin(3)));
        assert_eq!(profile.origin(id(2)), None);
    }

    #[test]
    fn what_was_refused_is_not_the_persons_until_they_turn_out_to_be_one() {
        let (mut one, mut other) = (Profile::default(), Profile::default());
        one.refuse(id(1), origin(7));
        one.carry(id(1), origin(7));
        one.carry(id(1), origin(4));
        assert!(one.identifiers.is_empty());
        assert_eq!(one.refused, [Refused { identifier: id(1), origin: Some(origin(4)) }]);
        other.carry(id(1), origin(8));
        let mut both = one.clone();
        both.merge(&other);
        other.merge(&one);
        for merged in [both, other] {
            assert_eq!((&merged.identifiers[..], merged.refused.len()), (&[id(1)][..], 0));
            assert_eq!(merged.origin(id(1)), Some(origin(4)));
        }
    }

    #[test]
    fn refusals_separations_and_origins_are_stored() {
        let mut profile = Profile::default();
        profile.carry(id(1), origin(5));
        profile.carry(id(2), origin(-3));
        (3..40).for_each(|n| profile.refuse(id(n), origin(i64::from(n))));
        profile.keep_apart(id(50));
        profile.see(-3, 5);
        let mut blob = Vec::new();
        profile.encode(&mut blob);
        let mut read = Profile::default();
        read.decode(&blob).unwrap();
        assert_eq!((&read.identifiers, &read.origins), (&profile.identifiers, &profile.origins));
        assert_eq!(read.refused, profile.refused[..MAX_REFUSED]);
        assert_eq!(crate::Blob::separated(&blob), Ok(vec![id(50)]));
        assert!([id(1), id(2), id(3)].iter().all(|id| crate::Blob::settles(&blob, *id)));
        assert!(![id(39), id(50)].iter().any(|id| crate::Blob::settles(&blob, *id)));
    }
}
