//! The action queues on one machine: service first, then marketing.

use crate::installation::Installation;
use anyhow::Result;
use campaign::{Holding, Lane};
use deliver_messages::{Deps, Outcome};
use event::MINUTE;
use pollster::block_on;

/// How many actions are delivered at once; a crash leaves at most so many in doubt.
pub const BATCH: usize = 100;
/// How long an action waits whose channel did not take it, ms.
pub const RETRY_AFTER: i64 = 5 * MINUTE;

impl Installation {
    /// Fires what is due at `now` (UTC ms), delivers what is queued, and takes in the events that this makes.
    pub fn tick(&mut self, now: i64) -> Result<()> {
        self.tick_by(&|| now)
    }

    /// The same by a clock that goes on meanwhile.
    pub fn tick_by(&mut self, clock: &dyn Fn() -> i64) -> Result<()> {
        self.pump.catch_up_by(clock)?;
        self.pump.fire(clock())?;
        loop {
            let delivered =
                self.deliver(Lane::Service, clock())? || self.deliver(Lane::Marketing, clock())?;
            if !delivered {
                return Ok(());
            }
            self.pump.catch_up_by(clock)?;
        }
    }

    /// Delivers one batch of a lane; whether there was anything.
    fn deliver(&mut self, lane: Lane, now: i64) -> Result<bool> {
        let pump = &self.pump;
        let Some(durable) = &pump.durable else { return Ok(false) };
        let queued = pump.store.deliverable(lane, now, BATCH)?;
        if queued.is_empty() {
            return Ok(false);
        }
        // Claims are durable before anything is sent, and the store commits as a whole.
        let deps = Deps {
            campaigns: &pump.campaigns,
            settings: &self.delivery,
            profiles: &pump.store,
            ledger: &pump.store,
            vault: &pump.store,
            bus: &durable.intake,
            holding: &pump.store,
            email: &self.outbox,
            webhook: &self.webhook,
        };
        let actions = queued.iter().map(|queued| queued.action.clone()).collect();
        let outcomes = block_on(deliver_messages::run(&deps, now, actions))?;
        let counts = &mut self.pump.counts;
        for (queued, outcome) in queued.iter().zip(&outcomes) {
            match outcome {
                Outcome::Sent => counts.sent += 1,
                Outcome::Refused(_) => counts.refused += 1,
                Outcome::Held { .. } => counts.held += 1,
                Outcome::Retry(_) => {
                    block_on(Holding::hold(&self.pump.store, &queued.action, now + RETRY_AFTER))?;
                }
                Outcome::Reported | Outcome::Duplicate | Outcome::Unknown => {}
            }
        }
        self.pump.store.remove_actions(&queued)?;
        self.pump.commit()?;
        Ok(true)
    }
}
