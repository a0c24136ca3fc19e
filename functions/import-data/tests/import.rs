//! Imports, from files, objects and messages to what the ports were given.

#[path = "../../../shared/event/tests/ports/mod.rs"]
mod ports;

use aws_lambda_events::s3::S3Event;
use aws_lambda_events::sqs::SqsEvent;
use event::{
    DAY, Mapping, ObjectSource, Parser, ParserSettings, PortError, Pseudonymizer, Quarantine,
    QuarantineStore, Quarantined, TimeMark,
};
use import_data::{
    Arena, Deps, Fingerprint, Format, ImportError, Mappings, Position, ReplayRequest, Rows, SourceFile,
    Totals, convert, handle, handle_queue, handle_replay, run,
};
use pollster::block_on;
use ports::Memory;
use serde_json::json;
use std::collections::HashMap;
use std::io::{self, Cursor, Read, Write};
use std::path::PathBuf;

const NOW: i64 = 1_795_341_600_000;

#[derive(Default)]
struct Objects(HashMap<String, Vec<u8>>);

impl ObjectSource for Objects {
    async fn open(&self, bucket: &str, key: &str) -> io::Result<Box<dyn Read + Send>> {
        let object = self.0.get(&format!("{bucket}/{key}")).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(object.clone())))
    }
}

fn parser() -> Parser {
    Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default())
}

