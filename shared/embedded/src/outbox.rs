//! E-mail that is written into a folder instead of sent.

use campaign::{Channel, Outgoing, Receipt, SendError};
use event::SECOND;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::url::URL;
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
        let bytes = eml(message)
            .map_err(|error| SendError::NotDelivered { reason: error.to_string(), retry: false })?;
        let path = self.folder.join(format!("{}.eml", message.action.id));
        let failed = |error: io::Error| format!("{}: {error}", self.folder.display());
        self.write(&path, &bytes)
            .map_err(|error| SendError::NotDelivered { reason: failed(error), retry: true })?;
        // From here on it is in the folder, where it may have been picked up.
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| SendError::Unknown { reason: failed(error) })?;
        Ok(Receipt { id: message_id(message) })
    }
}

fn eml(message: &Outgoing) -> io::Result<Vec<u8>> {
    let sender = message.sender;
    let mut builder = MessageBuilder::new()
        .to(message.to)
        .subject(message.subject)
        .date(Date::new(message.at.div_euclid(SECOND)))
        .message_id(message_id(message))
        .text_body(message.text);
    builder = match sender.name.as_str() {
        "" => builder.from(sender.address.as_str()),
        name => builder.from((name, sender.address.as_str())),
    };
    if !message.html.is_empty() {
        builder = builder.html_body(message.html);
    }
    if let Some(url) = message.unsubscribe_url {
        // One click, without a page in between (RFC 8058); large mailboxes ask it of marketing.
        builder = builder
            .header("List-Unsubscribe", HeaderType::URL(URL::new(url)))
            .header("List-Unsubscribe-Post", HeaderType::Raw(Raw::new("List-Unsubscribe=One-Click")));
    }
    builder.write_to_vec()
}

/// The same for the same action, so that mailboxes too can tell a repeat.
fn message_id(message: &Outgoing) -> String {
    let domain = message.sender.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    format!("{}@{domain}", message.action.id)
}
