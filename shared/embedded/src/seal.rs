//! Keys of an installation, and sealing under them.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use event::PortError;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Length of a nonce, which stands before each sealed value.
const NONCE: usize = 24;

/// The two secrets of an installation. Whoever has the data folder without them can read no identifier and
/// no personal data; whoever loses them loses both.
pub struct Keys {
    /// Under which identifiers are hashed.
    pub hash: [u8; 32],
    /// Under which the vault and the quarantine are sealed.
    pub vault: [u8; 32],
}

impl Keys {
    /// Reads the keys of a data folder, and makes them where it has none yet; one process at a time.
    ///
    /// # Errors
    /// A key file that can't be read or written, or has not 32 bytes; the message names it.
    pub fn open(folder: &Path) -> Result<Keys, PortError> {
        Ok(Keys { hash: key(&folder.join("hash.key"))?, vault: key(&folder.join("vault.key"))? })
    }
}

fn key(path: &Path) -> Result<[u8; 32], PortError> {
    let failed = |reason: String| PortError::Failed {
        what: "the key file",
        reason: format!("{}: {reason}", path.display()),
    };
    match fs::read(path) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            failed(
                "it should hold 32 bytes; restore it from a backup, since without it the data can't be read"
                    .into(),
            )
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut key = [0; 32];
            getrandom::fill(&mut key).map_err(|error| failed(error.to_string()))?;
            write_private(path, &key).map_err(|error| failed(error.to_string()))?;
            Ok(key)
        }
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Writes the file beside its place and renames it into it, so that a crash leaves a whole key or none.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let unfinished = path.with_extension("unfinished");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    fs::File::open(folder)?.sync_all()
}

/// Seals values with XChaCha20-Poly1305 under a random nonce each.
#[derive(Clone)]
pub struct Sealer {
    cipher: XChaCha20Poly1305,
}

impl Sealer {
    pub fn new(key: &[u8; 32]) -> Sealer {
        Sealer { cipher: XChaCha20Poly1305::new(key.into()) }
    }

    /// The nonce and the sealed value.
    pub fn seal(&self, value: &[u8]) -> Result<Vec<u8>, PortError> {
        let failed = |reason: &str| PortError::Failed { what: "sealing", reason: reason.to_owned() };
        let mut sealed = vec![0; NONCE];
        getrandom::fill(&mut sealed).map_err(|_| failed("the system gives no random numbers"))?;
        let nonce = XNonce::try_from(&sealed[..]).map_err(|_| failed("the nonce has a wrong length"))?;
        let body = self.cipher.encrypt(&nonce, value).map_err(|_| failed("the value is too long"))?;
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// The value of what [`Sealer::seal`] made under the same key.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let failed = || PortError::Failed {
            what: "a sealed value",
            reason: "it was sealed under another key, or is damaged; restore the data folder's keys".into(),
        };
        let (nonce, body) = sealed.split_at_checked(NONCE).ok_or_else(failed)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| failed())?;
        self.cipher.decrypt(&nonce, body).map_err(|_| failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_values_open_under_their_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(folder.path()).unwrap();
        assert_eq!(Keys::open(folder.path()).unwrap().vault, keys.vault);
        let sealed = Sealer::new(&keys.vault).seal(b"ann@example.com").unwrap();
        assert!(!sealed.windows(3).any(|w| w == b"ann"));
        assert_eq!(Sealer::new(&keys.vault).open(&sealed).unwrap(), b"ann@example.com");
        assert!(Sealer::new(&keys.hash).open(&sealed).is_err());
        assert!(Sealer::new(&keys.vault).open(&sealed[..30]).is_err());
    }
}
