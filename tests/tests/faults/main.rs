//! The functions on the adapters of AWS, over a network that fails: throttled calls, lost answers and batches that fail
//! in part change nothing of what comes out. Each run is compared with one machine, on which nothing fails.
//!
//! Event sources are played, and deliver again what failed, as Lambda does.

mod network;
mod partial;
mod pipes;
mod refusal;
mod run;
mod source;
mod world;

use campaign::{LedgerEntry, LedgerState};
use event::Key;
use network::{Happened, Network, Rates};
use rondo_tests::{Endpoint, Machine, Workload, mail, now};
use run::Run;
use std::collections::BTreeSet;
use std::time::Instant;
use tokio::runtime::Runtime;
use world::{BusKind, World};

/// Records of the workload, and the people they are of.
const RECORDS: usize = 250;
const PEOPLE: u64 = 30;

/// Takes the workload through everything, and compares it with one machine.
fn changes_nothing(bus: BusKind, rates: Rates) -> Network {
    let (network, begun) = (Network::new(7, rates), Instant::now());
    let deciding = network.clone();
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::make(bus, move |call| deciding.decide(call)));
    let now = now();
    let workload = Workload::ending(now, RECORDS, PEOPLE);
    let state = runtime.block_on(async {
        Run::new(&world, bus, rates.lost, now).all(&workload).await;
        world.state(&workload).await
    });
    let machine = Machine::take(&world.hash_key, &workload, now);
    let actions = machine.actions();
    assert!(actions.len() > 20, "{} messages", actions.len());
    let others: Vec<&LedgerEntry> =
        state.ledger.values().filter(|e| !actions.contains_key(&e.action)).collect();
    assert!(others.is_empty(), "messages that one machine does not send: {others:#?} of {actions:#?}");
    assert_eq!(state.ledger.len(), actions.len(), "the messages decided on");
    let expected = machine.deliver(&state.ledger, now);
    assert!(!expected.mail.is_empty() && !expected.quarantine.is_empty());
    state.assert_equal(&expected);
    assert_eq!(mail::sent(Endpoint::ministack(), &state.ledger), expected.mail);
    // Each once: what SES took are these, and no more.
    assert_eq!(network.count(Happened::Carried, "SES", ""), expected.mail.len() as u64);
    println!("{bus:?} {rates:?}: {} messages, {:.1} s", state.ledger.len(), begun.elapsed().as_secs_f64());
    for ((happened, service, operation), count) in network.counts() {
        println!("  {happened:?} {service} {operation}: {count}");
    }
    network
}

/// The same by either bus, at a time.
fn on_either_bus(rates: Rates) -> [(BusKind, Network); 2] {
    std::thread::scope(|scope| {
        let runs = [BusKind::Stream, BusKind::Topic]
            .map(|bus| scope.spawn(move || (bus, changes_nothing(bus, rates))));
        runs.map(|run| run.join().unwrap())
    })
}

/// The operation by which events get onto a bus.
fn publishing(bus: BusKind) -> (&'static str, &'static str) {
    match bus {
        BusKind::Stream => ("Kinesis", "PutRecords"),
        BusKind::Topic => ("SNS", "PublishBatch"),
    }
}

#[test]
fn throttled_calls() {
    for (bus, network) in on_either_bus(Rates { throttled: 30, ..Rates::default() }) {
        for service in ["DynamoDB", publishing(bus).0, "SQS", "S3", "SES"] {
            assert!(network.count(Happened::Throttled, service, "") > 0, "{service}");
        }
        let (mut throttled, mut all) = (0, 0);
        for ((happened, ..), count) in network.counts() {
            all += count;
            throttled += if happened == Happened::Throttled { count } else { 0 };
        }
        assert!((25..=35).contains(&(throttled * 100 / all)), "{throttled} of {all}");
    }
}

#[test]
fn lost_answers() {
    for (bus, network) in on_either_bus(Rates { lost: 10, ..Rates::default() }) {
        for service in ["DynamoDB", publishing(bus).0, "SQS", "S3"] {
            assert!(network.count(Happened::AnswerLost, service, "") > 0, "{service}");
        }
        for operation in ["PutItem", "TransactWriteItems"] {
            assert!(network.count(Happened::AnswerLost, "DynamoDB", operation) > 0, "{operation}");
        }
    }
}

#[test]
fn batches_that_fail_in_part() {
    for (bus, network) in on_either_bus(Rates { partial: 30, ..Rates::default() }) {
        let batches =
            [("DynamoDB", "BatchGetItem"), ("DynamoDB", "BatchWriteItem"), ("SQS", "SendMessageBatch")];
        for (service, operation) in batches.into_iter().chain([publishing(bus)]) {
            assert!(network.count(Happened::FailedInPart, service, operation) > 0, "{operation}");
        }
    }
}

#[test]
fn all_of_it_together() {
    for (_, network) in on_either_bus(Rates { throttled: 15, lost: 5, partial: 15, ..Rates::default() }) {
        for happened in [Happened::Throttled, Happened::AnswerLost, Happened::FailedInPart] {
            assert!(network.count(happened, "DynamoDB", "") > 0, "{happened:?}");
        }
    }
}

/// A mail whose answer is lost has left, as far as anybody knows: it is for a person to find out, and never sent again.
#[test]
fn a_mail_without_an_answer_is_unknown_and_sent_once() {
    let network = Network::new(7, Rates { mail_lost: 100, ..Rates::default() });
    let deciding = network.clone();
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::make(BusKind::Stream, move |call| deciding.decide(call)));
    let now = now();
    let workload = Workload::ending(now, 100, 12);
    // Every batch comes twice: what is unknown stays so.
    let state = runtime.block_on(async {
        Run::new(&world, BusKind::Stream, 100, now).all(&workload).await;
        world.state(&workload).await
    });
    let machine = Machine::take(&world.hash_key, &workload, now).deliver(&state.ledger, now);
    let unknown = |entry: &&LedgerEntry| entry.state == LedgerState::Unknown;
    let unknown: BTreeSet<Key> = state.ledger.values().filter(unknown).map(|entry| entry.action).collect();
    assert!(!unknown.is_empty());
    assert_eq!(unknown, machine.mail.keys().copied().collect(), "all that one machine sends");
    assert_eq!(network.count(Happened::AnswerLost, "SES", ""), unknown.len() as u64, "each offered once");
    assert_eq!(network.count(Happened::Carried, "SES", ""), 0);
}
