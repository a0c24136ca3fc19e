//! The identity log: which people were joined, and which of that was undone.

use crate::identity::Owner;
use crate::links::{put_identifier, read_identifier};
use crate::separation::Separation;
use event::wire::{Damaged, Reader, put_bytes, put_signed};
use event::{Identifier, Key, MessageHash, PortError};

/// One decision about who is one person. Entries are only ever added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEntry {
    /// Two turned out to be one.
    Merged {
        /// Who went.
        gone: Owner,
        /// Whom they went into.
        into: Owner,
        /// The identifier of theirs that the event carried beside one of the other's.
        by: Identifier,
        /// When that event happened, UTC ms.
        at: i64,
        message: MessageHash,
        /// The name of the source that the event came by.
        source: String,
    },
    /// A merge was undone: the two are kept apart from then on.
    Unmerged {
        gone: Owner,
        into: Owner,
        /// When that was done, UTC ms.
        at: i64,
    },
}

const MERGED: u8 = 1;
const UNMERGED: u8 = 2;

/// The identity log, by the person who was written as an entry was added.
#[allow(async_fn_in_trait)]
pub trait IdentityLog {
    /// The entries of each of these people, oldest first.
    async fn log(&self, people: &[Key]) -> Result<Vec<Vec<LogEntry>>, PortError>;
}

impl LogEntry {
    /// Who was merged, and into whom.
    pub fn pair(&self) -> (Owner, Owner) {
        match self {
            LogEntry::Merged { gone, into, .. } | LogEntry::Unmerged { gone, into, .. } => (*gone, *into),
        }
    }

    /// Whom the entry keeps apart, if it undid a merge.
    pub fn separation(&self) -> Option<Separation> {
        match self {
            LogEntry::Merged { .. } => None,
            LogEntry::Unmerged { gone, into, .. } => {
                Some(Separation { one: Identifier::from(*gone), other: Identifier::from(*into) })
            }
        }
    }

    /// Appends the stored form: as many as there are, one after another.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut entry = Vec::with_capacity(80);
        let (gone, into) = self.pair();
        let mut head = |kind| {
            entry.push(kind);
            put_identifier(&mut entry, gone.into());
            put_identifier(&mut entry, into.into());
        };
        match self {
            LogEntry::Merged { by, at, message, source, .. } => {
                head(MERGED);
                put_identifier(&mut entry, *by);
                put_signed(&mut entry, *at);
                entry.extend_from_slice(&message.0.to_le_bytes());
                put_bytes(&mut entry, source.as_bytes());
            }
            LogEntry::Unmerged { at, .. } => {
                head(UNMERGED);
                put_signed(&mut entry, *at);
            }
        }
        put_bytes(out, &entry);
    }

    /// Reads what [`LogEntry::encode`] appended; entries of a later release are passed over.
    pub fn decode_all(bytes: &[u8]) -> Result<Vec<LogEntry>, Damaged> {
        let mut reader = Reader::new(bytes);
        let mut entries = Vec::new();
        while !reader.is_empty() {
            let mut entry = Reader::new(reader.bytes()?);
            let kind = entry.byte()?;
            if !matches!(kind, MERGED | UNMERGED) {
                continue;
            }
            let gone = Owner::from(read_identifier(&mut entry)?);
            let into = Owner::from(read_identifier(&mut entry)?);
            entries.push(match kind {
                MERGED => LogEntry::Merged {
                    gone,
                    into,
                    by: read_identifier(&mut entry)?,
                    at: entry.signed()?,
                    message: MessageHash(u64::from_le_bytes(entry.array()?)),
                    source: entry.text()?.to_owned(),
                },
                _ => LogEntry::Unmerged { gone, into, at: entry.signed()? },
            });
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::IdentifierKind::{Anonymous, Email, User};

    #[test]
    fn entries_are_stored_and_read() {
        let owner = |kind, n| Owner { kind, person: Key([n; 16]) };
        let (gone, into) = (owner(Anonymous, 1), owner(User, 2));
        let by = Identifier { kind: Email, key: Key([3; 16]) };
        let entries = [
            LogEntry::Merged { gone, into, by, at: -7, message: MessageHash(9), source: "web".into() },
            LogEntry::Unmerged { gone, into, at: 1_795_341_960_000 },
        ];
        let mut bytes = Vec::new();
        entries[0].encode(&mut bytes);
        put_bytes(&mut bytes, &[99, 1, 2, 3]);
        entries[1].encode(&mut bytes);
        assert_eq!(LogEntry::decode_all(&bytes), Ok(entries.to_vec()));
        assert_eq!(LogEntry::decode_all(&bytes[..bytes.len() - 1]), Err(Damaged));
        assert_eq!(entries[0].separation(), None);
        let apart = Separation { one: gone.into(), other: into.into() };
        assert_eq!(entries[1].separation(), Some(apart));
    }
}
