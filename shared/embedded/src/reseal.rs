//! Sealing everything anew after a change of keys.

use crate::sealed::{QUARANTINE, VAULT, quarantine_name, vault_place};
use crate::store::Store;
use event::PortError;
use redb::ReadableTable;
use std::ops::Bound;
use vault::{Keyring, Place, Sealer};

/// Rows that become durable together.
const PAGE: usize = 2_048;

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Values of the vault and refused records that were sealed under another key, or as an earlier release did.
    pub changed: u64,
    /// Those that are sealed as they should be by now, the changed ones among them.
    pub current: u64,
    /// Those that none of the keys opens; they stay as they are.
    pub unreadable: u64,
}

impl Store {
    /// Seals under other keys from now on, as do all that share its sealer.
    pub fn change_keys(&self, keys: &Keyring) {
        self.sealer.replace(keys);
    }

    /// Seals whatever is in the vault and in the quarantine under the key that seals now. Page by page, each durable:
    /// what a kill interrupts goes on when it is called again.
    ///
    /// # Errors
    /// The store can't be read or written; what was done by then stays.
    pub fn reseal(&self) -> Result<Resealed, PortError> {
        let mut done = Resealed::default();
        let mut last = Some(Vec::new());
        while let Some(after) = last {
            last = self.reseal_vault(&after, &mut done)?;
            self.commit()?;
        }
        let mut first = Some(0);
        while let Some(from) = first {
            first = self.reseal_quarantine(from, &mut done)?;
            self.commit()?;
        }
        Ok(done)
    }

    /// A page of the vault behind a key; returns its last key where more may follow.
    fn reseal_vault(&self, after: &[u8], done: &mut Resealed) -> Result<Option<Vec<u8>>, PortError> {
        self.within(|transaction| {
            let mut table = transaction.open_table(VAULT)?;
            let rows = table.range::<&[u8]>((Bound::Excluded(after), Bound::Unbounded))?.take(PAGE);
            let rows =
                rows.map(|row| row.map(|(key, sealed)| (key.value().to_vec(), sealed.value().to_vec())));
            let rows: Vec<(Vec<u8>, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
            for (key, sealed) in &rows {
                let place = vault_place(key).map(|(identifier, field)| Place::Vault(identifier, field));
                if let Some(new) = resealed(&self.sealer, place, sealed, done) {
                    table.insert(key.as_slice(), new.as_slice())?;
                }
            }
            Ok(rows.last().filter(|_| rows.len() == PAGE).map(|(key, _)| key.clone()))
        })
    }

    /// A page of the quarantine; returns where the next one begins, if there may be one.
    fn reseal_quarantine(&self, from: u64, done: &mut Resealed) -> Result<Option<u64>, PortError> {
        self.within(|transaction| {
            let mut table = transaction.open_table(QUARANTINE)?;
            let rows = table.range(from..)?.take(PAGE);
            let rows = rows.map(|row| row.map(|(id, sealed)| (id.value(), sealed.value().to_vec())));
            let rows: Vec<(u64, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
            for (id, sealed) in &rows {
                let name = quarantine_name(*id);
                if let Some(new) = resealed(&self.sealer, Some(Place::Quarantine(&name)), sealed, done) {
                    table.insert(id, new.as_slice())?;
                }
            }
            Ok(rows.last().filter(|_| rows.len() == PAGE).and_then(|(last, _)| last.checked_add(1)))
        })
    }
}

/// The row sealed anew, where it has to be and can be.
fn resealed(
    sealer: &Sealer,
    place: Option<Place<'_>>,
    sealed: &[u8],
    done: &mut Resealed,
) -> Option<Vec<u8>> {
    if sealer.is_current(sealed) {
        done.current += 1;
        return None;
    }
    let new = place.and_then(|place| sealer.seal(place, &sealer.open(place, sealed).ok()?).ok());
    match &new {
        Some(_) => (done.changed, done.current) = (done.changed + 1, done.current + 1),
        None => done.unreadable += 1,
    }
    new
}
