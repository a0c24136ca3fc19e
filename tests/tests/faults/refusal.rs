//! How each service says that a call was one too many.

use crate::network::Dice;
use rondo_tests::proxy::{Answer, Call};
use serde_json::{Value, json};

const JSON_10: &str = "application/x-amz-json-1.0";
const JSON_11: &str = "application/x-amz-json-1.1";

/// The answer to a call in place of its service's.
pub fn throttled(call: &Call, dice: &mut Dice) -> Answer {
    let refused = |status, content_type, body: Value| Answer { status, content_type, body: body.to_string() };
    match call.service() {
        // A transaction is cancelled for it, too, which the SDK does not repeat.
        "DynamoDB" if call.operation() == "TransactWriteItems" && dice.hits(50) => {
            refused(400, JSON_10, cancelled(&call.body))
        }
        "DynamoDB" => refused(
            400,
            JSON_10,
            json!({
                "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                "message": "The level of configured provisioned throughput for the table was exceeded.",
            }),
        ),
        "Kinesis" => refused(
            400,
            JSON_11,
            json!({
                "__type": "ProvisionedThroughputExceededException",
                "message": "Rate exceeded for shard shardId-000000000000.",
            }),
        ),
        "SQS" => refused(
            400,
            JSON_10,
            json!({"__type": "com.amazonaws.sqs#RequestThrottled", "message": "Request is throttled."}),
        ),
        "SES" => refused(
            429,
            "application/json",
            json!({"__type": "TooManyRequestsException", "message": "Maximum sending rate exceeded."}),
        ),
        "SNS" => {
            // One is of the service, the other of what stands before it.
            let (status, code) = if dice.hits(50) { (429, "Throttled") } else { (400, "Throttling") };
            let body = format!(
                "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
                 <Code>{code}</Code><Message>Rate exceeded</Message></Error><RequestId>0</RequestId></ErrorResponse>"
            );
            Answer { status, content_type: "text/xml", body }
        }
        _ => {
            let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>SlowDown</Code><Message>Please reduce \
                        your request rate.</Message></Error>";
            Answer { status: 503, content_type: "application/xml", body: body.to_owned() }
        }
    }
}

/// A transaction whose first action had no capacity.
fn cancelled(body: &[u8]) -> Value {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let actions = request["TransactItems"].as_array().map_or(1, Vec::len);
    let mut reasons = vec![json!({"Code": "None"}); actions];
    reasons[0] = json!({"Code": "ThrottlingError", "Message": "Throughput exceeds the current capacity."});
    json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
        "CancellationReasons": reasons,
    })
}
