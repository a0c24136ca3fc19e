//! Claims that nobody settled.

use campaign::{Channel, Ledger, LedgerEntry, LedgerState};
use event::{MINUTE, PortError};
use person::ON_SITE;

/// How old a claim is, in ms, before its sender is taken for dead: more than the 15 minutes that a Lambda
/// function can run.
pub const CLAIM_TIMEOUT: i64 = 20 * MINUTE;

/// Settles claims made before `before` (UTC ms). Where the channel of e-mail can tell whether it took the message, it is
/// settled as that: as sent, or as held, so that the action, which is still in its queue, is decided on again. All others
/// become unknown, and are returned: they may have been sent, so a person finds out. `before` is `now -`
/// [`CLAIM_TIMEOUT`] while senders run, and `i64::MAX` where none can: every claim is one that a crash left then, also one
/// of a clock that was set back since.
///
/// # Errors
/// A ledger or channel that is not available: nothing is settled.
pub async fn recover(
    ledger: &impl Ledger,
    email: &impl Channel,
    now: i64,
    before: i64,
) -> Result<Vec<LedgerEntry>, PortError> {
    let mut lost = ledger.claimed_before(before).await?;
    for entry in &mut lost {
        let was_sent = match entry.channel.as_str() {
            "email" => email.was_sent(entry.action).await?,
            // What waits on site is told once its claim is settled, and not before.
            ON_SITE => Some(false),
            _ => None,
        };
        entry.state = match was_sent {
            Some(true) => LedgerState::Sent,
            Some(false) => LedgerState::Held,
            None => LedgerState::Unknown,
        };
        entry.at = now;
        "the sender stopped between the claim and its settlement".clone_into(&mut entry.detail);
    }
    if !lost.is_empty() {
        ledger.settle(&lost).await?;
    }
    lost.retain(|entry| entry.state == LedgerState::Unknown);
    Ok(lost)
}
