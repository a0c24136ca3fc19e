//! Calls with hand-computed units.

use super::*;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, DeleteRequest, KeysAndAttributes, Put, PutRequest, TransactWriteItem,
    WriteRequest,
};
use aws_sdk_kinesis::operation::put_records::{PutRecordsInput, PutRecordsOutput};
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use aws_sdk_sqs::operation::send_message_batch::{SendMessageBatchInput, SendMessageBatchOutput};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use std::collections::HashMap;

type Item = HashMap<String, AttributeValue>;

fn key(person: u8) -> Item {
    Item::from([("person".to_owned(), AttributeValue::B(Blob::new([person; 16])))])
}

/// An item of exactly so many bytes: 22 for the key, 7 for the name of the other attribute.
fn item(person: u8, bytes: usize) -> Item {
    let mut item = key(person);
    item.insert("profile".to_owned(), AttributeValue::B(Blob::new(vec![0; bytes - 29])));
    item
}

fn play(meter: &Meter, service: &str, operation: &str, input: Input, answer: Result<Output, Error>) {
    let call = meter.begin(&Metadata::new(operation.to_owned(), service.to_owned()), &input);
    meter.attempt(&call);
    meter.end(&call, Some(answer.as_ref()));
}

fn put(meter: &Meter, item: Item) {
    let input = PutItemInput::builder().table_name("profiles").set_item(Some(item)).build().unwrap();
    play(
        meter,
        "DynamoDB",
        "PutItem",
        Input::erase(input),
        Ok(Output::erase(PutItemOutput::builder().build())),
    );
}

fn get(meter: &Meter, people: &[u8], found: Vec<Item>) {
    let keys =
        KeysAndAttributes::builder().set_keys(Some(people.iter().map(|person| key(*person)).collect()));
    let input =
        BatchGetItemInput::builder().request_items("profiles", keys.build().unwrap()).build().unwrap();
    let output = BatchGetItemOutput::builder().responses("profiles", found).build();
    play(meter, "DynamoDB", "BatchGetItem", Input::erase(input), Ok(Output::erase(output)));
}

fn written(meter: &Meter) -> u64 {
    meter.counts().sum("DynamoDB", "", "profiles").write_units
}

#[test]
fn a_put_is_paid_by_the_larger_of_old_and_new() {
    let meter = Meter::default();
    // The names of the key are learnt from a read: two people that are not there, half a unit each.
    get(&meter, &[1, 2], Vec::new());
    put(&meter, item(1, 1024));
    assert_eq!(written(&meter), 1);
    put(&meter, item(1, 2049)); // 3
    put(&meter, item(1, 100)); // 3: the old item was larger
    put(&meter, item(1, 100)); // 1
    assert_eq!(written(&meter), 1 + 3 + 3 + 1);
    let counts = meter.counts();
    assert_eq!(counts.sum("DynamoDB", "BatchGetItem", "").read_units, 1.0);
    assert_eq!((counts.sum("DynamoDB", "PutItem", "").calls, counts.waits["DynamoDB"]), (4, 5));
}

#[test]
fn reads_are_paid_by_4_kb_for_each_item() {
    let meter = Meter::default();
    // 1 item of 5 KB: 1 unit; 1 small one: a half; one absent: a half.
    get(&meter, &[1, 2, 3], vec![item(1, 5_000), item(2, 700)]);
    let usage = meter.counts().sum("DynamoDB", "BatchGetItem", "profiles");
    assert_eq!((usage.read_units, usage.items, usage.bytes), (2.0, 2, 5_700));

    // A query is paid for all its items together: 8 of 600 bytes, 4,800 bytes, two steps of 4 KB, consistent.
    let input = QueryInput::builder().table_name("timers").consistent_read(true).build().unwrap();
    let output = QueryOutput::builder().set_items(Some((0..8).map(|n| item(n, 600)).collect())).build();
    play(&meter, "DynamoDB", "Query", Input::erase(input), Ok(Output::erase(output)));
    assert_eq!(meter.counts().sum("DynamoDB", "Query", "timers").read_units, 2.0);
    // One that finds nothing costs half a unit where it need not be consistent.
    let input = QueryInput::builder().table_name("held").build().unwrap();
    play(&meter, "DynamoDB", "Query", Input::erase(input), Ok(Output::erase(QueryOutput::builder().build())));
    assert_eq!(meter.counts().sum("DynamoDB", "Query", "held").read_units, 0.5);
}

#[test]
fn a_failed_condition_is_paid_and_another_error_is_not() {
    let meter = Meter::default();
    let input =
        || PutItemInput::builder().table_name("profiles").set_item(Some(item(1, 1500))).build().unwrap();
    let condition =
        PutItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build());
    play(&meter, "DynamoDB", "PutItem", Input::erase(input()), Err(Error::erase(condition)));
    assert_eq!(written(&meter), 2);
    let other = PutItemError::unhandled("no");
    play(&meter, "DynamoDB", "PutItem", Input::erase(input()), Err(Error::erase(other)));
    let usage = meter.counts().sum("DynamoDB", "PutItem", "profiles");
    assert_eq!((usage.write_units, usage.calls, usage.failures, usage.attempts), (2, 2, 2, 2));
}

