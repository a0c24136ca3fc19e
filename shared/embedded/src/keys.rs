//! The key files of an installation.

use event::PortError;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;
use vault::{Keyring, KeyringError};

const VAULT: &str = "vault.key";

/// The secrets of an installation. Whoever has the data folder without them can read no identifier and no personal
/// data; whoever loses them loses both.
pub struct Keys {
    /// Under which identifiers are hashed.
    pub hash: [u8; 32],
    /// Under which the vault and the quarantine are sealed.
    pub vault: Keyring,
}

impl Keys {
    /// Reads the keys of a data folder, and makes them where it has none yet; one process at a time.
    ///
    /// # Errors
    /// A key file that can't be read or written, or has not 32 bytes (that of the vault: 32 for each key); the message
    /// names it.
    pub fn open(folder: &Path) -> Result<Keys, PortError> {
        let path = folder.join("hash.key");
        let hash = match read(&path)? {
            Some(bytes) => bytes.try_into().map_err(|_| {
                failed(
                    &path,
                    "it should hold 32 bytes; restore it from a backup, since without it the data can't be read",
                )
            })?,
            None => {
                let mut key = [0; 32];
                getrandom::fill(&mut key).map_err(|error| failed(&path, error))?;
                write_private(&path, &key)?;
                key
            }
        };
        let path = folder.join(VAULT);
        let vault = match read(&path)? {
            Some(bytes) => Keyring::parse(&bytes).map_err(|error| {
                let reason = match error {
                    KeyringError::Length => "it should hold 32 bytes for each key",
                    KeyringError::Repeated => "it holds a key twice",
                };
                failed(
                    &path,
                    format!("{reason}; restore it from a backup, since without it the vault can't be read"),
                )
            })?,
            None => {
                let ring = Keyring::random()?;
                write_private(&path, &ring.to_bytes())?;
                ring
            }
        };
        Ok(Keys { hash, vault })
    }

    /// Puts other keys of the vault in the place of those in the folder; whole, whenever it is interrupted.
    ///
    /// # Errors
    /// The file could not be written: it is as it was.
    pub fn write_vault(folder: &Path, ring: &Keyring) -> Result<(), PortError> {
        write_private(&folder.join(VAULT), &ring.to_bytes())
    }
}

/// The file's bytes; nothing where it is not there.
fn read(path: &Path) -> Result<Option<Vec<u8>>, PortError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, error)),
    }
}

/// Writes the file beside its place and renames it into it, so that a crash leaves a whole key file or none.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), PortError> {
    let write = || {
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
    };
    write().map_err(|error: std::io::Error| failed(path, error))
}

fn failed(path: &Path, reason: impl std::fmt::Display) -> PortError {
    PortError::Failed { what: "the key file", reason: format!("{}: {reason}", path.display()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_one_key_alone_is_a_file_of_any_release() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(folder.path()).unwrap();
        let again = Keys::open(folder.path()).unwrap();
        assert!(again.vault == keys.vault && again.hash == keys.hash);
        fs::write(folder.path().join(VAULT), [4; 32]).unwrap();
        assert!(Keys::open(folder.path()).unwrap().vault == Keyring::from(&[4; 32]));
        let two = keys.vault.with_new_key().unwrap();
        Keys::write_vault(folder.path(), &two).unwrap();
        assert!(Keys::open(folder.path()).unwrap().vault == two);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join(VAULT)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(folder.path().join(VAULT), [4; 40]).unwrap();
        let error = Keys::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("vault.key: it should hold 32 bytes for each key"), "{error}");
    }
}
