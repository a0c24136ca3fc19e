//! The endpoint spoken to without the adapters and without the SDK.

use crate::{Endpoint, python};
use serde_json::Value;
use std::process::Command;

/// One call of a service that speaks JSON by its target: `DynamoDB_20120810`, `DynamoDBStreams_20120810`,
/// `Kinesis_20131202`, `AmazonSQS`.
///
/// # Panics
/// Where it is answered otherwise than with success.
pub fn call(endpoint: &Endpoint, service: &str, operation: &str, request: Value) -> Value {
    let (signed_for, version) = match service {
        "Kinesis_20131202" => ("kinesis", "1.1"),
        "AmazonSQS" => ("sqs", "1.0"),
        _ => ("dynamodb", "1.0"),
    };
    let scope = format!("Credential=test/20260101/us-east-1/{signed_for}/aws4_request");
    let answer = ureq::post(endpoint.url())
        .header("x-amz-target", format!("{service}.{operation}"))
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"))
        .content_type(format!("application/x-amz-json-{version}"))
        .send(request.to_string())
        .unwrap_or_else(|error| panic!("{operation}: {error}"));
    serde_json::from_reader(answer.into_body().into_reader()).unwrap_or_default()
}

/// Runs a program of another client (boto3), which sees `client(service)` and its arguments; returns what it printed.
///
/// # Panics
/// Where the program fails.
pub fn other_client(endpoint: &Endpoint, program: &str, arguments: &[&str]) -> String {
    let prelude = "import base64, boto3, json, sys, urllib.request\n\
        url, arguments = sys.argv[1], sys.argv[2:]\n\
        client = lambda service: boto3.client(service, endpoint_url=url, region_name='us-east-1', \
        aws_access_key_id='test', aws_secret_access_key='test')\n";
    let mut command = Command::new(python().unwrap_or_else(|error| panic!("{error}")));
    command.args(["-c", &format!("{prelude}{program}"), endpoint.url()]).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
