//! The action queues on one machine: service first, then marketing.

use crate::installation::Installation;
use crate::pump::{Durable, Pump};
use anyhow::Result;
use campaign::{Channel, DeliverySettings, Holding, Lane, Throttled, Waiting};
use deliver_messages::{Deps, Outcome};
use embedded::{Intake, Outbox, Store};
use event::MINUTE;
use pollster::block_on;
use std::thread;
use std::time::{Duration, Instant};
use webhook::Webhook;

/// How many actions are delivered at once; a crash leaves at most so many in doubt.
pub const BATCH: usize = 100;
/// How many batches, or steps, a turn has at most.
const TURN: usize = 20;
/// How long an action waits whose channel did not take it, ms.
pub const RETRY_AFTER: i64 = 5 * MINUTE;

/// Time since a moment; who waits by it stops the thread.
struct ThreadClock(Instant);

impl Waiting for ThreadClock {
    fn now(&self) -> i64 {
        self.0.elapsed().as_millis() as i64
    }

    async fn wait(&self, ms: i64) {
        thread::sleep(Duration::from_millis(ms.unsigned_abs()));
    }
}

impl Installation {
    /// Fires what is due at `now` (UTC ms), delivers what is queued, and takes in the events that this makes.
    pub fn tick(&mut self, now: i64) -> Result<()> {
        self.tick_by(&|| now)
    }

    /// The same by a clock that goes on meanwhile.
    pub fn tick_by(&mut self, clock: &dyn Fn() -> i64) -> Result<()> {
        while self.turn(clock)? {}
        Ok(())
    }

    /// A bounded part of a tick; whether there is more to do. Service goes first; campaigns that select their people do so
    /// before marketing is delivered, since what is delivered in one go costs less.
    pub fn turn(&mut self, clock: &dyn Fn() -> i64) -> Result<bool> {
        self.pump.catch_up_by(clock)?;
        self.pump.fire(clock())?;
        for _ in 0..TURN {
            if !self.deliver(Lane::Service, clock())?
                && self.pump.run_campaigns(clock())?.is_none()
                && !self.deliver(Lane::Marketing, clock())?
            {
                return Ok(false);
            }
            self.pump.catch_up_by(clock)?;
        }
        Ok(true)
    }

    /// What messages are delivered with.
    pub(crate) fn delivery_deps<'i>(
        &'i self,
        durable: &'i Durable,
    ) -> Deps<'i, Store, Store, Store, Intake, Store, Outbox, Webhook> {
        let store = &self.pump.store;
        Deps {
            campaigns: &self.pump.campaigns,
            settings: &self.delivery,
            profiles: store,
            ledger: store,
            vault: store,
            bus: &durable.intake,
            holding: store,
            email: &self.outbox,
            webhook: &self.webhook,
        }
    }

    /// Delivers one batch of a lane; whether there was anything.
    fn deliver(&mut self, lane: Lane, now: i64) -> Result<bool> {
        let (pump, settings) = (&mut self.pump, &self.delivery);
        let webhook = Throttled {
            channel: &self.webhook,
            throttle: &self.throttle,
            clock: &ThreadClock(self.began),
            rates: &settings.rates,
        };
        let delivered = deliver_batch(pump, settings, &self.outbox, &webhook, (lane, BATCH), now)?;
        if delivered {
            self.pump.commit()?;
        }
        Ok(delivered)
    }
}

/// Delivers a batch of a lane, of at most so many, through these channels; whether there was anything. What became of it is durable with the
/// next commit.
pub(crate) fn deliver_batch<E: Channel, W: Channel>(
    pump: &mut Pump,
    settings: &DeliverySettings,
    email: &E,
    webhook: &W,
    (lane, batch): (Lane, usize),
    now: i64,
) -> Result<bool> {
    let Some(durable) = &pump.durable else { return Ok(false) };
    let queued = pump.store.deliverable(lane, now, batch)?;
    if queued.is_empty() {
        return Ok(false);
    }
    // Claims are durable before anything is sent, and the store commits as a whole.
    let store = &pump.store;
    let deps = Deps {
        campaigns: &pump.campaigns,
        settings,
        profiles: store,
        ledger: store,
        vault: store,
        bus: &durable.intake,
        holding: store,
        email,
        webhook,
    };
    let actions = queued.iter().map(|queued| queued.action.clone()).collect();
    let outcomes = block_on(deliver_messages::run(&deps, now, actions))?;
    for (queued, outcome) in queued.iter().zip(&outcomes) {
        match outcome {
            Outcome::Sent => pump.counts.sent += 1,
            Outcome::Refused(_) => pump.counts.refused += 1,
            Outcome::Held { .. } => pump.counts.held += 1,
            Outcome::Retry(_) => {
                block_on(Holding::hold(&pump.store, &queued.action, now + RETRY_AFTER))?;
            }
            Outcome::Reported | Outcome::Duplicate | Outcome::Unknown => {}
        }
    }
    pump.store.remove_actions(&queued)?;
    Ok(true)
}
