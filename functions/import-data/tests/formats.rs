//! Files of every format, read whole, and in parts that stop anywhere.

use event::{Mapping, Parser, ParserSettings, Pseudonymizer};
use import_data::{Arena, Format, JsonPlace, Lines, Position, SourceFile, Splitting, convert};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use tempfile::TempDir;

const NOW: i64 = 1_795_341_600_000;

const MAPPING: &str = "\
event: Order Completed
timestamp: at
identifiers: { user_id: who }
properties:
  order_id: order
  revenue: { column: amount, type: money, currency: EUR }
  note: note
";

/// What a file gave: each event's message id, user and note; each refused line's place and code.
#[derive(Debug, Default, PartialEq, Clone)]
struct Found {
    events: Vec<(String, String, String)>,
    refused: Vec<(String, &'static str)>,
}

fn file(name: &str, bytes: &[u8]) -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// Reads from a place on, so many batches of so many rows; the place after it.
fn read(
    path: &Path,
    mapping: &Mapping,
    from: Position,
    batches: usize,
    max: usize,
    found: &mut Found,
) -> Position {
    let parser = Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default());
    let source = SourceFile::open(path).unwrap();
    let name = source.name.clone();
    let mut rows = source.rows(from, Some(mapping), 0).unwrap();
    let (mut arena, mut at) = (Arena::default(), from);
    for _ in 0..batches {
        let Some(batch) = rows.next_batch(max).unwrap() else { break };
        at = batch.end;
        let imported = convert(&parser, Format::Rows(mapping), &name, &batch, &mut arena, NOW);
        for event in &imported.events {
            let properties: Value = serde_json::from_str(&event.properties).unwrap_or_default();
            let note = properties["note"].as_str().unwrap_or_default().to_owned();
            found.events.push((
                event.message_id.to_string(),
                event.user_id.as_deref().unwrap().to_owned(),
                note,
            ));
        }
        for refused in imported.rejected {
            found.refused.push((refused.source, refused.rejection.code.as_str()));
        }
    }
    at
}

fn whole(name: &str, bytes: &[u8], mapping: &str) -> Found {
    let (_folder, path) = file(name, bytes);
    let mapping = Mapping::parse(mapping).unwrap();
    let mut found = Found::default();
    read(&path, &mapping, Position::default(), usize::MAX, 1000, &mut found);
    // Stopped after any number of batches and taken up again, it gives the same.
    for stop in 0..8 {
        for max in [1, 2] {
            let mut parts = Found::default();
            let at = read(&path, &mapping, Position::default(), stop, max, &mut parts);
            read(&path, &mapping, Position::parse(&at.to_string()).unwrap(), usize::MAX, 3, &mut parts);
            assert_eq!(parts, found, "{name} stopped after {stop} batches of {max}");
        }
    }
    found
}

