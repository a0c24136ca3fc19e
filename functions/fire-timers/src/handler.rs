//! From a schedule's invocation to a run.

use campaign::{ActionQueue, DueQueue, HeldStore, TimerStore};
use event::{PortError, parse_time};

/// What the function works with.
pub struct Deps<'d, T, Q, H, A> {
    pub timers: &'d T,
    pub due: &'d Q,
    pub held: &'d H,
    pub actions: &'d A,
}

/// Takes the schedule event that comes every minute; its own time says what is due, so that an invocation
/// that is repeated or late does the same. `now` (UTC ms) stands in where it has none. Returns how many timers
/// and held actions were moved.
///
/// # Errors
/// As [`crate::run`] and [`crate::run_held`]; Lambda then invokes again.
pub async fn handle<T: TimerStore, Q: DueQueue, H: HeldStore, A: ActionQueue>(
    deps: &Deps<'_, T, Q, H, A>,
    now: i64,
    event: &aws_lambda_events::eventbridge::EventBridgeEvent<serde_json::Value>,
) -> Result<u64, PortError> {
    let scheduled = event.time.as_ref().and_then(|time| parse_time(&time.to_rfc3339()));
    let now = scheduled.map_or(now, |at| at.min(now));
    Ok(crate::run(deps.timers, deps.due, now).await? + crate::run_held(deps.held, deps.actions, now).await?)
}
