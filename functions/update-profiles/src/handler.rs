//! From an invocation to a batch of events.

use crate::{Deps, run};
use event::Quarantine;
use lambda::Batch;
use person::{IdentityStore, ProfileStore};

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
        quarantine.put(&outcome.quarantined(events, now)).await
    })
    .await
}
