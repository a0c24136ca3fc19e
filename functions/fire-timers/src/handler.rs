//! From a schedule's invocation to a run.

use crate::{run, run_held};
use aws_lambda_events::eventbridge::EventBridgeEvent;
use campaign::{ActionQueue, DueQueue, HeldStore, TimerStore};
use event::{PortError, parse_time};
use lambda::{Failure, Invocation, Source};
use metrics::counter;
use serde_json::{Value, json};

/// What the function works with.
pub struct Deps<'d, T, Q, H, A> {
    pub timers: &'d T,
    pub due: &'d Q,
    pub held: &'d H,
    pub actions: &'d A,
}

/// Moves what is due by the schedule's event that an invocation brings. `now` is UTC ms.
///
/// # Errors
/// As [`handle`], and another event.
pub async fn invoke<T: TimerStore, Q: DueQueue, H: HeldStore, A: ActionQueue>(
    deps: &Deps<'_, T, Q, H, A>,
    invocation: &Invocation,
    now: i64,
) -> Result<Value, Failure> {
    if invocation.source() != Source::Schedule {
        return Err(invocation.refused("a schedule's event").into());
    }
    let moved = handle(deps, now, &invocation.read("a schedule's event")?).await?;
    Ok(json!({"moved": moved}))
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
    event: &EventBridgeEvent<Value>,
) -> Result<u64, PortError> {
    let scheduled = event.time.as_ref().and_then(|time| parse_time(&time.to_rfc3339()));
    let now = scheduled.map_or(now, |at| at.min(now));
    let moved = run(deps.timers, deps.due, now).await?;
    counter!("TimersMoved").increment(moved);
    let released = run_held(deps.held, deps.actions, now).await?;
    counter!("HeldMoved").increment(released);
    Ok(moved + released)
}
