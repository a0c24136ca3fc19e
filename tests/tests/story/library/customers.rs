//! Who has bought something.

use super::{Story, consenting, order, product};
use serde_json::json;

const TEA: (&str, &str) = ("longjing", "Tea");
const POT: (&str, &str) = ("gaiwan", "Cups and pots");
const KETTLE: (&str, &str) = ("ket-smart", "Kettles");

#[test]
fn post_purchase_care() {
    let told = Story::from("2026-09-01 09:00")
        .known(json!({}), &[])
        .then("2026-09-01 10:00", "Order Completed", order("o-1", &[POT]))
        .then("2026-09-02 10:00", "Order Completed", order("o-2", &[POT]))
        .then(
            "2026-09-05 10:00",
            "Order Refunded",
            json!({"order_id": "o-2", "total": 20, "currency": "EUR"}),
        )
        .until("2026-09-20 00:00");
    assert_eq!(told, ["2026-09-08 10:01 post-purchase-care/care"], "service: without a yes to marketing");
}

#[test]
fn replenishment() {
    let begin = || Story::from("2026-09-01 09:00").known(json!({}), &consenting());
    let told = begin()
        .then("2026-09-01 10:00", "Order Completed", order("o-1", &[TEA, POT]))
        .until("2026-11-15 00:00");
    assert_eq!(
        told,
        [
            "2026-09-08 10:01 post-purchase-care/care",
            "2026-09-21 10:01 win-back/we-miss-you",
            // Four weeks are over at noon in Berlin: at breakfast the next day.
            "2026-09-30 06:31 replenishment/running-low",
        ]
    );
    let told = begin()
        .then("2026-09-01 10:00", "Order Completed", order("o-1", &[TEA]))
        .then("2026-09-10 10:00", "Order Completed", order("o-2", &[TEA]))
        .until("2026-11-15 00:00");
    assert_eq!(
        told,
        [
            "2026-09-08 10:01 post-purchase-care/care",
            "2026-09-17 10:01 post-purchase-care/care",
            "2026-09-30 10:01 win-back/we-miss-you",
            "2026-10-09 06:31 replenishment/running-low",
        ],
        "from the second tin on"
    );
}

#[test]
fn win_back() {
    let begin = || Story::from("2026-09-01 09:00").known(json!({}), &consenting());
    let told =
        begin().then("2026-09-01 23:30", "Order Completed", order("o-1", &[POT])).until("2026-11-15 00:00");
    assert_eq!(
        told,
        [
            "2026-09-09 07:00 post-purchase-care/care",
            "2026-09-21 23:31 win-back/we-miss-you not sent: quiet_hours",
        ],
        "at half past one in the night care waits, and this is dropped"
    );
    let told = begin()
        .then("2026-09-01 10:00", "Order Completed", order("o-1", &[POT]))
        .then(
            "2026-09-03 10:00",
            "Order Refunded",
            json!({"order_id": "o-1", "total": 20, "currency": "EUR"}),
        )
        .until("2026-11-15 00:00");
    assert_eq!(told, [] as [&str; 0], "all was sent back");
    let told = begin()
        .then("2026-09-01 10:00", "Order Completed", order("o-1", &[POT]))
        .then("2026-09-21 09:59", "Order Completed", order("o-2", &[POT]))
        .until("2026-10-02 00:00");
    assert_eq!(
        told,
        ["2026-09-08 10:01 post-purchase-care/care", "2026-09-28 10:00 post-purchase-care/care"],
        "selected for the silence a day before, and then it was broken"
    );
}

#[test]
fn upgrade() {
    let told = Story::from("2026-07-01 09:00")
        .known(json!({}), &consenting())
        .then("2026-07-01 10:00", "Order Completed", order("o-1", &[KETTLE, POT]))
        .until("2028-12-01 00:00");
    assert_eq!(
        told,
        [
            "2026-07-08 10:01 post-purchase-care/care",
            "2026-07-21 10:01 win-back/we-miss-you",
            // 730 days later it is Friday; on Saturday at ten in Berlin.
            "2028-07-01 08:01 upgrade/two-years",
        ]
    );
}

#[test]
fn complaint_recovery() {
    let case = |id: &str| json!({"case_id": id, "case_kind": "complaint"});
    let told = Story::from("2026-09-01 09:00")
        .known(json!({}), &consenting())
        .then("2026-09-01 10:00", "Case Opened", case("c-1"))
        .then("2026-09-01 11:00", "Product Added", product("gaiwan", "Cups and pots"))
        .then("2026-09-03 10:00", "Case Closed", case("c-1"))
        .until("2026-10-01 00:00");
    assert_eq!(
        told,
        [
            "2026-09-01 15:01 cart-abandonment/reminder not sent: open_complaint",
            "2026-09-02 15:01 cart-abandonment/last-call not sent: open_complaint",
            "2026-09-04 10:01 complaint-recovery/sorry",
        ]
    );
    let told = Story::from("2026-09-01 09:00")
        .known(json!({}), &[])
        .then("2026-09-01 10:00", "Case Opened", case("c-1"))
        .then("2026-09-03 10:00", "Case Closed", case("c-1"))
        .then("2026-09-03 15:00", "Case Opened", case("c-2"))
        .then("2026-09-04 15:00", "Case Closed", json!({"case_id": "c-2", "case_kind": "question"}))
        .until("2026-10-01 00:00");
    assert_eq!(told, [] as [&str; 0], "opened again: too early to ask");
}
