//! The sample invocations, through the Lambda handler.

use crate::shop::{NOON, Shop, at};
use aws_lambda_events::sqs::SqsEvent;
use deliver_messages::handle;
use event::Key;
use pollster::block_on;

fn failed(shop: &Shop, sample: &str) -> Vec<String> {
    let event: SqsEvent = serde_json::from_str(sample).unwrap();
    let response = block_on(handle(&shop.deps(), at(NOON), event));
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

#[test]
fn a_coupon_is_sent() {
    let shop = Shop::new("{}");
    assert!(failed(&shop, include_str!("../../../../events/deliver-messages/send-coupon.json")).is_empty());
    assert_eq!(shop.email.sent.borrow()[0].subject, "Still thinking of Gooseneck kettle?");
}

#[test]
fn a_damaged_body_fails_alone() {
    let shop = Shop::new("{}");
    let failed = failed(&shop, include_str!("../../../../events/deliver-messages/damaged-body.json"));
    assert_eq!(failed, ["0b0e2f3a-8f6e-4e4c-9d5d-6d9f0c0f0002", "0b0e2f3a-8f6e-4e4c-9d5d-6d9f0c0f0003"]);
    assert_eq!(shop.email.count(), 1);
}

#[test]
fn an_unknown_campaign_is_refused() {
    let shop = Shop::new("{}");
    assert!(
        failed(&shop, include_str!("../../../../events/deliver-messages/unknown-campaign.json")).is_empty()
    );
    assert_eq!(shop.email.count(), 0);
    let entries = shop.ledger.entries.borrow();
    let id = Key::parse("0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f").unwrap();
    assert_eq!(entries[&id].reason.unwrap().as_str(), "campaign_ended");
}

#[test]
fn where_the_bus_is_away_the_batch_comes_again() {
    let shop = Shop::new("{}");
    shop.bus.down.set(true);
    let sample = include_str!("../../../../events/deliver-messages/send-coupon.json");
    assert_eq!(failed(&shop, sample), ["0b0e2f3a-8f6e-4e4c-9d5d-6d9f0c0f0001"]);
    shop.bus.down.set(false);
    assert!(failed(&shop, sample).is_empty());
    assert_eq!((shop.email.count(), shop.bus.events.borrow().len()), (1, 1));
}
