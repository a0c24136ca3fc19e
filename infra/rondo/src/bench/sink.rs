//! A channel that takes note of every message, for benchmarks.

use anyhow::{Context, Result, ensure};
use campaign::{Channel, Outgoing, Receipt, SendError};
use event::{Key, PortError};
use std::cell::OnceCell;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A note: the action's id and the person's.
const NOTE: usize = 32;

/// Appends a note of each message to a file as it takes it: what was taken is known, whenever the process is killed.
pub struct Sink {
    path: PathBuf,
    file: File,
    /// What was taken before this process, read when it is first asked for.
    taken: OnceCell<HashSet<Key>>,
}

impl Sink {
    pub fn open(path: PathBuf) -> Result<Sink> {
        let file = File::options().create(true).append(true).open(&path);
        let file = file.with_context(|| format!("opening {}", path.display()))?;
        Ok(Sink { path, file, taken: OnceCell::new() })
    }

    /// Makes what was taken durable.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().with_context(|| format!("syncing {}", self.path.display()))
    }

    /// Calls `visit` with the action and the person of every message that was ever taken.
    pub fn each(path: &Path, mut visit: impl FnMut(Key, Key)) -> Result<()> {
        let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let (notes, rest) = bytes.as_chunks::<NOTE>();
        ensure!(rest.is_empty(), "{} ends within a note", path.display());
        for note in notes {
            let (action, person) = note.split_at(16);
            visit(Key(action.try_into()?), Key(person.try_into()?));
        }
        Ok(())
    }
}

impl Channel for Sink {
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError> {
        let mut note = [0; NOTE];
        note[..16].copy_from_slice(&message.action.id.0);
        note[16..].copy_from_slice(&message.action.person.0);
        let unknown = |error: std::io::Error| SendError::Unknown { reason: error.to_string() };
        // What a channel does with a message: it is put into its form and handed over.
        let mail = message.to_eml();
        mail.map_err(|error| SendError::NotDelivered { reason: error.to_string(), retry: false })?;
        (&self.file).write_all(&note).map_err(unknown)?;
        Ok(Receipt { id: message.message_id() })
    }

    async fn was_sent(&self, action: Key) -> Result<Option<bool>, PortError> {
        let read = || -> Result<HashSet<Key>> {
            let mut taken = HashSet::new();
            Sink::each(&self.path, |action, _| {
                taken.insert(action);
            })?;
            Ok(taken)
        };
        if self.taken.get().is_none() {
            let taken = read()
                .map_err(|error| PortError::Failed { what: "the sink", reason: format!("{error:#}") })?;
            let _ = self.taken.set(taken);
        }
        Ok(self.taken.get().map(|taken| taken.contains(&action)))
    }
}
