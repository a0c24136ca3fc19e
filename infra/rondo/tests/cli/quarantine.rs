//! Refused records: listed, shown, and put in again.

use crate::rondo::{output, run, write};
use crate::server::Server;
use embedded::LakeFolder;
use lake::LakeStore;
use pollster::block_on;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

const ROWS: &str = "ann,2026-11-01T10:00:00Z,2,ann@example.com\n\
                    ben,2026-11-01T11:00:00Z,3 pcs,ben@example.com\n\
                    cid,2026-11-01T12:00:00Z,a pair,cid@example.com\n\
                    ann,2026-11-02T10:00:00Z,4,ann@example.com\n";

/// The column of the number is of a type that not all rows fit, or of one that they do.
fn mapping(kind: &str) -> String {
    format!(
        "separator: comma\ncolumns: [customer, date, items, mail]\nevent: Order Completed\n\
         timestamp: {{ column: date }}\n\
         identifiers: {{ user_id: {{ column: customer }}, email: {{ column: mail }} }}\n\
         properties: {{ quantity: {{ column: items, type: {kind} }} }}\n"
    )
}

/// An installation that imported the rows, two of which were refused.
fn imported() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("rows.csv", ROWS),
            ("data/config/mappings/strict.yaml", &mapping("number")),
            ("loose.yaml", &mapping("text")),
        ],
    );
    let data = folder.path().join("data");
    let rows = folder.path().join("rows.csv");
    let said = output(&data, &["import", rows.to_str().unwrap(), "--mapping", "strict"]);
    assert!(said.contains("2 records in quarantine"), "{said}");
    (folder, data)
}

