//! Claims that nobody settled.

use campaign::{Ledger, LedgerEntry, LedgerState};
use event::{MINUTE, PortError};

/// How old a claim is, in ms, before its sender is taken for dead: more than the 15 minutes that a Lambda
/// function can run.
pub const CLAIM_TIMEOUT: i64 = 20 * MINUTE;

/// Settles claims made before `before` (UTC ms) as unknown, and returns them: they may have been sent, so a
/// person finds out. `before` is `now -` [`CLAIM_TIMEOUT`] while senders run, and `now` where none can.
pub async fn recover(ledger: &impl Ledger, now: i64, before: i64) -> Result<Vec<LedgerEntry>, PortError> {
    let mut lost = ledger.claimed_before(before).await?;
    for entry in &mut lost {
        entry.state = LedgerState::Unknown;
        entry.at = now;
        "the sender stopped between the claim and its settlement".clone_into(&mut entry.detail);
    }
    if !lost.is_empty() {
        ledger.settle(&lost).await?;
    }
    Ok(lost)
}
