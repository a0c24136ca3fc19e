//! Where a sealed value belongs.

use event::Identifier;

/// The one place in which a sealed value opens: what is sealed for one place can't be passed off as another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'p> {
    /// A field under an identifier.
    Vault(Identifier, &'p str),
    /// A refused record, by the id that its store keeps it under.
    Quarantine(&'p str),
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
        }
    }
}
