//! From a schedule's invocation to a run.

use crate::{Deps, RunError, run};
use aws_lambda_events::eventbridge::EventBridgeEvent;
use campaign::{RunStore, StartQueue};
use event::parse_time;
use lake::LakeErasure;
use lambda::{Failure, Invocation, Source};
use metrics::counter;
use person::ProfileScan;
use serde_json::{Value, json};

/// Begins what is due by the schedule's event that an invocation brings, until nothing is, or `go_on` says no: the next
/// invocation goes on. The event's own time says what is due, so that one that is repeated or late does the same; `now`
/// (UTC ms) stands in where it has none, and where it lies before that.
///
/// # Errors
/// As [`crate::step`], and another event. That somebody else goes on with the work is none.
pub async fn invoke<P: ProfileScan, L: LakeErasure, R: RunStore, Q: StartQueue>(
    deps: &Deps<'_, P, L, R, Q>,
    invocation: &Invocation,
    now: i64,
    go_on: impl Fn() -> bool,
) -> Result<Value, Failure> {
    if invocation.source() != Source::Schedule {
        return Err(invocation.refused("a schedule's event").into());
    }
    let event: EventBridgeEvent<Value> = invocation.read("a schedule's event")?;
    let scheduled = event.time.as_ref().and_then(|time| parse_time(&time.to_rfc3339()));
    let now = scheduled.map_or(now, |at| at.min(now));
    match run(deps, now, go_on).await {
        Ok(done) => {
            counter!("SnapshotProfiles").increment(done.snapshot);
            counter!("LookedAt").increment(done.looked_at);
            counter!("Selected").increment(done.selected);
            Ok(json!({
                "snapshot": done.snapshot, "looked_at": done.looked_at, "selected": done.selected,
                "finished": done.finished
            }))
        }
        Err(RunError::Elsewhere { name }) => {
            tracing::info!(name, "another invocation goes on with it");
            Ok(json!({"elsewhere": name}))
        }
        Err(error) => Err(error.into()),
    }
}
