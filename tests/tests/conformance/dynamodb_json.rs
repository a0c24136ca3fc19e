//! What DynamoDB itself says, read without the adapters and without the SDK.

use rondo_tests::Endpoint;
use serde_json::{Value, json};

/// One call of DynamoDB (`DynamoDB_20120810`) or of its streams (`DynamoDBStreams_20120810`).
pub fn call(endpoint: &Endpoint, service: &str, operation: &str, request: Value) -> Value {
    let scope = "Credential=test/20260101/us-east-1/dynamodb/aws4_request";
    let answer = ureq::post(endpoint.url())
        .header("x-amz-target", format!("{service}.{operation}"))
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"))
        .content_type("application/x-amz-json-1.0")
        .send(request.to_string())
        .unwrap_or_else(|error| panic!("{operation}: {error}"));
    serde_json::from_reader(answer.into_body().into_reader()).unwrap()
}

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
