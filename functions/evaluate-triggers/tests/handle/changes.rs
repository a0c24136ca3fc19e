//! The change stream: who enters and leaves, what goes wrong, and what a repeat does.

use crate::memory::{Memory, campaigns};
use crate::samples::{
    ANN, BOB, T0, VISITOR, buy, event, forwarded, modified, removed, sample, sequence_number, stream, view,
};
use aws_lambda_events::dynamodb;
use evaluate_triggers::{handle_changes, handle_due};
use event::{Code, HOUR, Key, MINUTE};
use pollster::block_on;

const NOW: i64 = T0 + 62 * MINUTE - 1;

/// Hands a batch in; the sequence number to go on from, if any.
fn change(memory: &Memory, now: i64, batch: dynamodb::Event) -> Option<String> {
    let response = block_on(handle_changes(&memory.deps(&campaigns()), memory, now, batch));
    assert!(response.batch_item_failures.len() <= 1);
    response.batch_item_failures.into_iter().next().and_then(|failure| failure.item_identifier)
}

/// Looks at these people when everything is due.
fn fire(memory: &Memory, people: &[Key]) {
    let body = people.iter().map(Key::to_string).collect::<Vec<_>>().join(",");
    let response =
        block_on(handle_due(&memory.deps(&campaigns()), T0 + 5 * HOUR, crate::samples::queue(&[body])));
    assert!(response.batch_item_failures.is_empty());
}

fn coupon(person: Key, key: &str) -> (Key, String, String) {
    (person, "coupon".to_owned(), key.to_owned())
}

