//! The change stream of a table, read without the adapters and without the SDK.

use rondo_tests::{Endpoint, call};
use serde_json::{Value, json};

/// The new images on a table's change stream, from its beginning: in order for each item.
pub fn changes(endpoint: &Endpoint, table: &str) -> Vec<Value> {
    let streams = |operation, request| call(endpoint, "DynamoDBStreams_20120810", operation, request);
    let table = call(endpoint, "DynamoDB_20120810", "DescribeTable", json!({"TableName": table}));
    let stream = &table["Table"]["LatestStreamArn"];
    let described = streams("DescribeStream", json!({"StreamArn": stream}));
    let mut images = Vec::new();
    for shard in described["StreamDescription"]["Shards"].as_array().unwrap() {
        let from =
            json!({"StreamArn": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"});
        let mut iterator = streams("GetShardIterator", from)["ShardIterator"].clone();
        while iterator.is_string() {
            let mut page = streams("GetRecords", json!({"ShardIterator": iterator}));
            let Value::Array(records) = page["Records"].take() else { panic!("no records") };
            if records.is_empty() {
                break;
            }
            images.extend(records.into_iter().map(|mut record| record["dynamodb"]["NewImage"].take()));
            iterator = page["NextShardIterator"].take();
        }
    }
    images
}
