//! Pauses between attempts that the SDK doesn't make by itself: what a batch left undone, and writes whose condition
//! failed.

use std::time::Duration;

/// The longest pause after the first attempt; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Waits after a failed attempt (0 for the first): a random time up to a bound that doubles with each ("full jitter"),
/// so that those who failed together do not come back together.
pub(crate) async fn back_off(attempt: u32) {
    let longest = FIRST_PAUSE.saturating_mul(1 << attempt.min(16)).min(LONGEST_PAUSE);
    let mut random = [0; 2];
    // Without random numbers the longest pause is as good.
    let share =
        getrandom::fill(&mut random).map_or(1.0, |()| f64::from(u16::from_le_bytes(random)) / 65_535.0);
    tokio::time::sleep(longest.mul_f64(share)).await;
}
