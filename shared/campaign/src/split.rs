//! Random splits: each person falls into one arm, always the same.

use event::Key;
use xxhash_rust::xxh3::xxh3_64;

/// Arms by share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What the split is independent of others by.
    pub salt: String,
    pub arms: Vec<Arm>,
}

/// One arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arm {
    /// The arm's share added to those before it, in ten-thousandths.
    pub below: u16,
    /// The step that it begins with.
    pub to: usize,
}

impl Split {
    /// The step at which a journey goes on: the same for the same salt, person and key.
    pub fn arm(&self, person: Key, key: &str) -> usize {
        let mut keyed = Vec::with_capacity(self.salt.len() + key.len() + 24);
        for part in [self.salt.as_bytes(), &person.0, key.as_bytes()] {
            keyed.extend_from_slice(&(part.len() as u32).to_be_bytes());
            keyed.extend_from_slice(part);
        }
        let place = (xxh3_64(&keyed) % 10_000) as u16;
        let arm = self.arms.iter().find(|arm| place < arm.below).or(self.arms.last());
        arm.map_or(0, |arm| arm.to)
    }
}
