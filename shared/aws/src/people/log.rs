//! The identity log: an item a person, beside their own.

use super::{People, WHAT};
use crate::item::{Item, binary};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use event::{Key, PortError};
use person::attribute::{LOG, PERSON};
use person::{IdentityLog, LogEntry};

impl IdentityLog for People {
    async fn log(&self, people: &[Key]) -> Result<Vec<Vec<LogEntry>>, PortError> {
        let items = self.items(people.iter().map(|person| place(*person))).await?;
        people.iter().map(|person| items.get(&place(*person)).map_or(Ok(Vec::new()), entries)).collect()
    }
}

/// The key of the item that holds a person's log: theirs with every bit turned over, which is the hash of nothing.
pub(super) fn place(person: Key) -> Key {
    Key(person.0.map(|byte| !byte))
}

/// Appends entries to a person's log.
pub(super) fn append(
    table: &str,
    person: Key,
    entries: &[LogEntry],
) -> Result<Option<TransactWriteItem>, PortError> {
    if entries.is_empty() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    entries.iter().for_each(|entry| entry.encode(&mut bytes));
    let update = Update::builder()
        .table_name(table)
        .key(PERSON, binary(place(person).0))
        .update_expression("SET #l = list_append(if_not_exists(#l, :none), :new)")
        .expression_attribute_names("#l", LOG)
        .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
        .expression_attribute_values(":new", AttributeValue::L(vec![binary(bytes)]))
        .build()
        .map_err(|error| PortError::Failed { what: WHAT, reason: error.to_string() })?;
    Ok(Some(TransactWriteItem::builder().update(update).build()))
}

fn entries(item: &Item) -> Result<Vec<LogEntry>, PortError> {
    let damaged =
        || PortError::Failed { what: WHAT, reason: "an identity log is damaged; restore the table".into() };
    let Some(parts) = item.get(LOG).and_then(|log| log.as_l().ok()) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for part in parts {
        let bytes = part.as_b().map_err(|_| damaged())?;
        all.extend(LogEntry::decode_all(bytes.as_ref()).map_err(|_| damaged())?);
    }
    Ok(all)
}
