//! One story across functions, on one machine: from a request to a message and to the report.

mod library;
mod on_site;
mod shop;

use campaign::{LedgerState, Reason};
use event::{DAY, HOUR, MINUTE};
use serde_json::json;
use shop::Shop;

/// Looked at two products, bought one of them, and gets a coupon for the other three days later, once. Who said no
/// to e-mail meanwhile gets none.
fn story(shop: &mut Shop, between: impl Fn(&mut Shop)) {
    let noon = event::parse_time("2026-03-01T12:00:00Z").unwrap();
    let viewed = |who: &str, sku: &str| {
        json!({
            "type": "track", "event": "Product Viewed", who: "ann-browser",
            "properties": {"product_id": sku, "name": format!("Kettle {sku}"), "dwell_ms": 60_000},
        })
    };
    let known = |user: &str, email: &str| {
        json!({
            "type": "identify", "userId": user, "anonymousId": format!("{user}-browser"),
            "traits": {"email": email, "firstName": "Annabella"},
        })
    };
    let consent = |user: &str, name: &str| json!({"type": "track", "event": name, "userId": user, "properties": {"channel": "email"}});
    // Ann looks around before anybody knows who she is.
    let answer = shop.send(noon, &[viewed("anonymousId", "A"), viewed("anonymousId", "B")]);
    assert_eq!(answer, 200);
    between(shop);
    let mut ben_viewed = viewed("anonymousId", "A");
    ben_viewed["anonymousId"] = json!("ben-browser");
    let signed_in = [
        known("ann", "Ann.Story@example.com"),
        consent("ann", "Subscribed"),
        known("ben", "ben.story@example.com"),
        consent("ben", "Subscribed"),
        ben_viewed,
        json!({"type": "track", "event": "Seen", "userId": "null"}),
    ];
    assert_eq!(shop.send(noon + HOUR, &signed_in), 200);
    shop.tick(noon + HOUR);
    between(shop);
    // She buys one of the two.
    let bought = json!({
        "type": "track", "event": "Order Completed", "userId": "ann",
        "properties": {"order_id": "o-1", "total": 20, "currency": "EUR", "products": [{"product_id": "B"}]},
    });
    assert_eq!(shop.send(noon + DAY, &[bought]), 200);
    shop.tick(noon + DAY);
    between(shop);
    assert_eq!(shop.send(noon + 2 * DAY, &[consent("ben", "Unsubscribed")]), 200);
    shop.tick(noon + 2 * DAY);
    between(shop);

    // Not before three days of event time are over, and the time that late events get.
    shop.tick(noon + 3 * DAY);
    assert!(shop.outbox().is_empty() && shop.ledger("ann").is_empty());
    between(shop);
    shop.tick(noon + 3 * DAY + MINUTE);
    between(shop);
    // Ben looked an hour later.
    shop.tick(noon + 3 * DAY + HOUR + MINUTE);
    between(shop);
    for hours in 2..30 {
        shop.tick(noon + 3 * DAY + hours * HOUR);
    }
    between(shop);

    let [mail] = shop.outbox().try_into().unwrap_or_else(|mails: Vec<_>| panic!("{} e-mails", mails.len()));
    for line in ["Subject: Still thinking about Kettle A?", "To: <ann.story@example.com>"] {
        assert!(mail.lines().any(|l| l == line), "{line} in\n{mail}");
    }
    assert!(mail.contains("Dear Annabella") && mail.contains("https://shop.example/stop?m="), "{mail}");
    let ann = shop.ledger("ann");
    assert_eq!(ann.len(), 1);
    assert_eq!((ann[0].state, ann[0].reason), (LedgerState::Sent, None));
    assert_eq!((ann[0].campaign.as_str(), ann[0].step.as_str()), ("browse", "coupon"));
    assert_eq!((ann[0].due_at, ann[0].at), (noon + 3 * DAY, noon + 3 * DAY + MINUTE));
    let ben = shop.ledger("ben");
    assert_eq!(ben.len(), 1);
    assert_eq!((ben[0].state, ben[0].reason), (LedgerState::Refused, Some(Reason::Unsubscribed)));

    let report = shop.report(noon + 5 * DAY);
    assert_eq!(report["campaigns"][0]["campaign"], "browse");
    assert_eq!(report["campaigns"][0]["sent"], 1);
    assert_eq!(report["campaigns"][0]["refused"], json!({"unsubscribed": 1}));
    assert_eq!(
        (&report["totals"]["orders"], &report["currencies"][0]["revenue_minor"]),
        (&json!(1), &json!(2_000))
    );
    // Three views, two sign-ins, three words on consent, an order; a message sent and one refused.
    assert_eq!(report["quality"]["rows"], 3 + 2 + 3 + 1 + 2);
    assert_eq!(shop.refused(), ["missing_identifier"]);
    // Who is who is in the vault and in the outbox, and nowhere else.
    for plain in ["story@example", "Story@example", "Annabella", "ann-browser", "ben-browser"] {
        let shown = shop.files_with(plain);
        assert!(shown.iter().all(|file| file.starts_with("outbox/")), "{plain} in {shown:?}");
    }
}

#[test]
fn a_view_becomes_a_coupon_once() {
    story(&mut Shop::new(), |_| ());
}

#[test]
fn a_crash_after_every_step_changes_nothing() {
    story(&mut Shop::new(), Shop::crash);
}
