//! What the calendar brings.

use super::{Story, consenting, order, product};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn birthday() {
    let born = |zone: Value| {
        Story::from("2026-09-01 09:00")
            .known(json!({"birthday": "1990-09-10", "timezone": zone}), &consenting())
            .until("2027-09-30 00:00")
    };
    assert_eq!(
        born(json!("Europe/Berlin")),
        ["2026-09-10 07:01 birthday/present", "2027-09-10 07:01 birthday/present"]
    );
    assert_eq!(
        born(json!("Asia/Shanghai")),
        ["2026-09-10 01:01 birthday/present", "2027-09-10 01:01 birthday/present"]
    );
    let unknown = Story::from("2026-09-01 09:00").known(json!({}), &consenting()).until("2027-09-30 00:00");
    assert_eq!(unknown, [] as [&str; 0]);
}

#[test]
fn new_product_launch() {
    let looked = |zone: &str, category: &str| {
        Story::from("2026-04-10 09:00")
            .known(json!({"timezone": zone}), &consenting())
            .then("2026-04-12 09:00", "Product Viewed", product("x", category))
            .until("2027-05-01 00:00")
    };
    assert_eq!(looked("Europe/Berlin", "Tea"), ["2026-04-21 08:01 new-product-launch/first-flush"]);
    assert_eq!(looked("America/New_York", "Tea"), ["2026-04-21 14:01 new-product-launch/first-flush"]);
    assert_eq!(looked("Europe/Berlin", "Grinders"), [] as [&str; 0]);
}

#[test]
fn promotion() {
    let customer = |n: usize| {
        Story::from("2026-06-13 09:00").told_by_somebody_else(n).known(json!({}), &consenting()).then(
            "2026-06-13 10:00",
            "Order Completed",
            order("o-1", &[("mug", "Cups and pots")]),
        )
    };
    let mut offers = BTreeSet::new();
    for n in 0..8 {
        let told = customer(n).until("2026-06-30 00:00");
        let (begin, end) =
            (["2026-06-15 08:00 promotion/ten-percent"], ["2026-06-15 08:00 promotion/free-shipping"]);
        assert!(told[..1] == begin || told[..1] == end, "one of the offers: {told:?}");
        offers.insert(told[0].clone());
        assert_eq!(
            told[1..],
            ["2026-06-20 10:01 post-purchase-care/care", "2026-06-21 08:01 promotion/last-day"],
            "and on Sunday that it ends"
        );
    }
    assert_eq!(offers.len(), 2, "half get the one, half the other");
    let told = customer(0)
        .then("2026-06-17 10:00", "Order Completed", order("o-2", &[("mug", "Cups and pots")]))
        .until("2026-06-23 00:00");
    assert_eq!(told[1..], ["2026-06-20 10:01 post-purchase-care/care"], "they have ordered");
    let visitor = Story::from("2026-06-13 09:00").known(json!({}), &consenting()).until("2026-07-30 00:00");
    assert_eq!(visitor, [] as [&str; 0], "for customers");
}
