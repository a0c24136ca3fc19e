//! Sample invocations, and the archiver under faults.

use archive_events::{Archiver, BusRecord, Deps, Settings, handle, run};
use aws_lambda_events::kinesis::KinesisEvent;
use aws_lambda_events::sqs::SqsEvent;
use bytes::Bytes;
use event::{DAY, Event, Identifier, IdentifierKind, Identifiers, Key, PortError, Quarantine, Quarantined};
use lake::{LakeFile, LakeStore, replay};
use pollster::block_on;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

const NOW: i64 = 1_795_341_601_000;

/// A lake in memory that fails as many times as it is told.
#[derive(Default)]
struct MemoryLake {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    failures: Cell<u32>,
}

impl LakeStore for MemoryLake {
    type File = Bytes;

    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        if self.failures.get() > 0 {
            self.failures.set(self.failures.get() - 1);
            return Err(PortError::Unavailable { what: "the lake", reason: "a test says so".into() });
        }
        self.files.borrow_mut().insert(file.path.clone(), file.bytes.clone());
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        Ok(self.files.borrow().keys().filter(|path| path.starts_with(prefix)).cloned().collect())
    }

    async fn open(&self, path: &str) -> Result<Bytes, PortError> {
        Ok(Bytes::from(self.files.borrow()[path].clone()))
    }
}

impl MemoryLake {
    fn paths(&self) -> Vec<String> {
        self.files.borrow().keys().cloned().collect()
    }

    /// Message ids with their sequence numbers, by file.
    fn rows(&self) -> Vec<(String, i64)> {
        let mut rows = Vec::new();
        for (path, bytes) in self.files.borrow().iter() {
            replay(path, Bytes::from(bytes.clone()), |archived| {
                rows.push((archived.event.message_id.into_owned(), archived.sequence));
            })
            .unwrap();
        }
        rows
    }
}

#[derive(Default)]
struct MemoryQuarantine(RefCell<Vec<Quarantined>>);

impl Quarantine for MemoryQuarantine {
    async fn put(&self, records: &[Quarantined]) -> Result<(), PortError> {
        self.0.borrow_mut().extend_from_slice(records);
        Ok(())
    }
}

fn sample<T: serde::de::DeserializeOwned>(case: &str) -> T {
    let path = format!("{}/../../events/archive-events/{case}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn ids(rows: Vec<(String, i64)>) -> Vec<String> {
    rows.into_iter().map(|(id, _)| id).collect()
}

#[test]
fn a_stream_batch_is_one_file_named_by_its_first_record() {
    let (lake, quarantine) = (MemoryLake::default(), MemoryQuarantine::default());
    let deps = Deps { lake: &lake, quarantine: &quarantine, settings: Settings::default() };
    let batch: KinesisEvent = sample("kinesis");
    for _redelivery in 0..2 {
        let response = block_on(handle(&deps, &batch, NOW));
        assert!(response.batch_item_failures.is_empty());
    }
    // 1,795,341,600,000 ms × 2^20
    assert_eq!(
        lake.paths(),
        ["events/dt=2026-11-22/\
         shardId-000000000006-49590338271490256608559692538361571095921575989136588898-\
         01882552113561600000.parquet"]
    );
    assert_eq!(ids(lake.rows()), ["ev-1", "ev-2", "ev-3"]);
    assert!(quarantine.0.borrow().is_empty());
}

#[test]
fn a_truncated_envelope_goes_to_quarantine_and_stops_nothing() {
    let (lake, quarantine) = (MemoryLake::default(), MemoryQuarantine::default());
    let deps = Deps { lake: &lake, quarantine: &quarantine, settings: Settings::default() };
    let batch: KinesisEvent = sample("kinesis-truncated-envelope");
    let response = block_on(handle(&deps, &batch, NOW));
    assert!(response.batch_item_failures.is_empty());
    assert_eq!(ids(lake.rows()), ["ev-1", "ev-2"]);
    let quarantined = quarantine.0.borrow();
    assert_eq!(quarantined.len(), 1);
    assert_eq!(
        quarantined[0].source,
        "stream/rondo-events:49590338271490256608559692540925702759324208523137515618"
    );
}

#[test]
fn a_body_that_is_no_base64_goes_to_quarantine() {
    let (lake, quarantine) = (MemoryLake::default(), MemoryQuarantine::default());
    let deps = Deps { lake: &lake, quarantine: &quarantine, settings: Settings::default() };
    let batch: SqsEvent = sample("sqs-body-not-base64");
    let response = block_on(handle(&deps, &batch, NOW));
    assert!(response.batch_item_failures.is_empty());
    assert_eq!(ids(lake.rows()), ["ev-1", "ev-2"]);
    assert_eq!(quarantine.0.borrow()[0].original, b"{\"type\":\"track\"}");
    assert!(lake.paths()[0].contains("/sqs-059f36b4-87a3-44ab-83d2-661975830a7d-"));
}

#[test]
fn a_lake_that_is_down_has_the_records_delivered_again() {
    let (lake, quarantine) = (MemoryLake::default(), MemoryQuarantine::default());
    let deps = Deps { lake: &lake, quarantine: &quarantine, settings: Settings::default() };
    lake.failures.set(2);
    let response = block_on(handle(&deps, &sample::<KinesisEvent>("kinesis"), NOW));
    let failed = response.batch_item_failures[0].item_identifier.as_deref();
    assert_eq!(failed, Some("49590338271490256608559692538361571095921575989136588898"));
    let response = block_on(handle(&deps, &sample::<SqsEvent>("sqs"), NOW));
    assert_eq!(response.batch_item_failures[0].item_identifier, "059f36b4-87a3-44ab-83d2-661975830a7d");
    assert!(lake.paths().is_empty());
}

fn event(id: &str) -> Event<'static> {
    let mut identifiers = Identifiers::default();
    identifiers.insert(Identifier { kind: IdentifierKind::User, key: Key([1; 16]) });
    Event::reported(id.to_owned(), "Seen", identifiers, 0, String::new(), "test")
}

