//! Reads of people, and of what messages say of them, beside the thread that owns the store.

use crate::overlay::{identity_key, split};
use crate::people::owner_of;
use crate::sealed::{VAULT, vault_key};
use crate::store::{IDENTITIES, PROFILES, Shared, Store, failed};
use event::{Identifier, IdentifierKind, PortError, Secret, Vault};
use person::{Found, PersonSource, Step, Stored, follow};
use redb::{ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use vault::{Place, Sealer};

/// How many merges one after the other are followed.
const MAX_HOPS: usize = 8;

/// People as of the store's last commit, for other threads than the one that writes: neither waits for the other. A store
/// in memory never commits, so that nobody is in it.
#[derive(Clone)]
pub struct Reader {
    db: Shared,
    sealer: Sealer,
}

impl Store {
    /// A reader, which goes with the store when its file is written anew.
    pub fn reader(&self) -> Reader {
        Reader { db: self.db.clone(), sealer: self.sealer.clone() }
    }
}

impl PersonSource for Reader {
    async fn find(&self, identifiers: &[Identifier]) -> Result<Option<Found>, PortError> {
        let read = self.db.get().begin_read().map_err(failed)?;
        let (profiles, identities) = (table(&read, PROFILES)?, table(&read, IDENTITIES)?);
        let Some(profiles) = profiles else { return Ok(None) };
        for identifier in identifiers {
            let owner = match &identities {
                Some(identities) => {
                    let row = identities.get(&identity_key(*identifier)).map_err(failed)?;
                    row.and_then(|row| owner_of(row.value()))
                }
                None => None,
            };
            // The hash of a user id is the person's id.
            let own = (identifier.kind == IdentifierKind::User).then_some(identifier.key);
            let mut next = owner.map(|owner| owner.person).or(own);
            for _ in 0..=MAX_HOPS {
                let Some(person) = next else { break };
                let row = profiles.get(&person.0).map_err(failed)?;
                let Some((version, blob)) = row.as_ref().and_then(|row| split(row.value())) else { break };
                match follow(person, Stored { version, blob: blob.into() })? {
                    Step::Found(found) => return Ok(Some(found)),
                    Step::Merged(into) => next = Some(into),
                }
            }
        }
        Ok(None)
    }
}

/// What the vault held at the store's last commit.
impl Vault for Reader {
    async fn put(&self, _: &[Secret]) -> Result<(), PortError> {
        Err(failed("the vault is only read here"))
    }

    async fn get(&self, identifier: Identifier, field: &str) -> Result<Option<String>, PortError> {
        let read = self.db.get().begin_read().map_err(failed)?;
        let Some(vault) = table(&read, VAULT)? else { return Ok(None) };
        let row = vault.get(vault_key(identifier, field).as_slice()).map_err(failed)?;
        let Some(sealed) = row else { return Ok(None) };
        let value = self.sealer.open(Place::Vault(identifier, field), sealed.value())?;
        String::from_utf8(value).map(Some).map_err(|_| failed("a value of the vault is not text"))
    }
}

/// A table; none where nothing was written to it yet.
fn table<K: redb::Key + 'static, V: redb::Value + 'static>(
    read: &ReadTransaction,
    definition: TableDefinition<'static, K, V>,
) -> Result<Option<impl ReadableTable<K, V>>, PortError> {
    match read.open_table(definition) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}
