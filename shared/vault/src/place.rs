//! Where a sealed value belongs.

use event::{Identifier, Key};

/// The one place in which a sealed value opens: what is sealed for one place can't be passed off as another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'p> {
    /// A field under an identifier.
    Vault(Identifier, &'p str),
    /// A refused record, by the id that its store keeps it under.
    Quarantine(&'p str),
    /// A version of a person's profile that processes share, under an identifier.
    Shared(Identifier, Key, u64),
}

impl Place<'_> {
    /// The place as associated data: no two places give the same bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Place::Vault(identifier, field) => {
                let mut bytes = vec![b'v', identifier.kind as u8];
                bytes.extend_from_slice(&identifier.key.0);
                bytes.extend_from_slice(field.as_bytes());
                bytes
            }
            Place::Quarantine(id) => [b"q", id.as_bytes()].concat(),
            Place::Shared(identifier, person, version) => {
                let kind = [b's', identifier.kind as u8];
                [&kind[..], &identifier.key.0, &person.0, &version.to_be_bytes()].concat()
            }
        }
    }
}