fn with_deps<T>(
    memory: &Memory,
    objects: &[(&str, &[u8])],
    mappings: Mappings,
    work: impl FnOnce(&Deps<'_, Memory, Memory, Memory, Objects>) -> T,
) -> T {
    let objects = Objects(objects.iter().map(|(name, bytes)| (name.to_string(), bytes.to_vec())).collect());
    let (parser, mappings) = (parser(), mappings);
    work(&Deps {
        bus: memory,
        vault: memory,
        quarantine: memory,
        objects: &objects,
        parser: &parser,
        mappings: &mappings,
    })
}

fn import(memory: &Memory, text: &[u8]) -> Totals {
    with_deps(memory, &[], Mappings::default(), |deps| {
        let rows = Rows::of_stream("log.ndjson", Cursor::new(text.to_vec()), None).unwrap();
        block_on(run(deps, Format::Records, "log.ndjson", rows, NOW)).unwrap()
    })
}

fn invoke(memory: &Memory, objects: &[(&str, &[u8])], case: &str) -> Result<Totals, ImportError> {
    let event: S3Event = serde_json::from_str(case).unwrap();
    with_deps(memory, objects, Mappings::default(), |deps| block_on(handle(deps, &event, NOW)))
}

fn record(id: &str) -> String {
    format!(
        r#"{{"type":"track","event":"Seen","messageId":"{id}","userId":"u-1","timestamp":"2026-11-20T00:00:00Z"}}"#
    )
}

fn ids(memory: &Memory) -> Vec<String> {
    memory.events(|event| event.message_id.to_string())
}

fn refused(memory: &Memory) -> Vec<(String, &'static str)> {
    let quarantined = memory.quarantined.borrow();
    quarantined.iter().map(|record| (record.source.clone(), record.rejection.code.as_str())).collect()
}

#[test]
fn every_bad_line_is_refused_for_its_own_reason_and_the_rest_imported() {
    let deep = format!(
        r#"{{"type":"track","event":"E","userId":"u-1","properties":{{"a":{}{}}}}}"#,
        "[".repeat(500),
        "]".repeat(500)
    );
    let long = format!(
        r#"{{"type":"track","event":"E","userId":"u-1","properties":{{"a":"{}"}}}}"#,
        "x".repeat(10_000_000)
    );
    let mut text = b"\xef\xbb\xbf".to_vec();
    for line in [
        record("ok-1").as_bytes(),
        br#"{"type":"track","event":"Se"#,
        b"{\"type\":\"track\",\"event\":\"caf\xe9\",\"userId\":\"u-1\"}",
        long.as_bytes(),
        deep.as_bytes(),
        br#"{"type":"track","event":"E","userId":"null","anonymousId":"00000"}"#,
        b"",
        record("ok-2").as_bytes(),
        br#"{"type":"track","event":"E","messageId":"y3k","userId":"u-1","timestamp":"3000-01-01T00:00:00Z"}"#,
        br#"{"type":"track","event":"cut off her"#,
    ] {
        text.extend_from_slice(line);
        text.extend_from_slice(b"\r\n");
    }
    text.truncate(text.len() - 2);
    let memory = Memory::default();
    assert_eq!(import(&memory, &text), Totals { accepted: 3, rejected: 6 });
    assert_eq!(ids(&memory), ["ok-1", "ok-2", "y3k"]);
    let expected = [
        (2, "invalid_json"),
        (3, "invalid_utf8"),
        (4, "too_large"),
        (5, "too_deep"),
        (6, "missing_identifier"),
        (10, "invalid_json"),
    ];
    assert_eq!(refused(&memory), expected.map(|(line, code)| (format!("log.ndjson:{line}"), code)));
    let quarantined = memory.quarantined.borrow();
    assert_eq!(quarantined[0].original, br#"{"type":"track","event":"Se"#);
    assert_eq!(quarantined[2].original, long.as_bytes()[..32 * 1024]);
    assert_eq!(quarantined[3].original, deep.as_bytes());
    // The year 3000 is a wrong clock: the receive time stands in, and the event says so.
    let times = memory.events(|event| (event.happened_at, event.received_at, event.time_mark));
    assert_eq!(times[2], (NOW, NOW, TimeMark::Future));
}

#[test]
fn rows_become_events_by_their_mapping() {
    let mapping = Mapping::parse(
        "separator: comma\ncolumns: [customer, email, day, amount]\nskip_lines: 1\nevent: Order Completed\n\
         timestamp: { column: day }\nidentifiers: { user_id: { column: customer }, email: { column: email } }\n\
         properties: { revenue: { column: amount, type: number }, currency: { value: EUR } }\n",
    )
    .unwrap();
    let text =
        b"customer,email,day,amount\nc-1,Ann@Example.com,2026-01-02,12.5\nc-2,,2026-01-02\nc-3,,soon,1\n\
        c-4,,2026-01-03,\xff\nc-5,,2026-01-03,7\n";
    let memory = Memory::default();
    let mappings = Mappings::new([("orders/".to_owned(), mapping)]);
    let event = include_str!("../../../events/import-data/object-without-mapping.json");
    let event: S3Event = serde_json::from_str(event).unwrap();
    let totals = with_deps(&memory, &[("shop-imports/orders/export.csv", text)], mappings, |deps| {
        block_on(handle(deps, &event, NOW)).unwrap()
    });
    assert_eq!(totals, Totals { accepted: 2, rejected: 3 });
    let name = "s3://shop-imports/orders/export.csv";
    assert_eq!(ids(&memory), [format!("{name}:2"), format!("{name}:6")]);
    assert_eq!(memory.events(|event| event.facts.amount), [Some(1250), Some(700)]);
    assert_eq!(
        refused(&memory),
        [
            (format!("{name}:3"), "invalid_row"),
            (format!("{name}:4"), "invalid_row"),
            (format!("{name}:5"), "invalid_utf8")
        ]
    );
    assert_eq!(memory.quarantined.borrow()[0].original, b"c-2,,2026-01-02");
    assert_eq!(memory.secrets.borrow()[0].value, "ann@example.com");
}

#[test]
fn an_object_is_imported() {
    let text = [record("a"), record("b")].join("\n");
    let memory = Memory::default();
    let objects = [("shop-imports/orders/november 2026.ndjson", text.as_bytes())];
    let totals = invoke(&memory, &objects, include_str!("../../../events/import-data/object.json"));
    assert_eq!(totals.unwrap(), Totals { accepted: 2, rejected: 0 });
    assert_eq!(ids(&memory), ["a", "b"]);
}

#[test]
fn a_missing_object_is_named_and_the_others_are_imported() {
    let memory = Memory::default();
    let text = record("a");
    let objects = [("shop-imports/orders/november 2026.ndjson", text.as_bytes())];
    let error = invoke(&memory, &objects, include_str!("../../../events/import-data/missing-object.json"))
        .unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("s3://shop-imports/orders/gone.ndjson: there is no such file; check"), "{text}");
    assert_eq!(ids(&memory), ["a"]);
}

#[test]
fn an_object_without_a_mapping_says_so() {
    let memory = Memory::default();
    let case = include_str!("../../../events/import-data/object-without-mapping.json");
    let error = invoke(&memory, &[("shop-imports/orders/export.csv", b"1,2")], case).unwrap_err();
    assert!(
        error.to_string().starts_with("s3://shop-imports/orders/export.csv: not a file of JSON"),
        "{error}"
    );
    assert!(error.to_string().contains("needs a mapping"), "{error}");
}

#[test]
fn inbox_messages() {
    let memory = Memory::default();
    let event: SqsEvent =
        serde_json::from_str(include_str!("../../../events/import-data/inbox.json")).unwrap();
    let answer = |memory: &Memory| {
        with_deps(memory, &[], Mappings::default(), |deps| {
            serde_json::to_value(block_on(handle_queue(deps, &event, NOW + DAY))).unwrap()
        })
    };
    assert_eq!(answer(&memory), json!({"batchItemFailures": []}));
    assert_eq!(ids(&memory), ["p-1", "p-3"]);
    let id = |n: u32| format!("inbox:059f36b4-87a3-44ab-83d2-66197{n:07}");
    assert_eq!(refused(&memory), [(id(2), "invalid_json"), (id(3), "missing_identifier")]);
    // Received when it was put into the queue, not when it was delivered.
    assert_eq!(memory.events(|event| event.received_at), [NOW, NOW]);
    assert_eq!(memory.events(|event| event.source.to_string()), ["inbox", "inbox"]);

    let down = Memory::default();
    down.broken.set(Some(("bus", || PortError::Unavailable { what: "the bus", reason: "throttled".into() })));
    assert_eq!(answer(&down)["batchItemFailures"].as_array().unwrap().len(), 3);
}

#[test]
fn what_must_not_be_kept_is_counted() {
    let memory = Memory::default();
    let no = json!({"consent": {"categoryPreferences": {"analytics": false}}});
    let nobody = json!({"type": "track", "event": "Seen", "userId": "null", "context": no}).to_string();
    let totals = import(&memory, format!("{nobody}\n{}\n{nobody}\n", record("m-1")).as_bytes());
    assert_eq!((totals.accepted, totals.rejected), (1, 2));
    let mut event: SqsEvent =
        serde_json::from_str(include_str!("../../../events/import-data/inbox.json")).unwrap();
    event.records.truncate(1);
    event.records[0].body = Some(nobody);
    with_deps(&memory, &[], Mappings::default(), |deps| block_on(handle_queue(deps, &event, NOW)));
    let counts: Vec<_> = memory
        .counts
        .take()
        .into_iter()
        .map(|c| (c.source, c.measure.name().into_owned(), c.count))
        .collect();
    let withheld = |source: &str, count| (source.to_owned(), "withheld".to_owned(), count);
    assert_eq!(counts, [withheld("log.ndjson", 2), withheld("inbox", 1)]);
    assert!(refused(&memory).is_empty());
}

#[test]
fn messages_through_a_mapping() {
    let mapping = Mapping::parse(
        "format: json\nrecords: readings\nevent: Thermostat Read\ntimestamp: { column: ts, unit: s }\n\
         identifiers: { device_id: dev }\nproperties: { celsius: { column: temp, type: number } }\n",
    )
    .unwrap();
    let mappings = Mappings::new([("iot/".to_owned(), mapping)]);
    let message = |id: &str, queue: &str, mapping: Option<&str>, body: &str| {
        let attributes = mapping.map(|name| json!({"mapping": {"stringValue": name, "dataType": "String"}}));
        json!({
            "messageId": id, "body": body, "attributes": {"SentTimestamp": NOW.to_string()},
            "messageAttributes": attributes.unwrap_or(json!({})), "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:eu-central-1:1:{queue}")
        })
    };
    let event: SqsEvent = serde_json::from_value(json!({"Records": [
        message("m1", "iot", None, r#"{"readings": [{"dev": "d-1", "ts": 1795341600, "temp": "21.5"}, {"dev": "d-2", "ts": "soon"}]}"#),
        message("m2", "inbox", Some("iot"), r#"{"dev": "d-3", "ts": 1795341600, "temp": 20}"#),
        message("m3", "inbox", None, &record("plain")),
        message("m4", "iot", None, "no JSON"),
    ]}))
    .unwrap();
    let memory = Memory::default();
    let answer = with_deps(&memory, &[], mappings, |deps| block_on(handle_queue(deps, &event, NOW)));
    assert!(answer.batch_item_failures.is_empty());
    assert_eq!(ids(&memory), ["iot:m1:1", "inbox:m2:1", "plain"]);
    assert_eq!(memory.events(|event| event.properties.to_string())[0], r#"{"celsius":21.5}"#);
    let refused = refused(&memory);
    assert_eq!(refused, [("iot:m1".to_owned(), "invalid_row"), ("iot:m4".to_owned(), "invalid_json")]);
    // What is kept is the row, not the message.
    assert_eq!(memory.quarantined.borrow()[0].original, br#"{"dev":"d-2","ts":"soon"}"#);
}

#[test]
fn personal_data_reaches_the_vault_before_the_bus() {
    let memory = Memory::default();
    import(&memory, br#"{"type":"identify","userId":"u-1","traits":{"phone":"+1 415 555 2671"}}"#);
    assert_eq!(*memory.calls.borrow(), ["vault", "bus"]);
    assert_eq!(memory.secrets.borrow()[0].value, "+14155552671");
}

fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// The message ids of a file from a place on, stopping after some batches, and where it stopped.
fn read(path: &std::path::Path, from: Position, batches: usize) -> (Vec<String>, Position) {
    let source = SourceFile::open(path).unwrap();
    let name = source.name.clone();
    let mut lines = source.lines(from).unwrap();
    let (parser, mut arena, mut ids) = (parser(), Arena::default(), Vec::new());
    for _ in 0..batches {
        let Some(batch) = lines.next_batch(3).unwrap() else { break };
        let imported = convert(&parser, Format::Records, &name, &batch, &mut arena, NOW);
        ids.extend(imported.events.iter().map(|event| event.message_id.to_string()));
        let spare = imported.spare();
        arena.reuse(spare);
    }
    (ids, lines.position())
}

#[test]
fn an_import_goes_on_where_it_stopped() {
    let all: Vec<String> = (0..10).map(|n| format!("m-{n}")).collect();
    let text = all.iter().map(|id| record(id)).collect::<Vec<_>>().join("\n");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    for (name, bytes) in [("log.ndjson", text.into_bytes()), ("log.ndjson.gz", packed.finish().unwrap())] {
        let (_folder, path) = file(name, &bytes);
        for stop in 0..5 {
            let (mut ids, at) = read(&path, Position::default(), stop);
            assert_eq!(at.lines as usize, ids.len());
            ids.extend(read(&path, at, usize::MAX).0);
            assert_eq!(ids, all, "{name} after {stop} batches");
        }
        let beyond = Position { bytes: 1 << 20, lines: 1 };
        let error = SourceFile::open(&path).unwrap().lines(beyond).err().unwrap().to_string();
        assert!(error.contains("ends before byte 1048576"), "{error}");
    }
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: PathBuf| SourceFile::open(&path).err().unwrap().to_string();
    let missing = open(folder.path().join("gone.ndjson"));
    assert!(
        missing.ends_with(
            "gone.ndjson: there is no such file; check the name, and that it was not moved or deleted"
        ),
        "{missing}"
    );
    assert!(open(folder.path().to_owned()).ends_with("it is a folder; name a file in it"));
}

#[test]
fn a_fingerprint_follows_the_content() {
    let of = |bytes: &[u8]| Fingerprint::of(&mut Cursor::new(bytes)).unwrap();
    let bytes: Vec<u8> = (0..1_000_000u32).map(|n| n as u8).collect();
    let whole = of(&bytes);
    assert_eq!(of(&bytes), whole);
    assert_eq!(whole.length, 1_000_000);
    assert_eq!(Fingerprint::parse(&whole.to_string()), Some(whole));
    for place in [0, 500_000, 999_999] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert_ne!(of(&changed), whole, "{place}");
    }
    assert_ne!(of(&bytes[1..]), whole);
    assert_ne!(of(b""), of(b"\0"));
    for wrong in ["", "1", "1-", "x-1", "1-g"] {
        assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
    }
}

/// The quarantine of a [`Memory`], as whoever looks into it sees it: a record's id is its source.
struct Refused<'m>(&'m Memory);

impl Quarantine for Refused<'_> {
    async fn put(&self, records: &[Quarantined]) -> Result<(), PortError> {
        self.0.put(records).await
    }
}

impl QuarantineStore for Refused<'_> {
    async fn each(&self, mut visit: impl FnMut(&str, Quarantined)) -> Result<(), PortError> {
        self.0.quarantined.borrow().iter().for_each(|record| visit(&record.source, record.clone()));
        Ok(())
    }

    async fn find(&self, id: &str) -> Result<Option<Quarantined>, PortError> {
        Ok(self.0.quarantined.borrow().iter().find(|record| record.source == id).cloned())
    }

    async fn remove(&self, ids: &[String]) -> Result<(), PortError> {
        self.0.quarantined.borrow_mut().retain(|record| !ids.contains(&record.source));
        Ok(())
    }
}

#[test]
fn refused_records_are_put_in_again_by_request() {
    let mapping = |text: &str| Mappings::new([("orders/".to_owned(), Mapping::parse(text).unwrap())]);
    let right = "format: json\nevent: Order Completed\ntimestamp: { column: day }\n\
                 identifiers: { user_id: { column: customer } }\n";
    let memory = Memory::default();
    let rows = b"{\"customer\":\"ann-1\",\"day\":\"2026-11-01T10:00:00Z\"}\n{\"customer\":\"\",\"day\":\"2026-11-01T10:00:00Z\"}\n";
    for source in ["orders/a.ndjson:1", "orders/a.ndjson:2"] {
        let original = rows.split(|byte| *byte == b'\n').nth(usize::from(source.ends_with('2'))).unwrap();
        let rejection = event::Rejection::new(event::Code::InvalidRow, "buyer", "is missing");
        let source = source.to_owned();
        let record = Quarantined {
            at: NOW,
            source,
            rejection,
            original: original.to_vec(),
            came: event::Came::default(),
        };
        memory.quarantined.borrow_mut().push(record);
    }
    let ask = |mappings: Mappings, request: serde_json::Value| {
        let request: ReplayRequest = serde_json::from_value(request).unwrap();
        with_deps(&memory, &[], mappings, |deps| block_on(handle_replay(deps, &Refused(&memory), &request)))
    };
    let refused = ask(mapping(right), json!({"replay": {}})).unwrap_err().to_string();
    assert!(refused.contains("say which records"), "{refused}");
    let refused =
        ask(mapping(right), json!({"replay": {"all": true, "mapping": "order"}})).unwrap_err().to_string();
    assert!(refused.contains("no mapping `order`"), "{refused}");

    let wanted = json!({"code": "invalid_row", "source": "orders/a.ndjson", "mapping": "orders"});
    let mut dry = wanted.clone();
    dry["dry_run"] = json!(true);
    let answer = ask(mapping(right), json!({"replay": dry})).unwrap();
    assert_eq!((&answer["taken"], &answer["refused"]), (&json!(1), &json!(1)), "{answer}");
    assert!(memory.published.borrow().is_empty() && memory.quarantined.borrow().len() == 2);

    let answer = ask(mapping(right), json!({"replay": wanted})).unwrap();
    assert_eq!((&answer["taken"], &answer["left"]), (&json!(1), &json!(0)), "{answer}");
    let ids = memory.events(|event| event.message_id.to_string());
    assert_eq!(memory.quarantined.borrow().len(), 1);
    // The one that is refused still stays, and nothing goes in twice.
    let answer = ask(mapping(right), json!({"replay": {"all": true, "mapping": "orders"}})).unwrap();
    assert_eq!(answer["taken"], 0, "{answer}");
    assert_eq!(memory.events(|event| event.message_id.to_string()), ids);
}
