//! The records of an invocation, and the answer that names those to deliver again.

use aws_lambda_events::kinesis::{KinesisEvent, KinesisEventRecord};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use aws_lambda_events::streams::KinesisEventResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// One record of an invocation.
#[derive(Debug)]
pub struct Record<'a> {
    /// What Lambda calls it by: a sequence number, or a message id. Empty where the event has none; Lambda
    /// takes an empty id in the answer as the failure of the whole batch.
    pub id: &'a str,
    /// ARN of the stream or queue; empty where the event has none.
    pub source: &'a str,
    /// The bytes that its sender put in; as the error, the body that could not be decoded.
    pub payload: Result<Cow<'a, [u8]>, &'a str>,
}

/// An event that brings many records and is answered with those that failed.
pub trait Batch {
    /// The answer that Lambda expects under `ReportBatchItemFailures`.
    type Response;

    /// The records in the order of their delivery, each decoded on its own.
    fn records(&self) -> Vec<Record<'_>>;

    /// The answer for which Lambda delivers `failed` again, and nothing else that it can avoid.
    fn response(failed: &[&str]) -> Self::Response;
}

impl Batch for KinesisEvent {
    type Response = KinesisEventResponse;

    fn records(&self) -> Vec<Record<'_>> {
        self.records.iter().map(kinesis_record).collect()
    }

    /// Names the lowest sequence number: the shard is read again from there.
    fn response(failed: &[&str]) -> KinesisEventResponse {
        let mut response = KinesisEventResponse::default();
        // Decimal numbers of up to 129 digits: the shorter is the lower.
        if let Some(lowest) = failed.iter().min_by_key(|id| (id.len(), **id)) {
            response.add_failure(*lowest);
        }
        response
    }
}

impl Batch for SqsEvent {
    type Response = SqsBatchResponse;

    /// Bodies are base64, since a queue takes only text.
    fn records(&self) -> Vec<Record<'_>> {
        self.records.iter().map(queue_record).collect()
    }

    fn response(failed: &[&str]) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        response.set_failures(failed.iter().copied());
        response
    }
}

/// The messages of a queue whose bodies are plain text (JSON, mostly): id and body.
pub fn messages(event: &SqsEvent) -> impl Iterator<Item = (&str, &str)> {
    event.records.iter().map(|message| (or_empty(&message.message_id), or_empty(&message.body)))
}

fn kinesis_record(record: &KinesisEventRecord) -> Record<'_> {
    Record {
        id: &record.kinesis.sequence_number,
        source: or_empty(&record.event_source_arn),
        payload: Ok(Cow::Borrowed(record.kinesis.data.as_slice())),
    }
}

fn queue_record(message: &SqsMessage) -> Record<'_> {
    let body = or_empty(&message.body);
    Record {
        id: or_empty(&message.message_id),
        source: or_empty(&message.event_source_arn),
        payload: STANDARD.decode(body.trim()).map(Cow::Owned).map_err(|_| body),
    }
}

fn or_empty(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}
