//! From a schedule's invocation to a run.

use campaign::{DueQueue, TimerStore};
use event::{PortError, parse_time};

/// Takes the schedule event that comes every minute; its own time says what is due, so that an invocation
/// that is repeated or late does the same. `now` (UTC ms) stands in where it has none.
///
/// # Errors
/// As [`crate::run`]; Lambda then invokes again.
pub async fn handle<T: TimerStore, Q: DueQueue>(
    timers: &T,
    queue: &Q,
    now: i64,
    event: &aws_lambda_events::eventbridge::EventBridgeEvent<serde_json::Value>,
) -> Result<u64, PortError> {
    let scheduled = event.time.as_ref().and_then(|time| parse_time(&time.to_rfc3339()));
    crate::run(timers, queue, scheduled.map_or(now, |at| at.min(now))).await
}
