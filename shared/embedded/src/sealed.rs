//! The vault and the quarantine: tables of sealed values.

use crate::frame::Frame;
use crate::intake::{seal_quarantined, seal_secret};
use crate::overlay::identity_key;
use crate::store::{Bytes, Store, failed};
use event::{
    Identifier, IdentifierKind, Key, PortError, QualityCount, Quarantine, QuarantineStore, Quarantined,
    Secret, Vault, VaultStore,
};
use redb::{ReadableTable, TableDefinition};
use vault::{Place, decode_record};

/// Identifier kind, key, and the field's name → sealed value.
pub(crate) const VAULT: TableDefinition<&[u8], Bytes> = TableDefinition::new("vault");
/// Id → sealed record.
pub(crate) const QUARANTINE: TableDefinition<u64, Bytes> = TableDefinition::new("quarantine");

/// How many refused records are looked at at once.
const PAGE: usize = 256;

impl Store {
    /// Takes the sealed values of a frame to their tables, and counts the records that were refused.
    pub fn take_sealed(&self, frame: &Frame) -> Result<(), PortError> {
        let secrets = frame.secrets().map_err(failed)?;
        let records = frame.quarantined().map_err(failed)?;
        let released = frame.released().map_err(failed)?;
        let counts = frame.counts().map_err(failed)?;
        self.add_quality(&counts)?;
        if secrets.is_empty() && records.is_empty() && released.is_empty() {
            return Ok(());
        }
        let mut new = Vec::new();
        self.within(|transaction| {
            let mut vault = transaction.open_table(VAULT)?;
            for secret in secrets {
                vault.insert(vault_key(secret.identifier, secret.field).as_slice(), secret.sealed)?;
            }
            let mut quarantine = transaction.open_table(QUARANTINE)?;
            for id in released.iter().filter_map(|id| quarantine_number(id)) {
                quarantine.remove(id)?;
            }
            for (id, sealed) in records {
                // The first one stays: it tells when the record came.
                if quarantine.get(id)?.is_none() {
                    quarantine.insert(id, sealed)?;
                    // One that is put in again with another reason was counted when it came.
                    if !released.iter().any(|released| quarantine_number(released) == Some(id)) {
                        new.push((id, sealed));
                    }
                }
            }
            Ok(())
        })?;
        // One that can't be opened is told where the quarantine is looked at.
        let refused =
            new.iter().filter_map(|(id, sealed)| self.open_quarantined(&quarantine_name(*id), sealed).ok());
        self.add_quality(&QualityCount::of_refused(&refused.collect::<Vec<_>>()))
    }

    /// What is in quarantine.
    ///
    /// # Errors
    /// A store that can't be read, or records sealed under another key.
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, PortError> {
        let mut records = Vec::new();
        self.each_quarantined(|_, record| records.push(record))?;
        records.sort_by(|a, b| (a.at, &a.source).cmp(&(b.at, &b.source)));
        Ok(records)
    }
}

