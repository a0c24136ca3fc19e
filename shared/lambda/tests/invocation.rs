//! Where the sample invocations come from, and what an event is not.

use aws_lambda_events::s3::S3Event;
use aws_lambda_events::sqs::SqsEvent;
use lambda::{Failure, Invocation, Source};
use std::fs;

fn sample(name: &str) -> Invocation {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Invocation::parse(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_sample_tells_its_source() {
    for (name, source) in [
        ("update-profiles/kinesis", Source::Kinesis),
        ("update-profiles/sqs", Source::Sqs),
        ("evaluate-triggers/stream", Source::DynamoDb),
        ("import-data/object", Source::S3),
        ("fire-timers/schedule", Source::Schedule),
        ("build-reports/schedule", Source::Schedule),
        ("collect-events/wrong-key", Source::FunctionUrl),
    ] {
        assert_eq!(sample(name).source(), source, "{name}");
    }
}

#[test]
fn what_tells_no_source_has_none() {
    for event in [
        "{}",
        "[]",
        "null",
        "7",
        r#""Records""#,
        r#"{"Records":[]}"#,
        r#"{"Records":[{}]}"#,
        r#"{"Records":{"eventSource":"aws:sqs"}}"#,
        r#"{"Records":[7]}"#,
        // SNS writes it with a capital letter.
        r#"{"Records":[{"EventSource":"aws:sns"}]}"#,
        r#"{"Records":[{"eventSource":"aws:codecommit"}]}"#,
    ] {
        assert_eq!(Invocation::parse(event).unwrap().source(), Source::Other, "{event}");
    }
    let escaped = r#"{"Records":[{"eventSource":"aws:\u0073qs"},{"eventSource":"aws:s3"}]}"#;
    assert_eq!(Invocation::parse(escaped).unwrap().source(), Source::Sqs);
    assert!(Invocation::parse(r#"{"Records":"#).is_err());
}

#[test]
fn an_error_says_what_the_event_is_not_and_nothing_that_is_in_it() {
    let read = sample("import-data/object").read::<S3Event>("an S3 notification").unwrap();
    assert_eq!(read.records[0].s3.bucket.name.as_deref(), Some("shop-imports"));

    let event =
        Invocation::parse(r#"{"Records":[{"eventSource":"aws:sqs","body":{"mail":"ann@example.com"}}]}"#);
    let event = event.unwrap();
    let error = event.read::<SqsEvent>("messages of an SQS queue").unwrap_err().to_string();
    assert!(error.starts_with("the event is not messages of an SQS queue: "), "{error}");
    assert!(!error.contains("ann"), "{error}");
    let text = Invocation::parse(r#"{"Records":"ann@example.com"}"#).unwrap();
    let error = text.read::<SqsEvent>("messages of an SQS queue").unwrap_err().to_string();
    assert!(error.contains("line 1 column") && !error.contains("ann"), "{error}");

    let refused = Failure::from(event.refused("an S3 notification"));
    assert_eq!(
        refused.to_string(),
        "the event comes from an SQS queue; this function takes an S3 notification"
    );
    assert_eq!(refused.kind(), "InvocationError");
}
