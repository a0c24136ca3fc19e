//! A small lake whose numbers were worked out by hand, and the sample invocations.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use build_reports::{Deps, Report, ReportError, Settings, handle, run};
use bytes::Bytes;
use campaign::{Campaigns, CreativeStore, Creatives, Placements};
use event::{
    Arrival, Event, IdentifierKind, Identifiers, NotCounted, Parser, ParserSettings, PortError,
    Pseudonymizer, names,
};
use lake::{EventFile, LakeFile, LakeStore, ReportStore};
use pollster::block_on;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// 2026-11-21T12:00:00Z.
const NOW: i64 = 1_795_262_400_000;

#[derive(Default)]
struct Memory(RefCell<BTreeMap<String, Vec<u8>>>);

impl LakeStore for Memory {
    type File = Bytes;

    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        self.0.borrow_mut().insert(file.path.clone(), file.bytes.clone());
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        Ok(self.0.borrow().keys().filter(|path| path.starts_with(prefix)).cloned().collect())
    }

    async fn open(&self, path: &str) -> Result<Bytes, PortError> {
        Ok(Bytes::from(self.0.borrow()[path].clone()))
    }
}

impl ReportStore for Memory {
    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        LakeStore::put(self, file).await
    }
}

/// Without creatives it is not asked.
struct NothingLearned;

impl CreativeStore for NothingLearned {
    async fn load(&self) -> Result<Creatives, PortError> {
        unreachable!("no campaign has a creative")
    }

    async fn save(&self, _: &Creatives) -> Result<(), PortError> {
        unreachable!("no campaign has a creative")
    }
}

impl Memory {
    fn add(&self, day: i32, events: &[Event<'_>]) {
        let mut file = EventFile::new(day, "log");
        events.iter().zip(0..).for_each(|(event, sequence)| file.push(sequence, NOW, event));
        block_on(LakeStore::put(self, &file.finish().unwrap())).unwrap();
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(self.0.borrow()[path].clone()).unwrap()
    }
}

fn parsed<'a>(parser: &Parser, records: &'a [&'a str]) -> Vec<Event<'a>> {
    let arrival = Arrival::Recorded { now: NOW };
    records.iter().map(|r| parser.parse(r.as_bytes(), "web", arrival).unwrap().event).collect()
}

fn message<'a>(parser: &Parser, name: &'a str, user: &str, at: i64, id: &str, reason: &str) -> Event<'a> {
    let mut identifiers = Identifiers::default();
    identifiers.insert(parser.hasher().identifier(IdentifierKind::User, user));
    let properties =
        format!("{{\"campaign\":\"win <b>back\",\"channel\":\"email\",\"reason\":\"{reason}\"}}");
    Event::reported(id.to_owned(), name, identifiers, at, properties, "rondo")
}

/// Ann browses without signing in, then orders in three months; Bob is won back by a message; a visitor
/// only looks; Dee is only ever held back.
fn shop() -> Memory {
    let lake = Memory::default();
    let parser = Parser::new(Pseudonymizer::new(b"report"), ParserSettings::default());
    let first = [
        r#"{"type":"track","event":"Product Added","userId":"ann","anonymousId":"a1","timestamp":"2026-09-10T11:00:00Z"}"#,
        r#"{"type":"track","event":"Order Completed","userId":"ann","timestamp":"2026-09-10T12:00:00Z","properties":{"revenue":100,"currency":"EUR"}}"#,
        r#"{"type":"track","event":"Product Viewed","userId":"bob","timestamp":"2026-09-20T12:00:00Z"}"#,
        r#"{"type":"track","event":"Order Completed","userId":"bob","timestamp":"2026-10-03T12:00:00Z","properties":{"revenue":30.01,"currency":"EUR"}}"#,
        r#"{"type":"track","event":"Order Completed","userId":"ann","timestamp":"2026-10-05T12:00:00Z","properties":{"revenue":50,"currency":"EUR"}}"#,
        r#"{"type":"track","event":"Order Refunded","userId":"ann","timestamp":"2026-10-06T12:00:00Z","properties":{"total":10,"currency":"EUR"}}"#,
        r#"{"type":"track","event":"Order Completed","userId":"bob","timestamp":"2026-10-08T10:00:00Z","properties":{"revenue":20,"currency":"EUR"}}"#,
    ];
    let second = [
        r#"{"type":"track","event":"Order Completed","userId":"bob","timestamp":"2026-11-20T12:00:00Z","properties":{"revenue":9.99,"currency":"USD"}}"#,
        r#"{"type":"track","event":"Order Completed","userId":"ann","timestamp":"2026-11-21T11:00:00Z"}"#,
        r#"{"type":"page","anonymousId":"a1","timestamp":"2026-09-10T10:00:00Z"}"#,
        r#"{"type":"track","event":"Product Viewed","anonymousId":"a1","timestamp":"2026-09-10T10:30:00Z"}"#,
        r#"{"type":"page","anonymousId":"c1","timestamp":"2026-11-20T10:00:00Z","receivedAt":"2026-11-20T12:00:00Z"}"#,
        r#"{"type":"page","anonymousId":"c1"}"#,
    ];
    // 2026-10-01T10:00:00Z: seven days, to the millisecond, before Bob's second order.
    let sent_at = 1_790_848_800_000;
    let messages = [
        message(&parser, names::MESSAGE_SENT, "bob", sent_at, "s-1", ""),
        message(&parser, names::MESSAGE_SENT, "ann", sent_at, "s-2", ""),
        message(&parser, names::MESSAGE_REFUSED, "dee", sent_at, "r-1", "no_consent"),
        message(&parser, names::MESSAGE_REFUSED, "ann", sent_at, "r-2", "quiet_hours"),
    ];
    lake.add(20_778, &parsed(&parser, &first));
    lake.add(20_779, &parsed(&parser, &second));
    lake.add(20_780, &messages);
    lake
}

