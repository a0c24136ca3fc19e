//! Who has not bought yet.

use super::{Story, consenting, order, product};
use serde_json::{Value, json};

const NOTHING: [&str; 0] = [];

/// A long look.
fn view(id: &str) -> Value {
    let mut properties = product(id, "Cups and pots");
    properties["dwell_ms"] = json!(60_000);
    properties
}

#[test]
fn welcome() {
    let signed_up = || json!({"method": "email"});
    let told = Story::from("2026-09-01 10:00")
        .known(json!({"firstName": "Ann"}), &consenting())
        .then("2026-09-01 10:05", "Signed Up", signed_up())
        .until("2026-10-01 00:00");
    assert_eq!(told, ["2026-09-01 10:05 welcome/hello"]);
    let told = Story::from("2026-09-01 10:00")
        .known(json!({}), &[])
        .then("2026-09-01 10:05", "Signed Up", signed_up())
        .until("2026-10-01 00:00");
    assert_eq!(told, ["2026-09-01 10:05 welcome/hello not sent: no_consent"], "nobody asked them");
}

#[test]
fn browse_abandonment() {
    let mut glance = view("mug");
    glance["dwell_ms"] = json!(4_000);
    let told = Story::from("2026-09-01 10:00")
        .known(json!({}), &consenting())
        .then("2026-09-01 12:00", "Product Viewed", view("gaiwan"))
        .then("2026-09-01 12:05", "Product Viewed", glance)
        .then("2026-09-01 12:10", "Product Viewed", view("teapot"))
        .then("2026-09-02 09:00", "Product Viewed", view("gaiwan"))
        .then("2026-09-02 10:00", "Order Completed", order("o-1", &[("teapot", "Cups and pots")]))
        .until("2026-09-09 00:00");
    assert_eq!(told, ["2026-09-04 12:01 browse-abandonment/coupon"], "not for what was bought, and once");
    let told = Story::from("2026-09-01 10:00")
        .known(json!({}), &consenting())
        .then("2026-09-01 20:30", "Product Viewed", view("gaiwan"))
        .until("2026-10-01 00:00");
    assert_eq!(told, ["2026-09-05 06:00 browse-abandonment/coupon"], "held from 22:31 in Berlin until 8:00");
}

#[test]
fn cart_abandonment() {
    let cart = || product("gaiwan", "Cups and pots");
    let told = Story::from("2026-09-01 09:00")
        .known(json!({}), &consenting())
        .then("2026-09-01 09:30", "Product Added", cart())
        .then("2026-09-01 10:00", "Product Added", product("teapot", "Cups and pots"))
        .until("2026-10-01 00:00");
    assert_eq!(
        told,
        ["2026-09-01 14:01 cart-abandonment/reminder", "2026-09-02 14:01 cart-abandonment/last-call"]
    );
    let told = Story::from("2026-09-01 09:00")
        .known(json!({}), &consenting())
        .then("2026-09-01 10:00", "Product Added", cart())
        .then("2026-09-01 15:00", "Order Completed", order("o-1", &[("gaiwan", "Cups and pots")]))
        .until("2026-09-08 00:00");
    assert_eq!(told, ["2026-09-01 14:01 cart-abandonment/reminder"], "and no last call after the order");
}

#[test]
fn price_drop() {
    let wish = "Product Added to Wishlist";
    let told = Story::from("2026-09-01 09:00")
        .known(json!({}), &consenting())
        .then("2026-09-01 10:00", wish, product("kettle", "Kettles"))
        .then("2026-09-01 10:05", wish, product("mug", "Cups and pots"))
        .then("2026-09-01 10:10", wish, product("press", "Coffee gear"))
        .then("2026-09-10 10:00", "Product Removed from Wishlist", json!({"product_id": "mug"}))
        .then("2026-10-20 09:00", "Price Dropped", json!({"product_id": "kettle", "price": 15}))
        .then("2026-10-20 09:01", "Price Dropped", json!({"product_id": "mug", "price": 5}))
        .then("2026-10-28 09:00", "Price Dropped", json!({"product_id": "kettle", "price": 12}))
        .until("2027-04-01 00:00");
    assert_eq!(told, ["2026-10-20 09:01 price-drop/cheaper"]);
}

#[test]
fn back_in_stock() {
    let wanted = || product("kettle", "Kettles");
    // Nobody asked whether they want advertising, and this is none.
    let told = Story::from("2026-09-01 09:00")
        .known(json!({}), &[])
        .then("2026-09-01 10:00", "Back In Stock Requested", wanted())
        .then("2026-09-15 09:00", "Product Restocked", json!({"product_id": "mug"}))
        .then("2026-09-16 22:30", "Product Restocked", json!({"product_id": "kettle"}))
        .then("2026-09-20 09:00", "Product Restocked", json!({"product_id": "kettle"}))
        .until("2027-04-01 00:00");
    assert_eq!(told, ["2026-09-17 06:00 back-in-stock/here-again"], "in the morning, and once");
    let told = Story::from("2026-09-01 09:00")
        .known(json!({}), &[])
        .then("2026-09-01 10:00", "Back In Stock Requested", wanted())
        .then("2026-09-02 10:00", "Back In Stock Request Cancelled", wanted())
        .then("2026-09-15 09:00", "Product Restocked", wanted())
        .until("2026-10-01 00:00");
    assert_eq!(told, NOTHING);
}
