//! Tables that are read by time: rows lie in a few shards, in the order of a sort key that begins with the time.

use crate::failure::failure;
use crate::item::{Item, binary, bytes_of, number};
use aws_sdk_dynamodb::Client;
use event::{Key, PortError};
use futures_util::{StreamExt, TryStreamExt, stream};

/// The number of shards: that many partitions share the writes of one minute.
const SHARDS: u8 = 8;
/// The partition key of such a table.
const SHARD: &str = "shard";
/// The most rows a call asks for.
const PAGE: usize = 1000;

/// The primary key of a row: its shard, from a uniformly distributed key, and its sort key.
pub(crate) fn row(of: Key, sort: &str, value: Vec<u8>) -> Item {
    Item::from([(SHARD.to_owned(), number(of.0[0] % SHARDS)), (sort.to_owned(), binary(value))])
}

/// The rows of all shards whose sort key is at most `last`, in its order, at most `limit`.
pub(crate) async fn up_to(
    client: &Client,
    what: &'static str,
    table: &str,
    sort: &str,
    last: &[u8],
    limit: usize,
) -> Result<Vec<Item>, PortError> {
    let shards =
        stream::iter(0..SHARDS).map(|shard| of_shard(client, what, table, sort, (shard, last), limit));
    let found: Vec<Vec<Item>> = shards.buffer_unordered(SHARDS.into()).try_collect().await?;
    let mut found: Vec<Item> = found.into_iter().flatten().collect();
    found.sort_by(|a, b| bytes_of(a, sort).cmp(&bytes_of(b, sort)));
    found.truncate(limit);
    Ok(found)
}

async fn of_shard(
    client: &Client,
    what: &'static str,
    table: &str,
    sort: &str,
    (shard, last): (u8, &[u8]),
    limit: usize,
) -> Result<Vec<Item>, PortError> {
    let mut found = Vec::new();
    let mut from = None;
    while found.len() < limit {
        let page = client
            .query()
            .table_name(table)
            .consistent_read(true)
            .key_condition_expression("#shard = :shard AND #sort <= :last")
            .expression_attribute_names("#shard", SHARD)
            .expression_attribute_names("#sort", sort)
            .expression_attribute_values(":shard", number(shard))
            .expression_attribute_values(":last", binary(last))
            .limit((limit - found.len()).min(PAGE) as i32)
            .set_exclusive_start_key(from)
            .send();
        let page = page.await.map_err(|error| failure(what, error))?;
        found.extend(page.items.unwrap_or_default());
        from = page.last_evaluated_key;
        if from.is_none() {
            break;
        }
    }
    Ok(found)
}
