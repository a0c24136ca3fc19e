//! What counts against caps: a row a person.

use crate::failure::failure;
use crate::item::{Item, binary, bytes_of, number, number_of};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put};
use campaign::{Rolling, Sends};
use event::{Key, PortError, SECOND};

const WHAT: &str = "the messages that count against caps";
const PERSON: &str = "person";
/// The sort key: [`ROW`]; and of a counter of an earlier release `<channel>#<day since 1970-01-01>`.
const DAY: &str = "day";
const ROW: &str = "sends";
const SENDS: &str = "sends";
/// The number of a counter of an earlier release.
const COUNT: &str = "count";

/// What counts for a person, as it was read.
#[derive(Default)]
pub(super) struct Counters {
    /// Whose row it is: after a merge, that of who they were merged into.
    pub person: Key,
    pub sends: Sends,
    /// The bytes of the row; none where there was none.
    read: Option<Vec<u8>>,
}

/// A row that changes.
pub(super) struct Change {
    person: Key,
    read: Option<Vec<u8>>,
    sends: Vec<u8>,
    /// Seconds since 1970.
    expires: i64,
}

impl Counters {
    /// Reads what counts for a person.
    pub(super) async fn read(client: &Client, table: &str, person: Key) -> Result<Counters, PortError> {
        let mut counters = Counters::row(client, table, person).await?;
        for _ in 0..Sends::MAX_HOPS {
            let Some(into) = counters.sends.moved() else { break };
            counters = Counters::row(client, table, into).await?;
        }
        Ok(counters)
    }

    /// Reads a person's row. Who has none yet has the counters of an earlier release, for as long as they are kept.
    async fn row(client: &Client, table: &str, person: Key) -> Result<Counters, PortError> {
        let query = client
            .query()
            .table_name(table)
            .consistent_read(true)
            .key_condition_expression("#person = :person")
            .expression_attribute_names("#person", PERSON)
            .expression_attribute_values(":person", binary(person.0));
        // A row and ten days of counters are far from a page.
        let rows = query.send().await.map_err(|error| failure(WHAT, error))?;
        let mut counters = Counters { person, ..Counters::default() };
        for row in rows.items() {
            if let Some(bytes) = bytes_of(row, SENDS) {
                let damaged = |_| PortError::Failed { what: WHAT, reason: "a row is damaged".to_owned() };
                let sends = Sends::decode(bytes).map_err(damaged)?;
                return Ok(Counters { person, sends, read: Some(bytes.to_vec()) });
            }
            if let Some((channel, day)) = day_of(row) {
                counters.sends.add_counted(channel, day, number_of(row, COUNT).unwrap_or_default());
            }
        }
        Ok(counters)
    }

    /// The write of what `sends` are by now; `now` is a time at which nothing is forgotten that counts, UTC ms.
    pub(super) fn change(self, now: i64) -> Change {
        let latest = self.sends.latest().map_or(now, |latest| latest.max(now));
        let expires = latest.saturating_add(Rolling::MAX_WINDOW).div_euclid(SECOND);
        Change { person: self.person, read: self.read, sends: self.sends.encode(), expires }
    }

    /// The write by which it counts in somebody else's row, for as long as anything of it counts.
    pub(super) fn moved_to(self, person: Key) -> Change {
        Change { sends: Sends::moved_to(person).encode(), ..self.change(0) }
    }
}

impl Change {
    /// The write, on the condition that the row is what it was read to be.
    pub(super) fn put(&self, table: &str) -> Put {
        let put = Put::builder()
            .table_name(table)
            .item(PERSON, binary(self.person.0))
            .item(DAY, AttributeValue::S(ROW.to_owned()))
            .item(SENDS, binary(self.sends.as_slice()))
            .item("expires", number(self.expires))
            .expression_attribute_names("#sends", SENDS);
        let put = match &self.read {
            None => put.condition_expression("attribute_not_exists(#sends)"),
            Some(read) => put
                .condition_expression("#sends = :read")
                .expression_attribute_values(":read", binary(read.as_slice())),
        };
        put.build().expect("table and item are set")
    }
}

/// The channel and day of a counter of an earlier release.
fn day_of(row: &Item) -> Option<(&str, i32)> {
    let (channel, day) = row.get(DAY)?.as_s().ok()?.rsplit_once('#')?;
    Some((channel, day.parse().ok()?))
}
