//! Due timers to the queue of people to look at, and held actions back to their queues.

use campaign::{Action, ActionQueue, DueQueue, HeldStore, TimerStore};
use event::{Key, MINUTE, PortError};

/// How many timers are moved at once.
const BATCH: usize = 10_000;

/// Moves every timer that is due at `now` (UTC ms) to the queue, then removes it, batch by batch; returns how
/// many. A timer whose removal is lost is moved again, which is harmless.
///
/// # Errors
/// A store or queue that is not available: what was not moved stays due.
pub async fn run<T: TimerStore, Q: DueQueue>(timers: &T, queue: &Q, now: i64) -> Result<u64, PortError> {
    let minute = now.div_euclid(MINUTE).clamp(0, i64::from(u32::MAX)) as u32;
    let mut moved = 0;
    loop {
        let due = timers.due(minute, BATCH).await?;
        if due.is_empty() {
            return Ok(moved);
        }
        let mut people: Vec<Key> = due.iter().map(|timer| timer.person).collect();
        people.sort_unstable();
        people.dedup();
        queue.put(&people).await?;
        timers.remove(&due).await?;
        moved += due.len() as u64;
    }
}

/// Moves every action whose holding has ended at `now` (UTC ms) to its queue, then removes it, batch by batch;
/// returns how many. One whose removal is lost is queued again, which is harmless: the ledger knows it.
///
/// # Errors
/// As [`run`].
pub async fn run_held<H: HeldStore, A: ActionQueue>(
    held: &H,
    actions: &A,
    now: i64,
) -> Result<u64, PortError> {
    let mut moved = 0;
    loop {
        let due = held.due(now, BATCH).await?;
        if due.is_empty() {
            return Ok(moved);
        }
        let ready: Vec<Action> = due.iter().map(|held| held.action.clone()).collect();
        actions.put(&ready).await?;
        held.remove(&due).await?;
        moved += due.len() as u64;
    }
}
