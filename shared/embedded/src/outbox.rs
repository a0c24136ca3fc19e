//! Messages that are written into a folder instead of sent.

use campaign::{Channel, ChannelKind, Outgoing, Receipt, SendError, SentCopies, SentCopy};
use event::{Key, PortError};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What files end in: e-mail, text messages, messages to apps.
const EML: &str = "eml";
const SMS: &str = "sms";
const PUSH: &str = "push";

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
        let (bytes, ending) = match message.kind {
            ChannelKind::Sms => (as_text(message), SMS),
            ChannelKind::OnSite => {
                let reason = "a message on site is no file".to_owned();
                return Err(SendError::NotDelivered { reason, retry: false });
            }
            ChannelKind::Push => (as_text(message), PUSH),
            ChannelKind::Email | ChannelKind::Webhook => {
                let eml = message.to_eml();
                (
                    eml.map_err(|error| SendError::NotDelivered { reason: error.to_string(), retry: false })?,
                    EML,
                )
            }
        };
        let path = self.folder.join(format!("{}.{ending}", message.action.id));
        let failed = |error: io::Error| format!("{}: {error}", self.folder.display());
        self.write(&path, &bytes)
            .map_err(|error| SendError::NotDelivered { reason: failed(error), retry: true })?;
        // From here on it is in the folder, where it may have been picked up.
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| SendError::Unknown { reason: failed(error) })?;
        Ok(Receipt { id: message.message_id() })
    }

    /// What was renamed into its place was sent, and nothing else was: it has its action's name, unless somebody has
    /// taken it out of the folder already.
    async fn was_sent(&self, action: Key) -> Result<Option<bool>, PortError> {
        let path = self.folder.join(format!("{action}.eml"));
        match path.try_exists() {
            Ok(true) => Ok(Some(true)),
            Ok(false) => Ok(None),
            Err(error) => Err(failed(&self.folder, &error)),
        }
    }
}

/// Mails stay in the folder until somebody takes them away: a person's are theirs to see, and go with them.
impl SentCopies for Outbox {
    async fn copies(&self, actions: &[Key], addresses: &[String]) -> Result<Vec<SentCopy>, PortError> {
        let entries = fs::read_dir(&self.folder).map_err(|error| failed(&self.folder, &error))?;
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension().is_some_and(|ending| [EML, SMS, PUSH].iter().any(|known| ending == *known))
            })
            .collect();
        paths.sort();
        let mut copies = Vec::new();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = fs::read(&path).map_err(|error| failed(&path, &error))?;
            let action = name.split('.').next().and_then(Key::parse);
            if action.is_some_and(|action| actions.contains(&action)) || is_to(&bytes, addresses) {
                copies.push(SentCopy { name, bytes });
            }
        }
        Ok(copies)
    }

    async fn remove_copies(&self, names: &[String]) -> Result<(), PortError> {
        for name in names {
            let path = self.folder.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&path, &error)),
                _ => {}
            }
        }
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| failed(&self.folder, &error))
    }
}

/// A text message, or a message to an app: who it goes to and when, as the head of a mail has them, title and text.
fn as_text(message: &Outgoing<'_>) -> Vec<u8> {
    let title =
        if message.subject.is_empty() { String::new() } else { format!("Subject: {}\r\n", message.subject) };
    let (to, date, text) = (message.to, event::iso_time(message.at), message.text.trim_end());
    format!("To: {to}\r\nDate: {date}\r\n{title}\r\n{text}\n").into_bytes()
}

/// Whether the `To:` of a mail names one of these addresses.
fn is_to(mail: &[u8], addresses: &[String]) -> bool {
    let head = mail.windows(4).position(|four| four == b"\r\n\r\n").map_or(mail, |end| &mail[..end]);
    let head = String::from_utf8_lossy(head).replace("\r\n ", " ").replace("\r\n\t", " ");
    let to = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.eq_ignore_ascii_case("to"));
    let edge = |c: char| c.is_whitespace() || "<>,;\"".contains(c);
    to.flat_map(|(_, value)| value.split(edge))
        .any(|word| addresses.iter().any(|address| address.eq_ignore_ascii_case(word)))
}

fn failed(path: &Path, error: &io::Error) -> PortError {
    PortError::Failed { what: "the outbox", reason: format!("{}: {error}", path.display()) }
}
