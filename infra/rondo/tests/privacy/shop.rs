//! A shop with one person of whom every store has something, and others beside them.

use crate::rondo::{output, write};
use ::rondo::Installation;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// 2026-11-20T10:00:00Z
const BEGIN: i64 = 1_795_168_800_000;
const MINUTE: i64 = 60_000;

/// Everything by which Ann is known, in clear.
pub const RAW: [&str; 10] = [
    "ann-1",
    "ann.one@example.com",
    "ann.two@example.com",
    "4915112345678",
    "015112345678",
    "Ann-Sophie",
    "Lindqvist",
    "anon-ann-1",
    "anon-ann-2",
    "card-ann-9",
];

const WELCOME: &str = "\
name: hello
lane: service
entry: { event: Signed Up }
steps:
  - send: hello
    subject: Hello
    template: hello.html
  - wait: 3d
  - send: later
    subject: How was it
    template: hello.html
";

/// Has something waiting on site for who opened a case.
const CASE: &str = "\
name: case
lane: service
entry: { event: Case Opened, keep: [case_id] }
steps:
  - { send: note, channel: on_site, placement: front, template: note.txt }
";

/// Selects nobody, and has a snapshot of everybody taken.
const DAILY: &str = "\
name: daily
entry: { schedule: { cron: \"0 9 * * *\", time_zone: UTC } }
audience: profile.orders.count > 1000
steps:
  - send: hello
    subject: Hello
    template: hello.html
";

/// The shop, after some days.
pub struct Shop {
    pub data: PathBuf,
    folder: TempDir,
}

impl Shop {
    pub fn open() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        write(
            &data,
            &[
                ("config/settings.yaml", "region: DE\ntime_zone: Europe/Berlin\n"),
                ("config/campaigns/hello.yaml", WELCOME),
                ("config/campaigns/daily.yaml", DAILY),
                ("config/campaigns/case.yaml", CASE),
                ("config/placements/front.yaml", "name: front\n"),
                ("config/templates/note.txt", "We look into {{ kept.case_id }}."),
                ("config/templates/hello.html", "Dear {{ person.first_name }}, hello."),
            ],
        );
        let log = lines(&history());
        let mut installation = Installation::open(&data).unwrap();
        installation.play("web", log.as_bytes(), |_, _| {}).unwrap();
        installation.close().unwrap();
        let shop = Shop { data, folder };
        shop.import("bad.ndjson", &lines(&refused()));
        shop
    }

    /// Imports a file of this name, and returns what was said.
    pub fn import(&self, name: &str, lines: &str) -> String {
        write(self.folder.path(), &[(name, lines)]);
        output(&self.data, &[Path::new("import"), &self.folder.path().join(name)])
    }

    pub fn say(&self, arguments: &[&str]) -> String {
        output(&self.data, arguments)
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.say(arguments)).unwrap()
    }
}

pub fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

fn record(minute: i64, more: Value) -> Value {
    let at = event::iso_time(BEGIN + minute * MINUTE);
    let mut record =
        json!({"type": "track", "timestamp": at, "sentAt": at, "messageId": format!("m-{minute}")});
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

/// Ann comes by twice without a name, from two browsers, and turns out to be one person; Bob uses her tablet, and names
/// her as the one who sent him; Cat has nothing to do with her.
pub fn history() -> Vec<Value> {
    let tablet = json!({"device": {"id": "tablet-7"}});
    vec![
        record(
            0,
            json!({"anonymousId": "anon-ann-1", "event": "Product Viewed",
            "properties": {"product_id": "kettle", "note": "ann-visit"}}),
        ),
        record(
            1,
            json!({"type": "identify", "anonymousId": "anon-ann-1",
            "traits": {"email": "ann.one@example.com", "firstName": "Ann-Sophie", "plan": "ann-gold"}}),
        ),
        record(
            2,
            json!({"anonymousId": "anon-ann-2", "event": "Product Viewed", "context": tablet,
            "properties": {"product_id": "teapot"}}),
        ),
        record(
            3,
            json!({"type": "identify", "anonymousId": "anon-ann-2",
            "traits": {"email": "ann.two@example.com", "phone": "0151 12345678"}}),
        ),
        record(
            4,
            json!({"type": "identify", "userId": "ann-1", "anonymousId": "anon-ann-1",
            "traits": {"email": "ann.one@example.com", "lastName": "Lindqvist"}}),
        ),
        record(
            5,
            json!({"type": "identify", "userId": "ann-1", "traits": {"email": "ann.two@example.com"},
            "context": {"externalIds": [{"type": "memberCard", "id": "card-ann-9"}]}}),
        ),
        record(6, json!({"userId": "ann-1", "event": "Signed Up"})),
        record(
            7,
            json!({"userId": "ann-1", "event": "Order Completed",
            "properties": {"order_id": "order-of-ann", "revenue": 12.5, "currency": "EUR",
                "products": [{"product_id": "kettle", "quantity": 1, "price": 12.5}]}}),
        ),
        record(
            8,
            json!({"userId": "ann-1", "event": "Case Opened",
            "properties": {"case_id": "case-of-ann", "kind": "question"}}),
        ),
        record(
            10,
            json!({"type": "identify", "userId": "bob-1", "context": tablet,
            "traits": {"email": "bob@example.com", "firstName": "Bob"}}),
        ),
        record(
            11,
            json!({"userId": "bob-1", "event": "Signed Up",
            "properties": {"referred_by": "ann.one@example.com", "channel": "friend"}}),
        ),
        record(
            12,
            json!({"userId": "bob-1", "event": "Order Completed",
            "properties": {"order_id": "order-of-bob", "revenue": 5, "currency": "EUR"}}),
        ),
        // A family's address: it stays Ann's, and stands in Bob's event and profile too.
        record(
            13,
            json!({"userId": "bob-1", "event": "Gift Sent", "context": {
            "externalIds": [{"type": "email", "id": "ann.one@example.com"}]}}),
        ),
        record(14, json!({"type": "identify", "userId": "cat-1", "traits": {"email": "cat@example.com"}})),
        record(
            15,
            json!({"userId": "cat-1", "event": "Product Viewed", "properties": {"product_id": "cup"}}),
        ),
    ]
}

/// Records that were refused: three of Ann's, one of Bob's.
fn refused() -> Vec<Value> {
    vec![
        json!({"type": "tracc", "userId": "ann-1", "event": "Broken"}),
        json!({"type": "track", "event": "", "context": {"traits": {"mail": "Ann.One@Example.com"}}}),
        json!({"type": "track", "properties": {"call": ["+49 151 12345678"]}}),
        json!({"type": "tracc", "userId": "bob-1", "event": "Broken"}),
    ]
}
