//! A provider's limit of messages a second.

use crate::{Channel, Outgoing, Receipt, SendError};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Spaces messages of a channel evenly: a token bucket that holds one token (the generic cell rate algorithm of ITU-T
/// I.371 without tolerance), so that no second has more than its share. One process counts for itself.
#[derive(Debug, Default)]
pub struct Throttle {
    /// By channel, when its next message may go, µs.
    next: Mutex<BTreeMap<String, i64>>,
}

/// A clock by which one can wait.
#[allow(async_fn_in_trait)]
pub trait Waiting {
    /// Now, in ms since some beginning.
    fn now(&self) -> i64;
    /// Comes back after so many ms at the earliest.
    async fn wait(&self, ms: i64);
}

impl Throttle {
    /// Takes the next place of a channel that takes `per_second` messages, and returns how long to wait for it, ms.
    /// `now` is ms by one clock.
    pub fn place(&self, channel: &str, per_second: u32, now: i64) -> i64 {
        let now = now.saturating_mul(1_000);
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = next.get(channel).map_or(now, |next| now.max(*next));
        // Rounded up: a second never has one too many.
        next.insert(channel.to_owned(), at + i64::from(1_000_000_u32.div_ceil(per_second.max(1))));
        (at - now).unsigned_abs().div_ceil(1_000) as i64
    }
}

/// A channel whose messages wait for their places. Those of a channel that is not among the rates go at once.
pub struct Throttled<'p, C, W> {
    pub channel: &'p C,
    pub throttle: &'p Throttle,
    pub clock: &'p W,
    /// Messages a second, by the name that consent goes by.
    pub rates: &'p BTreeMap<String, u32>,
}

impl<C: Channel, W: Waiting> Channel for Throttled<'_, C, W> {
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError> {
        if let Some(rate) = self.rates.get(message.channel) {
            let ms = self.throttle.place(message.channel, *rate, self.clock.now());
            if ms > 0 {
                self.clock.wait(ms).await;
            }
        }
        self.channel.send(message).await
    }
}
