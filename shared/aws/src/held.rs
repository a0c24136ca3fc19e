//! Held actions in a table by the time they wait for.

use crate::Aws;
use crate::batch_write::{batch_write, delete};
use crate::failure::failure;
use crate::item::{Item, binary, bytes_of};
use crate::shards::{row, up_to};
use aws_sdk_dynamodb::Client;
use campaign::{Action, Held, HeldStore, Holding};
use event::{Key, PortError};
use std::collections::BTreeSet;

const WHAT: &str = "the table of held actions";
/// The sort key: the time in UTC ms as eight bytes, big-endian, then the action's id.
const UNTIL: &str = "until";
const ACTION: &str = "action";

/// Held actions in a DynamoDB table with the keys `shard` (number) and `until` (binary). fire-timers brings them back.
pub struct HeldTable {
    client: Client,
    table: String,
}

impl HeldTable {
    pub fn new(aws: &Aws, table: impl Into<String>) -> HeldTable {
        HeldTable { client: aws.dynamodb(), table: table.into() }
    }
}

impl Holding for HeldTable {
    async fn hold(&self, action: &Action, until: i64) -> Result<(), PortError> {
        let mut item = row(action.id, UNTIL, sort_key(until, action.id));
        item.insert(ACTION.to_owned(), binary(action.encode()));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(|error| failure(WHAT, error))?;
        Ok(())
    }
}

impl HeldStore for HeldTable {
    async fn due(&self, now: i64, limit: usize) -> Result<Vec<Held>, PortError> {
        let last = sort_key(now, Key([0xff; 16]));
        let rows = up_to(&self.client, WHAT, &self.table, UNTIL, &last, limit).await?;
        rows.iter().map(held_of).collect()
    }

    async fn remove(&self, held: &[Held]) -> Result<(), PortError> {
        let rows: BTreeSet<(Key, i64)> = held.iter().map(|held| (held.action.id, held.until)).collect();
        let deletes =
            rows.into_iter().map(|(id, until)| delete(row(id, UNTIL, sort_key(until, id)))).collect();
        batch_write(&self.client, WHAT, &self.table, deletes).await
    }
}

/// A time before 1970 sorts as the beginning of 1970, which is as long ago.
fn sort_key(until: i64, action: Key) -> Vec<u8> {
    [&until.max(0).to_be_bytes()[..], &action.0].concat()
}

fn held_of(row: &Item) -> Result<Held, PortError> {
    let read = || {
        let (until, _) = bytes_of(row, UNTIL)?.split_first_chunk()?;
        let action = Action::decode(bytes_of(row, ACTION)?).ok()?;
        Some(Held { until: i64::from_be_bytes(*until), action })
    };
    read().ok_or_else(|| PortError::Failed { what: WHAT, reason: "a row can't be read".to_owned() })
}
