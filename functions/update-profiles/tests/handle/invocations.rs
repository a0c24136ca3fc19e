//! Each sample, once and again.

use crate::memory::{MemoryQuarantine, MemoryStore};
use crate::samples::{events, sample, sequence_number};
use aws_lambda_events::kinesis::KinesisEvent;
use aws_lambda_events::sqs::SqsEvent;
use event::{Code, Event, Key};
use person::{Blob, IdentityRules, Profile};
use pollster::block_on;
use std::sync::LazyLock;
use update_profiles::{Deps, handle};

pub const NOW: i64 = 1_795_342_000_000;

pub fn wanted(event: &Event<'_>) -> bool {
    event.name == "Product Viewed"
}

pub fn deps(store: &MemoryStore) -> Deps<'_, MemoryStore> {
    static RULES: LazyLock<IdentityRules> = LazyLock::new(IdentityRules::default);
    Deps { store, wanted: &wanted, rules: &RULES }
}

/// Runs a sample of the stream; the sequence number to go on from, if any.
pub fn stream(store: &MemoryStore, quarantine: &MemoryQuarantine, case: &str) -> Option<String> {
    let response = block_on(handle(&deps(store), quarantine, NOW, sample::<KinesisEvent>(case)));
    assert!(response.batch_item_failures.len() <= 1);
    response.batch_item_failures.into_iter().next().and_then(|failure| failure.item_identifier)
}

/// Runs a sample of the queue; the message ids to deliver again.
pub fn queue(store: &MemoryStore, quarantine: &MemoryQuarantine, case: &str) -> Vec<String> {
    let response = block_on(handle(&deps(store), quarantine, NOW, sample::<SqsEvent>(case)));
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

/// The ids of user-1, user-2 and anon-1.
pub fn people() -> [Key; 3] {
    let events = events();
    [events[1][0].identifiers[0].key, events[2][0].identifiers[0].key, events[0][0].identifiers[0].key]
}

/// The profile that a person fed these events has.
pub fn folded<'e>(events: impl IntoIterator<Item = &'e Event<'e>>) -> Vec<u8> {
    let mut profile = Profile::default();
    for event in events {
        profile.apply(event);
    }
    let mut blob = Vec::new();
    profile.encode(&mut blob);
    blob
}

#[test]
fn a_good_stream_batch_becomes_profiles() {
    let (store, quarantine) = (MemoryStore::default(), MemoryQuarantine::default());
    assert_eq!(stream(&store, &quarantine, "kinesis"), None);
    assert!(quarantine.0.borrow().is_empty());
    let [user_1, user_2, anonymous] = people();
    let events = events();
    // The visit before the sign-in is the known person's.
    assert_eq!(store.blob(user_1), folded(events[0].iter().chain(&events[1])));
    assert_eq!(store.blob(user_2), folded(&events[2]));
    assert!(
        !store.profiles.borrow().contains_key(&anonymous) || {
            Blob::forward_of(&store.blob(anonymous)).unwrap() == Some(user_1)
        }
    );
    assert_eq!(store.owners.borrow()[&events[0][0].identifiers[0]].person, user_1);
    // One write a person; the change stream has what a campaign could want.
    let mut changes = store.changes.borrow().clone();
    changes.sort_by_key(|(_, fresh, _)| fresh.clone());
    assert_eq!(changes.len(), 2);
    assert_eq!((changes[0].0, &changes[0].1[..]), (user_1, &["ev-2".to_owned()][..]));
    assert_eq!((changes[1].0, &changes[1].1[..]), (user_2, &["ev-5".to_owned(), "ev-6".to_owned()][..]));
}

#[test]
fn the_same_invocation_again_changes_nothing() {
    let (store, quarantine) = (MemoryStore::default(), MemoryQuarantine::default());
    stream(&store, &quarantine, "kinesis");
    let (before, changes) = (store.profiles.borrow().clone(), store.changes.borrow().len());
    assert_eq!(stream(&store, &quarantine, "kinesis"), None);
    assert_eq!(queue(&store, &quarantine, "sqs"), [""; 0]);
    assert_eq!(*store.profiles.borrow(), before);
    assert_eq!(store.changes.borrow().len(), changes);
}

#[test]
fn a_queue_gives_what_the_stream_gives() {
    let (streamed, queued) = (MemoryStore::default(), MemoryStore::default());
    let quarantine = MemoryQuarantine::default();
    stream(&streamed, &quarantine, "kinesis");
    assert_eq!(queue(&queued, &quarantine, "sqs"), [""; 0]);
    assert_eq!(streamed.state(), queued.state());
    assert!(quarantine.0.borrow().is_empty());
}

#[test]
fn batches_of_one_event_give_what_one_batch_gives() {
    let (whole, single) = (MemoryStore::default(), MemoryStore::default());
    stream(&whole, &MemoryQuarantine::default(), "kinesis");
    for event in events().iter().flatten() {
        let events = std::slice::from_ref(event);
        assert!(block_on(update_profiles::run(&deps(&single), events)).unwrap().failed.is_empty());
    }
    let [user_1, user_2, anonymous] = people();
    for person in [user_1, user_2] {
        assert_eq!(single.blob(person), whole.blob(person));
    }
    assert_eq!(Blob::forward_of(&single.blob(anonymous)).unwrap(), Some(user_1));
    let merges: Vec<_> = single.changes.borrow().iter().filter(|c| !c.2.is_empty()).cloned().collect();
    assert_eq!(merges.len(), 1);
    assert_eq!((merges[0].0, &merges[0].2[..]), (user_1, &[anonymous][..]));
}

#[test]
fn a_damaged_envelope_goes_to_quarantine_and_stops_nothing() {
    let (store, quarantine) = (MemoryStore::default(), MemoryQuarantine::default());
    assert_eq!(stream(&store, &quarantine, "kinesis-damaged-envelope"), None);
    let [user_1, user_2, anonymous] = people();
    let events = events();
    assert_eq!(store.blob(user_2), folded(&events[2]));
    assert_eq!(store.blob(anonymous), folded(&events[0]));
    assert!(!store.profiles.borrow().contains_key(&user_1));
    let quarantined = quarantine.0.borrow();
    assert_eq!(quarantined.len(), 1);
    assert_eq!(quarantined[0].rejection.code, Code::InvalidEnvelope);
    assert_eq!(quarantined[0].source, format!("stream/rondo-events:{}", sequence_number(1)));
    drop(quarantined);
    // What the damaged one held comes in full later: as if nothing had happened.
    stream(&store, &quarantine, "kinesis");
    assert_eq!(store.blob(user_1), folded(events[0].iter().chain(&events[1])));
}

#[test]
fn a_body_that_is_no_base64_goes_to_quarantine_and_stops_nothing() {
    let (store, quarantine) = (MemoryStore::default(), MemoryQuarantine::default());
    assert_eq!(queue(&store, &quarantine, "sqs-body-not-base64"), [""; 0]);
    assert_eq!(store.profiles.borrow().len(), 2);
    let quarantined = quarantine.0.borrow();
    assert_eq!(quarantined[0].original, br#"{"type":"track","event":"Not for this queue"}"#);
    assert_eq!(quarantined[0].rejection.reason, "the body is not base64");
}
