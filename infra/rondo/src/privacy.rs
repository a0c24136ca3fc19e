//! The rights of a person over an installation.

use crate::installation::{Installation, clock};
use crate::pump::Durable;
use anyhow::{Context, Result};
use embedded::{LakeFolder, Outbox, PrivacyFolder, Store};
use event::{PRIVACY_LIST, PortError, PrivacyList, PrivacyStore};
use honor_privacy::{Action, Deps, Job, Request, Stores};
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

impl Installation {
    /// Meets a request about one person. `now` is UTC ms.
    ///
    /// # Errors
    /// A request that can't be met. An erasure that failed half way goes on when the installation is opened next.
    pub fn honor(&mut self, request: &Request, now: i64) -> Result<Value> {
        // What the log holds has to be where it is looked for.
        self.pump.catch_up(now)?;
        self.pump.flush_lake()?;
        self.pump.commit()?;
        if request.action == Action::Erase {
            let job = self.with_deps(|deps| Ok(block_on(honor_privacy::begin(deps, request, now))?))?;
            sleep(UNDER_WAY);
            return self.finish_erasure(job);
        }
        let answer = self.with_deps(|deps| Ok(block_on(honor_privacy::run(deps, request, now))?));
        self.pump.commit()?;
        answer
    }

    /// Ends the erasures that a crash cut short.
    pub fn finish_erasures(&mut self) -> Result<()> {
        for job in self.with_deps(|deps| Ok(block_on(honor_privacy::unfinished(deps))?))? {
            eprintln!("rondo: an erasure of {} was cut short; it goes on", event::iso_time(job.erased_at));
            self.finish_erasure(job)?;
        }
        Ok(())
    }

    /// Removes what a job names, then what was removed from the log and from the free pages of the store's file.
    fn finish_erasure(&mut self, mut job: Job) -> Result<Value> {
        self.pump.empty_log(clock())?;
        self.with_deps(|deps| Ok(block_on(honor_privacy::erase(deps, &mut job))?))?;
        self.pump.commit()?;
        self.pump.store.rewrite()?;
        let receipt = self.with_deps(|deps| Ok(block_on(honor_privacy::conclude(deps, &job, clock()))?))?;
        Ok(json!({"receipt": receipt}))
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
            settle: &settle,
        })
    }
}
