//! The Lambda event, decoded.

use crate::{BusRecord, Settings, run};
use aws_lambda_events::kinesis::KinesisEvent;
use aws_lambda_events::sqs::SqsEvent;
use event::Quarantine;
use lake::LakeStore;
use lambda::{Batch, Failure, Invocation, Source, consume};
use metrics::counter;
use serde_json::Value;

/// What the function needs of the outside.
pub struct Deps<'d, L, Q> {
    pub lake: &'d L,
    pub quarantine: &'d Q,
    pub settings: Settings,
}

/// A batch that says where and when its first record arrived, by which its file is named.
pub trait Arrivals: Batch {
    /// The shard of the file name: the same for the same batch, and for no other.
    fn shard(&self) -> String;
    /// UTC ms; `None` where the event does not say.
    fn arrived_at(&self) -> Option<i64>;
}

/// Archives what an invocation brings of the bus: records of a stream, or messages of a queue. `now` is UTC ms.
///
/// # Errors
/// An event that is neither.
pub async fn invoke<L: LakeStore, Q: Quarantine>(
    deps: &Deps<'_, L, Q>,
    invocation: &Invocation,
    now: i64,
) -> Result<Value, Failure> {
    match invocation.source() {
        Source::Kinesis => {
            let batch: KinesisEvent = invocation.read("records of a Kinesis stream")?;
            Ok(lambda::answer(handle(deps, &batch, now).await)?)
        }
        Source::Sqs => {
            let batch: SqsEvent = invocation.read("messages of an SQS queue")?;
            Ok(lambda::answer(handle(deps, &batch, now).await)?)
        }
        _ => Err(invocation.refused("records of a Kinesis stream, or messages of an SQS queue").into()),
    }
}

/// Archives the events of a batch. `now` (UTC ms) stands in where the batch has no time.
pub async fn handle<B: Arrivals, L: LakeStore, Q: Quarantine>(
    deps: &Deps<'_, L, Q>,
    batch: &B,
    now: i64,
) -> B::Response {
    let shard = batch.shard();
    let appended_at = batch.arrived_at().unwrap_or(now);
    consume(batch, deps.quarantine, now, async |events| {
        let first = appended_at.saturating_mul(1 << 20);
        let records = events.iter().enumerate().map(|(place, event)| BusRecord {
            sequence: first.saturating_add(place as i64),
            appended_at,
            event,
        });
        let archived = run(deps.lake, &shard, deps.settings, records).await?;
        counter!("Rows").increment(archived.rows as u64);
        counter!("Files").increment(archived.files as u64);
        Ok(())
    })
    .await
}

impl Arrivals for KinesisEvent {
    fn shard(&self) -> String {
        let first = self.records.first();
        // `shardId-000000000006:4954…`: the shard, and the sequence number in it.
        file_name(first.and_then(|record| record.event_id.as_deref()).unwrap_or("kinesis"))
    }

    fn arrived_at(&self) -> Option<i64> {
        // In whole seconds: aws_lambda_events reads the fraction `.25` as 25 ms.
        Some(self.records.first()?.kinesis.approximate_arrival_timestamp.0.timestamp() * event::SECOND)
    }
}

impl Arrivals for SqsEvent {
    fn shard(&self) -> String {
        let first = self.records.first();
        let id = first.and_then(|message| message.message_id.as_deref()).unwrap_or_default();
        file_name(&format!("sqs-{id}"))
    }

    fn arrived_at(&self) -> Option<i64> {
        self.records.first()?.attributes.get("SentTimestamp")?.parse().ok()
    }
}

fn file_name(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}