fn report(lake: &Memory) -> Report {
    block_on(run(lake, lake, &NotCounted, NOW, &Settings::default())).unwrap()
}

#[test]
fn a_refund_that_the_lake_holds_twice_is_taken_off_once() {
    let lake = Memory::default();
    let parser = Parser::new(Pseudonymizer::new(b"report"), ParserSettings::default());
    let refund = |id: u32, day: u32| {
        format!(
            r#"{{"type":"track","event":"Order Refunded","messageId":"woo:refund:{id}","userId":"ann","timestamp":"2026-10-{day:02}T12:00:00Z","properties":{{"total":{id},"currency":"EUR"}}}}"#
        )
    };
    let order = r#"{"type":"track","event":"Order Completed","messageId":"o","userId":"ann","timestamp":"2026-10-01T12:00:00Z","properties":{"revenue":50,"currency":"EUR"}}"#;
    let first = [order.to_owned(), refund(5, 2), refund(7, 2)];
    // Told of again with every change of the order.
    let second = [refund(5, 9), refund(7, 9), refund(9, 9), refund(5, 10)];
    for (day, records) in [(20_778, &first[..]), (20_779, &second[..])] {
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        lake.add(day, &parsed(&parser, &records));
    }
    let json = serde_json::to_value(report(&lake)).unwrap();
    assert_eq!((&json["totals"]["orders"], &json["totals"]["refunds"]), (&1.into(), &3.into()));
    assert_eq!(json["currencies"][0]["refunded_minor"], 2_100);
    // Those of before the report's days count as told of before.
    let settings = Settings { from: Some(event::day_of(1_791_288_000_000)), ..Settings::default() };
    let late = block_on(run(&lake, &lake, &NotCounted, NOW, &settings)).unwrap();
    let json = serde_json::to_value(late).unwrap();
    assert_eq!(json["totals"]["refunds"], 1, "{}", json["period"]);
}

#[test]
fn the_numbers_are_those_worked_out_by_hand() {
    let lake = shop();
    let report = report(&lake);
    let json: serde_json::Value = serde_json::from_str(&lake.text("reports/latest/report.json")).unwrap();
    assert_eq!(json, serde_json::to_value(&report).unwrap());

    assert_eq!(json["period"], serde_json::json!({"from": "2026-09-10", "to": "2026-11-21"}));
    assert_eq!(
        json["totals"],
        serde_json::json!({
            "events": 17, "people": 4, "visitors": 3, "orders": 6, "refunds": 1,
            "customers": 2, "repeat_customers": 2, "conversion_rate": 2.0 / 3.0,
        })
    );
    assert_eq!(
        json["currencies"],
        serde_json::json!([
            // (100 + 30.01 + 50 + 20) / 4 = 50.0025
            {"currency": "EUR", "orders": 4, "revenue_minor": 19_001, "refunded_minor": 1_000, "average_order_minor": 5_000},
            {"currency": "USD", "orders": 1, "revenue_minor": 999, "refunded_minor": 0, "average_order_minor": 999},
            {"currency": "XXX", "orders": 1, "revenue_minor": 0, "refunded_minor": 0, "average_order_minor": null},
        ])
    );
    let funnel: Vec<_> = report.funnel.iter().map(|stage| stage.people).collect();
    assert_eq!(funnel, [3, 2, 1, 2]);
    let days: Vec<_> = report
        .days
        .iter()
        .map(|d| (d.date.as_str(), d.orders, d.customers, d.revenue_minor.values().sum::<i64>()))
        .collect();
    assert_eq!(
        days,
        [
            ("2026-09-10", 1, 1, 10_000),
            ("2026-10-03", 1, 1, 3_001),
            ("2026-10-05", 1, 1, 5_000),
            ("2026-10-06", 0, 0, -1_000),
            ("2026-10-08", 1, 1, 2_000),
            ("2026-11-20", 1, 1, 999),
            ("2026-11-21", 1, 1, 0),
        ]
    );
    assert_eq!(
        json["cohorts"],
        serde_json::json!({"unit": "month", "rows": [
            {"start": "2026-09", "people": 1, "ordered": [1, 1, 1]},
            {"start": "2026-10", "people": 1, "ordered": [1, 1]},
        ]})
    );
    assert_eq!(
        json["campaigns"],
        serde_json::json!([{
            "campaign": "win <b>back", "sent": 2, "refused": {"no_consent": 1, "quiet_hours": 1},
            "people": 2, "converted": 2, "conversion_rate": 1.0, "orders": 3,
            "revenue_minor": {"EUR": 10_001},
        }])
    );
    assert_eq!(
        json["quality"],
        serde_json::json!({
            "rows": 17, "late": 1, "time_missing": 1, "time_future": 0, "without_identifier": 0, "without_amount": 1,
        })
    );
}

