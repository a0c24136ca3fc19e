//! From an invocation to a batch of events.

use crate::{Deps, run};
use aws_lambda_events::kinesis::KinesisEvent;
use aws_lambda_events::sqs::SqsEvent;
use event::Quarantine;
use lambda::{Batch, Failure, Invocation, Source};
use metrics::counter;
use person::{IdentityStore, ProfileStore};
use serde_json::Value;

/// Takes what an invocation brings of the bus: records of a stream, or messages of a queue. `now` is UTC ms.
///
/// # Errors
/// An event that is neither.
pub async fn invoke<S, Q>(
    deps: &Deps<'_, S>,
    quarantine: &Q,
    invocation: &Invocation,
    now: i64,
) -> Result<Value, Failure>
where
    S: ProfileStore + IdentityStore,
    Q: Quarantine,
{
    match invocation.source() {
        Source::Kinesis => {
            let batch: KinesisEvent = invocation.read("records of a Kinesis stream")?;
            Ok(lambda::answer(handle(deps, quarantine, now, batch).await)?)
        }
        Source::Sqs => {
            let batch: SqsEvent = invocation.read("messages of an SQS queue")?;
            Ok(lambda::answer(handle(deps, quarantine, now, batch).await)?)
        }
        _ => Err(invocation.refused("records of a Kinesis stream, or messages of an SQS queue").into()),
    }
}

/// Takes bus envelopes from a Kinesis stream or an SQS queue. What fails in passing is named in the answer
/// and delivered again; what can never succeed goes to the quarantine. `now` is UTC ms.
pub async fn handle<B, S, Q>(deps: &Deps<'_, S>, quarantine: &Q, now: i64, batch: B) -> B::Response
where
    B: Batch,
    S: ProfileStore + IdentityStore,
    Q: Quarantine,
{
    lambda::consume(&batch, quarantine, now, async |events| {
        let outcome = run(deps, events).await?;
        counter!("Events").increment(events.len() as u64);
        counter!("Duplicates").increment(outcome.duplicates.len() as u64);
        counter!("ProfileWrites").increment(outcome.writes);
        counter!("LinksRefused").increment(outcome.refusals.len() as u64);
        counter!("EventsFailed").increment(outcome.failed.len() as u64);
        // A count that fails fails nothing: the events are applied.
        if !outcome.duplicates.is_empty()
            && let Err(error) = quarantine.count(&outcome.duplicate_counts(events, now)).await
        {
            tracing::warn!(%error, "duplicates were dropped, but not counted");
        }
        quarantine.put(&outcome.quarantined(events, now)).await
    })
    .await
}
