//! The ports in memory.

use campaign::{
    Action, CapCounts, Channel, Claim, Claimed, Holding, Ledger, LedgerEntry, LedgerState, Outgoing, Receipt,
    SendError,
};
use event::{Event, EventBus, Identifier, Key, PortError, Secret, Vault};
use person::{ProfileStore, ProfileWrite, Stored};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};

#[derive(Default)]
pub struct Profiles(pub RefCell<BTreeMap<Key, Vec<u8>>>);

impl ProfileStore for Profiles {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        let stored = self.0.borrow();
        let one = |person| stored.get(person).map(|blob| Stored { version: 1, blob: blob.as_slice().into() });
        Ok(people.iter().map(one).collect())
    }

    async fn write(&self, _: Vec<ProfileWrite<'_>>) -> Result<Vec<Key>, PortError> {
        Err(PortError::Failed { what: "profiles", reason: "delivery only reads them".to_owned() })
    }
}

#[derive(Default)]
pub struct MemoryLedger {
    pub entries: RefCell<BTreeMap<Key, LedgerEntry>>,
    caps: RefCell<BTreeMap<(Key, String, i32), u32>>,
    /// Dies before it settles.
    pub dies: Cell<bool>,
}

impl MemoryLedger {
    fn counts(&self, person: Key, channel: &str, day: i32) -> CapCounts {
        let caps = self.caps.borrow();
        let on = |day| caps.get(&(person, channel.to_owned(), day)).copied().unwrap_or_default();
        CapCounts { day: on(day), week: (day - 6..=day).map(on).sum() }
    }

    fn slot(&self, entry: &LedgerEntry, day: i32, change: impl Fn(&mut u32)) {
        change(self.caps.borrow_mut().entry((entry.person, entry.channel.clone(), day)).or_default());
    }
}

impl Ledger for MemoryLedger {
    async fn claim(&self, claims: &[Claim]) -> Result<Vec<Claimed>, PortError> {
        let one = |claim: &Claim| {
            let entry = &claim.entry;
            let counts =
                entry.capped_on.map(|day| self.counts(entry.person, &entry.channel, day)).unwrap_or_default();
            let (answer, written) = claim.admit(self.entries.borrow().get(&entry.action), counts);
            if let Some(written) = written {
                if let Some(day) = written.capped_on.filter(|_| written.counts()) {
                    self.slot(&written, day, |n| *n += 1);
                }
                self.entries.borrow_mut().insert(written.action, written);
            }
            answer
        };
        Ok(claims.iter().map(one).collect())
    }

    async fn settle(&self, outcomes: &[LedgerEntry]) -> Result<(), PortError> {
        if self.dies.get() {
            return Err(PortError::Unavailable { what: "the ledger", reason: "killed".to_owned() });
        }
        for outcome in outcomes {
            let settled = self.entries.borrow()[&outcome.action].settled_by(outcome);
            if let Some(settlement) = settled {
                if let Some(day) = settlement.give_back {
                    self.slot(&settlement.entry, day, |n| *n -= 1);
                }
                self.entries.borrow_mut().insert(outcome.action, settlement.entry);
            }
        }
        Ok(())
    }

    async fn get(&self, action: Key) -> Result<Option<LedgerEntry>, PortError> {
        Ok(self.entries.borrow().get(&action).cloned())
    }

    async fn cap_counts(&self, person: Key, channel: &str, day: i32) -> Result<CapCounts, PortError> {
        Ok(self.counts(person, channel, day))
    }

    async fn claimed_before(&self, at: i64) -> Result<Vec<LedgerEntry>, PortError> {
        let entries = self.entries.borrow();
        let old = entries.values().filter(|entry| entry.state == LedgerState::Claimed && entry.at < at);
        Ok(old.cloned().collect())
    }
}

#[derive(Default)]
pub struct MemoryVault {
    secrets: RefCell<BTreeMap<(Identifier, String), String>>,
    /// Fails to read what is kept under this identifier.
    pub broken: Cell<Option<Key>>,
}

impl MemoryVault {
    pub fn put_all(&self, secrets: &[Secret]) {
        let kept = secrets.iter().map(|s| ((s.identifier, s.field.clone()), s.value.clone()));
        self.secrets.borrow_mut().extend(kept);
    }

    pub fn erase(&self) {
        self.secrets.borrow_mut().clear();
    }
}

impl Vault for MemoryVault {
    async fn put(&self, secrets: &[Secret]) -> Result<(), PortError> {
        self.put_all(secrets);
        Ok(())
    }

    async fn get(&self, identifier: Identifier, field: &str) -> Result<Option<String>, PortError> {
        if self.broken.get() == Some(identifier.key) {
            return Err(PortError::Failed { what: "the vault", reason: "a value is damaged".to_owned() });
        }
        Ok(self.secrets.borrow().get(&(identifier, field.to_owned())).cloned())
    }
}

#[derive(Default)]
pub struct Bus {
    /// Message id, name and properties.
    pub events: RefCell<Vec<(String, String, serde_json::Value)>>,
    pub down: Cell<bool>,
}

impl EventBus for Bus {
    async fn publish(&self, events: &[Event<'_>]) -> Result<(), PortError> {
        if self.down.get() {
            return Err(PortError::Unavailable { what: "the bus", reason: "down".to_owned() });
        }
        for event in events {
            assert!(!event.identifiers.is_empty());
            let properties = serde_json::from_str(&event.properties).unwrap();
            self.events.borrow_mut().push((event.message_id.to_string(), event.name.to_string(), properties));
        }
        Ok(())
    }
}

#[derive(Default)]
pub struct Held(pub RefCell<Vec<(Action, i64)>>);

impl Holding for Held {
    async fn hold(&self, action: &Action, until: i64) -> Result<(), PortError> {
        self.0.borrow_mut().push((action.clone(), until));
        Ok(())
    }
}

/// A message as its channel got it.
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub unsubscribe_url: Option<String>,
    pub personal: BTreeMap<String, String>,
}

#[derive(Default)]
pub struct Letters {
    pub sent: RefCell<Vec<Letter>>,
    /// What the next sends answer instead.
    pub errors: RefCell<VecDeque<SendError>>,
}

impl Letters {
    pub fn count(&self) -> usize {
        self.sent.borrow().len()
    }

    pub fn fail(&self, error: SendError) {
        self.errors.borrow_mut().push_back(error);
    }
}

impl Channel for Letters {
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError> {
        if let Some(error) = self.errors.borrow_mut().pop_front() {
            return Err(error);
        }
        self.sent.borrow_mut().push(Letter {
            to: message.to.to_owned(),
            subject: message.subject.to_owned(),
            text: message.text.to_owned(),
            unsubscribe_url: message.unsubscribe_url.map(str::to_owned),
            personal: message.personal.clone(),
        });
        Ok(Receipt { id: "r1".to_owned() })
    }
}
