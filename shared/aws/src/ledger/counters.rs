//! The cap counters: how many messages count on one calendar day of a person, by channel.

use crate::failure::failure;
use crate::item::{Item, binary, number, number_of};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put};
use campaign::{CapCounts, Caps};
use event::{Key, PortError};

const WHAT: &str = "the cap counters";
const PERSON: &str = "person";
/// The sort key: `<channel>#<day since 1970-01-01>`.
const DAY: &str = "day";
const COUNT: &str = "count";
/// How long a counter is kept, in days after its own.
const KEPT_DAYS: i64 = 10;
const DAY_S: i64 = 24 * 3600;

/// A counter that changes.
pub(super) struct Change<'c> {
    pub person: Key,
    pub channel: &'c str,
    pub day: i32,
    /// What it was read to be; 0 where there was none.
    pub read: u32,
    pub count: u32,
}

impl Change<'_> {
    /// The write, on the condition that the counter is what it was read to be.
    pub(super) fn put(&self, table: &str) -> Put {
        let condition = match self.read {
            0 => "attribute_not_exists(#count) OR #count = :read",
            _ => "#count = :read",
        };
        Put::builder()
            .table_name(table)
            .item(PERSON, binary(self.person.0))
            .item(DAY, sort_key(self.channel, self.day))
            .item(COUNT, number(self.count))
            .item("expires", number((i64::from(self.day) + 1 + KEPT_DAYS) * DAY_S))
            .condition_expression(condition)
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":read", number(self.read))
            .build()
            .expect("table and item are set")
    }
}

/// What counts on a day, and in the [`Caps::WEEK_DAYS`] that end with it.
pub(super) async fn counts(
    client: &Client,
    table: &str,
    person: Key,
    channel: &str,
    day: i32,
) -> Result<CapCounts, PortError> {
    let first = day - (Caps::WEEK_DAYS - 1);
    let query = client
        .query()
        .table_name(table)
        .consistent_read(true)
        .key_condition_expression("#person = :person AND #day BETWEEN :first AND :last")
        .expression_attribute_names("#person", PERSON)
        .expression_attribute_names("#day", DAY)
        .expression_attribute_values(":person", binary(person.0))
        .expression_attribute_values(":first", sort_key(channel, first))
        .expression_attribute_values(":last", sort_key(channel, day));
    // A week of counters is far from a page.
    let rows = query.send().await.map_err(|error| failure(WHAT, error))?;
    let mut counts = CapCounts::default();
    for row in rows.items() {
        let Some(of) = day_of(row, channel) else { continue };
        let count: u32 = number_of(row, COUNT)
            .ok_or_else(|| PortError::Failed { what: WHAT, reason: "a count is no number".to_owned() })?;
        counts.week += count;
        if of == day {
            counts.day = count;
        }
    }
    Ok(counts)
}

/// Five digits sort as numbers, from 1970 to the year 2243.
fn sort_key(channel: &str, day: i32) -> AttributeValue {
    AttributeValue::S(format!("{channel}#{day:05}"))
}

/// The day of a counter. `None` for one of another channel, whose name begins with this one's and a day.
fn day_of(row: &Item, channel: &str) -> Option<i32> {
    row.get(DAY)?.as_s().ok()?.strip_prefix(channel)?.strip_prefix('#')?.parse().ok()
}
