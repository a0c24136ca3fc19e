//! Changing the key of the vault and the quarantine.

use crate::installation::Installation;
use anyhow::{Context, Result};
use embedded::{Keys, Resealed};
use std::path::PathBuf;

/// How far a change of keys came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// Whether one that was interrupted was gone on with, instead of making another key.
    pub resumed: bool,
    pub resealed: Resealed,
}

impl Installation {
    /// Puts a new key before the others, and seals everything under it. A change that a kill interrupted is gone on
    /// with. The old key stays until [`Installation::retire_keys`]. `now` is UTC ms.
    ///
    /// # Errors
    /// A disk that can't be written, mostly. Everything opens as before: call it again.
    pub fn rotate_keys(&mut self, now: i64) -> Result<Rotated> {
        let folder = self.keys_folder();
        let ring = Keys::open(&folder)?.vault;
        let resumed = ring.old_keys() > 0;
        let ring = if resumed { ring } else { ring.with_new_key()? };
        // In the file before anything is sealed under it.
        Keys::write_vault(&folder, &ring)?;
        self.pump.store.change_keys(&ring);
        Ok(Rotated { resumed, resealed: self.reseal(now)? })
    }

    /// Throws the old keys away, once nothing is sealed under them any more. Whoever seals under them while this is
    /// called loses what they sealed. `now` is UTC ms.
    ///
    /// # Errors
    /// As [`Installation::rotate_keys`]; the old keys stay then.
    pub fn retire_keys(&mut self, now: i64) -> Result<()> {
        self.reseal(now)?;
        let folder = self.keys_folder();
        let ring = Keys::open(&folder)?.vault.without_old_keys();
        Keys::write_vault(&folder, &ring)?;
        self.pump.store.change_keys(&ring);
        Ok(())
    }

    /// How many keys there are beside the one that seals.
    pub fn old_keys(&self) -> Result<usize> {
        Ok(Keys::open(&self.keys_folder())?.vault.old_keys())
    }

    /// What stands in the log is sealed as it was; it goes to its tables first, and is never read again from there.
    fn reseal(&mut self, now: i64) -> Result<Resealed> {
        self.pump.catch_up(now)?;
        self.pump.commit()?;
        let resealed =
            self.pump.store.reseal().context("sealing anew; run `rondo key rotate` again to go on")?;
        self.pump.commit()?;
        Ok(resealed)
    }

    fn keys_folder(&self) -> PathBuf {
        self.folder.join("keys")
    }
}
