//! Read and write units of DynamoDB's calls.

use super::item_size::{Item, read_units};
use super::tables::{Tables, Write};
use super::{Charges, Usage};
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemInput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::scan::{ScanInput, ScanOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsInput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput};
use aws_sdk_dynamodb::types::{TransactWriteItem, WriteRequest};
use aws_smithy_runtime_api::client::interceptors::context::{Error, Input, Output};
use std::collections::BTreeMap;

/// What a call will cost, by what it asks.
#[derive(Debug)]
pub(super) enum Plan {
    /// Writes, each billed so many times; a transaction prepares and commits.
    Write { writes: Vec<Write>, times: u64 },
    /// Keys to get: by table, how many, and whether consistently.
    Get(BTreeMap<String, (u64, bool)>),
    /// Items to find: the table, and whether consistently.
    Find { table: String, consistent: bool },
}

impl Plan {
    /// `None` for what is no call on items.
    pub(super) fn of(input: &Input, tables: &mut Tables) -> Option<Plan> {
        if let Some(input) = input.downcast_ref::<PutItemInput>() {
            let write = tables.put(input.table_name()?, input.item()?);
            return Some(Plan::Write { writes: vec![write], times: 1 });
        }
        if let Some(input) = input.downcast_ref::<UpdateItemInput>() {
            let (names, values) = (input.expression_attribute_names(), input.expression_attribute_values());
            let write = tables.update(input.table_name()?, input.key()?, names, values);
            return Some(Plan::Write { writes: vec![write], times: 1 });
        }
        if let Some(input) = input.downcast_ref::<DeleteItemInput>() {
            let write = tables.delete(input.table_name()?, input.key()?);
            return Some(Plan::Write { writes: vec![write], times: 1 });
        }
        if let Some(input) = input.downcast_ref::<TransactWriteItemsInput>() {
            let writes = input.transact_items().iter().filter_map(|item| transacted(item, tables)).collect();
            return Some(Plan::Write { writes, times: 2 });
        }
        if let Some(input) = input.downcast_ref::<BatchWriteItemInput>() {
            let requests = input.request_items().into_iter().flatten();
            let writes =
                requests.flat_map(|(table, requests)| requests.iter().map(move |request| (table, request)));
            let writes = writes.filter_map(|(table, request)| batched(table, request, tables)).collect();
            return Some(Plan::Write { writes, times: 1 });
        }
        if let Some(input) = input.downcast_ref::<GetItemInput>() {
            let table = input.table_name()?;
            tables.learn(table, input.key()?);
            let keys = (1, input.consistent_read().unwrap_or_default());
            return Some(Plan::Get(BTreeMap::from([(table.to_owned(), keys)])));
        }
        if let Some(input) = input.downcast_ref::<BatchGetItemInput>() {
            let mut wanted = BTreeMap::new();
            for (table, keys) in input.request_items().into_iter().flatten() {
                if let Some(key) = keys.keys().first() {
                    tables.learn(table, key);
                }
                let consistent = keys.consistent_read().unwrap_or_default();
                wanted.insert(table.clone(), (keys.keys().len() as u64, consistent));
            }
            return Some(Plan::Get(wanted));
        }
        if let Some(input) = input.downcast_ref::<QueryInput>() {
            let consistent = input.consistent_read().unwrap_or_default();
            return Some(Plan::Find { table: input.table_name()?.to_owned(), consistent });
        }
        let input = input.downcast_ref::<ScanInput>()?;
        let consistent = input.consistent_read().unwrap_or_default();
        Some(Plan::Find { table: input.table_name()?.to_owned(), consistent })
    }

    /// The table that stands for the call.
    pub(super) fn resource(&self) -> Option<&str> {
        match self {
            Plan::Write { writes, .. } => writes.first().map(|write| write.table.as_str()),
            Plan::Get(wanted) => wanted.keys().next().map(String::as_str),
            Plan::Find { table, .. } => Some(table),
        }
    }

