//! Messages that wait on site.

use crate::shop::{NIGHT, NOON, Shop, at};
use campaign::{Action, Campaign, Campaigns, LedgerState, Reason, Templates};
use deliver_messages::{Outcome, recover};
use event::{DAY, MINUTE};
use pollster::block_on;
use serde_json::json;

const CAMPAIGN: &str = "
name: browse-abandonment
entry: { event: Product Viewed, keep: [name] }
steps:
  - send: coupon
    channel: on_site
    placement: home-hero
    expires: 1d
    template: short.txt
    creative: { slots: { title: { a: Tea, b: Leaf } } }
limits: { per_day: 1, quiet_hours: { from: '21:00', to: '09:00' } }
";
/// Ann's yes to what is on site.
const YES: &str = r#"{"type":"track","event":"Subscribed","messageId":"y-USER","userId":"USER",
    "timestamp":"2026-10-01T00:00:00Z","properties":{"channel":"on_site"}}"#;

fn shop() -> Shop {
    let mut shop = Shop::new("{}");
    let templates =
        Templates::new([("short.txt".to_owned(), "{{ kept.name }} is here\n".to_owned())]).unwrap();
    shop.campaigns = Campaigns::new(vec![Campaign::parse(CAMPAIGN, &templates).unwrap()]);
    shop.person("u1", &[YES]);
    shop
}

#[test]
fn it_is_claimed_as_any_message_and_what_waits_is_told() {
    let shop = shop();
    let action = shop.action(1);
    assert_eq!(shop.deliver_one(NIGHT, &action), Outcome::Held { until: at("2026-11-23T08:00:00Z") });
    assert!(shop.bus.events.borrow().is_empty());
    let morning = "2026-11-23T08:00:00Z";
    assert_eq!(shop.deliver_one(morning, &action), Outcome::Sent);
    assert_eq!(shop.deliver_one(morning, &shop.action(2)), Outcome::Refused(Reason::CapDay));
    assert_eq!((shop.email.count(), shop.webhook.count()), (0, 0));
    let entry = shop.ledger.entries.borrow()[&action.id].clone();
    assert_eq!((entry.state, entry.channel.as_str()), (LedgerState::Sent, "on_site"));
    let told = shop.bus.events.borrow()[0].clone();
    assert_eq!((told.0, told.1.as_str()), (format!("sent-{}", action.id), "Message Sent"));
    let levels = &told.2["creative"]["levels"];
    assert_eq!(
        told.2["on_site"],
        json!({"campaign": "browse-abandonment", "version": 0, "step": "coupon", "placement": "home-hero", "key": "p1",
            "entered_at": action.entered_at, "expires_at": at(morning) + DAY, "shows": 1,
            "kept": {"name": "Tea <Pot>", "price": 25.0},
            "creative": {"levels": levels, "circumstances": [], "explored": true}})
    );

    // Who said no to it, or was never asked, has nothing waiting.
    shop.person("u2", &[]);
    shop.person("u3", &[&YES.replace("Subscribed", "Unsubscribed")]);
    for (user, reason) in [("u2", Reason::NoConsent), ("u3", Reason::Unsubscribed)] {
        let action = Action { person: shop.key(user), ..shop.action(user.as_bytes()[1]) };
        assert_eq!(shop.deliver_one(NOON, &action), Outcome::Refused(reason), "{user}");
    }
}

#[test]
fn what_a_crash_left_is_told_all_the_same() {
    // Settled, and not told.
    let mut shop = shop();
    let action = shop.action(1);
    shop.bus.down.set(true);
    assert!(block_on(deliver_messages::run(&shop.deps(), at(NOON), vec![action.clone()])).is_err());
    shop.bus.down.set(false);
    assert_eq!(shop.deliver_one("2026-11-22T10:05:00Z", &action), Outcome::Duplicate);
    assert_eq!(
        shop.bus.events.borrow()[0].2["on_site"]["expires_at"],
        at(NOON) + DAY,
        "since it was settled"
    );

    // Claimed, and not settled: nobody was told of it, so that it comes again.
    shop = self::shop();
    shop.ledger.dies.set(true);
    assert!(block_on(deliver_messages::run(&shop.deps(), at(NOON), vec![action.clone()])).is_err());
    shop.ledger.dies.set(false);
    assert_eq!(shop.state(&action), LedgerState::Claimed);
    let later = at(NOON) + 30 * MINUTE;
    assert_eq!(block_on(recover(&shop.ledger, &shop.email, later, later)).unwrap(), []);
    assert_eq!(shop.deliver_one("2026-11-22T10:31:00Z", &action), Outcome::Sent);
    assert_eq!(shop.bus.events.borrow().len(), 1);
}

#[test]
fn what_takes_too_much_room_is_refused() {
    let shop = shop();
    let kept = json!({"name": "x".repeat(2_000)}).to_string();
    let action = Action { kept, ..shop.action(1) };
    assert_eq!(shop.deliver_one(NOON, &action), Outcome::Refused(Reason::TemplateError));
    let detail = shop.ledger.entries.borrow()[&action.id].detail.clone();
    assert!(detail.contains("let the campaign keep less of its event"), "{detail}");
}
