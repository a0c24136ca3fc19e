//! The bus as an SNS topic.

use crate::Aws;
use crate::batches::{Batches, Limits, Refused, refused, send_all};
use crate::bus::by_person;
use crate::failure::failure;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::types::PublishBatchRequestEntry;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::{Event, EventBus, PortError};

/// Publishes to one SNS topic, to which the queue of each consumer is subscribed with raw delivery. A message is the
/// base64 of an envelope of one person's events, since a queue takes only text.
pub struct TopicBus {
    client: Client,
    topic: String,
}

impl TopicBus {
    /// `topic` is the topic's ARN.
    pub fn new(aws: &Aws, topic: impl Into<String>) -> TopicBus {
        TopicBus { client: aws.sns(), topic: topic.into() }
    }
}

impl EventBus for TopicBus {
    async fn publish(&self, events: &[Event<'_>]) -> Result<(), PortError> {
        let people = by_person(events);
        let text = |envelope: &Vec<u8>| STANDARD.encode(envelope);
        send_all(self, people.iter().map(|(_, envelopes)| envelopes.iter().map(text).collect())).await
    }
}

/// What SNS says where too much is published at once.
const THROTTLED: &str = "Throttled";

impl Batches for TopicBus {
    type Entry = String;
    const WHAT: &'static str = "the event topic";
    const LIMITS: Limits = Limits { entries: 10, bytes: 256 << 10, entry: 256 << 10 };

    fn size(entry: &String) -> usize {
        entry.len()
    }

    async fn send(&self, entries: Vec<String>) -> Result<Vec<Refused>, PortError> {
        let count = entries.len();
        let messages = entries.into_iter().enumerate().map(|(n, message)| {
            PublishBatchRequestEntry::builder().id(n.to_string()).message(message).build()
        });
        let messages = messages.collect::<Result<Vec<_>, _>>();
        let messages =
            messages.map_err(|error| PortError::Failed { what: Self::WHAT, reason: error.to_string() })?;
        let call = self
            .client
            .publish_batch()
            .topic_arn(&self.topic)
            .set_publish_batch_request_entries(Some(messages));
        let answer = match call.send().await {
            Ok(answer) => answer,
            // The SDK does not know the code as one to come again after.
            Err(error) if error.code() == Some(THROTTLED) => {
                let refused = |index| Refused { index, passing: true, reason: THROTTLED.to_owned() };
                return Ok((0..count).map(refused).collect());
            }
            Err(error) => return Err(failure(Self::WHAT, error)),
        };
        let through = answer.successful().iter().filter_map(|entry| entry.id());
        let failed = answer.failed().iter().map(|entry| (entry.id(), entry.code(), entry.sender_fault()));
        Ok(refused(count, through, failed))
    }
}