impl Store {
    /// Puts records in the place of those that are kept of them.
    pub fn replace_quarantined(&self, records: &[Quarantined]) -> Result<(), PortError> {
        for record in records {
            let (id, sealed) = seal_quarantined(record, &self.sealer)?;
            self.within(|transaction| {
                transaction.open_table(QUARANTINE)?.insert(id, sealed.as_slice())?;
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Quarantine for Store {
    async fn put(&self, records: &[Quarantined]) -> Result<(), PortError> {
        for record in records {
            let (id, sealed) = seal_quarantined(record, &self.sealer)?;
            self.within(|transaction| {
                let mut table = transaction.open_table(QUARANTINE)?;
                // The first one stays: it tells when the record came.
                if table.get(id)?.is_none() {
                    table.insert(id, sealed.as_slice())?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl QuarantineStore for Store {
    async fn each(&self, visit: impl FnMut(&str, Quarantined)) -> Result<(), PortError> {
        self.each_quarantined(visit)
    }

    async fn find(&self, id: &str) -> Result<Option<Quarantined>, PortError> {
        let Some(number) = quarantine_number(id) else { return Ok(None) };
        let sealed = self.within(|transaction| {
            let table = transaction.open_table(QUARANTINE)?;
            Ok(table.get(number)?.map(|sealed| sealed.value().to_vec()))
        })?;
        sealed.map(|sealed| self.open_quarantined(id, &sealed)).transpose()
    }

    async fn remove(&self, ids: &[String]) -> Result<(), PortError> {
        self.within(|transaction| {
            let mut table = transaction.open_table(QUARANTINE)?;
            for id in ids.iter().filter_map(|id| quarantine_number(id)) {
                table.remove(id)?;
            }
            Ok(())
        })
    }
}

impl Store {
    fn each_quarantined(&self, mut visit: impl FnMut(&str, Quarantined)) -> Result<(), PortError> {
        let mut from = Some(0);
        while let Some(first) = from {
            let page: Vec<(u64, Vec<u8>)> = self.within(|transaction| {
                let table = transaction.open_table(QUARANTINE)?;
                let rows = table.range(first..)?.take(PAGE);
                rows.map(|row| row.map(|(id, sealed)| (id.value(), sealed.value().to_vec())))
                    .collect::<Result<_, _>>()
                    .map_err(redb::Error::from)
            })?;
            from = page.last().filter(|_| page.len() == PAGE).and_then(|(last, _)| last.checked_add(1));
            for (id, sealed) in page {
                let id = quarantine_name(id);
                let record = self.open_quarantined(&id, &sealed)?;
                visit(&id, record);
            }
        }
        Ok(())
    }

    fn open_quarantined(&self, id: &str, sealed: &[u8]) -> Result<Quarantined, PortError> {
        decode_record(&self.sealer.open(Place::Quarantine(id), sealed)?)
            .ok_or_else(|| failed(format!("the refused record {id} is damaged, or of a later release")))
    }
}

/// A record's id as it is shown: 16 hexadecimal digits.
pub(crate) fn quarantine_name(id: u64) -> String {
    format!("{id:016x}")
}

fn quarantine_number(id: &str) -> Option<u64> {
    u64::from_str_radix(id, 16).ok().filter(|number| quarantine_name(*number) == id)
}

impl Vault for Store {
    async fn put(&self, secrets: &[Secret]) -> Result<(), PortError> {
        for secret in secrets {
            let sealed = seal_secret(secret, &self.sealer)?;
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
        let value = self.sealer.open(Place::Vault(identifier, field), &sealed)?;
        String::from_utf8(value).map(Some).map_err(|_| failed("a value of the vault is not text"))
    }
}

impl VaultStore for Store {
    async fn fields(&self, identifier: Identifier) -> Result<Vec<Secret>, PortError> {
        let rows = self.within(|transaction| {
            let table = transaction.open_table(VAULT)?;
            let mut rows = Vec::new();
            let prefix = identity_key(identifier);
            for row in table.range(prefix.as_slice()..)? {
                let (key, sealed) = row?;
                let Some(field) = key.value().strip_prefix(&prefix) else { break };
                rows.push((field.to_vec(), sealed.value().to_vec()));
            }
            Ok(rows)
        })?;
        let text = |bytes| String::from_utf8(bytes).map_err(|_| failed("a value of the vault is not text"));
        let secret = |(field, sealed): (Vec<u8>, Vec<u8>)| {
            let field = text(field)?;
            let value = self.sealer.open(Place::Vault(identifier, &field), &sealed)?;
            Ok(Secret { identifier, value: text(value)?, field })
        };
        rows.into_iter().map(secret).collect()
    }

    async fn remove(&self, identifiers: &[Identifier]) -> Result<u64, PortError> {
        self.within(|transaction| {
            let mut table = transaction.open_table(VAULT)?;
            let mut removed = 0;
            for identifier in identifiers {
                let prefix = identity_key(*identifier);
                let mut keys = Vec::new();
                for row in table.range(prefix.as_slice()..)? {
                    let key = row?.0.value().to_vec();
                    if !key.starts_with(&prefix) {
                        break;
                    }
                    keys.push(key);
                }
                for key in keys {
                    removed += u64::from(table.remove(key.as_slice())?.is_some());
                }
            }
            Ok(removed)
        })
    }
}

pub(crate) fn vault_key(identifier: Identifier, field: &str) -> Vec<u8> {
    let mut key = identity_key(identifier).to_vec();
    key.extend_from_slice(field.as_bytes());
    key
}

/// The identifier and the field of a key.
pub(crate) fn vault_place(key: &[u8]) -> Option<(Identifier, &str)> {
    let (kind, rest) = key.split_first()?;
    let (key, field) = rest.split_first_chunk()?;
    let kind = IdentifierKind::all().find(|known| *known as u8 == *kind)?;
    Some((Identifier { kind, key: Key(*key) }, std::str::from_utf8(field).ok()?))
}
