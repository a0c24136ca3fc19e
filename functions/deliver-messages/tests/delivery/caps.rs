//! Caps of windows and of all channels together.

use crate::shop::{ANN, SUBSCRIBED, Shop};
use campaign::{Action, Reason};
use deliver_messages::Outcome;

/// Ann said yes to e-mail and to text messages.
fn shop(limits: &str, deployment: &str) -> Shop {
    let mut shop = Shop::new(limits);
    shop.settings.caps = serde_json::from_str(deployment).unwrap();
    let sms = SUBSCRIBED.replace("\"email\"", "\"sms\"").replace("s-USER", "t-USER");
    shop.person("u1", &[ANN, SUBSCRIBED, &sms]);
    shop
}

fn text(shop: &Shop, number: u8) -> Action {
    Action { step: "text".to_owned(), ..shop.action(number) }
}

#[test]
fn all_channels_together_have_a_cap_of_their_own() {
    let shop = shop("{}", r#"{"all_channels": {"per_day": 3}}"#);
    let batch = [shop.action(1), text(&shop, 2), shop.action(3), text(&shop, 4), shop.service(5)];
    let expected =
        [Outcome::Sent, Outcome::Sent, Outcome::Sent, Outcome::Refused(Reason::CapDayAll), Outcome::Sent];
    assert_eq!(shop.deliver("2026-11-22T10:00:00Z", &batch), expected);
    let events = shop.bus.events.borrow();
    let refused = events.iter().find(|event| event.1 == "Message Refused").unwrap();
    assert_eq!(refused.2["reason"], "cap_day_all");
}

#[test]
fn a_window_rolls_over_midnight() {
    let shop = shop("{ rolling: { 24h: 1 } }", "{}");
    assert_eq!(shop.deliver_one("2026-11-22T20:00:00Z", &shop.action(1)), Outcome::Sent);
    // The next day in Berlin, 23 hours later; and 24.
    let again = shop.deliver_one("2026-11-23T19:00:00Z", &shop.action(2));
    assert_eq!(again, Outcome::Refused(Reason::CapRolling));
    assert_eq!(shop.deliver_one("2026-11-23T20:00:00Z", &shop.action(3)), Outcome::Sent);
    assert_eq!(shop.deliver_one("2026-11-23T20:00:00Z", &text(&shop, 4)), Outcome::Sent, "another channel");
}

#[test]
fn one_channel_may_have_less_than_the_others() {
    let shop = shop("{}", r#"{"channels": {"sms": {"per_week": 1}}}"#);
    assert_eq!(shop.deliver_one("2026-11-22T10:00:00Z", &text(&shop, 1)), Outcome::Sent);
    assert_eq!(
        shop.deliver("2026-11-24T10:00:00Z", &[text(&shop, 2), shop.action(3)]),
        [Outcome::Refused(Reason::CapWeek), Outcome::Sent]
    );
}
