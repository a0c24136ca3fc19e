//! The rights of a person over an installation.

use crate::installation::{Installation, clock};
use crate::pump::Durable;
use anyhow::{Context, Result};
use embedded::{LakeFolder, Outbox, PrivacyFolder, Store};
use event::{PRIVACY_LIST, PortError, PrivacyList, PrivacyStore, RequestState};
use honor_privacy::{Action, Deps, Job, Request, Stores, approved, kept_receipt};
use pollster::block_on;
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::Duration;

/// How long requests may take that were looked at before somebody was on the privacy list, until they are in the log.
const UNDER_WAY: Duration = Duration::from_millis(200);

/// The stores of one machine.
pub struct OneMachine;

impl Stores for OneMachine {
    type People = Store;
    type Journeys = Store;
    type Campaigns = Store;
    type Lake = LakeFolder;
    type Vault = Store;
    type Quarantine = Store;
    type Copies = Outbox;
    type Files = PrivacyFolder;
}

/// Reads the list that an installation goes by.
///
/// # Errors
/// A list that can't be read: without it, what must stay out would be let in.
pub fn read_list(files: &PrivacyFolder) -> Result<PrivacyList> {
    match block_on(files.get(PRIVACY_LIST))? {
        Some(stored) => Ok(PrivacyList::parse(&stored.bytes)?),
        None => Ok(PrivacyList::default()),
    }
}

/// How far a request has come.
pub enum Honoring {
    Met(Value),
    Erasing(Box<Erasure>),
}

/// An erasure under way.
pub struct Erasure {
    job: Job,
    is_log_empty: bool,
    /// The approval of a customer's request by which it was begun.
    approval: Option<Request>,
}

impl Installation {
    /// Meets a request about one person. `now` is UTC ms.
    ///
    /// # Errors
    /// A request that can't be met. An erasure that failed half way goes on when the installation is opened next.
    pub fn honor(&mut self, request: &Request, now: i64) -> Result<Value> {
        match self.begin_to_honor(request, now)? {
            Honoring::Met(answer) => Ok(answer),
            Honoring::Erasing(erasure) => self.finish(*erasure),
        }
    }

    /// Meets a request, or begins to where it is an erasure: [`Installation::erase_part`] goes on with it.
    ///
    /// # Errors
    /// As [`Installation::honor`].
    pub fn begin_to_honor(&mut self, request: &Request, now: i64) -> Result<Honoring> {
        // What the log holds has to be where it is looked for.
        self.pump.catch_up(now)?;
        self.pump.flush_lake()?;
        self.pump.commit()?;
        let approval = (request.action == Action::Approve).then(|| request.clone());
        let wanted = match &approval {
            Some(approval) => self.with_deps(|deps| Ok(block_on(approved(deps, approval))?))?,
            None => request.clone(),
        };
        let is_new = self.with_deps(|deps| Ok(block_on(kept_receipt(deps, &wanted))?.is_none()))?;
        if wanted.action == Action::Erase && is_new {
            let job = self.with_deps(|deps| Ok(block_on(honor_privacy::begin(deps, &wanted, now))?))?;
            sleep(UNDER_WAY);
            return Ok(Honoring::Erasing(Box::new(Erasure { job, is_log_empty: false, approval })));
        }
        let answer = self.with_deps(|deps| Ok(block_on(honor_privacy::run(deps, request, now))?));
        self.pump.commit()?;
        answer.map(Honoring::Met)
    }

    /// Does the next part of an erasure; the answer once it is done. What is removed from the log goes first, and the free
    /// pages of the store's file last.
    ///
    /// # Errors
    /// A store that failed: it goes on when the installation is opened next.
    pub fn erase_part(&mut self, erasure: &mut Erasure) -> Result<Option<Value>> {
        if !erasure.is_log_empty {
            self.pump.empty_log(clock())?;
            erasure.is_log_empty = true;
        }
        let job = &mut erasure.job;
        if !self.with_deps(|deps| Ok(block_on(honor_privacy::erase_part(deps, job))?))? {
            return Ok(None);
        }
        self.pump.commit()?;
        self.pump.store.rewrite()?;
        let now = clock();
        let receipt = self.with_deps(|deps| {
            let receipt = block_on(honor_privacy::conclude(deps, &erasure.job, now))?;
            if let Some(approval) = &erasure.approval {
                block_on(honor_privacy::close(deps, approval, RequestState::Met, now))?;
            }
            Ok(receipt)
        })?;
        Ok(Some(json!({"receipt": receipt})))
    }

    fn finish(&mut self, mut erasure: Erasure) -> Result<Value> {
        loop {
            if let Some(answer) = self.erase_part(&mut erasure)? {
                return Ok(answer);
            }
        }
    }

    /// The erasures that customers asked for and that need nobody's approval. `now` is UTC ms.
    pub fn erasures_due(&self, now: i64) -> Result<Vec<Request>> {
        self.with_deps(|deps| Ok(block_on(honor_privacy::due(deps, now))?))
    }

    /// How many requests of customers wait for somebody to approve or decline them.
    pub fn requests_waiting(&self) -> Result<usize> {
        self.with_deps(|deps| Ok(block_on(honor_privacy::open_requests(deps))?.len()))
    }

    /// Ends the erasures that a crash cut short.
    pub fn finish_erasures(&mut self) -> Result<()> {
        for job in self.with_deps(|deps| Ok(block_on(honor_privacy::unfinished(deps))?))? {
            eprintln!("rondo: an erasure of {} was cut short; it goes on", event::iso_time(job.erased_at));
            self.finish(Erasure { job, is_log_empty: false, approval: None })?;
        }
        Ok(())
    }

    /// Calls `work` with what honor-privacy works with.
    pub fn with_deps<T>(&self, work: impl FnOnce(&Deps<'_, OneMachine>) -> Result<T>) -> Result<T> {
        let store = &self.pump.store;
        let Durable { lake, .. } = self.pump.durable.as_ref().context("the installation has no lake")?;
        let settle = || -> Result<(), PortError> { store.commit() };
        work(&Deps {
            people: store,
            journeys: store,
            campaigns: store,
            lake,
            vault: store,
            quarantine: store,
            copies: &self.outbox,
            files: &self.privacy,
            parser: &self.parser,
            erases_unasked: self.erases_unasked,
            settle: &settle,
        })
    }
}
