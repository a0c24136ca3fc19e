//! Personal data is planted in every field of everything that comes in, and looked for, byte by byte, in everything that
//! is kept, said and answered. It may be found in the vault, opened with its key, and nowhere else.
//!
//! The outbox is not among the places: a mail names whom it goes to.

use crate::rondo::{output, run, write};
use crate::server::{KEY, Server, basic, eventually};
use embedded::{Keys, Sealer, Store};
use event::{Identifier, IdentifierKind, Pseudonymizer, Vault};
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use pollster::block_on;
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use tempfile::tempdir;

const EMAIL: &str = "Canary.Bird@nest.example";
const PHONE: &str = "13912345678";
const CARD: &str = "4111111111111111";
const RESIDENT: &str = "11010519491231002X";
const IP: &str = "203.0.113.195";
const IPV6: &str = "2001:db8:85a3::8a2e:370:7334";
/// Found in running text, in whatever field it stands.
const ANYWHERE: [&str; 11] = [
    EMAIL,
    PHONE,
    "+86 139 1234 5678",
    "139-1234-5678",
    "+1 (415) 555-2671",
    CARD,
    "4111 1111 1111 1111",
    RESIDENT,
    "110105 19491231 002X",
    IP,
    IPV6,
];
/// Found by the field in which they stand.
const FIRST_NAME: &str = "Kanarine";
const ADDRESS: &str = "Canary Wharf 7";

/// What must be nowhere: parts of the above that stand in nothing else.
const TRACES: [&str; 16] = [
    "canary.bird",
    "nest.example",
    "13912345678",
    "139 1234",
    "139-1234",
    "415) 555",
    "5552671",
    "41111111",
    "4111 1111",
    "11010519491231",
    "110105 1949",
    "203.0.113",
    "2001:db8",
    "8a2e:370",
    "kanarine",
    "canary wharf",
];

/// Records that hold a value in every field that there is.
fn records(value: &str, n: usize) -> Vec<Value> {
    let id = |name: &str| format!("{name}-{n}");
    let everywhere = json!({
        "messageId": format!("{value} {n}"), "type": "track", "event": format!("Wrote {value}"), "name": value,
        "category": value, "userId": id("u"), "anonymousId": value, "previousId": value, "groupId": value,
        "timestamp": "2026-11-22T10:00:00Z", "originalTimestamp": value, "channel": value, "version": value,
        "integrations": {"All": true, value: value},
        "properties": {
            "note": format!("Please write to {value}, thanks"), "product_id": value, "category": value, "brand": value,
            "order_id": value, "currency": "EUR", "price": 12.5, "channel": value, "coupon": value,
            "products": [{"product_id": value, "name": value, "price": 1, value: 1}],
            "nested": {"deep": [{"deeper": [value]}]}, value: "a key", "chat": [{"from": "customer", "text": format!("我的是{value}。")}],
        },
        "traits": {"nickname": value, "tags": [value], value: value},
        "context": {
            "ip": IP, "locale": value, "timezone": value, "userAgent": format!("Agent/1.0 ({value})"),
            "page": {"url": format!("https://shop.example/{}?q={}", value.replace(' ', "%20"), value.replace(' ', "+")),
                "path": format!("/{value}"), "title": value, "referrer": format!("https://r.example/?from={value}"), "search": format!("?q={value}")},
            "campaign": {"source": value, "medium": value, "name": value, "term": value, "content": value},
            "device": {"id": value, "model": value, "type": value}, "os": {"name": value, "version": value},
            "app": {"name": value, "version": if value == IP { "1.0" } else { value }}, "library": {"name": value, "version": "1.0"},
            "externalIds": [{"id": value, "type": "crm"}, {"id": value, "type": value}],
            "consent": {"categoryPreferences": {"analytics": true, value: true}, "version": value, "method": value},
            "anything": {value: [value]},
        },
    });
    let as_type = |kind: &str| {
        let mut record = everywhere.clone();
        record["type"] = json!(kind);
        record["messageId"] = json!(format!("{kind} {value} {n}"));
        record
    };
    let mut withheld = everywhere.clone();
    withheld["context"]["consent"]["categoryPreferences"]["analytics"] = json!(false);
    withheld["messageId"] = json!(format!("withheld {value} {n}"));
    let mut named = everywhere.clone();
    (named["userId"], named["messageId"]) = (json!(value), json!(id("named")));
    let mut all = vec![everywhere.clone(), withheld, named];
    all.extend(["identify", "page", "screen", "group", "alias"].map(as_type));
    all
}