fn events(name: &str, ids: [u64; 3], notes: [&str; 3]) -> Vec<(String, String, String)> {
    (0..3).map(|n| (format!("{name}:{}", ids[n]), format!("u-{}", n + 1), notes[n].to_owned())).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const CSV: &str = "who,at,order,amount,note\r\n\
    u-1,2026-01-02,o-1,12.50,\"two\nlines, \"\"quoted\"\"\"\r\n\
    u-2,2026-01-03,o-2,7\r\n\
    u-2,2026-01-03,o-2,7,\"\"\r\n\
    \r\n\
    u-3,2026-01-04,o-3,\"1,000.00\",last \"word\"";

#[test]
fn tables() {
    let notes = ["two\nlines, \"quoted\"", "", "last \"word\""];
    for (name, bytes) in [
        ("a.csv", CSV.as_bytes().to_vec()),
        ("a.csv.gz", gzip(CSV.as_bytes())),
        ("a.csv.zst", zstd::encode_all(CSV.as_bytes(), 3).unwrap()),
        // Told by its first bytes, not its name.
        ("b.csv", gzip(CSV.as_bytes())),
    ] {
        let found = whole(name, &bytes, MAPPING);
        assert_eq!(found.events, events(name, [2, 5, 7], notes));
        assert_eq!(found.refused, [(format!("{name}:4"), "invalid_row")]);
    }
    let tsv = "a\nwho\tat\torder\tamount\tnote\nu-1\t2026-01-02\to-1\t1\tx\nu-2\t2026-01-02\to-1\t1\ty\nu-3\t2026-01-02\to-1\t1\t\"z\"\n";
    let found = whole("a.tsv", tsv.as_bytes(), &format!("skip_lines: 1\n{MAPPING}"));
    assert_eq!(found.events, events("a.tsv", [3, 4, 5], ["x", "y", "z"]));
    let semicolons = tsv.replace('\t', ";");
    let mapping = format!("skip_lines: 1\nseparator: semicolon\n{MAPPING}");
    assert_eq!(
        whole("a.txt", semicolons.as_bytes(), &mapping).events,
        events("a.txt", [3, 4, 5], ["x", "y", "z"])
    );
}

#[test]
fn a_mark_that_is_never_closed_costs_its_line() {
    let mut text = "who,at,order,amount,note\nu-1,2026-01-02,o-1,1,a\n\"u-2,2026-01-02,o-1,1,b\n".to_owned();
    for n in 0..5000 {
        text += &format!("u-{n}x,2026-01-02,o-1,1,c\n");
    }
    let found = whole("a.csv", text.as_bytes(), MAPPING);
    assert_eq!(
        (found.events.len(), &found.refused[..]),
        (5001, &[("a.csv:3".to_owned(), "invalid_row")][..])
    );
}

#[test]
fn other_encodings() {
    let text = "who,at,order,amount,note\nu-1,2026-01-02,o-1,1,张三\nu-2,2026-01-02,o-1,1,，\nu-3,2026-01-02,o-1,1,ok\n";
    let notes = ["张三", "，", "ok"];
    let (gb, ..) = encoding_rs::GB18030.encode(text);
    let found = whole("a.csv", &gb, &format!("encoding: gb18030\n{MAPPING}"));
    assert_eq!(found.events, events("a.csv", [2, 3, 4], notes));
    let found = whole("a.csv", &gzip(&gb), &format!("encoding: GBK\n{MAPPING}"));
    assert_eq!(found.events, events("a.csv", [2, 3, 4], notes));
    let utf16: Vec<u8> =
        [0xfffe_u16.swap_bytes()].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(whole("a.csv", &utf16, MAPPING).events, events("a.csv", [2, 3, 4], notes));
    assert_eq!(
        whole("a.csv", format!("\u{feff}{text}").as_bytes(), MAPPING).events,
        events("a.csv", [2, 3, 4], notes)
    );
    let refused = whole("a.csv", &gb, MAPPING).refused;
    assert_eq!(refused, [("a.csv:2".to_owned(), "invalid_utf8"), ("a.csv:3".to_owned(), "invalid_utf8")]);
}

fn order(n: u32) -> Value {
    json!({"who": format!("u-{n}"), "at": "2026-01-02", "order": n, "amount": "1.5", "note": (["a]b", "{\"c", "d\\"][n as usize - 1])})
}

#[test]
fn json_documents() {
    let notes = ["a]b", "{\"c", "d\\"];
    let orders = [order(1), order(2), order(3)];
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let all = json!(orders);
    let nested = json!({"next": [1], "data": {"x": {"orders": 1}, "orders": orders, "after": [{}]}});
    for (name, text, extra) in [
        ("a.json", all.to_string(), ""),
        ("b.json", pretty(&all), ""),
        ("c.json", pretty(&nested), "records: data.orders\n"),
        ("d.json", nested.to_string(), "records: $.data.orders[*]\n"),
        ("e.json", orders.iter().map(pretty).collect::<Vec<_>>().join("\n"), ""),
        ("f.json", orders.iter().map(Value::to_string).collect::<Vec<_>>().join("\n"), ""),
        ("g", all.to_string(), "format: json\n"),
        ("h.ndjson", orders.iter().map(Value::to_string).collect::<Vec<_>>().join("\r\n"), ""),
    ] {
        let found = whole(name, text.as_bytes(), &format!("{extra}{MAPPING}"));
        assert_eq!(found.events, events(name, [1, 2, 3], notes), "{name}");
        assert_eq!(found.refused, [], "{name}");
    }
    // What is no record costs none of the others; what is cut short is refused.
    let odd = format!(
        "[{}, 7, \"x\", [], null, {}, {{\"who\": }}, {}, {{\"who\": \"u-4\"",
        orders[0], orders[1], orders[2]
    );
    let found = whole("a.json", odd.as_bytes(), MAPPING);
    assert_eq!(found.events, events("a.json", [1, 6, 8], notes));
    let codes: Vec<_> = found.refused.iter().map(|(place, code)| (place.as_str(), *code)).collect();
    assert_eq!(
        codes,
        [
            ("a.json:2", "invalid_row"),
            ("a.json:3", "invalid_row"),
            ("a.json:4", "invalid_row"),
            ("a.json:5", "invalid_row"),
            ("a.json:7", "invalid_json"),
            ("a.json:9", "invalid_json"),
        ]
    );
}

#[test]
fn a_record_longer_than_the_buffer_is_passed_over() {
    let long = json!({"who": "u-9", "note": "x".repeat(3 << 20)});
    let text = format!("[{}, {long}, {}, {}]", order(1), order(2), order(3));
    let found = whole("a.json", text.as_bytes(), MAPPING);
    assert_eq!(found.events, events("a.json", [1, 3, 4], ["a]b", "{\"c", "d\\"]));
    assert_eq!(found.refused, [("a.json:2".to_owned(), "too_large")]);
}

#[test]
fn logs_and_texts() {
    let line = |n: u32| {
        format!(
            "203.0.113.{n} - u-{n} [22/Nov/2026:10:00:0{n} +0000] \"GET /p{n} HTTP/1.1\" 200 5 \"-\" \"Moz\"\n"
        )
    };
    let log = format!("{}{}hello\n{}", line(1), line(2), line(3));
    let mapping = "format: weblog\nevent: Page Requested\nidentifiers: { user_id: user, device_id: { column: [host, user_agent] } }\nproperties: { note: path }\n";
    let found = whole("access.log", log.as_bytes(), mapping);
    assert_eq!(found.events, events("access.log", [1, 2, 4], ["/p1", "/p2", "/p3"]));
    assert_eq!(found.refused, [("access.log:3".to_owned(), "invalid_row")]);

    let blocks = "who: u-1\nnote: good\n  very\n\n\nwho: u-2\nnote:\n\nwho: u-3\nnote: bad";
    let mapping = "format: text\nblocks: true\nevent: Product Reviewed\nidentifiers: { user_id: who }\nproperties: { note: note }\n";
    let found = whole("reviews.txt", blocks.as_bytes(), mapping);
    assert_eq!(found.events, events("reviews.txt", [1, 6, 9], ["good\nvery", "", "bad"]));
}

#[test]
fn what_does_not_fit_says_what_to_do() {
    let error = |name: &str, bytes: &[u8], mapping: &str| {
        let (_folder, path) = file(name, bytes);
        let mapping = Mapping::parse(mapping).unwrap();
        let rows = SourceFile::open(&path).unwrap().rows(Position::default(), Some(&mapping), 0);
        match rows {
            Err(error) => error.to_string(),
            Ok(mut rows) => rows.next_batch(10).err().unwrap().to_string(),
        }
    };
    for (name, bytes, mapping, says) in [
        ("a.csv", &b"who;at\n1;2\n"[..], MAPPING, "a.csv: there is no column `at`; columns are who;at"),
        ("a.csv", b"", MAPPING, "a.csv: has no heading that names its columns"),
        ("a.dat", b"1 2 3", MAPPING, "the mapping has to: format: csv, tsv"),
        (
            "a.csv",
            b"PAR1",
            &format!("format: csv\n{MAPPING}"),
            "it is a Parquet file, but the mapping says format: csv",
        ),
        ("a.parquet", b"a,b", &format!("format: parquet\n{MAPPING}"), "does not begin as one"),
        ("a.parquet", b"PAR1 and more", MAPPING, "not a whole Parquet file"),
        (
            "a.json",
            b"{\"orders\": {}}",
            &format!("records: orders\n{MAPPING}"),
            "no array of records is where it should be",
        ),
    ] {
        let text = error(name, bytes, mapping);
        assert!(text.contains(says), "{name}: {text}");
    }
}

proptest! {
    /// The rows of a table are found again, whatever its cells hold.
    #[test]
    fn rows_are_what_was_written(
        table in prop::collection::vec(prop::collection::vec("[ab,\"\r\n ]{0,6}", 2..4), 0..5),
        max in 1usize..4,
    ) {
        let mut written = Vec::new();
        for row in &table {
            // Quoted where it has to be, and its first cell always, so that no row is blank.
            let cell = |(n, cell): (usize, &String)| match n == 0 || cell.contains(['"', ',', '\r', '\n']) {
                true => format!("\"{}\"", cell.replace('"', "\"\"")),
                false => cell.clone(),
            };
            written.push(row.iter().enumerate().map(cell).collect::<Vec<_>>().join(","));
        }
        let text = written.join("\r\n");
        let mut lines = Lines::new(text.as_bytes(), Position::default())
            .splitting(Splitting::Rows(event::Separator::Char(b',')));
        let (mut found, mut numbers) = (Vec::new(), Vec::new());
        while let Some(batch) = lines.next_batch(max).unwrap() {
            found.extend(batch.lines.iter().map(|line| String::from_utf8(batch.bytes(line).to_vec()).unwrap()));
            numbers.extend(batch.lines.iter().map(|line| line.number));
        }
        let mut expected = 1;
        for (row, number) in written.iter().zip(&numbers) {
            prop_assert_eq!(*number, expected);
            expected += row.matches('\n').count() as u64 + 1;
        }
        prop_assert_eq!(found, written);
    }

    #[test]
    fn json_is_split_wherever_the_stream_is(items in prop::collection::vec("[a-c\\]\\[{}\",\\\\]{0,6}", 0..6), max in 1usize..4) {
        let values: Vec<Value> = items.iter().map(|text| json!({"t": text})).collect();
        let text = serde_json::to_string_pretty(&values).unwrap();
        let place = JsonPlace::Array(Vec::new());
        let mut lines = Lines::new(text.as_bytes(), Position::default()).splitting(Splitting::Json(place));
        let mut found: Vec<Value> = Vec::new();
        while let Some(batch) = lines.next_batch(max).unwrap() {
            found.extend(batch.lines.iter().map(|line| serde_json::from_slice::<Value>(batch.bytes(line)).unwrap()));
        }
        prop_assert_eq!(found, values);
    }
}
