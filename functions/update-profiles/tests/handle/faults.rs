//! A store that is down, contended, or holds something damaged.

use crate::invocations::{NOW, deps, folded, people, queue, stream};
use crate::memory::{MemoryQuarantine, MemoryStore};
use crate::samples::{events, message_id, sequence_number};
use event::{Code, Event};
use person::Stored;
use pollster::block_on;
use update_profiles::run;

#[test]
fn a_store_that_is_down_has_the_records_delivered_again() {
    let quarantine = MemoryQuarantine::default();
    let undisturbed = MemoryStore::default();
    stream(&undisturbed, &quarantine, "kinesis");
    // Whichever of the calls fails: loading, identities, loading again, writing.
    for calls in 1..=4 {
        let store = MemoryStore::default();
        for failing in 0..calls {
            store.unavailable.set(1);
            assert_eq!(stream(&store, &quarantine, "kinesis"), Some(sequence_number(0)), "failure {failing}");
        }
        assert_eq!(stream(&store, &quarantine, "kinesis"), None);
        assert_eq!(store.state(), undisturbed.state());
    }
    let store = MemoryStore::default();
    store.unavailable.set(1);
    assert_eq!(queue(&store, &quarantine, "sqs"), [0, 1, 2].map(message_id));
    assert!(quarantine.0.borrow().is_empty());
}

#[test]
fn a_damaged_record_is_quarantined_even_while_the_store_is_down() {
    let (store, quarantine) = (MemoryStore::default(), MemoryQuarantine::default());
    store.unavailable.set(1);
    assert_eq!(stream(&store, &quarantine, "kinesis-damaged-envelope"), Some(sequence_number(0)));
    assert_eq!(quarantine.0.borrow().len(), 1);
}

#[test]
fn who_was_written_by_somebody_else_is_folded_again() {
    let quarantine = MemoryQuarantine::default();
    let undisturbed = MemoryStore::default();
    stream(&undisturbed, &quarantine, "kinesis");
    for conflicts in 1..=4 {
        let store = MemoryStore::default();
        store.conflicts.set(conflicts);
        assert_eq!(stream(&store, &quarantine, "kinesis"), None);
        assert_eq!(store.state(), undisturbed.state(), "after {conflicts} conflicts");
        assert_eq!(store.changes.borrow().len(), 2, "each person's change is told once");
    }
    assert!(quarantine.0.borrow().is_empty());
}

#[test]
fn changes_of_one_process_are_those_that_were_written() {
    let store = MemoryStore::default();
    store.conflicts.set(1);
    let events: Vec<Event> = events().into_iter().flatten().collect();
    let outcome = block_on(run(&deps(&store), &events)).unwrap();
    assert_eq!((outcome.writes, outcome.changes.len(), outcome.duplicates.len()), (2, 2, 0));
    for change in &outcome.changes {
        assert_eq!(*change.blob, *store.blob(change.person));
    }
    let again = block_on(run(&deps(&store), &events)).unwrap();
    assert_eq!((again.writes, again.changes.len(), again.duplicates.len()), (0, 0, events.len()));
}

#[test]
fn who_is_contended_without_end_goes_to_quarantine_and_not_into_a_loop() {
    let (store, quarantine) = (MemoryStore::default(), MemoryQuarantine::default());
    store.conflicts.set(1_000);
    assert_eq!(stream(&store, &quarantine, "kinesis"), None);
    assert!(store.profiles.borrow().is_empty());
    let quarantined = quarantine.0.borrow();
    assert_eq!(quarantined.len(), 6);
    assert!(quarantined.iter().all(|record| record.rejection.code == Code::NotApplied && record.at == NOW));
}

#[test]
fn a_damaged_profile_puts_only_its_own_events_aside() {
    let (store, quarantine) = (MemoryStore::default(), MemoryQuarantine::default());
    let [user_1, user_2, _] = people();
    let broken = Stored { version: 7, blob: [1, 3, 200, 1].into() };
    store.profiles.borrow_mut().insert(user_2, broken.clone());
    assert_eq!(stream(&store, &quarantine, "kinesis"), None);
    let events = events();
    assert_eq!(store.blob(user_1), folded(events[0].iter().chain(&events[1])));
    assert_eq!(store.profiles.borrow()[&user_2], broken, "what is damaged is left for a person to look at");

    let quarantined = quarantine.0.borrow();
    let put_aside: Vec<Event> =
        quarantined.iter().map(|record| Event::decode(&record.original).unwrap()).collect();
    let ids: Vec<&str> = put_aside.iter().map(|event| event.message_id.as_ref()).collect();
    assert_eq!(ids, ["ev-5", "ev-6"]);
    assert!(quarantined.iter().all(|record| record.rejection.code == Code::NotApplied));

    // Repaired and replayed, nothing is lost.
    store.profiles.borrow_mut().remove(&user_2);
    block_on(run(&deps(&store), &put_aside)).unwrap();
    assert_eq!(store.blob(user_2), folded(&events[2]));
}
