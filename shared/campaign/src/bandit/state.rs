//! What a bandit has learned: counts, which add up in any order.

use event::wire::{Damaged, Reader, put_field, put_signed, put_varint};
use std::collections::BTreeMap;

/// What was learned of one creative: how often each level of a slot, and each together with a circumstance, was shown
/// and rewarded, and how often any two of them were shown together. Whole numbers alone, some kilobytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bandit {
    /// By feature: the times that it was shown, and those that were rewarded.
    pub(super) seen: BTreeMap<String, Seen>,
    /// By two features, the first before the second: the times that both were shown.
    pub(super) together: BTreeMap<(String, String), u64>,
    pub(super) all: Seen,
    /// Up to when what was shown has been learned, UTC ms.
    pub(super) learned_until: Option<i64>,
}

/// Times shown, and times rewarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seen {
    pub shown: u64,
    pub rewarded: u64,
}

/// The feature of a level, for everybody or for those in a circumstance.
pub(super) fn feature(slot: &str, level: &str, circumstance: Option<&str>) -> String {
    match circumstance {
        None => format!("{slot}={level}"),
        Some(circumstance) => format!("{slot}={level}&{circumstance}"),
    }
}

impl Bandit {
    /// The most features that are kept; what would be beyond is not learned.
    pub const MAX_FEATURES: usize = 512;

    /// Messages that were learned from, and those of them that were rewarded.
    pub fn learned(&self) -> (u64, u64) {
        (self.all.shown, self.all.rewarded)
    }

    /// Up to when what was shown has been learned, UTC ms.
    pub fn learned_until(&self) -> Option<i64> {
        self.learned_until
    }

    /// How often a level was shown, and rewarded.
    pub fn of(&self, slot: &str, level: &str) -> (u64, u64) {
        let seen = self.seen.get(&feature(slot, level, None)).copied().unwrap_or_default();
        (seen.shown, seen.rewarded)
    }

    /// Adds one message that was shown with these features.
    pub(super) fn count(&mut self, mut features: Vec<String>, rewarded: bool) {
        features.sort_unstable();
        features.dedup();
        let new = features.iter().filter(|feature| !self.seen.contains_key(*feature)).count();
        if self.seen.len() + new > Self::MAX_FEATURES {
            return;
        }
        self.all.add(rewarded);
        for (at, feature) in features.iter().enumerate() {
            self.seen.entry(feature.clone()).or_default().add(rewarded);
            for other in &features[at + 1..] {
                *self.together.entry((feature.clone(), other.clone())).or_default() += 1;
            }
        }
    }

    /// The state in wire form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_field(&mut out, 1, |out| {
            put_varint(out, self.all.shown);
            put_varint(out, self.all.rewarded);
        });
        if let Some(until) = self.learned_until {
            put_field(&mut out, 2, |out| put_signed(out, until));
        }
        for (name, seen) in &self.seen {
            put_field(&mut out, 3, |out| {
                put_varint(out, seen.shown);
                put_varint(out, seen.rewarded);
                out.extend_from_slice(name.as_bytes());
            });
        }
        let place: BTreeMap<&str, u64> = self.seen.keys().map(String::as_str).zip(0..).collect();
        put_field(&mut out, 4, |out| {
            for ((a, b), times) in &self.together {
                for number in [place[a.as_str()], place[b.as_str()], *times] {
                    put_varint(out, number);
                }
            }
        });
        out
    }

    /// Reads what [`Bandit::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Bandit, Damaged> {
        let mut bandit = Bandit::default();
        let mut names: Vec<String> = Vec::new();
        let mut reader = Reader::new(bytes);
        while let Some((tag, mut field)) = reader.field()? {
            match tag {
                1 => bandit.all = Seen { shown: field.varint()?, rewarded: field.varint()? },
                2 => bandit.learned_until = Some(field.signed()?),
                3 => {
                    let seen = Seen { shown: field.varint()?, rewarded: field.varint()? };
                    let name = field.rest_text()?.to_owned();
                    names.push(name.clone());
                    bandit.seen.insert(name, seen);
                }
                4 => {
                    while !field.is_empty() {
                        let mut name = || {
                            let place = usize::try_from(field.varint()?).map_err(|_| Damaged)?;
                            names.get(place).cloned().ok_or(Damaged)
                        };
                        let pair = (name()?, name()?);
                        bandit.together.insert(pair, field.varint()?);
                    }
                }
                _ => {}
            }
        }
        Ok(bandit)
    }
}

impl Seen {
    fn add(&mut self, rewarded: bool) {
        self.shown += 1;
        self.rewarded += u64::from(rewarded);
    }
}
