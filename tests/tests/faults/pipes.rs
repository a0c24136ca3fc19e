//! What lies on the bus, the change stream and the queues, read as event sources do: without faults.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::Key;
use rondo_tests::{Endpoint, call};
use serde_json::{Value, json};

/// Reads a stream from its beginning, each record once.
pub struct StreamReader {
    endpoint: &'static Endpoint,
    service: &'static str,
    /// Where it stands in each shard.
    iterators: Vec<Value>,
}

impl StreamReader {
    /// A Kinesis stream.
    pub fn bus(endpoint: &'static Endpoint, name: &str) -> StreamReader {
        let service = "Kinesis_20131202";
        let shards = call(endpoint, service, "ListShards", json!({"StreamName": name}))["Shards"].take();
        StreamReader::of(endpoint, service, &shards, json!({"StreamName": name}))
    }

    /// The change stream of a table.
    pub fn changes(endpoint: &'static Endpoint, table: &str) -> StreamReader {
        let table = call(endpoint, "DynamoDB_20120810", "DescribeTable", json!({"TableName": table}));
        let stream = json!({"StreamArn": table["Table"]["LatestStreamArn"]});
        let service = "DynamoDBStreams_20120810";
        let described = call(endpoint, service, "DescribeStream", stream.clone());
        StreamReader::of(endpoint, service, &described["StreamDescription"]["Shards"], stream)
    }

    fn of(endpoint: &'static Endpoint, service: &'static str, shards: &Value, stream: Value) -> StreamReader {
        let from = |shard: &Value| {
            let mut from = stream.clone();
            from["ShardId"] = shard["ShardId"].clone();
            from["ShardIteratorType"] = json!("TRIM_HORIZON");
            call(endpoint, service, "GetShardIterator", from)["ShardIterator"].take()
        };
        StreamReader { endpoint, service, iterators: shards.as_array().unwrap().iter().map(from).collect() }
    }

    /// What came since the last time, by shard.
    pub fn next(&mut self) -> Vec<Vec<Value>> {
        let (endpoint, service) = (self.endpoint, self.service);
        let shard = |iterator: &mut Value| {
            let mut records = Vec::new();
            while iterator.is_string() {
                let mut page = call(endpoint, service, "GetRecords", json!({"ShardIterator": iterator}));
                *iterator = page["NextShardIterator"].take();
                match page["Records"].take() {
                    Value::Array(page) if !page.is_empty() => records.extend(page),
                    _ => break,
                }
            }
            records
        };
        self.iterators.iter_mut().map(shard).collect()
    }
}

/// The data of records of a Kinesis stream.
pub fn data(records: Vec<Value>) -> Vec<Vec<u8>> {
    records.iter().map(|record| STANDARD.decode(record["Data"].as_str().unwrap()).unwrap()).collect()
}

/// The new images of a change stream, each with its person.
pub fn images(records: Vec<Value>) -> Vec<(Key, Value)> {
    let image = |mut record: Value| {
        let image = record["dynamodb"]["NewImage"].take();
        let person = STANDARD.decode(image["person"]["B"].as_str().unwrap()).unwrap();
        (Key(person.try_into().unwrap()), image)
    };
    records.into_iter().map(image).collect()
}

/// Takes all messages out of a queue: their bodies.
pub fn take_all(endpoint: &Endpoint, url: &str) -> Vec<String> {
    let mut bodies = Vec::new();
    loop {
        let wanted = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600});
        let answer = call(endpoint, "AmazonSQS", "ReceiveMessage", wanted);
        let Some(messages) = answer["Messages"].as_array().filter(|messages| !messages.is_empty()) else {
            return bodies;
        };
        let done = |(n, message): (usize, &Value)| json!({"Id": n.to_string(), "ReceiptHandle": message["ReceiptHandle"]});
        let done: Vec<Value> = messages.iter().enumerate().map(done).collect();
        call(endpoint, "AmazonSQS", "DeleteMessageBatch", json!({"QueueUrl": url, "Entries": done}));
        bodies.extend(messages.iter().map(|message| message["Body"].as_str().unwrap().to_owned()));
    }
}
