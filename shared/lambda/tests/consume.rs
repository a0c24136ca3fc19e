//! The batch loop over real-shaped events: what is worked on, what is quarantined, what is reported.

use aws_lambda_events::kinesis::KinesisEvent;
use aws_lambda_events::sqs::SqsEvent;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::{
    Arrival, Code, Event, Identifiers, Parser, ParserSettings, PortError, Pseudonymizer, Quarantine,
    Quarantined, encode_envelopes,
};
use lambda::{Batch, consume, messages};
use pollster::block_on;
use serde_json::json;
use std::cell::RefCell;

#[derive(Default)]
struct Kept {
    records: RefCell<Vec<Quarantined>>,
    broken: bool,
}

impl Quarantine for Kept {
    async fn put(&self, records: &[Quarantined]) -> Result<(), PortError> {
        if self.broken {
            return Err(unavailable());
        }
        self.records.borrow_mut().extend_from_slice(records);
        Ok(())
    }
}

fn unavailable() -> PortError {
    PortError::Unavailable { what: "the table", reason: "throttled".into() }
}

fn envelope(ids: &[&str]) -> String {
    let event =
        |id: &&str| Event::reported(id.to_string(), "Seen", Identifiers::default(), 5, String::new(), "test");
    let events: Vec<_> = ids.iter().map(event).collect();
    let envelopes = encode_envelopes(&events);
    assert_eq!(envelopes.len(), 1);
    STANDARD.encode(&envelopes[0])
}

fn kinesis(records: &[(&str, &str)]) -> KinesisEvent {
    let record = |(sequence, data): &(&str, &str)| {
        json!({
            "eventSource": "aws:kinesis", "eventID": format!("shardId-000000000006:{sequence}"),
            "eventSourceARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/events",
            "kinesis": {"sequenceNumber": sequence, "partitionKey": "p", "data": data,
                "approximateArrivalTimestamp": 1545084650.987}
        })
    };
    serde_json::from_value(json!({"Records": records.iter().map(record).collect::<Vec<_>>()})).unwrap()
}

fn sqs(records: &[(&str, &str)]) -> SqsEvent {
    let record = |(id, body): &(&str, &str)| {
        json!({"messageId": id, "body": body, "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:events-profiles"})
    };
    serde_json::from_value(json!({"Records": records.iter().map(record).collect::<Vec<_>>()})).unwrap()
}

/// Runs a batch whose work gives `outcome`; the ids of the events worked on, and the answer as JSON.
fn run<B: Batch>(batch: &B, kept: &Kept, outcome: Result<(), PortError>) -> (Vec<String>, serde_json::Value)
where
    B::Response: Into<Answer>,
{
    let mut seen = Vec::new();
    let response = block_on(consume(batch, kept, 42, async |events| {
        seen.extend(events.iter().map(|event| event.message_id.to_string()));
        outcome
    }));
    (seen, response.into().0)
}

struct Answer(serde_json::Value);

impl From<aws_lambda_events::streams::KinesisEventResponse> for Answer {
    fn from(response: aws_lambda_events::streams::KinesisEventResponse) -> Self {
        Answer(serde_json::to_value(response).unwrap())
    }
}

impl From<aws_lambda_events::sqs::SqsBatchResponse> for Answer {
    fn from(response: aws_lambda_events::sqs::SqsBatchResponse) -> Self {
        Answer(serde_json::to_value(response).unwrap())
    }
}

#[test]
fn a_good_batch_is_worked_on_in_order_and_reports_nothing() {
    let kept = Kept::default();
    let batch = kinesis(&[("1", &envelope(&["a", "b"])), ("2", &envelope(&["c"]))]);
    let (seen, answer) = run(&batch, &kept, Ok(()));
    assert_eq!(seen, ["a", "b", "c"]);
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert!(kept.records.borrow().is_empty());
}

#[test]
fn a_poison_record_is_quarantined_and_not_reported() {
    let kept = Kept::default();
    let batch =
        sqs(&[("m1", &envelope(&["a"])), ("m2", "no base64!"), ("m3", "AQUB"), ("m4", &envelope(&["b"]))]);
    let (seen, answer) = run(&batch, &kept, Ok(()));
    assert_eq!(seen, ["a", "b"]);
    assert_eq!(answer, json!({"batchItemFailures": []}));
    let kept = kept.records.into_inner();
    let sources: Vec<_> = kept.iter().map(|record| (record.source.as_str(), record.at)).collect();
    assert_eq!(sources, [("events-profiles:m2", 42), ("events-profiles:m3", 42)]);
    assert!(kept.iter().all(|record| record.rejection.code == Code::InvalidEnvelope));
    assert_eq!(kept[0].original, b"no base64!");
    assert_eq!(kept[1].original, [1, 5, 1]);
}

