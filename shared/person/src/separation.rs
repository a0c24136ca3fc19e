//! People who are not to be joined.

use event::Identifier;

/// Two identifiers whose people are two: undoing a merge says so, and from then on nothing joins them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Separation {
    pub one: Identifier,
    pub other: Identifier,
}

impl Separation {
    /// The identifier that `identifier` is kept apart from, if it is one of the two.
    pub fn from(&self, identifier: Identifier) -> Option<Identifier> {
        match identifier {
            identifier if identifier == self.one => Some(self.other),
            identifier if identifier == self.other => Some(self.one),
            _ => None,
        }
    }
}

/// What these identifiers are kept apart from.
pub fn kept_apart<'s>(
    separations: &'s [Separation],
    identifiers: &'s [Identifier],
) -> impl Iterator<Item = Identifier> + 's {
    separations.iter().flat_map(|separation| identifiers.iter().filter_map(|id| separation.from(*id)))
}
