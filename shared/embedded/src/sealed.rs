//! The vault and the quarantine: tables of sealed values.

use crate::frame::Frame;
use crate::intake::decode_quarantined;
use crate::overlay::identity_key;
use crate::store::{Bytes, Store, failed};
use event::{Identifier, PortError, Quarantined, Secret, Vault};
use redb::{ReadableTable, TableDefinition};

/// Identifier kind, key, and the field's name → sealed value.
const VAULT: TableDefinition<&[u8], Bytes> = TableDefinition::new("vault");
/// Id → sealed record.
const QUARANTINE: TableDefinition<u64, Bytes> = TableDefinition::new("quarantine");

impl Store {
    /// Takes the sealed values of a frame to their tables.
    pub fn take_sealed(&self, frame: &Frame) -> Result<(), PortError> {
        let secrets = frame.secrets().map_err(failed)?;
        let records = frame.quarantined().map_err(failed)?;
        if secrets.is_empty() && records.is_empty() {
            return Ok(());
        }
        self.within(|transaction| {
            let mut vault = transaction.open_table(VAULT)?;
            for secret in secrets {
                vault.insert(vault_key(secret.identifier, secret.field).as_slice(), secret.sealed)?;
            }
            let mut quarantine = transaction.open_table(QUARANTINE)?;
            for (id, sealed) in records {
                quarantine.insert(id, sealed)?;
            }
            Ok(())
        })
    }

    /// What is in quarantine.
    ///
    /// # Errors
    /// A store that can't be read, or records sealed under another key.
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, PortError> {
        let sealed: Vec<Vec<u8>> = self.within(|transaction| {
            let table = transaction.open_table(QUARANTINE)?;
            let rows = table.iter()?;
            rows.map(|row| Ok(row?.1.value().to_vec())).collect()
        })?;
        let mut records = Vec::with_capacity(sealed.len());
        for sealed in sealed {
            records.extend(decode_quarantined(&self.sealer.open(&sealed)?));
        }
        records.sort_by(|a, b| (a.at, &a.source).cmp(&(b.at, &b.source)));
        Ok(records)
    }
}

impl Vault for Store {
    async fn put(&self, secrets: &[Secret]) -> Result<(), PortError> {
        for secret in secrets {
            let sealed = self.sealer.seal(secret.value.as_bytes())?;
            self.within(|transaction| {
                let key = vault_key(secret.identifier, &secret.field);
                transaction.open_table(VAULT)?.insert(key.as_slice(), sealed.as_slice())?;
                Ok(())
            })?;
        }
        Ok(())
    }

    async fn get(&self, identifier: Identifier, field: &str) -> Result<Option<String>, PortError> {
        let sealed = self.within(|transaction| {
            let table = transaction.open_table(VAULT)?;
            let row = table.get(vault_key(identifier, field).as_slice())?;
            Ok(row.map(|row| row.value().to_vec()))
        })?;
        let Some(sealed) = sealed else { return Ok(None) };
        let value = self.sealer.open(&sealed)?;
        String::from_utf8(value).map(Some).map_err(|_| failed("a value of the vault is not text"))
    }
}

fn vault_key(identifier: Identifier, field: &str) -> Vec<u8> {
    let mut key = identity_key(identifier).to_vec();
    key.extend_from_slice(field.as_bytes());
    key
}
