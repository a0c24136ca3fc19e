//! E-mail that is written into a folder instead of sent.

use campaign::{Channel, Outgoing, Receipt, SendError};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes each e-mail as one `.eml` file (RFC 5322), for a mail server's pickup folder or for a look. The
/// file is named by the action's id, so that the same message overwrites itself. It is written beside its
/// place, made durable, and then renamed into it: who watches the folder sees whole messages only.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    /// `folder` is made if it is not there.
    pub fn new(folder: impl Into<PathBuf>) -> io::Result<Outbox> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        Ok(Outbox { folder })
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let unfinished = path.with_extension("unfinished");
        let written = File::create(&unfinished)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&unfinished, path));
        if written.is_err() {
            // Frees the space where the disk is full; the next attempt would overwrite it anyway.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }
}

impl Channel for Outbox {
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError> {
        let bytes = message
            .to_eml()
            .map_err(|error| SendError::NotDelivered { reason: error.to_string(), retry: false })?;
        let path = self.folder.join(format!("{}.eml", message.action.id));
        let failed = |error: io::Error| format!("{}: {error}", self.folder.display());
        self.write(&path, &bytes)
            .map_err(|error| SendError::NotDelivered { reason: failed(error), retry: true })?;
        // From here on it is in the folder, where it may have been picked up.
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| SendError::Unknown { reason: failed(error) })?;
        Ok(Receipt { id: message.message_id() })
    }
}
