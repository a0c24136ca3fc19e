//! The loop's campaigns: what changes, timers and run-campaigns bring to evaluate-triggers.

use super::Pump;
use crate::stages::Stage;
use anyhow::Result;
use campaign::{Action, ActionQueue};
use embedded::Store;
use evaluate_triggers::{Deps, Start};
use event::{MINUTE, PortError};
use pollster::block_on;

/// Where the campaigns' actions go.
pub(super) enum Actions<'s> {
    Queued(&'s Store),
    Counted,
}

impl ActionQueue for Actions<'_> {
    async fn put(&self, actions: &[Action]) -> Result<(), PortError> {
        match self {
            Actions::Queued(store) => ActionQueue::put(*store, actions).await,
            // The outcome of the evaluation counts them.
            Actions::Counted => Ok(()),
        }
    }
}

impl Pump {
    /// Fires the timers that are due at `now` (UTC ms).
    pub fn fire(&mut self, now: i64) -> Result<()> {
        let minute = now.div_euclid(MINUTE).clamp(0, i64::from(u32::MAX)) as u32;
        // A log that is played may stand before what was imported by the wall clock.
        if minute == self.fired {
            return Ok(());
        }
        self.fired = minute;
        let store = &self.store;
        let evaluated = self.stages.time(Stage::Timers, || {
            block_on(fire_timers::run(store, store, now))?;
            block_on(evaluate_triggers::run_due(&self.triggers(&self.actions()), now, &store.take_due()))
        })?;
        self.counts.actions += evaluated.actions;
        Ok(())
    }

    /// Begins journeys that run-campaigns selected people for; returns how many messages that asks for. `now` is UTC ms.
    pub fn begin_journeys(&self, starts: &[Start], now: i64) -> Result<u64> {
        Ok(block_on(evaluate_triggers::run_starts(&self.triggers(&self.actions()), now, starts))?.actions)
    }

    /// Ends the reading of history: what is due by now is taken. `now` is UTC ms.
    pub fn end_history(&mut self, now: i64) -> Result<()> {
        self.reading_history = false;
        self.fired = 0;
        self.fire(now)
    }

    /// What evaluate-triggers works with here.
    pub(crate) fn triggers<'p, A>(&'p self, actions: &'p A) -> Deps<'p, Store, A, Store, Store> {
        Deps {
            journeys: &self.store,
            sends: &self.store,
            actions,
            profiles: &self.store,
            campaigns: &self.campaigns,
            zone: &self.zone,
            lateness: self.lateness,
            reading_history: self.reading_history,
            privacy: Some(&self.privacy),
        }
    }

    pub(super) fn actions(&self) -> Actions<'_> {
        if self.count_actions_only { Actions::Counted } else { Actions::Queued(&self.store) }
    }
}