/// What is refused: kept sealed, or not at all.
fn refused(value: &str) -> Vec<Value> {
    vec![
        json!({"type": value, "userId": "u", "properties": {"note": value}}),
        json!({"type": "track", "userId": "u", "properties": {"note": value}}),
        json!({"type": "track", "event": value, "userId": "null", "properties": {"note": value}}),
        json!({"type": "track", "event": "Odd", "userId": {"is": value}}),
        json!({"type": "track", "event": "Odd", "userId": "u", "properties": value}),
    ]
}

#[test]
fn personal_data_is_in_the_vault_and_nowhere_else() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    write(&data, &[("config/settings.yaml", "region: CN\n"), ("config/mappings/chats.yaml", CHATS)]);
    let mut said = Vec::new();

    let files = imports(folder.path());
    for (file, mapping) in &files {
        let mut arguments = vec!["import", file.as_str()];
        arguments.extend(mapping.iter().flat_map(|mapping| ["--mapping", *mapping]));
        let run = run(Some(&data), &arguments);
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
        said.extend([run.out, run.err]);
    }

    let server = Server::start(&data);
    said.extend(send(&server));
    eventually("the last event", || output(&data, &["profile", "u-10"]).contains("Wrote"));
    for arguments in [
        &["profile", "u-0"][..],
        &["profile", "u-0", "--json"],
        &["profile", EMAIL],
        &["profile", PHONE],
        &["consent", "u-0"],
        &["consent", "u-0", "--json"],
        &["why", "u-0"],
        &["quarantine"],
        &["quarantine", "list", "--json"],
        &["catalogue"],
        &["catalogue", "--json"],
        &["quality"],
        &["quality", "--json"],
    ] {
        let run = run(Some(&data), arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.err);
        said.extend([run.out, run.err]);
    }
    let listed = output(&data, &["quarantine", "list", "--json"]);
    let refused: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(refused.len() > 100, "{} are in quarantine", refused.len());
    for record in refused.iter().step_by(7) {
        said.push(output(&data, &["quarantine", "show", record["id"].as_str().unwrap()]));
    }
    let stopped = server.stop();
    said.extend([stopped.out, stopped.err]);
    let report = run(Some(&data), &["report"]);
    assert_eq!(report.code, 0, "{}", report.err);
    said.extend([report.out, report.err]);

    let mut found = Vec::new();
    for text in &said {
        search("what was said or answered", text.as_bytes(), &mut found);
    }
    let mut files = 0;
    visit(&data, &mut |path, bytes| {
        if !path.starts_with(data.join("outbox")) {
            files += 1;
            search(&path.display().to_string(), bytes, &mut found);
        }
    });
    assert!(files > 6, "{files} files were looked at");
    assert!(rows(&data, &mut found) > 100);
    assert!(found.is_empty(), "{} traces:\n{}", found.len(), found.join("\n"));
    vaulted(&data);
}

/// What is imported, and by which mapping.
fn imports(folder: &Path) -> Vec<(String, Option<&'static str>)> {
    let mut lines = String::new();
    let mut chats = String::from("person\tat\ttext\n");
    for (n, value) in ANYWHERE.iter().enumerate() {
        for record in records(value, n + 100).into_iter().chain(refused(value)) {
            lines += &format!("{record}\n");
        }
        lines += &format!("this is no JSON but {value}\n");
        chats += &format!("c-{n}\t2026-11-22T10:00:00Z\tMy number is {value}, thanks\n");
        chats += &format!("{value}\t2026-11-22T10:00:00Z\t我的是{value}。\n");
        chats += &format!("too\tmany\tcells\t{value}\n");
    }
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(lines.replace("100", "200").as_bytes()).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    fs::write(path("records.ndjson"), &lines).unwrap();
    fs::write(path("more.ndjson.gz"), gzip.finish().unwrap()).unwrap();
    fs::write(path("chats.tsv"), chats).unwrap();
    vec![(path("records.ndjson"), None), (path("more.ndjson.gz"), None), (path("chats.tsv"), Some("chats"))]
}

const CHATS: &str = "separator: tab
columns: [person, at, text]
skip_lines: 1
event: Chat Message
timestamp: { column: at }
identifiers: { user_id: { column: person } }
properties: { text: { column: text } }
";

