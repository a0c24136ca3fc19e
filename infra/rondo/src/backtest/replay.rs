//! The lake's events in their order, each as of when it was received; between them what is due, as of when it was.

use super::Past;
use super::lake_in_memory::LakeInMemory;
use crate::deliver::{BATCH, RETRY_AFTER};
use crate::pump::Pump;
use anyhow::{Context, Result};
use campaign::{
    Campaigns, Channel, DeliverySettings, Holding, Lane, LedgerEntry, Outgoing, Receipt, SendError,
};
use deliver_messages::{Deps, Outcome};
use embedded::{LakeFolder, Reader, Sealer, Store};
use event::{Event, EventBus, PortError, decode_envelope, encode_envelopes};
use lake::LakeStore;
use pollster::block_on;
use std::cell::RefCell;

/// Who reports what became of messages: the replay's own reports take the place of the past's.
const REPORTER: &str = "deliver-messages";

/// A loop that runs through the past.
pub struct Replay<'p> {
    pump: Pump,
    settings: &'p DeliverySettings,
    vault: &'p Reader,
    reports: Reports,
    /// From when on run-campaigns is run, UTC ms, and what it keeps.
    since: i64,
    snapshots: LakeInMemory,
    /// How far the replay has come, UTC ms; `None` before the first event.
    now: Option<i64>,
}

/// Takes every message and sends none.
struct Nobody;

impl Channel for Nobody {
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError> {
        Ok(Receipt { id: message.message_id() })
    }
}

/// Reports on their way to the profiles, in wire form.
#[derive(Default)]
struct Reports(RefCell<Vec<Vec<u8>>>);

impl EventBus for Reports {
    async fn publish(&self, events: &[Event<'_>]) -> Result<(), PortError> {
        self.0.borrow_mut().extend(encode_envelopes(events));
        Ok(())
    }
}

/// Events that were received together, in wire form.
struct Received {
    at: i64,
    events: Vec<Vec<u8>>,
}

impl<'p> Replay<'p> {
    pub fn new(past: &'p Past, campaigns: Campaigns, since: i64) -> Result<Replay<'p>> {
        let mut pump = Pump::open(Store::in_memory(Sealer::new(&[0; 32]))?, None, campaigns, past.lateness)?;
        pump.privacy = past.privacy.clone();
        pump.identity = past.identity.clone();
        pump.zone = past.zone.clone();
        let (settings, vault) = (&past.settings, &past.vault);
        Ok(Replay {
            pump,
            settings,
            vault,
            reports: Reports::default(),
            since,
            snapshots: LakeInMemory::default(),
            now: None,
        })
    }

    /// Takes what a lake holds of the time up to `until` (UTC ms), and lets the rest of it pass.
    pub fn take(&mut self, lake: &LakeFolder, until: i64) -> Result<()> {
        let mut waiting: Option<Received> = None;
        for path in block_on(lake.list(lake::EVENTS))? {
            let mut read: Vec<Received> = waiting.take().into_iter().collect();
            lake::replay(&path, block_on(lake.open(&path))?, |archived| {
                let event = &archived.event;
                if event.source == REPORTER || archived.appended_at > until {
                    return;
                }
                let wire = encode_envelopes([event]);
                match read.last_mut() {
                    Some(last) if last.at == archived.appended_at => last.events.extend(wire),
                    _ => read.push(Received { at: archived.appended_at, events: wire }),
                }
            })?;
            // More of what was received last may stand in the next file.
            waiting = read.pop();
            for received in read {
                self.receive(&received)?;
            }
        }
        if let Some(received) = waiting {
            self.receive(&received)?;
        }
        self.advance(until)
    }

    /// What was decided, by action.
    pub fn decisions(self) -> Result<Vec<LedgerEntry>> {
        self.pump.store.commit()?;
        let mut decisions = Vec::new();
        self.pump.store.each_ledger_entry(|entry| decisions.push(entry))?;
        decisions.sort_by_key(|entry| entry.action);
        Ok(decisions)
    }

    fn receive(&mut self, received: &Received) -> Result<()> {
        self.advance(received.at)?;
        // An import by the wall clock may stand before what was played.
        let now = self.now.map_or(received.at, |now| now.max(received.at));
        self.now = Some(now);
        self.process(&received.events, now)?;
        self.tick(now)
    }

    fn process(&mut self, envelopes: &[Vec<u8>], now: i64) -> Result<()> {
        let mut events = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            events.extend(decode_envelope(envelope).context("reading an event again")?);
        }
        self.pump.process(&events, 0, now, now)
    }

    /// Lets time pass: what is due until then happens, each at its own time.
    fn advance(&mut self, until: i64) -> Result<()> {
        let Some(mut now) = self.now else { return Ok(()) };
        while let Some(next) = self.next_due(now)?.filter(|next| *next <= until) {
            // What is overdue happens now; time does not run backwards.
            now = next.max(now + 1);
            if now > until {
                break;
            }
            self.tick(now)?;
        }
        self.now = self.now.map(|now| now.max(until));
        Ok(())
    }

    /// When the next timer, held message or campaign is due, UTC ms.
    fn next_due(&self, now: i64) -> Result<Option<i64>> {
        // When run-campaigns looks first, it has something to do.
        let run = if now < self.since { Some(self.since) } else { self.pump.next_run(now)? };
        Ok(self.pump.next_due()?.into_iter().chain(run).min())
    }

    /// All that is due, in the order in which the installation does it.
    fn tick(&mut self, now: i64) -> Result<()> {
        self.pump.fire(now)?;
        while self.deliver(Lane::Service, now)?
            || self.run_campaigns(now)?
            || self.deliver(Lane::Marketing, now)?
        {
            let reports = self.reports.0.take();
            self.process(&reports, now)?;
        }
        Ok(())
    }

    /// Does one step of run-campaigns; whether there was any.
    fn run_campaigns(&mut self, now: i64) -> Result<bool> {
        Ok(now >= self.since && self.pump.run_campaigns_over(&self.snapshots, now)?.is_some())
    }

    /// Decides on one batch of a lane; whether there was anything.
    fn deliver(&mut self, lane: Lane, now: i64) -> Result<bool> {
        let store = &self.pump.store;
        let queued = store.deliverable(lane, now, BATCH)?;
        if queued.is_empty() {
            return Ok(false);
        }
        let deps = Deps {
            campaigns: &self.pump.campaigns,
            settings: self.settings,
            profiles: store,
            ledger: store,
            vault: self.vault,
            bus: &self.reports,
            holding: store,
            email: &Nobody,
            webhook: &Nobody,
        };
        let actions = queued.iter().map(|queued| queued.action.clone()).collect();
        let outcomes = block_on(deliver_messages::run(&deps, now, actions))?;
        for (queued, outcome) in queued.iter().zip(&outcomes) {
            if matches!(outcome, Outcome::Retry(_)) {
                block_on(Holding::hold(store, &queued.action, now + RETRY_AFTER))?;
            }
        }
        store.remove_actions(&queued)?;
        store.commit()?;
        Ok(true)
    }
}