#[test]
fn the_page_is_written_twice_and_escaped() {
    let lake = shop();
    assert_eq!(report(&lake).version, "20261121T120000Z");
    let page = lake.text("reports/20261121T120000Z/index.html");
    assert_eq!(page, lake.text("reports/latest/index.html"));
    assert!(page.contains("win &lt;b&gt;back") && !page.contains("win <b>back"));
    for text in ["€190.01", "€10.00 refunded", "66.7%", "no consent 1, quiet hours 1"] {
        assert!(page.contains(text), "{text} is not on the page");
    }
    assert!(!page.contains("<script") && !page.contains("src="), "the page needs nothing else");
}

#[test]
fn the_order_of_files_changes_nothing() {
    let lake = shop();
    let turned = Memory::default();
    for (place, bytes) in lake.0.borrow().values().rev().enumerate() {
        let path = format!("events/dt=2026-01-01/log-{place:020}.parquet");
        turned.0.borrow_mut().insert(path, bytes.clone());
    }
    assert_eq!(report(&turned), report(&lake));
}

#[test]
fn an_empty_lake_gives_a_friendly_page() {
    let lake = Memory::default();
    let report = report(&lake);
    assert_eq!((report.totals.events, report.period), (0, None));
    assert!(lake.text("reports/latest/index.html").contains("Nothing to report yet"));
}

#[test]
fn a_damaged_file_is_named() {
    let lake = shop();
    lake.0.borrow_mut().insert("events/dt=2026-11-23/log-1.parquet".into(), b"PAR1".to_vec());
    let error = block_on(run(&lake, &lake, &NotCounted, NOW, &Settings::default())).unwrap_err().to_string();
    assert!(error.contains("events/dt=2026-11-23/log-1.parquet is damaged"), "{error}");
}

fn invoke(case: &str) -> Result<Report, ReportError> {
    let path = format!("{}/../../events/build-reports/{case}.json", env!("CARGO_MANIFEST_DIR"));
    let event: EventBridgeEvent = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let lake = shop();
    let (campaigns, settings) = (Campaigns::default(), Settings::default());
    let (lake, counts, creatives, campaigns) = (&lake, &NotCounted, &NothingLearned, &campaigns);
    let placements = &Placements::default();
    let deps = Deps { lake, counts, reports: lake, creatives, campaigns, placements, settings };
    block_on(handle(&deps, &event, NOW)).map(|built| built.report)
}

#[test]
fn a_schedule_names_the_version() {
    let report = invoke("schedule").unwrap();
    assert_eq!((report.version.as_str(), report.totals.events), ("20261122T100000Z", 17));
}

#[test]
fn a_schedule_may_choose_the_days() {
    // Of November's second to eighth there is nothing.
    assert_eq!(invoke("schedule-one-week").unwrap().totals.events, 0);
}

#[test]
fn days_that_cannot_be_are_explained() {
    let error = invoke("day-unreadable").unwrap_err().to_string();
    assert_eq!(error, "detail.from is \"2.11.2026\"; write a day, like \"2026-11-22\"");
    let error = invoke("days-swapped").unwrap_err().to_string();
    assert_eq!(error, "detail.from is after detail.to; swap them");
}

#[test]
fn who_says_no_to_analytics_is_left_out() {
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let order = |user: &str, at: &str| {
        format!(
            r#"{{"type":"track","event":"Order Completed","messageId":"o-{user}","userId":"{user}","timestamp":"{at}",
            "properties":{{"order_id":"{user}","revenue":10,"currency":"EUR"}}}}"#
        )
    };
    let answer = |user: &str, at: &str, yes: bool| {
        format!(
            r#"{{"type":"page","messageId":"c-{user}-{at}","userId":"{user}","anonymousId":"a-{user}","timestamp":"{at}",
            "context":{{"consent":{{"categoryPreferences":{{"analytics":{yes}}}}}}}}}"#
        )
    };
    let records = [
        order("ann", "2026-11-20T10:00:00Z"),
        answer("ann", "2026-11-20T11:00:00Z", false),
        order("bob", "2026-11-20T10:00:00Z"),
        answer("bob", "2026-11-20T11:00:00Z", true),
        answer("bob", "2026-11-20T09:00:00Z", false),
    ];
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let memory = Memory::default();
    memory.add(event::day_of(NOW), &parsed(&parser, &records));
    let report = block_on(run(&memory, &memory, &NotCounted, NOW, &Settings::default())).unwrap();
    assert_eq!((report.totals.people, report.totals.orders, report.totals.visitors), (1, 1, 1));
}