    /// What the call cost, by table, now that it is known how it ended.
    pub(super) fn charges(&self, answer: Option<Result<&Output, &Error>>, tables: &mut Tables) -> Charges {
        let mut charges: BTreeMap<&str, Usage> = BTreeMap::new();
        match (self, answer) {
            (Plan::Write { writes, times }, Some(Ok(output))) => {
                for write in without_unprocessed(writes, output, tables) {
                    tables.done(write);
                    charges.entry(&write.table).or_default().add(usage_of(write, *times));
                }
            }
            // A write whose condition fails is paid like one that succeeds. How far a transaction had come is not
            // told: taken as all of it.
            (Plan::Write { writes, times }, Some(Err(error))) if condition_failed(error) => {
                for write in writes {
                    charges.entry(&write.table).or_default().add(usage_of(write, *times));
                }
            }
            (Plan::Get(wanted), Some(Ok(output))) => {
                for (table, (keys, consistent)) in wanted {
                    let (sizes, open) = got(output, table, tables);
                    let absent = (keys - open).saturating_sub(sizes.len() as u64);
                    let charge = charges.entry(table).or_default();
                    charge.items += sizes.len() as u64;
                    charge.bytes += sizes.iter().sum::<u64>();
                    charge.read_units +=
                        sizes.iter().map(|bytes| read_units(*bytes, *consistent)).sum::<f64>();
                    charge.read_units += absent as f64 * read_units(0, *consistent);
                }
            }
            (Plan::Find { table, consistent }, Some(Ok(output))) => {
                let (items, scanned) = found(output);
                let returned: u64 = items.iter().map(|item| tables.read(table, item)).sum();
                // Items that a filter leaves out are paid too; taken to be as large as the others.
                let bytes = match items.len() as u64 {
                    0 => 0,
                    count => returned * scanned.max(count) / count,
                };
                let charge = charges.entry(table).or_default();
                charge.items += items.len() as u64;
                charge.bytes += bytes;
                charge.read_units += read_units(bytes, *consistent);
            }
            _ => {}
        }
        charges.into_iter().map(|(table, usage)| (table.to_owned(), usage)).collect()
    }
}

fn usage_of(write: &Write, times: u64) -> Usage {
    Usage { items: 1, bytes: write.bytes, write_units: write.units * times, ..Usage::default() }
}

fn transacted(item: &TransactWriteItem, tables: &mut Tables) -> Option<Write> {
    if let Some(put) = item.put() {
        return Some(tables.put(put.table_name(), put.item()));
    }
    if let Some(delete) = item.delete() {
        return Some(tables.delete(delete.table_name(), delete.key()));
    }
    if let Some(update) = item.update() {
        let (names, values) = (update.expression_attribute_names(), update.expression_attribute_values());
        return Some(tables.update(update.table_name(), update.key(), names, values));
    }
    let check = item.condition_check()?;
    Some(tables.check(check.table_name(), check.key()))
}

fn batched(table: &str, request: &WriteRequest, tables: &mut Tables) -> Option<Write> {
    match request.put_request() {
        Some(put) => Some(tables.put(table, put.item())),
        None => Some(tables.delete(table, request.delete_request()?.key())),
    }
}

/// The writes of a call, less those that a batch gave back.
fn without_unprocessed<'w>(writes: &'w [Write], output: &Output, tables: &mut Tables) -> Vec<&'w Write> {
    let mut done: Vec<&Write> = writes.iter().collect();
    let unprocessed =
        output.downcast_ref::<BatchWriteItemOutput>().and_then(|output| output.unprocessed_items());
    for (table, requests) in unprocessed.into_iter().flatten() {
        for request in requests {
            let at = done.iter().position(|write| {
                &write.table == table
                    && match (request.put_request(), request.delete_request()) {
                        (Some(put), _) => tables.is_put_of(write, put.item()),
                        (None, Some(delete)) => tables.is_delete_of(write, delete.key()),
                        (None, None) => false,
                    }
            });
            // One whose key is not known yet stands for any of its table.
            let at = at.or_else(|| done.iter().position(|write| &write.table == table));
            if let Some(at) = at {
                done.swap_remove(at);
            }
        }
    }
    done
}

/// The sizes of the items that were got of a table, and how many of its keys came back open.
fn got(output: &Output, table: &str, tables: &mut Tables) -> (Vec<u64>, u64) {
    if let Some(output) = output.downcast_ref::<GetItemOutput>() {
        return (output.item().map(|item| tables.read(table, item)).into_iter().collect(), 0);
    }
    let Some(output) = output.downcast_ref::<BatchGetItemOutput>() else { return (Vec::new(), 0) };
    let items = output.responses().and_then(|responses| responses.get(table));
    let sizes = items.into_iter().flatten().map(|item| tables.read(table, item)).collect();
    let open = output.unprocessed_keys().and_then(|keys| keys.get(table));
    (sizes, open.map_or(0, |keys| keys.keys().len() as u64))
}

/// The items that were found, and how many were looked at.
fn found(output: &Output) -> (&[Item], u64) {
    if let Some(output) = output.downcast_ref::<QueryOutput>() {
        return (output.items(), output.scanned_count().max(0) as u64);
    }
    output
        .downcast_ref::<ScanOutput>()
        .map_or((&[], 0), |output| (output.items(), output.scanned_count().max(0) as u64))
}

fn condition_failed(error: &Error) -> bool {
    let put = error.downcast_ref().is_some_and(PutItemError::is_conditional_check_failed_exception);
    let update = error.downcast_ref().is_some_and(UpdateItemError::is_conditional_check_failed_exception);
    let delete = error.downcast_ref().is_some_and(DeleteItemError::is_conditional_check_failed_exception);
    let transaction =
        error.downcast_ref().is_some_and(TransactWriteItemsError::is_transaction_canceled_exception);
    put || update || delete || transaction
}
