//! Journeys, timers, held actions and the ledger on DynamoDB.

use crate::{held, journeys, ledger, runs};
use aws::{
    Aws, HeldTable, JourneyTable, LedgerTable, People, RunTable, SendsTable, Tables, TimerTable,
    create_tables,
};
use campaign::{HeldStore, JourneyStore, JourneyWrite, Stored, Timer, TimerStore};
use event::{Key, PortError};
use rondo_tests::proxy::{self, Call, Fate};
use rondo_tests::{Endpoint, fresh_name};
use tokio::runtime::Runtime;

/// The operations that write on a condition.
const WRITES: &[&str] = &["PutItem", "DeleteItem", "TransactWriteItems"];

/// Runs a suite on each endpoint, with tables of its own.
fn each(suite: impl AsyncFn(&Aws, &Tables)) {
    for endpoint in [Endpoint::ministack(), Endpoint::moto()] {
        Runtime::new().unwrap().block_on(async {
            let aws = Aws::local(endpoint.url(), None).await;
            let tables = create_tables(&aws, &fresh_name("journal")).await.unwrap();
            suite(&aws, &tables).await;
        });
    }
}

/// The two tables as one store, as evaluate-triggers and fire-timers together see them.
struct Store {
    journeys: JourneyTable,
    timers: TimerTable,
}

impl Store {
    fn new(aws: &Aws, tables: &Tables) -> Store {
        Store {
            journeys: JourneyTable::new(aws, &tables.journeys, &tables.timers),
            timers: TimerTable::new(aws, &tables.timers),
        }
    }
}

impl JourneyStore for Store {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        self.journeys.load(people).await
    }

    async fn write(&self, writes: Vec<JourneyWrite>) -> Result<Vec<Key>, PortError> {
        self.journeys.write(writes).await
    }
}

impl TimerStore for Store {
    async fn due(&self, minute: u32, limit: usize) -> Result<Vec<Timer>, PortError> {
        self.timers.due(minute, limit).await
    }

    async fn remove(&self, timers: &[Timer]) -> Result<(), PortError> {
        self.timers.remove(timers).await
    }
}

#[test]
fn journeys_and_timers() {
    each(async |aws, tables| journeys::suite(&Store::new(aws, tables), true).await);
}

#[test]
fn journeys_of_many_people() {
    each(async |aws, tables| journeys::many(&Store::new(aws, tables)).await);
}

#[test]
fn timers_by_minute() {
    each(async |aws, tables| journeys::timers(&Store::new(aws, tables), || ()).await);
}

#[test]
fn runs_of_campaigns() {
    each(async |aws, tables| runs::rows(&RunTable::new(aws, &tables.runs)).await);
}

#[test]
fn profiles_from_end_to_end() {
    each(async |aws, tables| runs::scan(&People::new(aws, &tables.profiles)).await);
}

#[test]
fn held_actions() {
    each(async |aws, tables| held::suite(&HeldTable::new(aws, &tables.held)).await);
    each(async |aws, tables| {
        let table = HeldTable::new(aws, &tables.held);
        let brought = async |now| {
            let due = table.due(now, 1_000).await.unwrap();
            due.into_iter().map(|held| held.action).collect()
        };
        held::holding(&table, brought).await;
    });
}

#[test]
fn ledgers() {
    each(async |aws, tables| {
        let table = LedgerTable::new(aws, &tables.ledger, &tables.caps);
        ledger::suite(&table).await;
        let mut entries = Vec::new();
        table.each_entry(|entry| entries.push(entry)).await.unwrap();
        entries.sort_by_key(|entry| entry.action);
        let actions: Vec<u8> = entries.iter().map(|entry| entry.action.0[0]).collect();
        assert_eq!(actions, (1..=10).collect::<Vec<u8>>());
        for entry in entries {
            assert_eq!(campaign::Ledger::get(&table, entry.action).await.unwrap(), Some(entry));
        }
    });
}

#[test]
fn ledgers_of_several_senders() {
    each(async |aws, tables| ledger::races(&LedgerTable::new(aws, &tables.ledger, &tables.caps)).await);
    each(async |aws, tables| ledger::windows(&LedgerTable::new(aws, &tables.ledger, &tables.caps)).await);
    each(async |aws, tables| {
        let table = LedgerTable::new(aws, &tables.ledger, &tables.caps);
        ledger::merges(&table, &SendsTable::new(aws, &tables.caps)).await;
    });
}

#[test]
fn a_ledger_opened_again() {
    each(async |aws, tables| {
        ledger::claim_one(&LedgerTable::new(aws, &tables.ledger, &tables.caps)).await;
        ledger::holds_the_claim(&LedgerTable::new(aws, &tables.ledger, &tables.caps)).await;
    });
}

/// Where one claim fails its call, the others are not lost with it: the call may be made again.
#[test]
fn a_claim_that_fails() {
    each(async |aws, tables| {
        let table = LedgerTable::new(aws, &tables.ledger, &tables.caps);
        // No item is larger than 400 KB.
        ledger::beside_a_failure(&table, &"x".repeat(500_000)).await;
    });
}

/// Whoever repeats a write whose answer was lost meets what they wrote themselves, and knows it.
#[test]
fn no_answer_to_a_write() {
    for endpoint in [Endpoint::ministack(), Endpoint::moto()] {
        Runtime::new().unwrap().block_on(async {
            let aws = Aws::local(endpoint.url(), None).await;
            let tables = create_tables(&aws, &fresh_name("lost")).await.unwrap();
            let lossy = |call: &Call| match call.is_first_attempt() && WRITES.contains(&call.operation()) {
                true => Fate::AnswerLost,
                false => Fate::Carried,
            };
            let aws = Aws::local(&proxy::before(endpoint.url(), lossy), None).await;
            let table = LedgerTable::new(&aws, &tables.ledger, &tables.caps);
            let store = Store::new(&aws, &tables);
            tokio::join!(ledger::each_write_once(&table), journeys::each_write_once(&store));
        });
    }
}
