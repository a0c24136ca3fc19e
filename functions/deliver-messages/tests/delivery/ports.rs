//! The ports in memory.

use campaign::{
    Action, Channel, Claim, Claimed, Holding, Ledger, LedgerEntry, LedgerState, Outgoing, Receipt, SendError,
    Sends,
};
use event::{Event, EventBus, Identifier, Key, PortError, Secret, Vault};
use person::{ProfileStore, ProfileWrite, Stored};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
    sends: RefCell<BTreeMap<Key, Sends>>,
    /// Dies before it settles.
    pub dies: Cell<bool>,
}

impl Ledger for MemoryLedger {
    async fn claim(&self, claims: &[Claim]) -> Result<Vec<Claimed>, PortError> {
        let one = |claim: &Claim| {
            let mut sends = self.sends.borrow().get(&claim.entry.person).cloned().unwrap_or_default();
            let (answer, written) = claim.admit(self.entries.borrow().get(&claim.entry.action), &mut sends);
            if let Some(written) = written {
                self.sends.borrow_mut().insert(written.person, sends);
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
            let stored = self.entries.borrow()[&outcome.action].clone();
            if let Some(settlement) = stored.settled_by(outcome) {
                if settlement.gives_back {
                    self.sends.borrow_mut().get_mut(&stored.person).unwrap().give_back(&stored);
                }
                self.entries.borrow_mut().insert(outcome.action, settlement.entry);
            }
        }
        Ok(())
    }

    async fn get(&self, action: Key) -> Result<Option<LedgerEntry>, PortError> {
        Ok(self.entries.borrow().get(&action).cloned())
    }

    async fn sends(&self, person: Key) -> Result<Sends, PortError> {
        Ok(self.sends.borrow().get(&person).cloned().unwrap_or_default())
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
    /// The actions that were taken, where it can tell.
    pub taken: RefCell<Option<BTreeSet<Key>>>,
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
        if let Some(taken) = &mut *self.taken.borrow_mut() {
            taken.insert(message.action.id);
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

    async fn was_sent(&self, action: Key) -> Result<Option<bool>, PortError> {
        Ok(self.taken.borrow().as_ref().map(|taken| taken.contains(&action)))
    }
}
