//! run-campaigns on one machine: what it selects begins at once, in the commit that says how far it has come.

use crate::installation::Installation;
use crate::pump::Pump;
use anyhow::{Context, Result};
use campaign::{Span, StartQueue, Starts};
use embedded::Store;
use evaluate_triggers::Start;
use event::PortError;
use lake::LakeErasure;
use pollster::block_on;
use run_campaigns::{Deps, Outcome, RunError};
use std::cell::RefCell;

/// Starts that are begun as soon as the step that found them is done.
#[derive(Default)]
pub(crate) struct Collected(RefCell<Vec<Starts>>);

impl Collected {
    /// What was put, and is put nowhere else.
    pub fn starts(&self) -> Vec<Vec<Start>> {
        self.0.take().into_iter().map(|message| Start::of(message).collect()).collect()
    }
}

impl StartQueue for Collected {
    async fn put(&self, starts: &[Starts]) -> Result<(), PortError> {
        self.0.borrow_mut().extend_from_slice(starts);
        Ok(())
    }
}

impl Pump {
    /// Does one step of run-campaigns, and begins the journeys of those whom it selected; `None` where nothing is due.
    /// `now` is UTC ms. All of it is durable with the same commit, which is made here.
    pub fn run_campaigns(&mut self, now: i64) -> Result<Option<Outcome>> {
        let Some(durable) = &self.durable else { return Ok(None) };
        let lake = durable.lake.clone();
        self.run_campaigns_over(&lake, now)
    }

    /// The same with the snapshots in a lake that is not the loop's own.
    pub(crate) fn run_campaigns_over<L: LakeErasure>(
        &mut self,
        lake: &L,
        now: i64,
    ) -> Result<Option<Outcome>> {
        if self.reading_history || !self.campaigns.iter().any(|campaign| campaign.entry.is_selected()) {
            return Ok(None);
        }
        let queue = Collected::default();
        let done = block_on(run_campaigns::step(&self.run_deps(lake, &queue), now));
        let done = done.context("running campaigns")?;
        let Some(outcome) = done else { return Ok(None) };
        for starts in queue.starts() {
            self.counts.actions += self.begin_journeys(&starts, now)?;
        }
        self.commit()?;
        Ok(Some(outcome))
    }

    /// When run-campaigns has something to do next, UTC ms.
    pub fn next_run(&self, now: i64) -> Result<Option<i64>> {
        Ok(block_on(run_campaigns::next_due(&self.run_deps(&(), &Collected::default()), now))?)
    }

    pub(crate) fn run_deps<'p, L>(
        &'p self,
        lake: &'p L,
        queue: &'p Collected,
    ) -> Deps<'p, Store, L, Store, Collected> {
        Deps {
            profiles: &self.store,
            lake,
            runs: &self.store,
            queue,
            campaigns: &self.campaigns,
            zone: &self.zone,
            privacy: &self.privacy,
        }
    }
}

impl Installation {
    /// Begins a campaign as of a time, and lets in whom it selects; `now` and `at` are UTC ms. What is queued by it is
    /// delivered by the next ticks. Returns how many people were looked at, and how many were let in.
    ///
    /// # Errors
    /// A campaign that can't be run so; says why.
    pub fn run_campaign(&mut self, name: &str, at: i64, now: i64) -> Result<(Span, Outcome)> {
        self.pump.catch_up(now)?;
        let durable = self.pump.durable.as_ref().context("the installation has no lake")?;
        let queue = Collected::default();
        let begun = block_on(run_campaigns::begin(&self.pump.run_deps(&durable.lake, &queue), name, at, now));
        let span = match begun {
            Ok(span) => span,
            Err(RunError::Refused(reason)) => anyhow::bail!(reason),
            Err(error) => return Err(error.into()),
        };
        let mut done = Outcome::default();
        while let Some(outcome) = self.pump.run_campaigns(now)? {
            done += outcome;
        }
        Ok((span, done))
    }
}
