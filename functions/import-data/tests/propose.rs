//! Mappings proposed for files of all kinds: they are right, and take the file in.

use event::{Mapping, Parser, ParserSettings, Pseudonymizer};
use import_data::{Preview, SourceFile, preview, propose};

const NOW: i64 = 1_795_341_600_000;

fn tried(name: &str, bytes: &[u8], event: Option<&str>) -> (String, Preview) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let yaml = propose(SourceFile::open(&path).unwrap(), event).unwrap().yaml;
    let mapping = Mapping::parse(&yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    let parser = Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default());
    let tried = preview(&parser, SourceFile::open(&path).unwrap(), Some(&mapping), 1000, 3, NOW).unwrap();
    (yaml, tried)
}

fn holds(yaml: &str, lines: &[&str]) {
    for line in lines {
        assert!(yaml.contains(line), "no `{line}` in\n{yaml}");
    }
}

#[test]
fn a_table_of_orders() {
    let csv = "Order ID,Created at,Customer ID,Email,Phone,Total,Currency,Accepts Marketing,Billing City,Gift Wrap\n\
        o-1,2026-01-02 10:00:00 +0100,77,ann@example.com,+14155552671,\"1,012.50\",EUR,yes,Köln,true\n\
        o-2,2026-01-03 11:00:00 +0100,78,bob@example.com,,7,EUR,no,Berlin,false\n";
    let (yaml, tried) = tried("shop-orders.csv", csv.as_bytes(), None);
    holds(
        &yaml,
        &[
            "format: csv",
            "event: Order Completed  # guessed",
            "message_id: { column: Order ID, prefix: \"shop-orders-\" }",
            "timestamp: { column: Created at, format: \"%Y-%m-%d %H:%M:%S %z\" }",
            "  user_id: { column: Customer ID, prefix: \"shop-orders-\" }",
            "  email: Email",
            "  phone: Phone",
            "  revenue: { column: Total, type: money }",
            "  currency: Currency",
            "  marketing: { column: Accepts Marketing }",
            "  city: Billing City",
            "  gift_wrap: { column: Gift Wrap, type: boolean }",
        ],
    );
    // What is said of a person is an event of its own.
    assert_eq!((tried.rows, tried.events, tried.refused.len()), (2, 4, 0), "{tried:?}");
    assert_eq!(tried.sample[0]["happened_at"], "2026-01-02T09:00:00.000Z");
    assert_eq!(tried.sample[0]["minor_units"]["amount"], 101_250);
    assert_eq!(tried.sample[0]["identified_by"], serde_json::json!(["user_id", "email", "phone"]));
    assert_eq!(tried.sample[0]["consent"]["marketing"], true);
    assert!(!format!("{:?}", tried.sample).contains("ann@"));
}

#[test]
fn tables_of_other_habits() {
    let german = "Kundennr;Datum;Betrag\n10;31.12.2026 18:30;1.234,50\n11;01.12.2026 09:00;7,5\n";
    let (yaml, found) = tried("umsatz.csv", german.as_bytes(), Some("Order Completed"));
    holds(&yaml, &["separator: semicolon", "%d.%m.%Y %H:%M", "zone: UTC", "decimal: comma"]);
    assert_eq!((found.events, found.refused.len()), (2, 0), "{yaml}");

    let chinese = "会员号,下单时间,金额,手机\nM-1,2026/01/02 10:00:00,128.00,13800138000\nM-2,2026/01/03 10:00:00,64.50,13900139000\n";
    let (gb, ..) = encoding_rs::GB18030.encode(chinese);
    let (yaml, found) = tried("订单.csv", &gb, None);
    holds(
        &yaml,
        &[
            "encoding: gb18030",
            "member_card: 会员号",
            "phone: 手机",
            "revenue: { column: 金额, type: money }",
        ],
    );
    assert_eq!((found.events, found.refused.len()), (2, 0), "{yaml}");

    let bare = " 00001 19970101  1   11.77\n 00002 19970112  5   12.00\n";
    let (yaml, found) = tried("cdnow.txt", bare.as_bytes(), Some("Order Completed"));
    holds(
        &yaml,
        &["separator: whitespace", "columns: [column_1, column_2, column_3, column_4]", "user_id: column_1"],
    );
    assert_eq!((found.events, found.refused.len()), (2, 0), "{yaml}");
}

#[test]
fn documents_and_logs() {
    let json = r#"{"next": null, "orders": [
        {"id": 1001, "created_at": "2026-01-02T10:00:00+01:00", "total": "12.50", "currency": "EUR",
         "customer": {"user_id": "c-1", "email": "ann@example.com"},
         "line_items": [{"sku": "a", "price": "6.25", "quantity": 2}]},
        {"id": 1002, "created_at": "2026-01-03T10:00:00+01:00", "total": "7.00", "currency": "EUR",
         "customer": {"user_id": "c-2", "email": "bob@example.com"}, "line_items": []}]}"#;
    let (yaml, found) = tried("orders.json", json.as_bytes(), Some("Order Completed"));
    holds(
        &yaml,
        &["format: json", "records: orders", "email: customer.email", "each: line_items", "product_id: sku"],
    );
    assert_eq!((found.events, found.refused.len()), (2, 0), "{yaml}");
    assert_eq!(found.sample[0]["properties"]["products"][0]["quantity"], 2);

    let log = "203.0.113.7 - - [22/Nov/2026:10:00:00 +0000] \"GET /p?id=1 HTTP/1.1\" 200 512 \"-\" \"Moz\"\n"
        .repeat(5);
    let (yaml, found) = tried("access.log", log.as_bytes(), None);
    holds(&yaml, &["format: weblog", "event: Page Requested", "kept as a keyed hash only"]);
    assert_eq!((found.events, found.refused.len()), (5, 0), "{yaml}");
    assert!(!format!("{found:?}").contains("203.0.113"));
}

#[test]
fn people() {
    let csv = "user_id,email,first_name,newsletter\nu-1,ann@example.com,Ann,1\nu-2,bob@example.com,Bob,0\n";
    let (yaml, found) = tried("people.csv", csv.as_bytes(), None);
    holds(
        &yaml,
        &["type: identify", "first_name: first_name", "consents:", "  email: { column: newsletter }"],
    );
    assert_eq!((found.events, found.refused.len()), (2, 0), "{yaml}");
}

#[test]
fn nothing_to_go_by() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.csv");
    for bytes in [&b""[..], b"\n\n", b"{", b"[]", &[0xff, 0xfe, 0x00]] {
        std::fs::write(&path, bytes).unwrap();
        let found = propose(SourceFile::open(&path).unwrap(), None);
        assert!(found.is_err() || Mapping::parse(&found.unwrap().yaml).is_ok(), "{bytes:?}");
    }
}

proptest::proptest! {
    /// Whatever a file holds, the proposal is a mapping.
    #[test]
    fn every_proposal_can_be_read(text in "([a-z:{}\"# ,;\t\\-0-9@.]{0,20}\n){0,6}") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd.csv");
        std::fs::write(&path, text).unwrap();
        if let Ok(proposal) = propose(SourceFile::open(&path).unwrap(), None)
            && let Err(error) = Mapping::parse(&proposal.yaml)
        {
            proptest::prop_assert!(false, "{error}\n{}", proposal.yaml);
        }
    }
}