fn listed(data: &Path, filter: &[&str]) -> Vec<Value> {
    let out = output(data, &[&["quarantine", "list", "--json"], filter].concat());
    out.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The lake's events in wire form without their receive time, by message id; and how many rows there are.
fn lake(data: &Path) -> (BTreeMap<String, Vec<u8>>, usize) {
    let (mut events, mut rows) = (BTreeMap::new(), 0);
    let lake = LakeFolder::new(data.join("lake"));
    for path in block_on(lake.list(lake::EVENTS)).unwrap() {
        lake::replay(&path, block_on(lake.open(&path)).unwrap(), |archived| {
            let mut wire = Vec::new();
            archived.event.encode(&mut wire);
            events.insert(archived.event.message_id.to_string(), wire);
            rows += 1;
        })
        .unwrap();
    }
    (events, rows)
}

#[test]
fn a_mended_mapping_brings_rows_in_as_a_first_import_would_have() {
    let (folder, data) = imported();
    let loose = folder.path().join("loose.yaml");
    let loose = loose.to_str().unwrap();
    let replay = |rest: &[&str]| output(&data, &[&["quarantine", "replay"], rest].concat());
    let before = lake(&data);

    let dry = replay(&["--source", "rows.csv", "--with", loose, "--dry-run"]);
    assert_eq!(dry, "2 would go in, 0 would be refused still\n");
    assert_eq!((lake(&data), listed(&data, &[]).len()), (before, 2));
    // What is refused still says why it is now, and stays.
    let said = replay(&["--all"]);
    assert!(said.starts_with("0 went in, 2 are refused still\n       2  invalid_json"), "{said}");
    assert_eq!(listed(&data, &["--code", "invalid_json"]).len(), 2);
    assert_eq!(listed(&data, &["--code", "invalid_row"]).len(), 0);

    let one = listed(&data, &[])[0]["id"].as_str().unwrap().to_owned();
    let said = replay(&[&one, "--with", loose, "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["taken"], &said["refused"]), (&1.into(), &0.into()));
    assert_eq!(listed(&data, &[]).len(), 1);
    assert_eq!(replay(&["--code", "invalid_json", "--with", loose]), "1 went in, 0 are refused still\n");
    assert_eq!(replay(&["--all"]), "No such record is in quarantine.\n");

    // Row by row the same events as where the mended mapping was there from the start, but for the number's type in the
    // rows that the first one took.
    let other = tempdir().unwrap();
    let rows = folder.path().join("rows.csv");
    output(other.path(), &["import", rows.to_str().unwrap(), "--mapping", loose]);
    let ((ours, count), (theirs, of)) = (lake(&data), lake(other.path()));
    assert_eq!((count, of), (4, 4));
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    // Under another installation's keys hashes differ; message ids, which have line and file in them, do not.
    let profile = |data: &Path| -> Value {
        let text = output(data, &["profile", "ben", "--json"]);
        serde_json::from_str(&text).unwrap()
    };
    for field in ["events", "recent", "counters"] {
        assert_eq!(profile(&data)[field], profile(other.path())[field], "{field}");
    }
    // They are known by what was taken out of the row, too.
    output(&data, &["profile", "ben@example.com"]);
}

#[test]
fn what_another_import_brought_in_is_not_doubled() {
    let (folder, data) = imported();
    let loose = folder.path().join("loose.yaml");
    // The same file once more, with a line added, so that it is another content.
    write(
        folder.path(),
        &[("again/rows.csv", &format!("{ROWS}dan,2026-11-03T10:00:00Z,1,dan@example.com\n"))],
    );
    let rows = folder.path().join("again/rows.csv");
    output(&data, &["import", rows.to_str().unwrap(), "--mapping", loose.to_str().unwrap()]);
    let before = lake(&data);
    let said = output(&data, &["quarantine", "replay", "--all", "--with", loose.to_str().unwrap()]);
    assert_eq!(said, "0 went in, 2 were in already, 0 are refused still\n");
    assert_eq!(lake(&data), before);
    assert!(listed(&data, &[]).is_empty());
}

#[test]
fn records_of_a_restricted_person_come_back_through_a_running_server() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path());
    let seen = |event: &str| format!(r#"{{"userId":"ann-1","event":"{event}"}}"#);
    assert_eq!(server.post("/v1/track", &seen("First Seen")).status, 200);
    output(data.path(), &["privacy", "restrict", "ann-1", "--by", "test"]);
    // Neither its type nor its time is in the record: the address and the moment say them.
    server.post("/v1/track", &seen("Seen Restricted"));
    let refused = listed(data.path(), &["--code", "restricted", "--source", "app"]);
    assert_eq!(refused.len(), 1);
    let said = output(data.path(), &["quarantine", "replay", "--all"]);
    assert!(said.starts_with("0 went in, 1 are refused still\n"), "{said}");
    output(data.path(), &["privacy", "unrestrict", "ann-1", "--by", "test"]);
    assert_eq!(output(data.path(), &["quarantine", "replay", "--all"]), "1 went in, 0 are refused still\n");
    let text = output(data.path(), &["profile", "ann-1", "--json"]);
    let profile: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(profile["counters"]["Seen Restricted"]["total"], 1, "{text}");
    assert_eq!(server.stop().code, 0);
    // It happened when it came, not when it was let in.
    let (events, rows) = lake(data.path());
    assert_eq!(rows, 2);
    let at = refused[0]["at"].as_str().unwrap();
    let times: Vec<String> = events
        .values()
        .map(|wire| event::Event::decode(wire).unwrap())
        .filter(|event| event.name == "Seen Restricted")
        .map(|event| event::iso_time(event.happened_at))
        .collect();
    assert_eq!(times, [at]);
}

#[test]
fn a_record_is_shown_without_what_is_personal_and_whole_only_on_the_record() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let record = r#"{"type":"track","properties":{"mail":"ann@example.com","note":"call 13812345678"},"context":{"ip":"203.0.113.7"}}"#;
    let line = "Ann,ann@example.com,4111 1111 1111 1111";
    write(folder.path(), &[("bad.ndjson", &format!("{record}\n{line}\n"))]);
    output(&data, &["import", folder.path().join("bad.ndjson").to_str().unwrap()]);
    let plain = ["ann@example.com", "13812345678", "203.0.113.7", "4111"];
    let everything = listed(&data, &[]);
    let mut said = output(&data, &["quarantine"]) + &output(&data, &["quarantine", "--json"]);
    for record in &everything {
        said += &output(&data, &["quarantine", "show", record["id"].as_str().unwrap()]);
    }
    for personal in plain {
        assert!(!said.contains(personal), "{personal} in {said}");
    }
    assert!(
        said.contains("source   bad.ndjson:1") && said.contains("hmac:") && said.contains("\nAnn,hmac:"),
        "{said}"
    );

    let of_line = |n: usize| everything[n]["id"].as_str().unwrap();
    let raw = output(
        &data,
        &["quarantine", "show", &of_line(0)[..8], "--raw", "--by", "support", "--reason", "case 7"],
    );
    assert_eq!(raw.trim_end(), record);
    let log = output(&data, &["privacy", "log"]);
    assert!(log.contains("support") && log.contains("case 7") && log.contains("quarantine_show"), "{log}");
    for personal in plain {
        assert!(!log.contains(personal), "{personal} in {log}");
    }
    let none = run(Some(&data), &["quarantine", "show", "0123456789abcdef"]);
    assert!(
        none.code == 1 && none.err.contains("no record `0123456789abcdef` is in quarantine"),
        "{}",
        none.err
    );
    let unknown = run(Some(&data), &["quarantine", "list", "--code", "bad_luck"]);
    assert!(unknown.code == 1 && unknown.err.contains("`bad_luck`"), "{}", unknown.err);
    let nothing = run(Some(&data), &["quarantine", "replay"]);
    assert!(nothing.code == 1 && nothing.err.contains("say which records"), "{}", nothing.err);
}
