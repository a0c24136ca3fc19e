//! What goes out with a message so that something can come back, and what came back before.

use crate::shop::{ANN, NOON, SUBSCRIBED, Shop, at};
use campaign::Reason;
use deliver_messages::Outcome;
use event::{Identifier, IdentifierKind, Pseudonymizer};
use token::{MessageToken, TokenKey};

const BOUNCED: &str = r#"{"type":"track","userId":"USER","messageId":"b1","event":"Message Bounced",
    "properties":{"channel":"email","bounce_type":"permanent"}}"#;
const COMPLAINED: &str = r#"{"type":"track","userId":"USER","messageId":"c1","event":"Message Complained",
    "properties":{"channel":"email"}}"#;
const FULL: &str = r#"{"type":"track","userId":"USER","messageId":"f1","event":"Message Bounced",
    "properties":{"channel":"email","bounce_type":"transient"}}"#;

#[test]
fn the_link_of_a_message_names_it_to_us_alone() {
    let mut shop = Shop::new("{}");
    let key = TokenKey::of(&Pseudonymizer::new(b"sample-key"));
    shop.settings.tokens = Some(key.clone());
    shop.settings.public_url = Some("https://events.shop.example".to_owned());
    assert_eq!(shop.deliver_one(NOON, &shop.action(1)), Outcome::Sent);
    let letters = shop.email.sent.borrow();
    let link = letters[0].unsubscribe_url.clone().unwrap();
    assert!(letters[0].text.contains(&link), "{}", letters[0].text);
    let token = link.strip_prefix("https://events.shop.example/u/").unwrap();
    let expected = MessageToken {
        person: Identifier { kind: IdentifierKind::User, key: shop.key("u1") },
        action: shop.action(1).id,
        channel: "email".to_owned(),
        campaign: "browse-abandonment".to_owned(),
        sent_at: at(NOON),
    };
    assert_eq!(key.open(token, at(NOON)), Ok(expected));
    for told in [shop.key("u1").to_string(), "browse".to_owned(), "email".to_owned()] {
        assert!(!token.contains(&told), "{told} in {token}");
    }
}

#[test]
fn who_cannot_be_reached_or_complained_is_not_written_to() {
    for told in [BOUNCED, COMPLAINED] {
        let shop = Shop::new("{}");
        shop.person("u1", &[ANN, SUBSCRIBED, told]);
        assert_eq!(shop.deliver_one(NOON, &shop.action(1)), Outcome::Refused(Reason::Suppressed));
        assert_eq!(shop.deliver_one(NOON, &shop.service(2)), Outcome::Refused(Reason::Suppressed));
        assert_eq!(shop.email.count(), 0);
    }
    let shop = Shop::new("{}");
    shop.person("u1", &[ANN, SUBSCRIBED, FULL]);
    assert_eq!(shop.deliver_one(NOON, &shop.action(1)), Outcome::Sent);
}