#[test]
fn a_transaction_costs_twice_and_a_deletion_what_was_there() {
    let meter = Meter::default();
    get(&meter, &[1], vec![item(1, 3_000)]);
    let put = Put::builder().table_name("profiles").set_item(Some(item(2, 1_100))).build().unwrap();
    let delete = Delete::builder().table_name("profiles").set_key(Some(key(1))).build().unwrap();
    let input = TransactWriteItemsInput::builder()
        .transact_items(TransactWriteItem::builder().put(put).build())
        .transact_items(TransactWriteItem::builder().delete(delete).build())
        .build()
        .unwrap();
    let output = TransactWriteItemsOutput::builder().build();
    play(&meter, "DynamoDB", "TransactWriteItems", Input::erase(input), Ok(Output::erase(output)));
    // 2 of the put and 3 of the deletion, each twice.
    assert_eq!(written(&meter), 10);
}

#[test]
fn a_batch_is_paid_by_item_and_not_for_what_it_gives_back() {
    let meter = Meter::default();
    get(&meter, &[9], Vec::new());
    meter.reset();
    let put = |person, bytes| {
        let put = PutRequest::builder().set_item(Some(item(person, bytes))).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let delete = DeleteRequest::builder().set_key(Some(key(3))).build().unwrap();
    let requests = vec![put(1, 100), put(2, 2_500), WriteRequest::builder().delete_request(delete).build()];
    let input = BatchWriteItemInput::builder().request_items("profiles", requests).build().unwrap();
    let output = BatchWriteItemOutput::builder().unprocessed_items("profiles", vec![put(2, 2_500)]).build();
    play(&meter, "DynamoDB", "BatchWriteItem", Input::erase(input), Ok(Output::erase(output)));
    // 1 for the put, 1 for the deletion of what is not there; the put of 3 units came back.
    let usage = meter.counts().sum("DynamoDB", "BatchWriteItem", "profiles");
    assert_eq!((usage.write_units, usage.items), (2, 2));
}

#[test]
fn an_item_in_a_sparse_index_is_paid_twice() {
    let meter = Meter::default().with_index("profiles", "claimed");
    get(&meter, &[1], Vec::new());
    let mut claimed = item(1, 200);
    claimed.insert("claimed".to_owned(), AttributeValue::N("5".into()));
    put(&meter, claimed); // in: 2
    put(&meter, item(1, 200)); // out: 2
    put(&meter, item(1, 200)); // 1
    assert_eq!(written(&meter), 5);
}

#[test]
fn streams_are_paid_by_25_kb_of_a_record_and_queues_by_64_kb_of_a_call() {
    let meter = Meter::default();
    let record = |bytes| {
        let data = aws_sdk_kinesis::primitives::Blob::new(vec![0; bytes]);
        PutRecordsRequestEntry::builder().data(data).partition_key("p").build().unwrap()
    };
    let records = [1, 25_000, 25_600, 25_601].map(record).to_vec();
    let input = PutRecordsInput::builder().stream_name("bus").set_records(Some(records)).build().unwrap();
    let output = PutRecordsOutput::builder().set_records(Some(Vec::new())).build().unwrap();
    play(&meter, "Kinesis", "PutRecords", Input::erase(input), Ok(Output::erase(output)));
    let usage = meter.counts().sum("Kinesis", "PutRecords", "bus");
    assert_eq!((usage.items, usage.units), (4, 1 + 1 + 1 + 2));

    let entry = |bytes: usize| {
        SendMessageBatchRequestEntry::builder().id("a").message_body("x".repeat(bytes)).build().unwrap()
    };
    for sizes in [vec![10, 20], vec![40_000, 30_000]] {
        let input = SendMessageBatchInput::builder()
            .queue_url("http://localhost/000000000000/service")
            .set_entries(Some(sizes.into_iter().map(entry).collect()))
            .build()
            .unwrap();
        let output = SendMessageBatchOutput::builder();
        let output = output.set_successful(Some(Vec::new())).set_failed(Some(Vec::new())).build().unwrap();
        play(&meter, "SQS", "SendMessageBatch", Input::erase(input), Ok(Output::erase(output)));
    }
    let usage = meter.counts().sum("SQS", "", "service");
    assert_eq!((usage.calls, usage.items, usage.units), (2, 4, 1 + 2));
}

#[test]
fn calls_in_flight_together_are_one_wait() {
    let meter = Meter::default();
    let begin = || {
        let input = QueryInput::builder().table_name("timers").build().unwrap();
        meter.begin(&Metadata::new("Query", "DynamoDB"), &Input::erase(input))
    };
    drop([begin(), begin(), begin()]);
    assert_eq!(meter.counts().waits["DynamoDB"], 1);
    // Five calls, two at once: three waits.
    let mut open = vec![begin(), begin()];
    for _ in 0..3 {
        open.remove(0);
        open.push(begin());
    }
    drop(open);
    assert_eq!(meter.counts().waits["DynamoDB"], 1 + 3);
}
