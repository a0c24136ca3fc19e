//! Ports that pass everything on to the adapter, and remember what a stream or queue would bring to whom.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campaign::{Action, ActionQueue, DueQueue, JourneyStore, JourneyWrite, Lane, Stored};
use event::{Event, EventBus, Identifier, Key, PortError, encode_envelopes};
use person::attribute::{FRESH, INTO, INTO_KIND, KIND, MERGED, PERSON, PROFILE, VERSION};
use person::{Blob, IdentityStore, Owner, ProfileStore, ProfileWrite};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// A bus, and the envelopes that were published.
pub struct RecordedBus<B> {
    pub bus: B,
    sent: RefCell<Vec<Vec<u8>>>,
}

impl<B> RecordedBus<B> {
    pub fn new(bus: B) -> RecordedBus<B> {
        RecordedBus { bus, sent: RefCell::default() }
    }

    /// The envelopes since the last time.
    pub fn take(&self) -> Vec<Vec<u8>> {
        self.sent.take()
    }
}

impl<B: EventBus> EventBus for RecordedBus<B> {
    async fn publish(&self, events: &[Event<'_>]) -> Result<(), PortError> {
        self.bus.publish(events).await?;
        // As the adapter packs them: each person's apart.
        let mut people: Vec<(Key, Vec<&Event<'_>>)> = Vec::new();
        for event in events {
            let key = event.identifiers.first().map_or(Key::default(), |identifier| identifier.key);
            match people.iter_mut().find(|(known, _)| *known == key) {
                Some((_, theirs)) => theirs.push(event),
                None => people.push((key, vec![event])),
            }
        }
        self.sent.borrow_mut().extend(people.into_iter().flat_map(|(_, events)| encode_envelopes(events)));
        Ok(())
    }
}

/// Profiles, and the new images of their change stream that the template's filter lets through.
pub struct RecordedPeople {
    pub people: aws::People,
    changes: RefCell<Vec<(Key, Value)>>,
    writes: Cell<u64>,
}

impl RecordedPeople {
    pub fn new(people: aws::People) -> RecordedPeople {
        RecordedPeople { people, changes: RefCell::default(), writes: Cell::new(0) }
    }

    /// The changes since the last time, each with the key of its item.
    pub fn take(&self) -> Vec<(Key, Value)> {
        self.changes.take()
    }

    /// How many profiles were written since the last time.
    pub fn take_writes(&self) -> u64 {
        self.writes.take()
    }
}

impl ProfileStore for RecordedPeople {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        self.people.load(people).await
    }

    async fn write(&self, writes: Vec<ProfileWrite<'_>>) -> Result<Vec<Key>, PortError> {
        let changes: Vec<(Key, Vec<(Key, Value)>)> =
            writes.iter().map(|write| (write.person, images(write))).collect();
        let conflicts = self.people.write(writes).await?;
        for (person, images) in changes {
            if !conflicts.contains(&person) {
                self.writes.set(self.writes.get() + 1);
                self.changes.borrow_mut().extend(images);
            }
        }
        Ok(conflicts)
    }
}

impl IdentityStore for RecordedPeople {
    async fn owners(&self, identifiers: &[Identifier]) -> Result<Vec<Option<Owner>>, PortError> {
        self.people.owners(identifiers).await
    }
}

/// The images of a write: the profile's where it has something new, and those of the people merged into it.
fn images(write: &ProfileWrite<'_>) -> Vec<(Key, Value)> {
    let binary = |bytes: &[u8]| json!({"B": STANDARD.encode(bytes)});
    let mut images = Vec::new();
    let mut image = json!({
        PERSON: binary(&write.person.0),
        KIND: {"N": (write.owner.kind as u8).to_string()},
        PROFILE: binary(&write.blob),
        VERSION: {"N": (write.version + 1).to_string()},
    });
    let mut fresh = encode_envelopes(write.fresh.iter().copied());
    match (fresh.len(), fresh.pop()) {
        (1, Some(only)) => image[FRESH] = binary(&only),
        (_, Some(last)) => {
            image[FRESH] =
                json!({"L": fresh.iter().chain([&last]).map(|one| binary(one)).collect::<Vec<_>>()});
        }
        _ => {}
    }
    if !write.merged.is_empty() {
        let merged: Vec<u8> = write.merged.iter().flat_map(|merged| merged.owner.person.0).collect();
        image[MERGED] = binary(&merged);
    }
    if !write.fresh.is_empty() || !write.merged.is_empty() {
        images.push((write.person, image));
    }
    for merged in &write.merged {
        let pointer = json!({
            PERSON: binary(&merged.owner.person.0),
            KIND: {"N": (merged.owner.kind as u8).to_string()},
            PROFILE: binary(&Blob::forward(write.person)),
            INTO: binary(&write.person.0),
            INTO_KIND: {"N": (write.owner.kind as u8).to_string()},
            VERSION: {"N": (merged.version + 1).to_string()},
        });
        images.push((merged.owner.person, pointer));
    }
    images
}

/// Journeys, and the minutes at which timers were set.
pub struct RecordedJourneys {
    journeys: aws::JourneyTable,
    minutes: RefCell<BTreeSet<u32>>,
    writes: Cell<u64>,
}

impl RecordedJourneys {
    pub fn new(journeys: aws::JourneyTable) -> RecordedJourneys {
        RecordedJourneys { journeys, minutes: RefCell::default(), writes: Cell::new(0) }
    }

