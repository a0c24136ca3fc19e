//! The queue of people whose timers are due.

use crate::memory::{Memory, campaigns};
use crate::samples::{ANN, BOB, T0, VISITOR, message_id, modified, queue, sample, stream, view};
use aws_lambda_events::sqs::SqsEvent;
use evaluate_triggers::{Deps, handle_changes, handle_due};
use event::{HOUR, Identifier, IdentifierKind, Key, MINUTE, Privacy, PrivacyList};
use pollster::block_on;

/// Ann, Bob and a visitor each viewed something.
fn memory() -> Memory {
    let memory = Memory::default();
    let viewed = |(n, person): (usize, Key)| {
        modified(n, person, &[view(&format!("ev-{n}"), person, "sku-1", T0)], &[])
    };
    let records: Vec<_> = [ANN, BOB, VISITOR].into_iter().enumerate().map(viewed).collect();
    block_on(handle_changes(&memory.deps(&campaigns()), &memory, T0, stream(&records)));
    memory
}

/// Hands a batch in; the ids of the messages to deliver again.
fn due(memory: &Memory, now: i64, batch: SqsEvent) -> Vec<String> {
    let response = block_on(handle_due(&memory.deps(&campaigns()), now, batch));
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

fn people(memory: &Memory) -> Vec<Key> {
    memory.queued().into_iter().map(|(person, ..)| person).collect()
}

#[test]
fn a_body_that_is_damaged_is_named_and_read_as_far_as_it_goes() {
    let memory = memory();
    let failed = due(&memory, T0 + 2 * HOUR, sample("due-bad-body"));
    assert_eq!(failed, [message_id(1)]);
    assert_eq!(people(&memory), [ANN, BOB, VISITOR]);
    assert!(memory.journeys.borrow().is_empty());
    // Its redelivery finds nothing left to do.
    assert_eq!(due(&memory, T0 + 3 * HOUR, sample("due-bad-body")), [message_id(1)]);
    assert_eq!(memory.queued().len(), 3);
}

#[test]
fn who_stands_in_the_queue_twice_gets_one_message() {
    let memory = memory();
    let batch = queue(&[format!("{ANN},{ANN}"), format!(" {ANN} , {BOB}\n")]);
    assert_eq!(due(&memory, T0 + 2 * HOUR, batch), [""; 0]);
    assert_eq!(people(&memory), [ANN, BOB]);
}

#[test]
fn who_is_looked_at_too_early_waits_for_a_timer() {
    let memory = memory();
    memory.timers.borrow_mut().clear();
    let due_at = T0 + 61 * MINUTE;
    // The clock that fired the timer was ahead of this one.
    assert_eq!(due(&memory, due_at - 1, queue(&[ANN.to_string()])), [""; 0]);
    assert!(memory.queued().is_empty());
    assert_eq!(memory.timers_of(ANN), [61]);
    assert_eq!(due(&memory, due_at, queue(&[ANN.to_string()])), [""; 0]);
    assert_eq!(people(&memory), [ANN]);
}

#[test]
fn a_store_that_is_down_has_all_delivered_again() {
    let memory = memory();
    memory.journeys_down.set(1);
    let batch = || queue(&[ANN.to_string(), BOB.to_string()]);
    assert_eq!(due(&memory, T0 + 2 * HOUR, batch()), [message_id(0), message_id(1)]);
    memory.writes_down.set(1);
    assert_eq!(due(&memory, T0 + 2 * HOUR, batch()), [message_id(0), message_id(1)]);
    assert_eq!(due(&memory, T0 + 2 * HOUR, batch()), [""; 0]);
    assert_eq!(people(&memory), [ANN, BOB]);
}

#[test]
fn an_empty_body_is_damaged() {
    let memory = memory();
    assert_eq!(due(&memory, T0 + 2 * HOUR, queue(&[String::new()])), [message_id(0)]);
    assert!(memory.queued().is_empty());
}

#[test]
fn the_journeys_of_who_is_restricted_stand_still() {
    let memory = memory();
    let (campaigns, privacy) = (campaigns(), Privacy::default());
    let restrict = |restricted: bool| {
        let mut list = PrivacyList::default();
        list.restrict(&[Identifier { kind: IdentifierKind::User, key: ANN }], restricted);
        privacy.replace(list);
    };
    let deps = Deps { privacy: Some(&privacy), ..memory.deps(&campaigns) };
    let look = |now: i64| {
        let answer = block_on(handle_due(&deps, now, queue(&[format!("{ANN},{BOB}")])));
        assert!(answer.batch_item_failures.is_empty());
    };
    restrict(true);
    look(T0 + 2 * HOUR);
    assert_eq!(people(&memory), [BOB]);
    // It waits as it did, and is looked at again an hour later.
    assert_eq!(memory.waiting(ANN), ["sku-1"]);
    assert_eq!(memory.timers_of(ANN).last(), Some(&180));
    let viewed = modified(9, ANN, &[view("ev-9", ANN, "sku-2", T0 + 2 * HOUR)], &[]);
    block_on(handle_changes(&deps, &memory, T0 + 2 * HOUR, stream(&[viewed])));
    assert_eq!(memory.waiting(ANN), ["sku-1"], "and no other begins");
    restrict(false);
    look(T0 + 3 * HOUR);
    assert_eq!(people(&memory), [ANN, BOB]);
}
