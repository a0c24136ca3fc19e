//! The stored form of a profile: small, and readable by later releases.

use crate::channels;
use crate::consent;
use crate::counters::Counter;
use crate::devices;
use crate::links::{put_identifier, read_identifier};
use crate::profile::Profile;
use crate::{on_site, recent, service, sessions, touches, traits};
use event::wire::{Damaged, Reader, put_field, put_varint};
use event::{Identifier, Key};

/// What is stored under a person id. The first byte says which.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "read once and taken apart; nearly all are profiles")]
pub enum Blob<'a> {
    Profile(Profile<'a>),
    /// This person was merged into that one.
    Forward(Key),
}

const PROFILE: u8 = 1;
const FORWARD: u8 = 2;

mod tag {
    pub const IDENTIFIERS: u8 = 1;
    pub const SEEN: u8 = 2;
    pub const TRAITS: u8 = 3;
    pub const COUNTERS: u8 = 4;
    pub const SESSIONS: u8 = 5;
    pub const DWELL: u8 = 6;
    pub const ORDERS: u8 = 7;
    pub const CATEGORIES: u8 = 8;
    pub const BRANDS: u8 = 9;
    pub const PRODUCTS: u8 = 10;
    pub const FIRST_TOUCH: u8 = 11;
    pub const TOUCHES: u8 = 12;
    pub const CHANNELS: u8 = 13;
    pub const DEVICES: u8 = 14;
    pub const CASES: u8 = 15;
    pub const RECENT: u8 = 16;
    pub const WINDOW: u8 = 17;
    pub const PROOFS: u8 = 18;
    pub const ONCE: u8 = 19;
    pub const REFUNDS: u8 = 20;
    pub const REFUSED: u8 = 24;
    pub const SEPARATED: u8 = 25;
    pub const ORIGINS: u8 = 26;
    pub const WAITING: u8 = 27;
    pub const MARKS: u8 = 28;
}

impl<'a> Blob<'a> {
    /// Reads a stored blob.
    pub fn decode(bytes: &'a [u8]) -> Result<Blob<'a>, Damaged> {
        if let Some(target) = Blob::forward_of(bytes)? {
            return Ok(Blob::Forward(target));
        }
        let mut profile = Profile::default();
        profile.decode(bytes)?;
        Ok(Blob::Profile(profile))
    }

    /// Where a blob forwards to, if it is a forwarding pointer; reads no further.
    #[inline]
    pub fn forward_of(bytes: &[u8]) -> Result<Option<Key>, Damaged> {
        let mut reader = Reader::new(bytes);
        match reader.byte()? {
            PROFILE => Ok(None),
            FORWARD => Ok(Some(Key(reader.array()?))),
            _ => Err(Damaged),
        }
    }

    /// The stored form of a forwarding pointer.
    pub fn forward(target: Key) -> Vec<u8> {
        let mut out = vec![FORWARD];
        out.extend_from_slice(&target.0);
        out
    }

    /// The identifiers of a stored profile; reads no further.
    pub fn identifiers(bytes: &[u8]) -> Result<Vec<Identifier>, Damaged> {
        let mut reader = Reader::new(bytes.get(1..).ok_or(Damaged)?);
        let mut identifiers = Vec::new();
        if let Some((tag::IDENTIFIERS, field)) = reader.field()? {
            decode_identifiers(&mut identifiers, field)?;
        }
        Ok(identifiers)
    }

    /// Whether a stored profile says of an identifier that it is the person's, or that it is not; quick.
    #[inline]
    pub fn settles(bytes: &[u8], identifier: Identifier) -> bool {
        let Some(mut reader) = bytes.get(1..).map(Reader::new) else { return false };
        let is = |entry: &[u8]| entry[0] == identifier.kind as u8 && entry[1..] == identifier.key.0;
        let Ok(Some((tag::IDENTIFIERS, own))) = reader.field() else { return false };
        if own.rest().as_chunks::<17>().0.iter().any(|entry| is(entry)) {
            return true;
        }
        let Ok(Some((tag::REFUSED, refused))) = reader.field() else { return false };
        refused.rest().as_chunks::<17>().0.iter().any(|entry| is(entry))
    }

    /// Whether a stored profile names an identifier in any way: as the person's, as refused, or as one to be kept apart
    /// from.
    pub fn mentions(bytes: &[u8], identifier: Identifier) -> bool {
        let separated = || Blob::separated(bytes).is_ok_and(|separated| separated.contains(&identifier));
        Blob::settles(bytes, identifier) || separated()
    }

    /// As [`Profile::refuses_analytics`], of a stored profile; passes over everything but the answers.
    pub fn refuses_analytics(bytes: &[u8]) -> Result<bool, Damaged> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != PROFILE {
            return Ok(false);
        }
        while let Some((tag, field)) = reader.field()? {
            if tag == tag::CHANNELS {
                let mut answers = Profile::default();
                // Whether they said no does not depend on the times, which are relative to another section.
                channels::decode(&mut answers.channels, field, 0)?;
                return Ok(answers.refuses_analytics());
            }
        }
        Ok(false)
    }

