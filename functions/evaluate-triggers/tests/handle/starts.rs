//! Journeys that run-campaigns has begun.

use crate::memory::{Memory, campaigns};
use crate::samples::{ANN, BOB, T0, VISITOR, buy, message_id, queue, sample};
use aws_lambda_events::sqs::SqsEvent;
use campaign::{Campaign, Campaigns, Starts, Stored, Templates};
use evaluate_triggers::handle_due;
use event::{DAY, HOUR, Key, MINUTE};
use person::{Blob, Profile};
use pollster::block_on;

const WEEKLY: &str = "
name: weekly
entry: { schedule: { cron: \"0 10 * * SUN\", time_zone: UTC } }
audience: profile.orders.count > 0
steps:
  - send: hello
    template: t.txt
";

fn weekly() -> Campaigns {
    let templates = Templates::new([("t.txt".to_owned(), "Hello".to_owned())]).unwrap();
    Campaigns::new(vec![Campaign::parse(WEEKLY.trim_start(), &templates).unwrap()])
}

/// Ann and Bob have ordered; of the visitor there is a profile without an order.
fn memory() -> Memory {
    let memory = Memory::default();
    for (person, ordered) in [(ANN, true), (BOB, true), (VISITOR, false)] {
        let order = buy("1", person, "sku-1", T0 - DAY);
        let (mut profile, mut blob) = (Profile::default(), Vec::new());
        if ordered {
            profile.apply(&order);
        }
        profile.encode(&mut blob);
        put(&memory, person, blob);
    }
    memory
}

fn put(memory: &Memory, person: Key, blob: Vec<u8>) {
    memory.profiles.borrow_mut().insert(person, Stored { version: 1, blob: blob.into() });
}

/// Hands a batch in; the ids of the messages to deliver again.
fn hand(memory: &Memory, campaigns: &Campaigns, now: i64, batch: SqsEvent) -> Vec<String> {
    let response = block_on(handle_due(&memory.deps(campaigns), now, batch));
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

fn starts(at: i64, people: &[Key]) -> SqsEvent {
    let selected = people.iter().map(|person| (at, *person)).collect();
    queue(&Starts::of("weekly", selected).iter().map(Starts::to_text).collect::<Vec<_>>())
}

fn sent(memory: &Memory) -> Vec<Key> {
    memory.queued().into_iter().map(|(person, ..)| person).collect()
}

#[test]
fn a_message_begins_journeys_and_a_damaged_one_is_named() {
    let (memory, campaigns) = (memory(), weekly());
    assert_eq!(hand(&memory, &campaigns, T0 + MINUTE, sample("starts")), [message_id(1)]);
    assert_eq!(sent(&memory), [ANN, BOB]);
    // Its redelivery asks for the same actions.
    assert_eq!(hand(&memory, &campaigns, T0 + HOUR, sample("starts")), [message_id(1)]);
    assert_eq!(memory.queued().len(), 2);
    assert!(memory.journeys.borrow().is_empty(), "they are over");
}

#[test]
fn the_live_profile_decides_who_is_let_in() {
    let (memory, campaigns) = (memory(), weekly());
    // Selected when they had an order, or so it seems; erased; merged into another since.
    let erased = Key([9; 16]);
    put(&memory, BOB, Blob::forward(ANN));
    assert_eq!(hand(&memory, &campaigns, T0, starts(T0, &[ANN, BOB, VISITOR, erased])), [""; 0]);
    assert_eq!(sent(&memory), [ANN]);
}

#[test]
fn a_start_that_is_still_to_come_waits_for_its_timer() {
    let (memory, campaigns) = (memory(), weekly());
    assert_eq!(hand(&memory, &campaigns, T0, starts(T0 + 3 * HOUR, &[ANN])), [""; 0]);
    assert_eq!((sent(&memory).len(), memory.timers_of(ANN)), (0, vec![181]));
    assert_eq!(hand(&memory, &campaigns, T0 + 181 * MINUTE, queue(&[ANN.to_string()])), [""; 0]);
    assert_eq!(sent(&memory), [ANN]);
}

#[test]
fn a_campaign_that_is_gone_begins_nothing_and_a_store_that_is_down_has_it_delivered_again() {
    let (memory, campaigns, others) = (memory(), weekly(), campaigns());
    assert_eq!(hand(&memory, &others, T0, starts(T0, &[ANN])), [""; 0]);
    assert!(memory.queued().is_empty());
    memory.actions_down.set(1);
    assert_eq!(hand(&memory, &campaigns, T0, starts(T0, &[ANN])), [message_id(0)]);
    assert_eq!(hand(&memory, &campaigns, T0, starts(T0, &[ANN])), [""; 0]);
    assert_eq!(sent(&memory), [ANN]);
}
