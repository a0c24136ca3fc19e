//! Journeys in a table by person.

use crate::batch_get::{Consistency, batch_get};
use crate::conditional::done;
use crate::failure::failure;
use crate::item::{Item, binary, bytes_of, key_of, number, number_of};
use crate::random::random;
use crate::{Aws, TimerTable};
use aws_sdk_dynamodb::Client;
use campaign::{JourneyStore, JourneyWrite, Stored, Timer};
use event::{Key, PortError};
use futures_util::{StreamExt, TryStreamExt, stream};

const WHAT: &str = "the journey table";
const PERSON: &str = "person";
const JOURNEYS: &str = "journeys";
const VERSION: &str = "version";
/// How many writes are under way at once.
const WRITES: usize = 16;
/// The condition of a write that follows another.
const UNCHANGED: &str = "#version = :version";

/// Journeys in a DynamoDB table with the key `person` (binary), and the timers that are set with them.
pub struct JourneyTable {
    client: Client,
    table: String,
    timers: TimerTable,
}

impl JourneyTable {
    pub fn new(aws: &Aws, journeys: impl Into<String>, timers: impl Into<String>) -> JourneyTable {
        JourneyTable { client: aws.dynamodb(), table: journeys.into(), timers: TimerTable::new(aws, timers) }
    }
}

impl JourneyStore for JourneyTable {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        let items = batch_get(
            &self.client,
            WHAT,
            &self.table,
            PERSON,
            // A cancel that was not seen would let its message go.
            Consistency::Strong,
            people.iter().copied(),
        )
        .await?;
        people.iter().map(|person| items.get(person).map(stored_of).transpose()).collect()
    }

    /// Timers are set first: one too many is looked at in vain, one too few would let a journey sleep for ever.
    /// Deletions come last, and come back untried where another write's condition failed: the journeys of somebody who
    /// was merged go only once those of the person they went to are written.
    async fn write(&self, writes: Vec<JourneyWrite>) -> Result<Vec<Key>, PortError> {
        let timer = |write: &JourneyWrite| Some(Timer { minute: write.timer?, person: write.person });
        self.timers.set(writes.iter().filter_map(timer).collect()).await?;
        let (deletes, puts): (Vec<_>, Vec<_>) = writes.into_iter().partition(|write| write.blob.is_empty());
        let mut conflicts = self.write_each(&puts).await?;
        if conflicts.is_empty() {
            conflicts = self.write_each(&deletes).await?;
        } else {
            conflicts.extend(deletes.iter().map(|write| write.person));
        }
        Ok(conflicts)
    }
}

impl JourneyTable {
    /// The people whose condition failed.
    async fn write_each(&self, writes: &[JourneyWrite]) -> Result<Vec<Key>, PortError> {
        let written = stream::iter(writes)
            .map(|write| async move { Ok::<_, PortError>((write.person, self.write_one(write).await?)) });
        let written: Vec<(Key, bool)> = written.buffered(WRITES).try_collect().await?;
        Ok(written.into_iter().filter(|(_, done)| !done).map(|(person, _)| person).collect())
    }

    /// Whether the write is done.
    async fn write_one(&self, write: &JourneyWrite) -> Result<bool, PortError> {
        let next = match write.version {
            // Somebody's journeys may be deleted and begun anew while another writer holds the old ones: a random
            // beginning gives no version twice.
            0 => (u64::from_le_bytes(random(WHAT)?) >> 16) + 1,
            version => version + 1,
        };
        let done = match (write.version, write.blob.is_empty()) {
            (0, true) => return Ok(true),
            (_, true) => self.delete(write).await?,
            (_, false) => self.put(write, next).await?,
        };
        // The answer to a write may be lost. The SDK then repeats it, and meets what it wrote itself.
        Ok(done || self.is_as_written(write, next).await?)
    }

    async fn put(&self, write: &JourneyWrite, next: u64) -> Result<bool, PortError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(PERSON, binary(write.person.0))
            .item(JOURNEYS, binary(write.blob.as_slice()))
            .item(VERSION, number(next));
        let put = match write.version {
            0 => put.condition_expression("attribute_not_exists(#version)"),
            version => {
                put.condition_expression(UNCHANGED).expression_attribute_values(":version", number(version))
            }
        };
        done(WHAT, put.expression_attribute_names("#version", VERSION).send().await)
    }

    async fn delete(&self, write: &JourneyWrite) -> Result<bool, PortError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key(PERSON, binary(write.person.0))
            .condition_expression(UNCHANGED)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":version", number(write.version));
        done(WHAT, delete.send().await)
    }

    /// Whether the table holds exactly what the write was to leave there.
    async fn is_as_written(&self, write: &JourneyWrite, next: u64) -> Result<bool, PortError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let found = get.key(PERSON, binary(write.person.0)).send().await.map_err(|e| failure(WHAT, e))?;
        let stored = found.item.as_ref().map(stored_of).transpose()?;
        Ok(match stored {
            Some(stored) => stored.version == next && *stored.blob == *write.blob,
            None => write.blob.is_empty(),
        })
    }
}

fn stored_of(item: &Item) -> Result<Stored, PortError> {
    let read = || Some(Stored { version: number_of(item, VERSION)?, blob: bytes_of(item, JOURNEYS)?.into() });
    read().ok_or_else(|| PortError::Failed {
        what: WHAT,
        reason: format!("the item of {:?} can't be read", key_of(item, PERSON)),
    })
}