#[test]
fn a_passing_failure_is_reported() {
    let batch = sqs(&[("m1", &envelope(&["a"])), ("m2", "!"), ("m3", &envelope(&["b"]))]);
    let (_, answer) = run(&batch, &Kept::default(), Err(unavailable()));
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m3"}]}));
}

#[test]
fn a_shard_is_read_again_from_its_lowest_failure() {
    let (low, high) = ("9".repeat(55), format!("1{}", "0".repeat(55)));
    let batch = kinesis(&[(&high, &envelope(&["b"])), (&low, &envelope(&["a"]))]);
    let (_, answer) = run(&batch, &Kept::default(), Err(unavailable()));
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": low}]}));
}

#[test]
fn poison_that_cannot_be_quarantined_is_reported() {
    let kept = Kept { broken: true, ..Kept::default() };
    let (seen, answer) = run(&kinesis(&[("1", &envelope(&["a"])), ("2", "AQUB")]), &kept, Ok(()));
    assert_eq!(seen, ["a"]);
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "2"}]}));
}

#[test]
fn an_empty_batch_does_nothing() {
    let (seen, answer) = run(&kinesis(&[]), &Kept::default(), Err(unavailable()));
    assert!(seen.is_empty());
    assert_eq!(answer, json!({"batchItemFailures": []}));
}

#[test]
fn a_failure_without_an_id_fails_the_batch() {
    // Lambda takes an empty identifier as the failure of all records.
    let batch: SqsEvent = serde_json::from_value(json!({"Records": [{"body": envelope(&["a"])}]})).unwrap();
    let (_, answer) = run(&batch, &Kept::default(), Err(unavailable()));
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": ""}]}));
}

#[test]
fn plain_messages_are_read_as_they_are() {
    let batch = sqs(&[("m1", "{\"a\":1}")]);
    assert_eq!(messages(&batch).collect::<Vec<_>>(), [("m1", "{\"a\":1}")]);
}

/// What functions behind intake keep of the bus is not sealed, since there is nothing personal on it: whatever becomes of
/// an envelope on its way, and however it was cut.
#[test]
fn nothing_personal_is_kept_of_a_damaged_envelope() {
    let raw = [
        "ann.canary@example.com",
        "Lindqvist",
        "13812345678",
        "11010519491231002X",
        "4111111111111111",
        "203.0.113.9",
    ];
    let record = json!({
        "type": "identify", "userId": raw[0], "anonymousId": "anon-1", "messageId": "m-1",
        "timestamp": "2026-11-22T10:00:00Z",
        "traits": {"email": raw[0], "lastName": raw[1], "phone": raw[2],
            "note": format!("card {}, id {}, mail {}", raw[4], raw[3], raw[0])},
        "context": {"ip": raw[5], "page": {"url": format!("https://shop.example/?m={}&tel={}", raw[0], raw[2])},
            "externalIds": [{"type": "email", "id": raw[0]}]},
    });
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let record = record.to_string();
    let parsed = parser.parse(record.as_bytes(), "web", Arrival::Live { now: 1_795_341_600_000 }).unwrap();
    assert!(parsed.secrets.len() >= 3, "they are in the vault");
    let envelope = encode_envelopes(&[parsed.event]).remove(0);
    let mut bodies: Vec<Vec<u8>> = (0..envelope.len()).map(|end| envelope[..end].to_vec()).collect();
    for at in 0..envelope.len() {
        let mut damaged = envelope.clone();
        damaged[at] ^= 0x55;
        bodies.push(damaged);
    }
    let bodies: Vec<String> = bodies.iter().map(|body| STANDARD.encode(body)).collect();
    let messages: Vec<(&str, &str)> = bodies.iter().map(|body| ("m", body.as_str())).collect();
    let kept = Kept::default();
    run(&sqs(&messages), &kept, Ok(()));
    let kept = kept.records.into_inner();
    assert!(kept.len() > envelope.len() / 2, "{} of {} were refused", kept.len(), bodies.len());
    for record in kept {
        let text =
            format!("{} {} {}", record.source, record.rejection, String::from_utf8_lossy(&record.original));
        assert!(raw.iter().all(|raw| !text.contains(raw)), "{text}");
    }
}
