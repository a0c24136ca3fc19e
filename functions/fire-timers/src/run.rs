//! Due timers to the queue of people to look at.

use campaign::{DueQueue, TimerStore};
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
