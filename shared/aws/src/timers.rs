//! Timers in a table by minute.

use crate::Aws;
use crate::batch_write::{batch_write, delete, put};
use crate::item::{Item, bytes_of, number};
use crate::shards::{row, up_to};
use aws_sdk_dynamodb::Client;
use campaign::{Timer, TimerStore};
use event::{Key, PortError};
use std::collections::BTreeSet;

const WHAT: &str = "the timer table";
/// The sort key: the minute as four bytes, big-endian, then the person.
const DUE: &str = "due";
/// How long a timer is kept that nobody removed, in seconds after it was due.
const KEPT_S: i64 = 30 * 24 * 3600;

/// Timers in a DynamoDB table with the keys `shard` (number) and `due` (binary).
pub struct TimerTable {
    client: Client,
    table: String,
}

impl TimerTable {
    pub fn new(aws: &Aws, table: impl Into<String>) -> TimerTable {
        TimerTable { client: aws.dynamodb(), table: table.into() }
    }

    /// Sets timers; one that is set already stays.
    pub(crate) async fn set(&self, timers: BTreeSet<Timer>) -> Result<(), PortError> {
        let item = |timer: Timer| {
            let mut item = key(timer);
            item.insert("expires".to_owned(), number(i64::from(timer.minute) * 60 + KEPT_S));
            put(item)
        };
        batch_write(&self.client, WHAT, &self.table, timers.into_iter().map(item).collect()).await
    }
}

impl TimerStore for TimerTable {
    async fn due(&self, minute: u32, limit: usize) -> Result<Vec<Timer>, PortError> {
        let last = sort_key(Timer { minute, person: Key([0xff; 16]) });
        let rows = up_to(&self.client, WHAT, &self.table, DUE, &last, limit).await?;
        rows.iter().map(timer_of).collect()
    }

    async fn remove(&self, timers: &[Timer]) -> Result<(), PortError> {
        let timers: BTreeSet<Timer> = timers.iter().copied().collect();
        let deletes = timers.into_iter().map(|timer| delete(key(timer))).collect();
        batch_write(&self.client, WHAT, &self.table, deletes).await
    }
}

fn key(timer: Timer) -> Item {
    row(timer.person, DUE, sort_key(timer))
}

fn sort_key(timer: Timer) -> Vec<u8> {
    [&timer.minute.to_be_bytes()[..], &timer.person.0].concat()
}

fn timer_of(row: &Item) -> Result<Timer, PortError> {
    let read = || {
        let (minute, person) = bytes_of(row, DUE)?.split_first_chunk()?;
        Some(Timer { minute: u32::from_be_bytes(*minute), person: Key(person.try_into().ok()?) })
    };
    read().ok_or_else(|| PortError::Failed { what: WHAT, reason: "a row's `due` is not 20 bytes".to_owned() })
}
