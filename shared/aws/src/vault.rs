//! Raw personal data in a table of its own.

use crate::Aws;
use crate::batch_write::{batch_write, delete, put};
use crate::failure::failure;
use crate::item::{Item, binary};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use event::{Identifier, PortError, Secret, Vault, VaultStore};
use std::collections::{BTreeMap, BTreeSet};

const WHAT: &str = "the vault";
/// The partition key: the identifier's kind and its hash, 17 bytes.
const IDENTIFIER: &str = "identifier";
/// The sort key.
const FIELD: &str = "field";
const VALUE: &str = "value";

/// The vault in a DynamoDB table with the keys `identifier` (binary) and `field` (string). The table encrypts what is in
/// it; who may read it is for the deployment's policies to say.
pub struct VaultTable {
    client: Client,
    table: String,
}

impl VaultTable {
    pub fn new(aws: &Aws, table: impl Into<String>) -> VaultTable {
        VaultTable { client: aws.dynamodb(), table: table.into() }
    }
}

impl Vault for VaultTable {
    async fn put(&self, secrets: &[Secret]) -> Result<(), PortError> {
        // Of two values of one field the later one stays, and a call may not have both.
        let items: BTreeMap<([u8; 17], &str), &str> = secrets
            .iter()
            .map(|secret| ((partition(secret.identifier), secret.field.as_str()), secret.value.as_str()))
            .collect();
        let item = |((identifier, field), value): (([u8; 17], &str), &str)| {
            let mut item = key(identifier, field);
            item.insert(VALUE.to_owned(), AttributeValue::S(value.to_owned()));
            put(item)
        };
        batch_write(&self.client, WHAT, &self.table, items.into_iter().map(item).collect()).await
    }

    async fn get(&self, identifier: Identifier, field: &str) -> Result<Option<String>, PortError> {
        // No key is empty, and to ask for one is an error of the service.
        if field.is_empty() {
            return Ok(None);
        }
        let key = key(partition(identifier), field);
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let answer = get.send().await.map_err(|error| failure(WHAT, error))?;
        let value = answer.item.and_then(|mut item| item.remove(VALUE));
        Ok(value.and_then(|value| match value {
            AttributeValue::S(value) => Some(value),
            _ => None,
        }))
    }
}

impl VaultStore for VaultTable {
    async fn fields(&self, identifier: Identifier) -> Result<Vec<Secret>, PortError> {
        let mut secrets = Vec::new();
        for mut item in self.items(identifier, None).await? {
            if let (Some(AttributeValue::S(field)), Some(AttributeValue::S(value))) =
                (item.remove(FIELD), item.remove(VALUE))
            {
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
