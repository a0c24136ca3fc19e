//! Unconditional writes, 25 a call.

use crate::back_off::back_off;
use crate::failure::failure;
use crate::item::Item;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use event::PortError;
use futures_util::{StreamExt, TryStreamExt, stream};

/// The most writes a call may hold.
const WRITES: usize = 25;
/// How many calls are under way at once.
const CALLS: usize = 4;
/// How often what a call left undone is tried again, until the whole is given up.
const ATTEMPTS: u32 = 8;

/// Puts items and deletes them by key, in no order. No two may have the same key: a call with both is refused. On an
/// error some may be written. `what` names the store in errors.
pub(crate) async fn batch_write(
    client: &Client,
    what: &'static str,
    table: &str,
    writes: Vec<WriteRequest>,
) -> Result<(), PortError> {
    let chunks = stream::iter(writes.chunks(WRITES)).map(Ok);
    chunks.try_for_each_concurrent(CALLS, |chunk| write(client, what, table, chunk.to_vec())).await
}

/// Puts an item in the place of any other of its key.
pub(crate) fn put(item: Item) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item)).build().expect("the item is set");
    WriteRequest::builder().put_request(put).build()
}

/// Deletes the item of a key, if there is one.
pub(crate) fn delete(key: Item) -> WriteRequest {
    let delete = DeleteRequest::builder().set_key(Some(key)).build().expect("the key is set");
    WriteRequest::builder().delete_request(delete).build()
}

async fn write(
    client: &Client,
    what: &'static str,
    table: &str,
    mut writes: Vec<WriteRequest>,
) -> Result<(), PortError> {
    for attempt in 0..ATTEMPTS {
        let before = writes.len();
        let call = client.batch_write_item().request_items(table, writes);
        let answer = call.send().await.map_err(|error| failure(what, error))?;
        writes = answer.unprocessed_items.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
        if writes.is_empty() {
            return Ok(());
        }
        back_off(if writes.len() < before { 0 } else { attempt }).await;
    }
    Err(PortError::Unavailable { what, reason: format!("writes were left undone {ATTEMPTS} times") })
}
