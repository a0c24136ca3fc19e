//! The event bus of a deployment: a Kinesis stream, or an SNS topic.

use crate::{Aws, KinesisBus, TopicBus};
use event::{Event, EventBus, Key, PortError, encode_envelopes};
use foldhash::{HashMap, HashMapExt};
use lambda::variables::{BUS_STREAM, BUS_TOPIC};
use lambda::{Either, Environment, EnvironmentError};

/// Whichever bus a deployment chose.
pub enum Bus {
    /// Billed by the shard's hour and by 25 KB.
    Stream(KinesisBus),
    /// Billed by the request alone: nothing where nothing happens.
    Topic(TopicBus),
}

impl Bus {
    /// The one that the environment names.
    ///
    /// # Errors
    /// `BUS_STREAM` and `BUS_TOPIC` are both set, or neither is.
    pub fn of(aws: &Aws, settings: &Environment) -> Result<Bus, EnvironmentError> {
        Ok(match settings.either(BUS_STREAM, BUS_TOPIC)? {
            Either::First(stream) => Bus::Stream(KinesisBus::new(aws, stream)),
            Either::Second(topic) => Bus::Topic(TopicBus::new(aws, topic)),
        })
    }
}

impl EventBus for Bus {
    async fn publish(&self, events: &[Event<'_>]) -> Result<(), PortError> {
        match self {
            Bus::Stream(bus) => bus.publish(events).await,
            Bus::Topic(bus) => bus.publish(events).await,
        }
    }
}

/// The envelopes of each person, in order; people in the order in which they appear first. A person is whoever the
/// first identifier of an event names: the strongest that it has.
pub(crate) fn by_person(events: &[Event<'_>]) -> Vec<(Key, Vec<Vec<u8>>)> {
    let mut people: Vec<(Key, Vec<&Event<'_>>)> = Vec::new();
    let mut places: HashMap<Key, usize> = HashMap::with_capacity(events.len());
    for event in events {
        let key = event.identifiers.first().map_or(Key::default(), |identifier| identifier.key);
        let place = *places.entry(key).or_insert_with(|| {
            people.push((key, Vec::new()));
            people.len() - 1
        });
        people[place].1.push(event);
    }
    people.into_iter().map(|(key, events)| (key, encode_envelopes(events))).collect()
}