    /// The identifiers that the person of a stored profile is kept apart from; quick where there are none.
    pub fn separated(bytes: &[u8]) -> Result<Vec<Identifier>, Damaged> {
        let mut reader = Reader::new(bytes.get(1..).ok_or(Damaged)?);
        let mut separated = Vec::new();
        // They stand before anything that takes time to pass over.
        while let Some((tag @ (tag::IDENTIFIERS | tag::REFUSED | tag::SEPARATED), field)) = reader.field()? {
            if tag == tag::SEPARATED {
                decode_identifiers(&mut separated, field)?;
            }
        }
        Ok(separated)
    }
}

impl<'a> Profile<'a> {
    /// Appends the stored form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let base = self.last_seen;
        out.push(PROFILE);
        put_field(out, tag::IDENTIFIERS, |out| {
            self.identifiers.iter().for_each(|identifier| put_identifier(out, *identifier));
        });
        put_field(out, tag::REFUSED, |out| self.encode_refused(out));
        put_field(out, tag::SEPARATED, |out| {
            self.separated.iter().for_each(|identifier| put_identifier(out, *identifier));
        });
        put_field(out, tag::SEEN, |out| {
            event::wire::put_signed(out, self.last_seen);
            put_varint(out, (self.last_seen - self.first_seen) as u64);
            put_varint(out, self.events);
        });
        put_field(out, tag::ORIGINS, |out| self.encode_origins(out, base));
        put_field(out, tag::TRAITS, |out| traits::encode(&self.traits, out, base));
        put_field(out, tag::COUNTERS, |out| self.counters.iter().for_each(|c| c.encode(out, base)));
        put_field(out, tag::SESSIONS, |out| sessions::encode(&self.sessions, out, base));
        if self.dwell != Default::default() {
            put_field(out, tag::DWELL, |out| {
                [self.dwell.short, self.dwell.medium, self.dwell.long]
                    .iter()
                    .for_each(|n| put_varint(out, *n));
            });
        }
        put_field(out, tag::ORDERS, |out| self.orders.encode(out, base));
        for (tag, affinity) in [
            (tag::CATEGORIES, &self.categories),
            (tag::BRANDS, &self.brands),
            (tag::PRODUCTS, &self.products),
        ] {
            if !affinity.recent.is_empty() || !affinity.cells.is_empty() {
                put_field(out, tag, |out| affinity.encode(out, base));
            }
        }
        if let Some(first) = &self.first_touch {
            put_field(out, tag::FIRST_TOUCH, |out| touches::encode(std::slice::from_ref(first), out, base));
        }
        put_field(out, tag::TOUCHES, |out| touches::encode(&self.touches, out, base));
        put_field(out, tag::CHANNELS, |out| channels::encode(&self.channels, out, base));
        put_field(out, tag::DEVICES, |out| devices::encode(&self.devices, out, base));
        put_field(out, tag::CASES, |out| service::encode(&self.cases, out, base));
        put_field(out, tag::RECENT, |out| {
            let names = |name: &str| self.counters.iter().position(|counter| counter.name == name);
            recent::encode(&self.recent, names, out, base);
        });
        put_field(out, tag::WINDOW, |out| self.window.encode(out));
        put_field(out, tag::PROOFS, |out| consent::encode(&self.channels, out));
        put_field(out, tag::ONCE, |out| traits::encode(&self.once, out, base));
        put_field(out, tag::REFUNDS, |out| self.refunds.encode(out));
        put_field(out, tag::WAITING, |out| on_site::encode_waiting(&self.waiting, out, base));
        put_field(out, tag::MARKS, |out| on_site::encode_marks(&self.marks, out, base));
        for (tag, bytes) in &self.unknown {
            put_field(out, *tag, |out| out.extend_from_slice(bytes));
        }
    }

    /// Fills a cleared profile from its stored form.
    pub fn decode(&mut self, bytes: &'a [u8]) -> Result<(), Damaged> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != PROFILE {
            return Err(Damaged);
        }
        let mut base = 0;
        while let Some((tag, mut field)) = reader.field()? {
            match tag {
                tag::IDENTIFIERS => decode_identifiers(&mut self.identifiers, field)?,
                tag::REFUSED => self.decode_refused(field)?,
                tag::SEPARATED => decode_identifiers(&mut self.separated, field)?,
                tag::ORIGINS => self.decode_origins(field, base)?,
                tag::SEEN => {
                    base = field.signed()?;
                    self.last_seen = base;
                    self.first_seen = base.wrapping_sub(field.varint()? as i64);
                    self.events = field.varint()?;
                }
                tag::TRAITS => traits::decode(&mut self.traits, field, base)?,
                tag::COUNTERS => {
                    while !field.is_empty() {
                        self.counters.push(Counter::decode(&mut field, base)?);
                    }
                }
                tag::SESSIONS => sessions::decode(&mut self.sessions, field, base)?,
                tag::DWELL => {
                    self.dwell.short = field.varint()?;
                    self.dwell.medium = field.varint()?;
                    self.dwell.long = field.varint()?;
                }
                tag::ORDERS => self.orders.decode(field, base)?,
                tag::CATEGORIES => self.categories.decode(field, base)?,
                tag::BRANDS => self.brands.decode(field, base)?,
                tag::PRODUCTS => self.products.decode(field, base)?,
                tag::FIRST_TOUCH => {
                    let mut first = Vec::with_capacity(1);
                    touches::decode(&mut first, field, base)?;
                    self.first_touch = first.pop();
                }
                tag::TOUCHES => touches::decode(&mut self.touches, field, base)?,
                tag::CHANNELS => channels::decode(&mut self.channels, field, base)?,
                tag::DEVICES => devices::decode(&mut self.devices, field, base)?,
                tag::CASES => service::decode(&mut self.cases, field, base)?,
                tag::RECENT => {
                    let counters = &self.counters;
                    let names = |index: usize| counters.get(index).map(|counter| counter.name);
                    recent::decode(&mut self.recent, names, field, base)?;
                }
                tag::WINDOW => self.window.decode(field)?,
                tag::PROOFS => consent::decode(&mut self.channels, field)?,
                tag::ONCE => traits::decode(&mut self.once, field, base)?,
                tag::REFUNDS => self.refunds.decode(field)?,
                tag::WAITING => on_site::decode_waiting(&mut self.waiting, field, base)?,
                tag::MARKS => on_site::decode_marks(&mut self.marks, field, base)?,
                _ => self.unknown.push((tag, field.rest())),
            }
        }
        // A profile of an earlier release has none.
        self.origins.resize(self.identifiers.len(), None);
        Ok(())
    }
}

fn decode_identifiers(identifiers: &mut Vec<Identifier>, mut field: Reader<'_>) -> Result<(), Damaged> {
    while !field.is_empty() {
        identifiers.push(read_identifier(&mut field)?);
    }
    Ok(())
}
