//! A small month with hand-computed dollars.

use super::*;

const COUNTS: &str = r#"{
    "workload": "ten events", "bus": "kinesis", "events": 10, "profile_writes": 4, "table_bytes": 1000, "lake_bytes": 500,
    "functions": {
        "collect-events": {"invocations": 5, "records": 5, "cpu_ms": 10, "waits": {"Kinesis": 5}, "calls": [
            {"service": "Kinesis", "operation": "PutRecords", "resource": "bus", "units": 5}]},
        "update-profiles": {"invocations": 1, "records": 5, "cpu_ms": 20, "waits": {"DynamoDB": 2}, "calls": [
            {"service": "DynamoDB", "operation": "BatchGetItem", "resource": "profiles", "read_units": 2},
            {"service": "DynamoDB", "operation": "PutItem", "resource": "profiles", "write_units": 5}]},
        "fire-timers": {"invocations": 2, "records": 0, "cpu_ms": 2, "waits": {"DynamoDB": 4}, "calls": [
            {"service": "DynamoDB", "operation": "Query", "resource": "timers", "read_units": 16},
            {"service": "DynamoDB", "operation": "BatchWriteItem", "resource": "timers", "write_units": 1}]}
    },
    "idle": {
        "fire-timers": {"invocations": 1, "records": 0, "cpu_ms": 1, "waits": {"DynamoDB": 2}, "calls": [
            {"service": "DynamoDB", "operation": "Query", "resource": "timers", "read_units": 8}]}
    }
}"#;

fn bill(events: f64) -> Bill {
    let counts = RunCounts::read(COUNTS).unwrap();
    let deployment = Deployment::built_in().unwrap();
    Bill::of(events, &month(&counts, &deployment, events).unwrap(), &Prices::built_in().unwrap()).unwrap()
}

fn line(bill: &Bill, what: &str) -> (f64, f64) {
    let found = bill.lines.iter().filter(|line| line.what.starts_with(what));
    found.fold((0.0, 0.0), |(quantity, dollars), line| (quantity + line.quantity, dollars + line.dollars))
}

fn near(found: (f64, f64), expected: (f64, f64)) {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs().max(1.0);
    assert!(close(found.0, expected.0) && close(found.1, expected.1), "{found:?}, expected {expected:?}");
}

#[test]
fn events_are_paid_by_their_number() {
    let bill = bill(1e6);
    // 5 requests for 10 events: 500,000 at $0.20 a million.
    near(line(&bill, "collect-events: invocations"), (500_000.0, 0.10));
    // CPU of 1 ms an event is 6.91 ms on a 256 MB share; 0.5 waits of 12 ms; half a millisecond of rounding for each
    // of 0.5 invocations. (6.91016 + 6 + 0.25) s/1000 × 1e6 × 0.25 GB = 3,290 GB-s.
    near(line(&bill, "collect-events: time"), (3_290.039, 0.043868));
    near(line(&bill, "collect-events: records put"), (500_000.0, 0.007));
    near(line(&bill, "update-profiles: writes"), (500_000.0, 0.3125));
    near(line(&bill, "update-profiles: reads"), (200_000.0, 0.025));
    // One an hour for one shard.
    near(line(&bill, "the bus"), (730.0, 10.95));
    // 100 bytes an event: 0.1 GB.
    near(line(&bill, "tables"), (0.1, 0.025));
}

#[test]
fn a_window_is_one_invocation_until_batches_are_full() {
    // A window a minute: 43,800 a month.
    near(line(&bill(1e6), "update-profiles: invocations"), (43_800.0, 0.00876));
    // 500 million records in batches of at most 10,000: 50,000.
    near(line(&bill(1e9), "update-profiles: invocations"), (50_000.0, 0.01));
    // Never more invocations than records: 100 events are 50.
    near(line(&bill(100.0), "update-profiles: invocations"), (50.0, 0.00001));
}

#[test]
fn a_month_without_events_pays_what_stands_there() {
    let bill = bill(0.0);
    assert_eq!(bill.per_million(), None);
    // Every minute, 8 units each time; not the 16 and the write of the run.
    near(line(&bill, "fire-timers: invocations"), (43_800.0, 0.00876));
    near(line(&bill, "fire-timers: reads"), (350_400.0, 0.0438));
    near(line(&bill, "fire-timers: writes"), (0.0, 0.0));
    // Three queues, five polls each every 20 seconds.
    near(line(&bill, "Lambda's polls"), (1_971_000.0, 0.7884));
    near(line(&bill, "alarms"), (9.0, 0.9));
    near(line(&bill, "keys of hashes and of the vault"), (2.0, 0.8));
    assert_eq!(line(&bill, "collect-events"), (0.0, 0.0));
    // Nothing happens that a metric could count, and none is asked for.
    assert_eq!(line(&bill, "metrics"), (0.0, 0.0));
    // Free of it: a million requests of SQS, the alarms, all invocations and their time.
    let free = 0.40 + 0.9;
    assert!(bill.dollars_beyond_free <= bill.dollars - free);
}

#[test]
fn what_timers_take_beyond_an_idle_minute_grows_with_events() {
    // In the run, two invocations read 16 units: as much as two idle ones. The write is one for ten events.
    near(line(&bill(1e6), "fire-timers: reads"), (350_400.0, 0.0438));
    near(line(&bill(1e6), "fire-timers: writes"), (100_000.0, 0.0625));
}

#[test]
fn every_item_of_a_bill_has_a_price() {
    assert!(bill(1e6).lines.iter().all(|line| line.price > 0.0 && !line.unit.is_empty()));
    let text = text(&bill(1e6));
    assert!(text.contains("for each million events"), "{text}");
    assert_eq!(grouped(1_234_567.0), "1,234,567");
}

#[test]
fn visits_write_a_profile_for_every_two_and_a_half_events_at_most() {
    let counts = RunCounts::built_in().unwrap();
    let writes = counts.profile_writes / counts.events;
    assert!(counts.events >= 20_000.0 && writes <= 0.4, "{writes} profile writes an event");
}
