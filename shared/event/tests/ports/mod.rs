//! The ports of intake in memory, each with a switch that breaks it.

use event::{
    Event, EventBus, Identifier, PortError, PrivacyRequest, PrivacyRequests, QualityCount, Quarantine,
    Quarantined, Secret, Vault,
};
use std::cell::{Cell, RefCell};

pub type Fault = (&'static str, fn() -> PortError);

/// Everything that intake writes to, and in which order.
#[derive(Default)]
pub struct Memory {
    /// Encoded, as the bus carries them.
    pub published: RefCell<Vec<Vec<u8>>>,
    pub secrets: RefCell<Vec<Secret>>,
    pub quarantined: RefCell<Vec<Quarantined>>,
    pub counts: RefCell<Vec<QualityCount>>,
    pub requests: RefCell<Vec<PrivacyRequest>>,
    /// "vault", "quarantine", "requests", "bus": the calls in their order.
    pub calls: RefCell<Vec<&'static str>>,
    /// The port that fails, and how.
    pub broken: Cell<Option<Fault>>,
}

impl Memory {
    fn call(&self, port: &'static str) -> Result<(), PortError> {
        match self.broken.get() {
            Some((broken, error)) if broken == port => Err(error()),
            _ => {
                self.calls.borrow_mut().push(port);
                Ok(())
            }
        }
    }

    /// Looks at each published event.
    pub fn events<T>(&self, look: impl Fn(&Event<'_>) -> T) -> Vec<T> {
        self.published.borrow().iter().map(|bytes| look(&Event::decode(bytes).unwrap())).collect()
    }
}

impl EventBus for Memory {
    async fn publish(&self, events: &[Event<'_>]) -> Result<(), PortError> {
        self.call("bus")?;
        for event in events {
            let mut bytes = Vec::new();
            event.encode(&mut bytes);
            self.published.borrow_mut().push(bytes);
        }
        Ok(())
    }
}

impl Vault for Memory {
    async fn put(&self, secrets: &[Secret]) -> Result<(), PortError> {
        self.call("vault")?;
        self.secrets.borrow_mut().extend_from_slice(secrets);
        Ok(())
    }

    async fn get(&self, identifier: Identifier, field: &str) -> Result<Option<String>, PortError> {
        let secrets = self.secrets.borrow();
        let found = secrets.iter().rfind(|secret| secret.identifier == identifier && secret.field == field);
        Ok(found.map(|secret| secret.value.clone()))
    }
}

impl PrivacyRequests for Memory {
    async fn keep(&self, request: &PrivacyRequest) -> Result<(), PortError> {
        self.call("requests")?;
        let mut requests = self.requests.borrow_mut();
        if !requests.iter().any(|kept| kept.id == request.id) {
            requests.push(request.clone());
        }
        Ok(())
    }
}

impl Quarantine for Memory {
    async fn put(&self, records: &[Quarantined]) -> Result<(), PortError> {
        self.call("quarantine")?;
        self.quarantined.borrow_mut().extend_from_slice(records);
        Ok(())
    }

    async fn count(&self, counts: &[QualityCount]) -> Result<(), PortError> {
        self.call("counts")?;
        self.counts.borrow_mut().extend_from_slice(counts);
        Ok(())
    }
}