    /// The first minute with a timer up to one; it counts as looked at.
    pub fn next_due(&self, until: u32) -> Option<u32> {
        let first = self.minutes.borrow().first().copied().filter(|minute| *minute <= until)?;
        self.minutes.borrow_mut().remove(&first);
        Some(first)
    }

    /// How many people's journeys were written since the last time.
    pub fn take_writes(&self) -> u64 {
        self.writes.take()
    }
}

impl JourneyStore for RecordedJourneys {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        self.journeys.load(people).await
    }

    async fn write(&self, writes: Vec<JourneyWrite>) -> Result<Vec<Key>, PortError> {
        self.minutes.borrow_mut().extend(writes.iter().filter_map(|write| write.timer));
        let count = writes.len() as u64;
        let conflicts = self.journeys.write(writes).await?;
        self.writes.set(self.writes.get() + count - conflicts.len() as u64);
        Ok(conflicts)
    }
}

/// The queue of due people, and its messages' bodies: the people of one call share a message.
pub struct RecordedDue {
    pub queue: aws::DueMessages,
    bodies: RefCell<Vec<String>>,
}

impl RecordedDue {
    pub fn new(queue: aws::DueMessages) -> RecordedDue {
        RecordedDue { queue, bodies: RefCell::default() }
    }

    pub fn take(&self) -> Vec<String> {
        self.bodies.take()
    }
}

impl DueQueue for RecordedDue {
    async fn put(&self, people: &[Key]) -> Result<(), PortError> {
        self.queue.put(people).await?;
        let body = |people: &[Key]| people.iter().map(Key::to_string).collect::<Vec<_>>().join(",");
        self.bodies.borrow_mut().extend(people.chunks(1_000).map(body));
        Ok(())
    }
}

/// The action queues, and the bodies of their messages.
pub struct RecordedActions {
    queues: aws::ActionQueues,
    bodies: RefCell<Vec<(Lane, String)>>,
}

impl RecordedActions {
    pub fn new(queues: aws::ActionQueues) -> RecordedActions {
        RecordedActions { queues, bodies: RefCell::default() }
    }

    pub fn take(&self) -> Vec<(Lane, String)> {
        self.bodies.take()
    }
}

impl ActionQueue for RecordedActions {
    async fn put(&self, actions: &[Action]) -> Result<(), PortError> {
        self.queues.put(actions).await?;
        let bodies = actions.iter().map(|action| (action.lane, STANDARD.encode(action.encode())));
        self.bodies.borrow_mut().extend(bodies);
        Ok(())
    }
}
