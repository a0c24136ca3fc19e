//! The same workload on one machine.

use crate::mail::{self, Mail};
use crate::shop::{KEY, config, config_files};
use crate::{State, Workload};
use campaign::{Action, Lane, LedgerEntry, LedgerState};
use collect_events::{Request, WriteKeys};
use config::{Config, FromFiles};
use embedded::LakeFolder;
use event::{Key, MINUTE, Parser, Pseudonymizer};
use lake::LakeStore;
use person::IdentityStore;
use pollster::block_on;
use rondo::Installation;
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

/// An installation that has taken everything in, and sent nothing yet.
pub struct Machine {
    folder: TempDir,
    installation: Installation,
    browsers: Vec<event::Identifier>,
}

/// What the machine came to.
pub struct Delivered {
    state: State,
    pub mail: BTreeMap<Key, Mail>,
}

impl std::ops::Deref for Delivered {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl Machine {
    /// Sends the workload's requests to the intake and lets everything fall due. `hash_key` is the other side's,
    /// `now` UTC ms.
    pub fn take(hash_key: &[u8], workload: &Workload, now: i64) -> Machine {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in config_files() {
            let path = folder.path().join("config").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut installation = Installation::open(folder.path()).unwrap();
        let (config, _) = Config::read(&config());
        let pseudonymizer = Pseudonymizer::new(hash_key);
        let browsers = workload.browsers(&pseudonymizer);
        installation.parser = Parser::new(pseudonymizer, config.settings.parser);

        let intake = installation.pump.durable.as_ref().unwrap().intake.clone();
        let deps = collect_events::Deps {
            bus: &intake,
            vault: &intake,
            quarantine: &intake,
            requests: &installation.privacy,
            parser: &installation.parser,
            write_keys: &WriteKeys::default().and_digests(config.settings.write_keys),
        };
        for body in workload.bodies() {
            let headers = [("x-write-key", KEY)];
            let (method, path, query) = ("POST", "/v1/import", "");
            let request = Request { method, path, query, headers: &headers, body: body.as_bytes(), now };
            assert_eq!(block_on(collect_events::run(&deps, &request)).status, 200);
        }
        installation.pump.reading_history = true;
        installation.pump.catch_up(now).unwrap();
        installation.pump.end_history(now + 60 * MINUTE).unwrap();
        Machine { folder, installation, browsers }
    }

    /// The messages that are to be decided on, by the ids of their actions.
    pub fn actions(&self) -> BTreeMap<Key, Action> {
        let store = &self.installation.pump.store;
        let lanes = [Lane::Service, Lane::Marketing].into_iter();
        let queued = lanes.flat_map(|lane| store.deliverable(lane, i64::MAX, usize::MAX).unwrap());
        queued.map(|queued| (queued.action.id, queued.action)).collect()
    }

    /// Delivers each message at the moment at which the other side did, since the moment is part of what follows.
    /// `now` (UTC ms) is when the events come round that say so.
    pub fn deliver(mut self, theirs: &BTreeMap<Key, LedgerEntry>, now: i64) -> Delivered {
        let mut state = State::default();
        let installation = &mut self.installation;
        let store = &installation.pump.store;
        let lanes = [Lane::Service, Lane::Marketing];
        let mut queued: Vec<_> =
            lanes.iter().flat_map(|lane| store.deliverable(*lane, i64::MAX, usize::MAX).unwrap()).collect();
        let entry = |action: &Action| {
            theirs.get(&action.id).unwrap_or_else(|| panic!("the deployment has no entry for {action:?}"))
        };
        // Of several messages at one moment a cap lets the first ones through, whichever these were.
        queued.sort_by_key(|queued| {
            let entry = entry(&queued.action);
            (entry.state == LedgerState::Refused, entry.at)
        });
        let intake = installation.pump.durable.as_ref().unwrap().intake.clone();
        for queued in &queued {
            let deps = deliver_messages::Deps {
                campaigns: &installation.pump.campaigns,
                settings: &installation.delivery,
                profiles: store,
                ledger: store,
                vault: store,
                bus: &intake,
                holding: store,
                email: &installation.outbox,
                webhook: &installation.webhook,
            };
            let action = queued.action.clone();
            let at = entry(&action).at;
            block_on(deliver_messages::run(&deps, at, vec![action])).unwrap();
            let entry = block_on(campaign::Ledger::get(store, queued.action.id)).unwrap().unwrap();
            state.ledger.insert(entry.action, entry);
        }
        store.remove_actions(&queued).unwrap();
        installation.pump.catch_up(now).unwrap();
        installation.pump.flush_lake().unwrap();
        installation.pump.commit().unwrap();

        let store = &installation.pump.store;
        store.each_profile(|person, _, blob| state.profile(person, blob)).unwrap();
        state.owners = block_on(store.owners(&self.browsers)).unwrap();
        store.quarantined().unwrap().into_iter().for_each(|record| state.quarantined(record));
        let lake = LakeFolder::new(self.folder.path().join("lake"));
        for path in block_on(lake.list(lake::EVENTS)).unwrap() {
            state.archived(&path, block_on(lake.open(&path)).unwrap());
        }
        Delivered { state, mail: mail::in_folder(&self.folder.path().join("outbox")) }
    }
}
