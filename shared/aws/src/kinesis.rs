//! The bus as a Kinesis stream.

use crate::Aws;
use crate::batches::{Batches, Limits, Refused, send_all};
use crate::bus::by_person;
use crate::failure::failure;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use event::{Event, EventBus, PortError};

/// Publishes to one Kinesis stream. A record is an envelope of one person's events; its partition key is theirs, so
/// that a shard keeps their order.
pub struct KinesisBus {
    client: Client,
    stream: String,
}

impl KinesisBus {
    /// `stream` is the stream's name.
    pub fn new(aws: &Aws, stream: impl Into<String>) -> KinesisBus {
        KinesisBus { client: aws.kinesis(), stream: stream.into() }
    }
}

impl EventBus for KinesisBus {
    async fn publish(&self, events: &[Event<'_>]) -> Result<(), PortError> {
        let people = by_person(events).into_iter().map(|(key, envelopes)| {
            let key = key.to_string();
            envelopes.into_iter().map(|envelope| KinesisRecord { key: key.clone(), envelope }).collect()
        });
        send_all(self, people).await
    }
}

#[derive(Clone)]
pub(crate) struct KinesisRecord {
    key: String,
    envelope: Vec<u8>,
}

impl Batches for KinesisBus {
    type Entry = KinesisRecord;
    const WHAT: &'static str = "the event stream";
    const LIMITS: Limits = Limits { entries: 500, bytes: 5 << 20, entry: 1 << 20 };

    fn size(entry: &KinesisRecord) -> usize {
        entry.key.len() + entry.envelope.len()
    }

    async fn send(&self, entries: Vec<KinesisRecord>) -> Result<Vec<Refused>, PortError> {
        let count = entries.len();
        let records = entries.into_iter().map(|KinesisRecord { key, envelope }| {
            PutRecordsRequestEntry::builder().partition_key(key).data(Blob::new(envelope)).build()
        });
        let records = records.collect::<Result<Vec<_>, _>>();
        let records =
            records.map_err(|error| PortError::Failed { what: Self::WHAT, reason: error.to_string() })?;
        let call = self.client.put_records().stream_name(&self.stream).set_records(Some(records));
        let answer = call.send().await.map_err(|error| failure(Self::WHAT, error))?;
        let refused = (0..count).filter_map(|index| {
            let record = answer.records().get(index);
            let reason = match record {
                Some(record) if record.error_code().is_some() => record.error_code(),
                Some(record) if record.sequence_number().is_some() => None,
                _ => Some("NoAnswer"),
            };
            // A record fails by itself only for reasons that pass: a shard that is full, a fault of the service.
            Some(Refused { index, passing: true, reason: reason?.to_owned() })
        });
        Ok(refused.collect())
    }
}