#[test]
fn a_good_batch_begins_and_ends_journeys() {
    let memory = Memory::default();
    assert_eq!(change(&memory, T0 + 30 * MINUTE, sample("stream")), None);
    assert_eq!(memory.waiting(ANN), ["sku-1", "sku-2"]);
    assert_eq!(memory.waiting(BOB), [""; 0], "bought in the same batch");
    assert_eq!(memory.timers_of(ANN), [61]);
    assert!(
        memory.timers_of(BOB).is_empty()
            && memory.queued().is_empty()
            && memory.quarantined.borrow().is_empty()
    );
    assert_eq!(memory.writes.get(), 2, "one a person, though one of them changed twice");
    fire(&memory, &[ANN, BOB]);
    assert_eq!(memory.queued(), [coupon(ANN, "sku-1"), coupon(ANN, "sku-2")]);
    assert_eq!(memory.actions.borrow().values().next().unwrap().kept, r#"{"price":12.5}"#);
}

#[test]
fn the_same_invocation_again_sends_nothing_twice() {
    let memory = Memory::default();
    // Late enough that the first view is due at once.
    assert_eq!(change(&memory, NOW, sample("stream")), None);
    let queued = memory.queued();
    assert_eq!(queued, [coupon(ANN, "sku-1")]);
    assert_eq!(change(&memory, NOW, sample("stream")), None);
    assert_eq!(memory.queued(), queued);
    assert_eq!(memory.waiting(ANN), ["sku-2"]);
}

#[test]
fn a_repeat_while_all_waits_writes_nothing() {
    let memory = Memory::default();
    change(&memory, T0 + 30 * MINUTE, sample("stream"));
    let (journeys, timers, writes) =
        (memory.journeys.borrow().clone(), memory.timers.borrow().clone(), memory.writes.get());
    assert_eq!(change(&memory, T0 + 31 * MINUTE, sample("stream")), None);
    assert_eq!((memory.journeys.borrow().clone(), memory.timers.borrow().clone()), (journeys, timers));
    assert_eq!(memory.writes.get(), writes);
}

#[test]
fn a_damaged_image_goes_to_quarantine_and_stops_nothing() {
    let memory = Memory::default();
    assert_eq!(change(&memory, T0 + 30 * MINUTE, sample("stream-damaged-image")), None);
    assert_eq!(memory.waiting(ANN), ["sku-1", "sku-2"]);
    let quarantined = memory.quarantined.borrow();
    let [record] = &quarantined[..] else { panic!("{quarantined:?}") };
    assert_eq!((record.rejection.code, record.rejection.field.as_str()), (Code::InvalidEnvelope, "fresh"));
    assert_eq!(record.source, format!("table/rondo-profiles:{}", sequence_number(1)));
    assert_eq!(record.at, T0 + 30 * MINUTE);
    // The original is the record whole, which can be handed in again once it is mended.
    let original: dynamodb::EventRecord = serde_json::from_slice(&record.original).unwrap();
    assert_eq!(original.change.sequence_number, Some(sequence_number(1)));
}

#[test]
fn an_image_that_can_not_be_quarantined_is_delivered_again() {
    let memory = Memory::default();
    memory.quarantine_down.set(1);
    let failed = change(&memory, T0, sample("stream-damaged-image"));
    assert_eq!(failed, Some(sequence_number(1)));
    assert_eq!(memory.waiting(ANN), ["sku-1", "sku-2"], "the others were worked on all the same");
}

#[test]
fn erased_and_forwarded_people_are_passed_over() {
    let memory = Memory::default();
    let nothing = modified(2, ANN, &[], &[]);
    let batch = stream(&[removed(0, ANN), forwarded(1, VISITOR, BOB), nothing]);
    assert_eq!(change(&memory, T0, batch), None);
    // An identifier that was linked to a person is an item of the same table.
    assert_eq!(change(&memory, T0, sample("stream-identity-link")), None);
    assert!(memory.journeys.borrow().is_empty() && memory.quarantined.borrow().is_empty());
}

#[test]
fn a_store_that_is_down_has_the_batch_delivered_again_and_sends_once() {
    type Fault = fn(&Memory);
    let faults: [(&str, Fault); 3] = [
        ("loading", |memory| memory.journeys_down.set(1)),
        ("queueing", |memory| memory.actions_down.set(1)),
        ("writing, when the actions are queued already", |memory| memory.writes_down.set(1)),
    ];
    for (what, fault) in faults {
        let memory = Memory::default();
        fault(&memory);
        assert_eq!(change(&memory, NOW, sample("stream")), Some(sequence_number(0)), "{what}");
        assert_eq!(change(&memory, NOW + MINUTE, sample("stream")), None, "{what}");
        assert_eq!(memory.queued(), [coupon(ANN, "sku-1")], "{what}");
        assert_eq!(memory.waiting(ANN), ["sku-2"], "{what}");
    }
}

#[test]
fn who_was_written_by_somebody_else_is_evaluated_again() {
    for conflicts in 1..=4 {
        let memory = Memory::default();
        memory.conflicts.set(conflicts);
        assert_eq!(change(&memory, NOW, sample("stream")), None);
        assert_eq!(
            (memory.waiting(ANN), memory.queued()),
            (vec!["sku-2".to_owned()], vec![coupon(ANN, "sku-1")])
        );
    }
    let memory = Memory::default();
    memory.conflicts.set(1_000);
    assert_eq!(change(&memory, NOW, sample("stream")), Some(sequence_number(0)), "not for ever");
}

#[test]
fn the_journeys_of_a_visitor_go_to_the_person_they_turn_out_to_be() {
    let memory = Memory::default();
    let seen = view("ev-1", VISITOR, "sku-1", T0);
    let also = view("ev-2", VISITOR, "sku-2", T0 + MINUTE);
    assert_eq!(change(&memory, T0 + MINUTE, stream(&[modified(0, VISITOR, &[seen, also], &[])])), None);
    assert_eq!(memory.waiting(VISITOR), ["sku-1", "sku-2"]);
    // On another device the person had bought one of the two.
    let bought = buy("ev-3", ANN, "sku-2", T0 + 2 * MINUTE);
    assert_eq!(change(&memory, T0 + 2 * MINUTE, stream(&[modified(1, ANN, &[bought], &[])])), None);

    let merged = stream(&[forwarded(3, VISITOR, ANN), modified(4, ANN, &[], &[VISITOR])]);
    // What was sent to the two is joined before the journeys are, or not at all.
    memory.sends_down.set(1);
    assert_eq!(change(&memory, T0 + 10 * MINUTE, merged.clone()), Some(sequence_number(3)));
    assert_eq!(memory.waiting(VISITOR), ["sku-1", "sku-2"]);
    for _redelivery in 0..2 {
        assert_eq!(change(&memory, T0 + 10 * MINUTE, merged.clone()), None);
        assert_eq!((memory.waiting(VISITOR), memory.waiting(ANN)), (vec![], vec!["sku-1".to_owned()]));
    }
    assert_eq!(*memory.joined.borrow(), [(VISITOR, ANN); 2]);
    assert_eq!(memory.timers_of(ANN), [61]);
    // The visitor's timer fires too, and finds nothing to do.
    fire(&memory, &[VISITOR, ANN]);
    assert_eq!(memory.queued(), [coupon(ANN, "sku-1")]);
    assert_eq!(memory.actions.borrow().values().next().unwrap().entered_at, T0);
}

#[test]
fn a_visit_and_the_merge_after_it_may_come_in_one_batch() {
    let memory = Memory::default();
    let (before, seen) = (view("ev-0", VISITOR, "sku-0", T0), view("ev-1", VISITOR, "sku-1", T0 + MINUTE));
    let bought = buy("ev-2", ANN, "sku-0", T0 + 3 * MINUTE);
    assert_eq!(change(&memory, T0, stream(&[modified(0, VISITOR, &[before], &[])])), None);
    let batch = stream(&[
        modified(1, VISITOR, &[seen], &[]),
        forwarded(2, VISITOR, ANN),
        modified(3, ANN, &[], &[VISITOR]),
        modified(4, ANN, &[bought], &[]),
    ]);
    assert_eq!(change(&memory, T0 + 3 * MINUTE, batch), None);
    assert_eq!((memory.waiting(VISITOR), memory.waiting(ANN)), (vec![], vec!["sku-1".to_owned()]));
}

#[test]
fn a_first_visit_and_the_merge_after_it_may_come_in_one_batch() {
    let (seen, bought) = ([view("ev-1", VISITOR, "sku-1", T0)], [buy("ev-2", ANN, "sku-2", T0)]);
    let batches = [
        vec![modified(0, VISITOR, &seen, &[]), modified(1, ANN, &[], &[VISITOR]), forwarded(2, VISITOR, ANN)],
        // The person was there before the visitor came.
        vec![
            modified(0, ANN, &bought, &[]),
            modified(1, VISITOR, &seen, &[]),
            modified(2, ANN, &[], &[VISITOR]),
        ],
        // Only what the visitor's own shard brings.
        vec![modified(0, VISITOR, &seen, &[]), forwarded(1, VISITOR, ANN)],
        // By way of another person, who went on.
        vec![
            modified(0, ANN, &[], &[BOB]),
            modified(1, VISITOR, &seen, &[]),
            forwarded(2, VISITOR, BOB),
            forwarded(3, BOB, ANN),
        ],
    ];
    for batch in batches {
        let memory = Memory::default();
        for _redelivery in 0..2 {
            assert_eq!(change(&memory, T0 + MINUTE, stream(&batch)), None);
            assert_eq!((memory.waiting(VISITOR), memory.waiting(ANN)), (vec![], vec!["sku-1".to_owned()]));
        }
        fire(&memory, &[VISITOR, BOB, ANN]);
        assert_eq!(memory.queued(), [coupon(ANN, "sku-1")]);
    }
}

#[test]
fn a_visit_that_another_shard_brings_after_the_merge_follows_it() {
    let memory = Memory::default();
    assert_eq!(change(&memory, T0, stream(&[modified(0, ANN, &[], &[VISITOR])])), None);
    let seen = view("ev-1", VISITOR, "sku-1", T0);
    assert_eq!(change(&memory, T0 + MINUTE, stream(&[modified(1, VISITOR, &[seen], &[])])), None);
    assert_eq!(memory.waiting(VISITOR), ["sku-1"]);
    // The visitor's own last change comes behind all of theirs.
    assert_eq!(change(&memory, T0 + MINUTE, stream(&[forwarded(2, VISITOR, ANN)])), None);
    assert_eq!((memory.waiting(VISITOR), memory.waiting(ANN)), (vec![], vec!["sku-1".to_owned()]));
}

#[test]
fn an_event_that_no_campaign_names_changes_nothing() {
    let memory = Memory::default();
    let other = event("ev-1", "Page Viewed", ANN, "{}", T0);
    assert_eq!(change(&memory, T0, stream(&[modified(0, ANN, &[other], &[])])), None);
    assert_eq!((memory.journeys.borrow().len(), memory.writes.get()), (0, 0));
}

#[test]
fn damaged_journeys_are_begun_anew() {
    let memory = Memory::default();
    memory.journeys.borrow_mut().insert(ANN, campaign::Stored { version: 4, blob: [2, 99, 1].into() });
    assert_eq!(change(&memory, T0 + 30 * MINUTE, sample("stream")), None);
    assert_eq!(memory.waiting(ANN), ["sku-1", "sku-2"]);
}
