//! Rows through their mapping and the parser, as an import has them.

use event::{Arrival, Code, IdentifierKind, Mapping, Parser, ParserSettings, Pseudonymizer};

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
    let record = mapping.record(row, "orders.csv", 7).map_err(|refused| refused.code)?;
    let parsed = parser
        .parse(&record, "orders.csv", Arrival::Recorded { now: NOW })
        .map_err(|refused| refused.code)?;
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
