//! Rows through their mapping and the parser, as an import has them.

use event::{
    Arrival, Code, IdentifierKind, Mapping, Parser, ParserSettings, Pseudonymizer, Records, RowKind, Scratch,
    Separator,
};
use serde_json::{Value, json};

/// 2026-11-22T10:00:00Z
const NOW: i64 = 1_795_341_600_000;

const MAPPING: &str = "\
separator: comma
columns: [customer, email, at, amount]
event: Order Completed
timestamp: { column: at, zone: Asia/Shanghai, format: \"%d.%m.%Y %H:%M\" }
identifiers:
  user_id: { column: customer, prefix: \"shop-\" }
  email: { column: email }
properties:
  revenue: { column: amount, type: number }
";

fn kinds(row: &str) -> Result<Vec<IdentifierKind>, Code> {
    let mapping = Mapping::parse(MAPPING).unwrap();
    let parser = Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default());
    let records = mapping.records(row, "orders.csv", 7).map_err(|refused| refused.code)?;
    let record = &records[0];
    let parsed =
        parser.parse(record, "orders.csv", Arrival::Recorded { now: NOW }).map_err(|refused| refused.code)?;
    // 18:30 in Shanghai is 10:30 UTC.
    assert_eq!(event::iso_time(parsed.event.happened_at), "2026-03-01T10:30:00.000Z");
    assert_eq!(parsed.event.message_id, "orders.csv:7");
    Ok(parsed.event.identifiers.iter().map(|identifier| identifier.kind).collect())
}

#[test]
fn a_prefix_alone_is_nobody() {
    use IdentifierKind::{Email, User};
    assert_eq!(kinds("17,ann@example.com,01.03.2026 18:30,5"), Ok(vec![User, Email]));
    // Were `shop-` or `shop-0` an id, all customers without one would be the same person.
    assert_eq!(kinds(",ann@example.com,01.03.2026 18:30,5"), Ok(vec![Email]));
    for junk in ["0", "00000", "-1", "null"] {
        assert_eq!(kinds(&format!("{junk},ann@example.com,01.03.2026 18:30,5")), Ok(vec![Email]), "{junk}");
    }
    // The 11111th customer of a list is one.
    assert_eq!(kinds("11111,,01.03.2026 18:30,5"), Ok(vec![User]));
    assert_eq!(kinds("7,,01.03.2026 18:30,5"), Ok(vec![User]));
    assert_eq!(kinds(",,01.03.2026 18:30,5"), Err(Code::MissingIdentifier));
}

#[test]
fn a_row_that_does_not_fit_is_refused() {
    for row in
        ["17,ann@example.com,01.03.2026 18:30", "17,,01.13.2026 18:30,5", "17,,01.03.2026 18:30,five", ""]
    {
        assert_eq!(kinds(row), Err(Code::InvalidRow), "{row}");
    }
}

fn records(yaml: &str, row: &str) -> Vec<Value> {
    let mapping = Mapping::parse(yaml).unwrap();
    let records = mapping.records(row, "f", 3).unwrap();
    records.iter().map(|record| serde_json::from_slice(record).unwrap()).collect()
}

fn refused(yaml: &str, row: &str) -> (String, String) {
    let rejection = Mapping::parse(yaml).unwrap().records(row, "f", 3).unwrap_err();
    assert_eq!(rejection.code, Code::InvalidRow);
    (rejection.field, rejection.reason)
}

const CDNOW: &str = "\
separator: whitespace
columns: [customer, date, items, amount]
event: Order Completed
timestamp: { column: date, format: \"%Y%m%d\", zone: America/New_York }
identifiers: { user_id: { column: customer, prefix: \"cd-\" } }
properties:
  quantity: { column: items, type: number }
  revenue: { column: amount, type: number }
  currency: { value: USD }
";

#[test]
fn a_row_becomes_a_record() {
    let record = &records(CDNOW, " 00002 19970112  5   77.00\r")[0];
    let expected = json!({
        "type": "track", "event": "Order Completed", "messageId": "f:3", "userId": "cd-00002",
        "timestamp": "1997-01-12T05:00:00.000Z",
        "properties": {"quantity": 5, "revenue": 77.0, "currency": "USD"}
    });
    assert_eq!(*record, expected);
    assert_eq!(refused(CDNOW, "1 2").1, "2 columns where there should be 4");
    assert_eq!(refused(CDNOW, "1 19971332 1 1").0, "date");
}

#[test]
fn mistakes_are_named_with_their_place() {
    let at = |yaml: &str| {
        let error = Mapping::parse(yaml).unwrap_err();
        (error.line, error.column, error.message)
    };
    let (line, column, message) = at(&CDNOW.replace("column: items", "column: itens"));
    assert_eq!((line, column), (7, 23));
    assert!(message.contains("no column `itens`"), "{message}");
    assert_eq!(at(&CDNOW.replace("event:", "evnt:")).0, 3);
    for (from, to, line, says) in [
        ("America/New_York", "Mars/Base", 4, "no IANA time zone"),
        ("type: number", "type: numbr", 7, "`numbr` is no type"),
        ("whitespace", "blanks", 1, "`blanks` is no separator"),
        ("columns:", "format: xls\ncolumns:", 2, "`xls` is no format"),
        ("columns:", "encoding: klingon\ncolumns:", 2, "`klingon` is no encoding"),
        ("columns:", "type: purchase\ncolumns:", 2, "`purchase` is no type"),
        ("{ value: USD }", "{ value: USD, column: items }", 9, "either a column or a value"),
        ("type: number", "type: money, unit: minor", 7, "need a currency"),
        ("type: number", "type: money, currency: EURO", 7, "is no currency"),
        ("type: number", "decimal: dot, type: number", 7, "no decimal mark"),
        ("type: number", "typ: number", 7, "typ"),
    ] {
        let (found, _, message) = at(&CDNOW.replacen(from, to, 1));
        assert_eq!(found, line, "{to}: {message}");
        assert!(message.contains(says), "{to}: {message}");
    }
}

const ORDERS: &str = "\
format: json
type: { column: kind, values: { signup: identify }, default: track }
event: { column: status, values: { paid: Order Completed, refunded: Order Refunded } }
message_id: { column: [id, status], prefix: \"shop-\" }
timestamp: { column: [date, time], format: \"%d.%m.%Y %H:%M\", zone: Asia/Shanghai }
identifiers:
  user_id: $.customer.id
  email: customer.email
  member_card: customer.card
traits:
  first_name: customer.first
  joined: { column: customer.since, type: time, unit: s }
properties:
  order_id: id
  revenue: { column: total, type: money, unit: minor, currency: { column: currency } }
  products:
    each: lines
    fields:
      product_id: sku
      price: { column: price, type: money, decimal: comma }
      quantity: { column: qty, type: integer, default: 1 }
  tags: { column: tags, type: list, separator: \";\" }
  gift: { column: gift, type: boolean }
  extra: meta
context:
  page.url: source.url
  campaign.source: source.utm
consents:
  marketing: { column: newsletter, true: [\"1\"] }
  sms: { column: sms, false: [nein] }
skip: { test: [true, \"1\"] }
";

fn order() -> Value {
    json!({
        "id": 77, "status": "paid", "date": "01.03.2026", "time": "18:30", "total": 129500, "currency": "jpy",
        "customer": {"id": "c-9", "email": "ann@example.com", "card": null, "first": "Ann", "since": 1_700_000_000},
        "lines": [{"sku": "a", "price": "1.234,50", "qty": "2"}, {"sku": "b", "price": 3}],
        "tags": "new; sale ;", "gift": "yes", "meta": {"a": [1, null]},
        "source": {"url": "https://shop.example/p", "utm": "mail"}, "newsletter": "1", "sms": "ja"
    })
}

#[test]
fn nested_records() {
    let found = records(ORDERS, &order().to_string());
    let ids = json!([{"type": "email", "id": "ann@example.com"}]);
    let context = json!({
        "externalIds": ids, "consent": {"categoryPreferences": {"marketing": true, "sms": true}},
        "page": {"url": "https://shop.example/p"}, "campaign": {"source": "mail"}
    });
    let properties = json!({
        "order_id": 77, "revenue": 129500, "currency": "jpy", "gift": true, "extra": {"a": [1, null]},
        "products": [{"product_id": "a", "price": 1234.5, "quantity": 2}, {"product_id": "b", "price": 3, "quantity": 1}],
        "tags": ["new", "sale"]
    });
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["type"], "track");
    assert_eq!(found[0]["event"], "Order Completed");
    assert_eq!(found[0]["messageId"], "shop-77-paid");
    assert_eq!(found[0]["timestamp"], "2026-03-01T10:30:00.000Z");
    assert_eq!(found[0]["userId"], "c-9");
    assert_eq!(found[0]["context"], context);
    assert_eq!(found[0]["properties"], properties);
    // What a row says of the person is a record of its own, since only that changes traits.
    let traits = json!({"first_name": "Ann", "joined": "2023-11-14T22:13:20.000Z"});
    assert_eq!((&found[1]["type"], &found[1]["traits"]), (&json!("identify"), &traits));
    assert_eq!(found[1]["messageId"], "shop-77-paid:traits");

    let with = |name: &str, value: Value| {
        let mut order = order();
        order[name] = value;
        order.to_string()
    };
    assert_eq!(records(ORDERS, &with("kind", json!("signup")))[0]["traits"]["first_name"], "Ann");
    assert_eq!(
        records(ORDERS, &with("newsletter", json!("0")))[0]["context"]["consent"]["categoryPreferences"]["marketing"],
        false
    );
    assert!(records(ORDERS, &with("test", json!(true))).is_empty());
    assert!(records(ORDERS, &with("test", json!(1))).is_empty());
    for (name, value, field) in [
        ("status", json!("lost"), "event"),
        ("total", json!("many"), "revenue"),
        ("total", json!(1.5), "revenue"),
        ("currency", json!("coins"), "currency"),
        ("gift", json!("perhaps"), "gift"),
        ("date", json!("soon"), "date"),
        ("lines", json!({"sku": 1}), "products"),
        ("lines", json!([{"qty": 1.5}]), "quantity"),
    ] {
        assert_eq!(refused(ORDERS, &with(name, value)).0, field, "{name}");
    }
}

#[test]
fn other_kinds_of_rows() {
    let weblog = "format: weblog\nevent: Page Requested\nidentifiers: { device_id: { column: [host, user_agent] } }\n\
        properties: { path: path, status: { column: status, type: integer } }\nonly: { method: GET, status: [\"200\", \"304\"] }\n";
    let line = r#"203.0.113.7 - - [22/Nov/2026:10:00:00 +0100] "GET /p?q=1 HTTP/1.1" 200 5 "-" "Moz""#;
    let record = &records(weblog, line)[0];
    assert_eq!(record["timestamp"], "2026-11-22T09:00:00.000Z");
    assert_eq!(record["context"]["externalIds"][0]["id"], "203.0.113.7-Moz");
    assert_eq!(record["properties"], json!({"path": "/p", "status": 200}));
    assert!(records(weblog, &line.replace("GET", "POST")).is_empty());
    assert_eq!(refused(weblog, "hello").0, "");

    let chat = "pattern: '^\\[(?<at>[^\\]]+)\\] (?<who>\\w+): (?<said>.*)$'\nevent: Message Received\n\
        timestamp: at\nidentifiers: { user_id: who }\nproperties: { text: said }\n";
    let record = &records(chat, "[2026-11-22 10:00] ann: where is my {order}?")[0];
    assert_eq!(
        (&record["userId"], &record["properties"]["text"]),
        (&json!("ann"), &json!("where is my {order}?"))
    );
    assert!(refused(chat, "ann: hi").1.contains("pattern"));

    let review = "format: text\nblocks: true\nevent: Product Reviewed\ntimestamp: { column: review/time, unit: s }\n\
        identifiers: { user_id: review/userId }\nproperties: { product_id: product/productId, review_body: review/text }\n";
    let block =
        "product/productId: B1\nreview/userId: A9\nreview/time: 1303862400\nreview/text: Good: very\nindeed";
    let record = &records(review, block)[0];
    assert_eq!(record["properties"], json!({"product_id": "B1", "review_body": "Good: very\nindeed"}));
    assert_eq!(record["timestamp"], "2011-04-27T00:00:00.000Z");
}

#[test]
fn a_heading_names_the_columns() {
    let yaml = "event: E\nidentifiers: { user_id: id }\nproperties: { note: note }\n";
    let mapping = Mapping::parse(yaml).unwrap();
    let kind = RowKind::Cells(Separator::Char(b';'));
    let error = mapping.layout(kind.clone(), Some("id;memo")).unwrap_err();
    assert_eq!(error, "there is no column `note`; columns are id, memo");
    let layout = mapping.layout(kind, Some("\u{feff}note;\"id\";x\r\n")).unwrap();
    let mut found = Records::default();
    mapping.write(&layout, "\"a;\"\"b\"\"\";7a;", "f", 2, &mut Scratch::default(), &mut found).unwrap();
    let record: Value = serde_json::from_slice(&found.bytes).unwrap();
    assert_eq!((&record["userId"], &record["properties"]["note"]), (&json!("7a"), &json!("a;\"b\"")));
    // What is kept of a refused row can be read without the heading, and gives the same.
    let original = layout.original("\"a;\"\"b\"\"\";7a;").unwrap();
    assert_eq!(mapping.records(&original, "f", 2).unwrap()[0], found.bytes);
}

proptest::proptest! {
    #[test]
    fn no_row_is_too_odd(text in "\\PC{0,80}|[\"a,{}:\\[\\] \\n-]{0,60}") {
        for yaml in [ORDERS, CDNOW, MAPPING, "format: weblog\nevent: E\nidentifiers: { device_id: host }\n"] {
            if let Ok(records) = Mapping::parse(yaml).unwrap().records(&text, "f", 1) {
                for record in records {
                    proptest::prop_assert!(serde_json::from_slice::<Value>(&record).is_ok());
                }
            }
        }
    }
}