/// Sends everything over HTTP; gives the answers.
fn send(server: &Server) -> Vec<String> {
    let mut answers = Vec::new();
    let mut post = |path: &str, body: &Value| {
        let answer = server.post(path, &body.to_string());
        answers.push(format!("{}{}", answer.head, answer.body));
        answer.status
    };
    for (n, value) in ANYWHERE.iter().enumerate() {
        let batch: Vec<Value> = records(value, n).into_iter().chain(refused(value)).collect();
        assert_eq!(post("/v1/batch", &json!({"batch": batch})), 200);
        for record in refused(value) {
            post("/v1/track", &record);
        }
        post("/v1/track", &json!({"batch": value}));
        post(&format!("/{}", value.replace(' ', "-")), &json!({}));
    }
    let person = json!({"email": EMAIL, "phone": PHONE, "firstName": FIRST_NAME, "address": {"street": ADDRESS}, "idCard": RESIDENT,
        "bankCard": CARD, "ip": IP});
    let identify =
        json!({"userId": "u-0", "messageId": "who", "traits": person, "context": {"traits": person}});
    assert_eq!(post("/v1/identify", &identify), 200);
    let order = json!({"userId": "u-0", "messageId": "order", "event": "Order Completed", "properties": {"shipping": person, "email": EMAIL,
        "customerName": FIRST_NAME}});
    assert_eq!(post("/v1/track", &order), 200);
    let broken = format!("{{\"userId\": \"u\", \"event\": \"{EMAIL} {PHONE}");
    let answer = server.request("POST", "/v1/track", &[("Authorization", &basic(KEY))], broken.as_bytes());
    answers.push(format!("{}{}", answer.head, answer.body));
    let answer = server.request("POST", "/v1/track", &[("X-Write-Key", EMAIL)], broken.as_bytes());
    assert_eq!(answer.status, 401);
    answers.push(format!("{}{}", answer.head, answer.body));
    answers
}

/// Notes where any trace stands.
fn search(place: &str, bytes: &[u8], found: &mut Vec<String>) {
    let lower: Vec<u8> = bytes.iter().map(u8::to_ascii_lowercase).collect();
    for trace in TRACES {
        if let Some(at) = memmem(&lower, trace.as_bytes()) {
            let around = String::from_utf8_lossy(&bytes[at.saturating_sub(120)..(at + 60).min(bytes.len())]);
            found.push(format!("{trace:?} is in {place}, byte {at}: …{around}…"));
        }
    }
}

fn memmem(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == wanted[0]);
    starts.map(|(at, _)| at).find(|at| bytes[*at..].starts_with(wanted))
}

/// Every file below a folder, and what is in it if it is compressed.
fn visit(folder: &Path, look: &mut impl FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            visit(&path, look);
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap();
            look(&path, &bytes);
            let mut plain = Vec::new();
            if bytes.starts_with(&[0x1f, 0x8b]) && GzDecoder::new(&bytes[..]).read_to_end(&mut plain).is_ok()
            {
                look(&path, &plain);
            }
        }
    }
}

/// Looks at the rows of the lake, whose files are compressed; how many there are.
fn rows(data: &Path, found: &mut Vec<String>) -> usize {
    let mut rows = 0;
    visit(&data.join("lake"), &mut |path, bytes| {
        if path.extension().is_some_and(|ending| ending == "parquet") {
            let place = path.display().to_string();
            lake::replay(&place, bytes::Bytes::copy_from_slice(bytes), |row| {
                rows += 1;
                let mut wire = Vec::new();
                row.event.encode(&mut wire);
                search(&place, &wire, found);
            })
            .unwrap();
        }
    });
    rows
}

/// The vault has what it should, so that the search was for what did come in.
fn vaulted(data: &Path) {
    let keys = Keys::open(&data.join("keys")).unwrap();
    let store = Store::open(&data.join("store.redb"), Sealer::new(&keys.vault)).unwrap();
    let hasher = Pseudonymizer::new(&keys.hash);
    let get = |identifier: Identifier, field: &str| block_on(store.get(identifier, field)).unwrap();
    let user = hasher.identifier(IdentifierKind::User, "u-0");
    assert_eq!(get(user, "first_name").as_deref(), Some(FIRST_NAME));
    assert!(get(user, "address").is_some_and(|address| address.contains(ADDRESS)));
    let email = hasher.identifier(IdentifierKind::Email, "canary.bird@nest.example");
    assert_eq!(get(email, "email").as_deref(), Some("canary.bird@nest.example"));
    let phone = hasher.identifier(IdentifierKind::Phone, "+8613912345678");
    assert_eq!(get(phone, "phone").as_deref(), Some("+8613912345678"));
    // So has the quarantine, sealed.
    let kept = store.quarantined().unwrap();
    assert!(kept.iter().any(|record| String::from_utf8_lossy(&record.original).contains(EMAIL)));
}
