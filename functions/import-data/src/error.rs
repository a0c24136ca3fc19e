//! What stops a whole import.

use crate::Position;
use event::PortError;
use std::io;

/// Why a file or object could not be imported, where, and what to do. A bad record is none of these: it goes
/// to quarantine.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{name}: there is no such file; check the name, and that it was not moved or deleted")]
    Missing { name: String },
    #[error("{name}: can't be read: {reason}")]
    Unreadable { name: String, reason: String },
    #[error(
        "{name}: ends before byte {}, up to which it was imported; it is another file than before, so import it \
         under another name",
        at.bytes
    )]
    Shorter { name: String, at: Position },
    #[error(
        "{name}: not a file of JSON records by its name (.ndjson, .jsonl, .json, each also with .gz or .zst), so it needs \
         a mapping that says what its columns are; `rondo map` proposes one"
    )]
    NeedsMapping { name: String },
    #[error("{name}: {reason}")]
    WrongFormat { name: String, reason: String },
    #[error(transparent)]
    Port(#[from] PortError),
}

impl ImportError {
    /// The error of reading `name`.
    pub fn reading(name: &str, error: &io::Error) -> ImportError {
        let name = name.to_owned();
        let reason = match error.kind() {
            io::ErrorKind::NotFound => return ImportError::Missing { name },
            io::ErrorKind::PermissionDenied => "permission denied; allow this program to read it".to_owned(),
            io::ErrorKind::UnexpectedEof => {
                "its compressed data is cut short; all whole lines before the cut were imported. Fetch it again".into()
            }
            _ => error.to_string(),
        };
        ImportError::Unreadable { name, reason }
    }
}
