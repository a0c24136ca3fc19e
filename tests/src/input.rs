//! The events that Lambda hands to functions, as the JSON that its runtime reads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::{Key, iso_time};
use rondo::simulate::Record;
use serde_json::{Value, json};

/// A request to the function URL with the records that a sender sent together.
pub fn request(records: &[Record], key: &str, at: i64) -> String {
    let bodies: Vec<String> = records.iter().map(Record::to_json).collect();
    let sent_at = iso_time(records.first().map_or(0, |record| record.sent_at));
    post("/v1/batch", &format!("{{\"batch\":[{}],\"sentAt\":\"{sent_at}\"}}", bodies.join(",")), key, at)
}

/// A request to the function URL with this body.
pub fn post(path: &str, body: &str, key: &str, at: i64) -> String {
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "x-write-key": key},
        "requestContext": {
            "timeEpoch": at,
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9"},
        },
        "body": body,
        "isBase64Encoded": false,
    })
    .to_string()
}

/// Records of one shard of the stream; `first` is the number of the first.
pub fn kinesis(envelopes: &[Vec<u8>], first: u64, at: i64) -> String {
    let record = |(place, envelope): (u64, &Vec<u8>)| {
        let number = format!("4954{:020}", first + place);
        json!({
            "eventID": format!("shardId-000000000000:{number}"),
            "eventName": "aws:kinesis:record",
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "awsRegion": "us-east-1",
            "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/bus",
            "invokeIdentityArn": "arn:aws:iam::000000000000:role/lambda",
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "p",
                "sequenceNumber": number,
                "data": STANDARD.encode(envelope),
                "approximateArrivalTimestamp": at as f64 / 1e3,
            },
        })
    };
    json!({"Records": (0..).zip(envelopes).map(record).collect::<Vec<Value>>()}).to_string()
}

/// Messages of a queue by their bodies.
pub fn messages(bodies: &[String], queue: &str, first: u64, at: i64) -> String {
    let message = |(place, body): (u64, &String)| {
        json!({
            "messageId": format!("{queue}-{:012}", first + place),
            "receiptHandle": "handle",
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": at.to_string(),
                "SenderId": "AROA",
                "ApproximateFirstReceiveTimestamp": at.to_string(),
            },
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
            "awsRegion": "us-east-1",
        })
    };
    json!({"Records": (0..).zip(bodies).map(message).collect::<Vec<Value>>()}).to_string()
}

/// Changes of one shard of the profile table's stream.
pub fn changes(images: &[(Key, Value)], first: u64, at: i64) -> String {
    let record = |(place, (key, image)): (u64, &(Key, Value))| {
        json!({
            "eventID": format!("{:032x}", first + place),
            "eventName": "MODIFY",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": at as f64 / 1e3,
                "Keys": {"person": {"B": STANDARD.encode(key.0)}},
                "NewImage": image,
                "SequenceNumber": format!("{:021}", first + place),
                "SizeBytes": 1_000,
                "StreamViewType": "NEW_IMAGE",
            },
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/profiles/stream/2026-11-01T00:00:00.000",
        })
    };
    json!({"Records": (0..).zip(images).map(record).collect::<Vec<Value>>()}).to_string()
}

/// The schedule's event of a time.
pub fn schedule(at: i64) -> String {
    json!({
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": iso_time(at),
        "region": "us-east-1",
        "resources": [],
        "detail": {},
    })
    .to_string()
}
