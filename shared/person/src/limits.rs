//! How many identifiers one person may have.

use event::{Identifier, IdentifierKind};

/// The most identifiers of each kind that one person may have: what keeps a shared address, a kiosk or a test account
/// from drawing strangers together. What would be one too many is not linked; see [`resolve`](crate::resolve).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits([u8; IdentifierKind::COUNT]);

impl Limits {
    /// The most that all limits may add up to: a profile lists all identifiers of its person.
    pub const MOST: usize = 128;

    /// The most of a kind.
    pub fn of(&self, kind: IdentifierKind) -> u8 {
        self.0[kind.index()]
    }

    /// Sets the most of a kind, at least one. A person has one user id, whatever is set.
    pub fn set(&mut self, kind: IdentifierKind, most: u8) {
        if kind != IdentifierKind::User {
            self.0[kind.index()] = most.max(1);
        }
    }

    /// What all kinds add up to.
    pub fn sum(&self) -> usize {
        self.0.iter().map(|most| usize::from(*most)).sum()
    }

    /// Whether `more` beside `before` are too many of some kind that `more` has.
    pub(crate) fn exceeded(&self, before: &[Identifier], more: &[Identifier]) -> bool {
        let (had, new) = (count(before), count(more));
        (0..IdentifierKind::COUNT)
            .any(|kind| new[kind] > 0 && had[kind] + new[kind] > u32::from(self.0[kind]))
    }
}

impl Default for Limits {
    /// One user id; 2 union ids, 8 open ids, 4 member cards, 5 e-mail addresses, 5 phone numbers, 10 other external
    /// ids, 20 devices, 50 browsers and 20 orders: browsers forget their ids, people rarely change their number.
    fn default() -> Limits {
        Limits([1, 2, 8, 4, 5, 5, 10, 20, 50, 20])
    }
}

fn count(identifiers: &[Identifier]) -> [u32; IdentifierKind::COUNT] {
    let mut counts = [0; IdentifierKind::COUNT];
    identifiers.iter().for_each(|identifier| counts[identifier.kind.index()] += 1);
    counts
}
