//! Journeys that an earlier release stored stay readable.

use crate::play::{PERSON, Play, T0, buy, campaign, event_with_id, order};
use campaign::{Campaigns, Journeys, Moment, ProfileView};
use event::{Event, HOUR, MINUTE, MessageHash};
use person::Profile;

/// Two journeys (one waits behind the other) and two marks, as release 0.1 stores them. Never change it: if the
/// layout changes, add the new form beside it.
const STORED_0_1: &str = concat!(
    "010499caa20e027a0106636f75706f6e022a809496abc06880d098f7019d52c1e5b5aaedf40105736b752d310f7b2270",
    "72696365223a31322e35307d022e80cecdaec06880d098f7016f48fef57af39029ffffffff0f05736b752d310f7b2270",
    "72696365223a31322e35307d030680a0a7a4c068030c80dadea7c06805736b752d32",
);

/// The same with the version, the step of the journey that waits, and events by the rules that campaigns share.
const STORED_0_2: &str = concat!(
    "010499caa20e02670106636f75706f6e022a809496abc06880d098f7019d52c1e5b5aaedf40105736b752d310f7b2270",
    "72696365223a31322e35307d022e80cecdaec06880d098f7016f48fef57af39029818080800805736b752d310f7b2270",
    "72696365223a31322e35307d050101030e80a0a7a4c0686e8fbff131f3e1d2031480dadea7c068b21bdb34c849054005",
    "736b752d32",
);

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// What release 0.1 stored.
pub fn stored_0_1() -> Vec<u8> {
    bytes(STORED_0_1)
}

fn journeys() -> Journeys {
    let campaigns = Campaigns::new(vec![campaign(
        "
name: coupon
entry:
  event: Product Viewed
  key: event.properties.product_id
  keep: [price]
exit_on:
  - event: Order Completed
    key: event.product_ids
  - event: Unsubscribed
steps:
  - wait: 3d
  - send: coupon
    template: t.txt
",
    )]);
    let view = |id, at| event_with_id(id, "Product Viewed", r#"{"product_id":"sku-1","price":12.50}"#, at);
    let events = [
        view(1, T0),
        view(2, T0 + HOUR),
        event_with_id(3, "Order Completed", &order(&["sku-2"]), T0 - HOUR),
        event_with_id(4, "Unsubscribed", "{}", T0 - 2 * HOUR),
    ];
    let fresh: Vec<&Event> = events.iter().collect();
    let profile = Profile::default();
    let now = T0 + 2 * HOUR;
    let mut journeys = Journeys::default();
    let moment = Moment { now, lateness: MINUTE };
    assert!(
        journeys.advance(&campaigns, PERSON, &fresh, &ProfileView::new(&profile, now), moment).is_empty()
    );
    journeys.arm(None, MINUTE);
    journeys
}

#[test]
fn what_release_0_1_stored_is_read() {
    let read = Journeys::decode(&bytes(STORED_0_1)).unwrap();
    let [coupon] = read.campaigns() else { panic!("{read:?}") };
    assert_eq!(coupon.campaign, "coupon");
    let [first, behind] = &coupon.active[..] else { panic!("{coupon:?}") };
    assert_eq!((first.key.as_str(), first.kept.as_str()), ("sku-1", r#"{"price":12.50}"#));
    assert_eq!((first.entered_at, first.due_at, first.step), (T0, T0 + 72 * HOUR, 1));
    assert_eq!(first.entry, MessageHash::of("m1").0);
    assert_eq!((behind.entered_at, behind.waiting), (T0 + HOUR, true));
    assert_eq!(coupon.version, 0, "which stands for the version that lets people in");
}

#[test]
fn what_this_release_stores_is_read() {
    let hex: String = journeys().encode().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, STORED_0_2);
    assert_eq!(Journeys::decode(&bytes(STORED_0_2)).unwrap(), journeys());
}

#[test]
fn what_it_remembered_still_cancels() {
    let mut play = Play::new(
        "
name: coupon
entry:
  event: Product Viewed
  key: event.properties.product_id
exit_on:
  - event: Order Completed
    key: event.product_ids
steps:
  - wait: 3d
  - send: coupon
    template: t.txt
",
    );
    play.stored = bytes(STORED_0_1);
    let view = |product: &str| crate::play::view(product, T0 - 90 * MINUTE);
    let play = play
        .arrive(T0 + 3 * HOUR, view("sku-2"))
        .arrive(T0 + 3 * HOUR, view("sku-3"))
        .arrive(T0 + 4 * HOUR, buy(&["sku-1"], T0 + 2 * HOUR))
        .run();
    assert_eq!(play.sent().into_iter().map(|(_, _, key)| key).collect::<Vec<_>>(), ["sku-3"]);
}
