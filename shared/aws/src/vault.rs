//! Raw personal data in a table of its own.

use crate::batch_write::{batch_write, delete, put};
use crate::failure::failure;
use crate::item::{Item, binary};
use crate::{Aws, Seals};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use event::{Identifier, PortError, Secret, Vault, VaultStore};
use std::collections::{BTreeMap, BTreeSet};
use vault::Place;

const WHAT: &str = "the vault";
/// The partition key: the identifier's kind and its hash, 17 bytes.
const IDENTIFIER: &str = "identifier";
/// The sort key.
const FIELD: &str = "field";
/// The value, sealed.
const SEALED: &str = "sealed";
/// The value as it is: where no seals are given, and in items of releases that sealed none.
const VALUE: &str = "value";

/// The vault in a DynamoDB table with the keys `identifier` (binary) and `field` (string). Values are sealed each for its
/// place, under what [`VaultTable::sealed`] is given; without it, the table's own encryption is all there is. Who may
/// read it is for the deployment's policies to say.
pub struct VaultTable {
    client: Client,
    table: String,
    seals: Option<Seals>,
}

impl VaultTable {
    pub fn new(aws: &Aws, table: impl Into<String>) -> VaultTable {
        VaultTable { client: aws.dynamodb(), table: table.into(), seals: None }
    }

    /// The same, with values sealed from now on. Those that were put before stay readable.
    pub fn sealed(self, seals: Seals) -> VaultTable {
        VaultTable { seals: Some(seals), ..self }
    }

    /// The attribute of a value.
    async fn attribute(&self, secret: &Secret) -> Result<(&'static str, AttributeValue), PortError> {
        let Some(seals) = &self.seals else { return Ok((VALUE, AttributeValue::S(secret.value.clone()))) };
        let place = Place::Vault(secret.identifier, &secret.field);
        Ok((SEALED, binary(seals.seal(place, secret.value.as_bytes()).await?)))
    }

    /// The value of an item; nothing for one without.
    async fn value(
        &self,
        identifier: Identifier,
        field: &str,
        item: &mut Item,
    ) -> Result<Option<String>, PortError> {
        let failed = |reason: &str| PortError::Failed { what: WHAT, reason: reason.to_owned() };
        match (item.remove(SEALED), item.remove(VALUE)) {
            (Some(AttributeValue::B(sealed)), _) => {
                let seals = self.seals.as_ref();
                let seals =
                    seals.ok_or_else(|| failed("a value is sealed, and this function was given no key"))?;
                let value = seals.open(Place::Vault(identifier, field), sealed.as_ref()).await?;
                String::from_utf8(value).map(Some).map_err(|_| failed("a value is not text"))
            }
            (_, Some(AttributeValue::S(value))) => Ok(Some(value)),
            _ => Ok(None),
        }
    }
}

impl Vault for VaultTable {
    async fn put(&self, secrets: &[Secret]) -> Result<(), PortError> {
        // Of two values of one field the later one stays, and a call may not have both.
        let last: BTreeMap<([u8; 17], &str), &Secret> = secrets
            .iter()
            .map(|secret| ((partition(secret.identifier), secret.field.as_str()), secret))
            .collect();
        let mut puts = Vec::with_capacity(last.len());
        for ((identifier, field), secret) in last {
            let mut item = key(identifier, field);
            let (name, value) = self.attribute(secret).await?;
            item.insert(name.to_owned(), value);
            puts.push(put(item));
        }
        batch_write(&self.client, WHAT, &self.table, puts).await
    }

    async fn get(&self, identifier: Identifier, field: &str) -> Result<Option<String>, PortError> {
        // No key is empty, and to ask for one is an error of the service.
        if field.is_empty() {
            return Ok(None);
        }
        let key = key(partition(identifier), field);
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let answer = get.send().await.map_err(|error| failure(WHAT, error))?;
        match answer.item {
            Some(mut item) => self.value(identifier, field, &mut item).await,
            None => Ok(None),
        }
    }
}

impl VaultStore for VaultTable {
    async fn fields(&self, identifier: Identifier) -> Result<Vec<Secret>, PortError> {
        let mut secrets = Vec::new();
        for mut item in self.items(identifier, None).await? {
            let Some(AttributeValue::S(field)) = item.remove(FIELD) else { continue };
            if let Some(value) = self.value(identifier, &field, &mut item).await? {
                secrets.push(Secret { identifier, field, value });
            }
        }
        Ok(secrets)
    }

    async fn remove(&self, identifiers: &[Identifier]) -> Result<u64, PortError> {
        // A call may not name a key twice.
        let identifiers: BTreeSet<Identifier> = identifiers.iter().copied().collect();
        let mut deletes = Vec::new();
        for identifier in identifiers {
            deletes.extend(self.items(identifier, Some(&[IDENTIFIER, FIELD])).await?.into_iter().map(delete));
        }
        let removed = deletes.len() as u64;
        batch_write(&self.client, WHAT, &self.table, deletes).await?;
        Ok(removed)
    }
}

impl VaultTable {
    /// The items under an identifier, whole or only these attributes, in the order of their fields.
    async fn items(&self, identifier: Identifier, only: Option<&[&str]>) -> Result<Vec<Item>, PortError> {
        let mut call = self.client.query().table_name(&self.table).consistent_read(true);
        call = call.key_condition_expression("#i = :i").expression_attribute_names("#i", IDENTIFIER);
        call = call.expression_attribute_values(":i", binary(partition(identifier)));
        if let Some(names) = only {
            let aliases: Vec<String> = (0..names.len()).map(|n| format!("#a{n}")).collect();
            for (alias, name) in aliases.iter().zip(names) {
                call = call.expression_attribute_names(alias, *name);
            }
            call = call.projection_expression(aliases.join(", "));
        }
        let items: Vec<Item> =
            call.into_paginator().items().send().try_collect().await.map_err(|error| failure(WHAT, error))?;
        Ok(items)
    }
}

fn key(identifier: [u8; 17], field: &str) -> Item {
    Item::from([
        (IDENTIFIER.to_owned(), binary(identifier)),
        (FIELD.to_owned(), AttributeValue::S(field.to_owned())),
    ])
}

fn partition(identifier: Identifier) -> [u8; 17] {
    let mut bytes = [identifier.kind as u8; 17];
    bytes[1..].copy_from_slice(&identifier.key.0);
    bytes
}