#[test]
fn a_file_a_day_and_the_position_after_all_of_them() {
    let lake = MemoryLake::default();
    let mut archiver = Archiver::new("log", Settings::default());
    assert_eq!(block_on(archiver.flush(&lake)).unwrap(), None);
    for (sequence, appended_at, id) in [(10, 0, "a"), (11, DAY - 1, "b"), (12, DAY, "c"), (13, DAY, "a")] {
        archiver.push(BusRecord { sequence, appended_at, event: &event(id) });
    }
    archiver.pass(14);
    assert_eq!(archiver.len(), 3, "a repeated message id is dropped");
    assert_eq!(block_on(archiver.flush(&lake)).unwrap(), Some(14));
    assert_eq!(
        lake.paths(),
        [
            "events/dt=1970-01-01/log-00000000000000000010.parquet",
            "events/dt=1970-01-02/log-00000000000000000012.parquet",
        ]
    );
    assert_eq!(lake.rows(), [("a".into(), 10), ("b".into(), 11), ("c".into(), 12)]);
    // Its buffers are empty again.
    archiver.push(BusRecord { sequence: 15, appended_at: DAY, event: &event("d") });
    assert_eq!(block_on(archiver.flush(&lake)).unwrap(), Some(15));
    assert_eq!(lake.rows().len(), 4);
}

#[test]
fn nothing_is_lost_when_the_lake_comes_back() {
    let lake = MemoryLake::default();
    let mut archiver = Archiver::new("log", Settings::default());
    archiver.push(BusRecord { sequence: 1, appended_at: 0, event: &event("a") });
    archiver.push(BusRecord { sequence: 2, appended_at: DAY, event: &event("b") });
    lake.failures.set(1);
    assert!(block_on(archiver.flush(&lake)).is_err());
    archiver.push(BusRecord { sequence: 3, appended_at: DAY, event: &event("c") });
    assert_eq!(block_on(archiver.flush(&lake)).unwrap(), Some(3));
    assert_eq!(lake.rows(), [("a".into(), 1), ("b".into(), 2), ("c".into(), 3)]);
}

#[test]
fn a_large_batch_is_cut_into_files() {
    let lake = MemoryLake::default();
    let events: Vec<_> = (0..25).map(|n| event(&format!("m-{n}"))).collect();
    let records =
        events.iter().zip(0..).map(|(event, sequence)| BusRecord { sequence, appended_at: 0, event });
    let settings = Settings { max_rows: 10, ..Settings::default() };
    assert_eq!(block_on(run(&lake, "log", settings, records)).unwrap().rows, 25);
    let firsts: Vec<_> = lake.paths().iter().map(|path| path[path.len() - 10..].to_owned()).collect();
    assert_eq!(firsts, ["00.parquet", "10.parquet", "20.parquet"]);
    assert_eq!(lake.rows().len(), 25);
}
