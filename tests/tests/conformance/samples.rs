//! Keys, people, events.

use event::{Event, Identifier, IdentifierKind, Identifiers, Key};

pub fn key(n: u8) -> Key {
    Key([n; 16])
}

pub fn identifier(kind: IdentifierKind, n: u8) -> Identifier {
    Identifier { kind, key: key(n) }
}

/// An event of the user `n`.
pub fn event(id: &str, n: u8) -> Event<'static> {
    let mut identifiers = Identifiers::default();
    identifiers.insert(identifier(IdentifierKind::User, n));
    Event::reported(id.to_owned(), "Seen", identifiers, 1_700_000_000_000, r#"{"n":1}"#.to_owned(), "test")
}

/// A profile after these events, as it is stored.
pub fn blob(events: &[Event<'_>]) -> Vec<u8> {
    let mut profile = person::Profile::default();
    for event in events {
        profile.apply(event);
    }
    let mut blob = Vec::new();
    profile.encode(&mut blob);
    blob
}
