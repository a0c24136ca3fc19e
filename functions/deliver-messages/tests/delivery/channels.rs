//! Messages to telephones and apps.

use crate::shop::{NOON, Shop};
use campaign::{Campaign, Campaigns, ChannelKind, Reason, Templates};
use deliver_messages::Outcome;

const CAMPAIGN: &str = "
name: browse-abandonment
entry: { event: Product Viewed, keep: [name] }
steps:
  - { send: coupon, channel: CHANNEL, subject: 'Still there', template: short.txt }
limits: { need_consent: true }
";
/// What a person's app tells.
const PHONE: &str = r#"{"type":"identify","messageId":"d-USER","userId":"USER","timestamp":"2026-10-01T00:00:00Z",
    "traits":{"phone":"+4915112345678"},
    "context":{"device":{"id":"device-1","token":"t0ken"},"os":{"name":"iOS"}}}"#;

fn shop(channel: &str) -> Shop {
    let mut shop = Shop::new("{}");
    let templates =
        Templates::new([("short.txt".to_owned(), "{{ kept.name }} is here\n".to_owned())]).unwrap();
    let campaign = Campaign::parse(&CAMPAIGN.replace("CHANNEL", channel), &templates).unwrap();
    shop.campaigns = Campaigns::new(vec![campaign]);
    shop
}

/// What a person says to a channel.
fn yes(channel: &str) -> String {
    format!(
        r#"{{"type":"track","event":"Subscribed","messageId":"y-USER","userId":"USER",
            "timestamp":"2026-10-01T00:00:00Z","properties":{{"channel":"{channel}"}}}}"#
    )
}

#[test]
fn a_text_message_goes_to_the_number_in_the_vault() {
    let shop = shop("sms");
    shop.person("u1", &[PHONE, &yes("sms")]);
    assert_eq!(shop.deliver_one(NOON, &shop.action(1)), Outcome::Sent);
    let letters = shop.email.sent.borrow();
    assert_eq!((letters[0].to.as_str(), letters[0].text.as_str()), ("+4915112345678", "Tea <Pot> is here"));
    assert_eq!(shop.webhook.count(), 0);
}

#[test]
fn an_app_gets_its_message_by_the_token_of_its_device() {
    let shop = shop("push");
    shop.person("u1", &[PHONE, &yes("push")]);
    assert_eq!(shop.deliver_one(NOON, &shop.action(1)), Outcome::Sent);
    let letters = shop.email.sent.borrow();
    assert_eq!((letters[0].to.as_str(), letters[0].subject.as_str()), ("ios:t0ken", "Still there"));
}

#[test]
fn each_channel_has_its_own_yes_and_its_own_address() {
    for channel in ["sms", "push"] {
        let shop = shop(channel);
        // A yes to mail is none to this.
        shop.person("u1", &[PHONE, &yes("email")]);
        assert_eq!(shop.deliver_one(NOON, &shop.action(1)), Outcome::Refused(Reason::NoConsent));
        shop.person("u2", &[&yes(channel)]);
        let action = campaign::Action { person: shop.key("u2"), ..shop.action(2) };
        assert_eq!(shop.deliver_one(NOON, &action), Outcome::Refused(Reason::NoAddress), "{channel}");
        let message = shop.campaigns.get("browse-abandonment").unwrap().message("coupon").unwrap();
        assert_eq!(message.kind == ChannelKind::Sms, channel == "sms");
        assert_eq!(message.channel, channel);
    }
}
