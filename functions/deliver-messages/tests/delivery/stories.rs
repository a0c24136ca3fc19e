//! One story for each rule of delivery.

use crate::shop::{ANN, COMPLAINT, NIGHT, NOON, SUBSCRIBED, Shop, UNSUBSCRIBED, at};
use campaign::{Action, LedgerState, Reason, SendError, Share};
use deliver_messages::{Foreseen, Outcome, foresee, recover, run};
use event::{DAY, HOUR, Key};
use person::Blob;
use pollster::block_on;
use std::collections::BTreeSet;

fn refused(reason: Reason) -> Outcome {
    Outcome::Refused(reason)
}

#[test]
fn a_message_is_written_sent_settled_and_reported() {
    let shop = Shop::new("{}");
    let action = shop.action(1);
    assert_eq!(shop.deliver_one(NOON, &action), Outcome::Sent);
    let letters = shop.email.sent.borrow();
    assert_eq!(letters[0].to, "ann@example.com");
    assert_eq!(letters[0].subject, "Still thinking of Tea <Pot>?");
    let link = format!("https://shop.example/unsubscribe?m={}", action.id);
    assert_eq!(letters[0].text, format!("Hi Ann, Tea <Pot>?\n\nNo ({link})\n"));
    assert_eq!(letters[0].unsubscribe_url.as_deref(), Some(link.as_str()));
    assert!(letters[0].personal.is_empty());
    let entries = shop.ledger.entries.borrow();
    let entry = &entries[&action.id];
    assert_eq!((entry.state, entry.receipt.as_str(), entry.at), (LedgerState::Sent, "r1", at(NOON)));
    let events = shop.bus.events.borrow();
    assert_eq!((events.len(), events[0].1.as_str()), (1, "Message Sent"));
    let sent = serde_json::json!({
        "campaign": "browse-abandonment", "step": "coupon", "channel": "email", "key": "p1",
        "action_id": "01010101010101010101010101010101",
    });
    assert_eq!(events[0].2, sent);
}

#[test]
fn nobody_is_asked_twice_and_a_no_is_a_no() {
    let shop = Shop::new("{}");
    shop.person("u1", &[ANN]);
    assert_eq!(shop.deliver_one(NOON, &shop.action(1)), refused(Reason::NoConsent));
    assert_eq!(shop.deliver_one(NOON, &shop.service(2)), Outcome::Sent);
    shop.person("u1", &[ANN, SUBSCRIBED, UNSUBSCRIBED]);
    assert_eq!(shop.deliver_one(NOON, &shop.action(3)), refused(Reason::Unsubscribed));
    assert_eq!(shop.deliver_one(NOON, &shop.service(4)), refused(Reason::Unsubscribed));
    assert_eq!(shop.email.count(), 1);
    let events = shop.bus.events.borrow();
    assert_eq!((events[0].1.as_str(), &events[0].2["reason"]), ("Message Refused", &"no_consent".into()));
}

#[test]
fn a_complaint_pauses_marketing_not_service() {
    let shop = Shop::new("{}");
    shop.person("u1", &[ANN, SUBSCRIBED, COMPLAINT]);
    let outcomes = shop.deliver(NOON, &[shop.action(1), shop.service(2)]);
    assert_eq!(outcomes, [refused(Reason::OpenComplaint), Outcome::Sent]);
    assert_eq!(shop.email.sent.borrow()[0].unsubscribe_url, None);
}

#[test]
fn caps_count_over_a_batch_and_by_the_persons_day() {
    let shop = Shop::new("{}");
    let outcomes = shop.deliver(NOON, &[shop.action(1), shop.action(2), shop.action(3), shop.service(4)]);
    assert_eq!(outcomes, [Outcome::Sent, Outcome::Sent, refused(Reason::CapDay), Outcome::Sent]);
    // 22:59 UTC is still the 22nd in Berlin, 23:00 UTC the 23rd.
    assert_eq!(shop.deliver_one("2026-11-22T22:59:00Z", &shop.action(5)), refused(Reason::CapDay));
    assert_eq!(shop.deliver_one("2026-11-22T23:00:00Z", &shop.action(6)), Outcome::Sent);

    let weekly = Shop::new("{ per_week: 1 }");
    assert_eq!(weekly.deliver_one("2026-11-16T12:00:00Z", &weekly.action(1)), Outcome::Sent);
    assert_eq!(weekly.deliver_one("2026-11-22T12:00:00Z", &weekly.action(2)), refused(Reason::CapWeek));
    assert_eq!(weekly.deliver_one("2026-11-23T12:00:00Z", &weekly.action(3)), Outcome::Sent);
}

#[test]
fn quiet_hours_hold_until_they_end() {
    let shop = Shop::new("{ quiet_hours: { from: '21:00', to: '09:00' } }");
    let action = shop.action(1);
    let until = at("2026-11-23T08:00:00Z");
    assert_eq!(shop.deliver_one(NIGHT, &action), Outcome::Held { until });
    assert_eq!(shop.deliver_one(NIGHT, &action), Outcome::Held { until }, "put in again before it was held");
    assert_eq!(shop.state(&action), LedgerState::Held);
    assert!(shop.bus.events.borrow().is_empty());
    let (held, when) = shop.holding.0.borrow()[0].clone();
    assert_eq!(when, until);
    assert_eq!(shop.deliver_one("2026-11-23T08:00:00Z", &held), Outcome::Sent);
    assert_eq!(shop.email.count(), 1);

    let dropping = Shop::new("{ quiet_hours: { from: '21:00', to: '09:00', otherwise: drop } }");
    assert_eq!(dropping.deliver_one(NIGHT, &dropping.action(1)), refused(Reason::QuietHours));
}

#[test]
fn who_unsubscribes_while_a_message_is_held_does_not_get_it() {
    let shop = Shop::new("{ quiet_hours: { from: '21:00', to: '09:00' } }");
    shop.deliver_one(NIGHT, &shop.action(1));
    shop.person("u1", &[ANN, SUBSCRIBED, UNSUBSCRIBED]);
    assert_eq!(shop.deliver_one("2026-11-23T08:00:00Z", &shop.action(1)), refused(Reason::Unsubscribed));
    assert_eq!(shop.state(&shop.action(1)), LedgerState::Refused);
}

#[test]
fn a_holdout_gets_nothing_and_is_reported() {
    let shop = Shop::new("{ holdout: 1.0 }");
    assert_eq!(shop.deliver_one(NOON, &shop.action(1)), refused(Reason::Holdout));
    assert_eq!(shop.bus.events.borrow()[0].2["reason"], "holdout");
    let mut global = Shop::new("{}");
    global.settings.holdout = Share::new(1.0).unwrap();
    let outcomes = global.deliver(NOON, &[global.action(1), global.service(2)]);
    assert_eq!(outcomes, [refused(Reason::Holdout), Outcome::Sent]);
}

#[test]
fn the_same_action_is_sent_once() {
    let shop = Shop::new("{}");
    let action = shop.action(1);
    assert_eq!(shop.deliver(NOON, &[action.clone(), action.clone()]), [Outcome::Sent, Outcome::Duplicate]);
    assert_eq!(shop.deliver_one("2026-11-24T10:00:00Z", &action), Outcome::Duplicate);
    assert_eq!(shop.email.count(), 1);
    let events = shop.bus.events.borrow();
    assert!(events.iter().all(|event| event == events.last().unwrap()), "repeats are the same event");
}

#[test]
fn a_crash_between_claim_and_settlement_is_unknown_and_never_sent_again() {
    let shop = Shop::new("{}");
    let action = shop.action(1);
    shop.ledger.dies.set(true);
    assert!(block_on(run(&shop.deps(), at(NOON), vec![action.clone()])).is_err());
    assert_eq!((shop.state(&action), shop.email.count()), (LedgerState::Claimed, 1));
    shop.ledger.dies.set(false);
    assert_eq!(shop.deliver_one(NOON, &action), Outcome::Duplicate);

    let recovered =
        |now: i64, before: i64| block_on(recover(&shop.ledger, &shop.email, now, before)).unwrap().len();
    assert_eq!(recovered(at(NOON), at(NOON)), 0, "it may still be on its way");
    assert_eq!(recovered(at(NOON) + 1, at(NOON) + 1), 1);
    assert_eq!(recovered(at(NOON) + 2, at(NOON) + 2), 0);
    assert_eq!(shop.state(&action), LedgerState::Unknown);
    assert_eq!(shop.deliver_one(NOON, &action), Outcome::Duplicate);
    assert_eq!(shop.email.count(), 1);
    assert!(shop.bus.events.borrow().is_empty());
}

#[test]
fn a_channel_that_can_tell_settles_what_a_crash_left() {
    let shop = Shop::new("{ per_day: 1 }");
    shop.email.taken.borrow_mut().replace(BTreeSet::new());
    let (sent, lost) = (shop.action(1), shop.action(2));
    shop.ledger.dies.set(true);
    assert!(block_on(run(&shop.deps(), at(NOON), vec![sent.clone()])).is_err());
    shop.ledger.dies.set(false);
    assert_eq!(shop.state(&sent), LedgerState::Claimed);
    // The clock was set back meanwhile; that nobody sends any more is known, so that no claim is too young.
    let restarted = at(NOON) - HOUR;
    assert_eq!(block_on(recover(&shop.ledger, &shop.email, restarted, i64::MAX)).unwrap(), []);
    assert_eq!(shop.state(&sent), LedgerState::Sent);
    // What was sent is reported when its action comes again, and not sent again.
    assert_eq!(shop.deliver_one(NOON, &sent), Outcome::Duplicate);
    assert_eq!((shop.email.count(), shop.bus.events.borrow().len()), (1, 1));

    // It died before this one was handed over: it is, once it comes again, and counts against the cap once.
    let other = Shop::new("{ per_day: 1 }");
    other.email.taken.borrow_mut().replace(BTreeSet::new());
    other.ledger.dies.set(true);
    assert!(block_on(run(&other.deps(), at(NOON), vec![lost.clone()])).is_err());
    other.ledger.dies.set(false);
    other.email.taken.borrow_mut().replace(BTreeSet::new());
    other.email.sent.borrow_mut().clear();
    assert_eq!(block_on(recover(&other.ledger, &other.email, at(NOON) + 1, at(NOON) + 1)).unwrap(), []);
    assert_eq!(other.state(&lost), LedgerState::Held);
    assert_eq!(other.deliver_one(NOON, &lost), Outcome::Sent);
    assert_eq!(other.deliver_one(NOON, &other.action(3)), refused(Reason::CapDay));
}

#[test]
fn what_is_foreseen_is_what_happens_and_changes_nothing() {
    let shop = Shop::new("{ per_day: 1 }");
    let (first, second) = (shop.action(1), shop.action(2));
    let foreseen = || block_on(foresee(&shop.deps(), at(NOON), &[first.clone(), second.clone()])).unwrap();
    assert_eq!(foreseen(), [Foreseen::Sent, Foreseen::Sent], "each as if it were the only one");
    assert!(shop.ledger.entries.borrow().is_empty() && shop.email.count() == 0);
    assert!(shop.bus.events.borrow().is_empty());
    assert_eq!(shop.deliver_one(NOON, &first), Outcome::Sent);
    assert_eq!(foreseen()[1], Foreseen::Refused(Reason::CapDay));
    assert_eq!(shop.deliver_one(NOON, &second), refused(Reason::CapDay));
    let night = Shop::new("{ quiet_hours: { from: '21:00', to: '09:00' } }");
    let held = block_on(foresee(&night.deps(), at(NIGHT), &[night.action(1)])).unwrap();
    let Outcome::Held { until } = night.deliver_one(NIGHT, &night.action(1)) else { panic!("{held:?}") };
    assert_eq!(held, [Foreseen::Held { until }]);
}

#[test]
fn a_crash_before_the_report_is_made_up_for() {
    let shop = Shop::new("{}");
    let (sent, dropped) = (shop.action(1), Action { campaign: "gone".to_owned(), ..shop.action(2) });
    shop.bus.down.set(true);
    assert!(block_on(run(&shop.deps(), at(NOON), vec![sent.clone(), dropped.clone()])).is_err());
    shop.bus.down.set(false);
    let again = shop.deliver("2026-11-22T10:05:00Z", &[sent, dropped]);
    assert_eq!(again, [Outcome::Duplicate, Outcome::Duplicate]);
    assert_eq!(shop.email.count(), 1);
    let names: Vec<_> = shop.bus.events.borrow().iter().map(|event| event.1.clone()).collect();
    assert_eq!(names, ["Message Sent", "Message Refused"]);
}

#[test]
fn what_was_not_delivered_is_tried_again_without_using_up_the_cap() {
    let shop = Shop::new("{ per_day: 1 }");
    let action = shop.action(1);
    let busy = || SendError::NotDelivered { reason: "busy".to_owned(), retry: true };
    for _ in 0..3 {
        shop.email.fail(busy());
        assert_eq!(shop.deliver_one(NOON, &action), Outcome::Retry("busy".to_owned()));
    }
    assert_eq!(shop.deliver_one(NOON, &action), Outcome::Sent);
    assert_eq!(shop.deliver_one(NOON, &shop.action(2)), refused(Reason::CapDay));
}

#[test]
fn what_a_channel_refuses_or_leaves_open_is_not_tried_again() {
    let shop = Shop::new("{ per_day: 1 }");
    let (never, perhaps) = (shop.action(1), shop.action(2));
    shop.email.fail(SendError::NotDelivered { reason: "no such mailbox".to_owned(), retry: false });
    assert_eq!(shop.deliver_one(NOON, &never), refused(Reason::ChannelError));
    shop.email.fail(SendError::Unknown { reason: "no answer".to_owned() });
    assert_eq!(shop.deliver_one(NOON, &perhaps), Outcome::Unknown, "the refused one gave its slot back");
    assert_eq!(shop.deliver(NOON, &[never.clone(), perhaps]), [Outcome::Duplicate, Outcome::Duplicate]);
    assert_eq!(
        shop.deliver_one(NOON, &shop.action(3)),
        refused(Reason::CapDay),
        "what may have been sent counts"
    );
    assert_eq!(shop.email.count(), 0);
    assert_eq!(shop.ledger.entries.borrow()[&never.id].detail, "no such mailbox");
}

#[test]
fn a_merged_person_is_who_they_are_now() {
    let shop = Shop::new("{ per_day: 1 }");
    let old = Action { person: Key([9; 16]), ..shop.action(1) };
    let older = Action { person: Key([8; 16]), ..shop.action(2) };
    shop.profiles.0.borrow_mut().insert(old.person, Blob::forward(shop.key("u1")));
    shop.profiles.0.borrow_mut().insert(older.person, Blob::forward(old.person));
    assert_eq!(shop.deliver(NOON, &[old.clone(), older]), [Outcome::Sent, refused(Reason::CapDay)]);
    assert_eq!(shop.ledger.entries.borrow()[&old.id].person, shop.key("u1"));
    let circle = Action { person: Key([7; 16]), ..shop.action(3) };
    shop.profiles.0.borrow_mut().insert(circle.person, Blob::forward(circle.person));
    assert_eq!(shop.deliver_one(NOON, &circle), refused(Reason::NoProfile));
}

#[test]
fn every_other_reason() {
    let mut shop = Shop::new("{}");
    let base = shop.action(1);
    let mut number = 10;
    let mut outcome = |shop: &Shop, change: &dyn Fn(&mut Action)| {
        number += 1;
        let mut action = shop.action(number);
        change(&mut action);
        let outcome = shop.deliver_one(NOON, &action);
        assert_eq!(shop.state(&action), LedgerState::Refused);
        outcome
    };
    assert_eq!(outcome(&shop, &|a| a.campaign = "gone".to_owned()), refused(Reason::CampaignEnded));
    assert_eq!(outcome(&shop, &|a| a.step = "gone".to_owned()), refused(Reason::CampaignEnded));
    assert_eq!(outcome(&shop, &|a| a.person = Key([5; 16])), refused(Reason::NoProfile));
    assert_eq!(outcome(&shop, &|a| a.due_at -= 4 * DAY), refused(Reason::Expired));
    assert_eq!(outcome(&shop, &|a| a.step = "loop".to_owned()), refused(Reason::TemplateError));
    shop.person(
        "u2",
        &[
            ANN,
            SUBSCRIBED,
            r#"{"type":"track","event":"Order Completed","messageId":"o","userId":"u2",
        "timestamp":"2026-10-02T00:00:00Z","properties":{"order_id":"o1","revenue":5}}"#,
        ],
    );
    let buyer = shop.key("u2");
    assert_eq!(outcome(&shop, &|a| a.person = buyer), refused(Reason::Audience));
    shop.settings.suppressed.insert(base.person);
    assert_eq!(outcome(&shop, &|_| ()), refused(Reason::Suppressed));
    shop.settings.suppressed.clear();
    shop.vault.erase();
    assert_eq!(outcome(&shop, &|_| ()), refused(Reason::NoAddress));
    assert_eq!(shop.email.count(), 0);
}

#[test]
fn a_webhook_has_consent_caps_and_data_of_its_own() {
    let shop = Shop::new("{}");
    let text = Action { step: "text".to_owned(), ..shop.action(1) };
    assert_eq!(shop.deliver_one(NOON, &text), refused(Reason::NoConsent), "a yes to e-mail is none to SMS");
    shop.person("u1", &[ANN, &SUBSCRIBED.replace("email", "sms")]);
    let text = Action { step: "text".to_owned(), ..shop.action(2) };
    assert_eq!(shop.deliver_one(NOON, &text), Outcome::Sent);
    let letters = shop.webhook.sent.borrow();
    assert_eq!(
        (letters[0].to.as_str(), letters[0].text.as_str()),
        ("https://sms.example/", "Tea <Pot> waits")
    );
    assert_eq!(
        letters[0].personal.iter().collect::<Vec<_>>(),
        [(&"phone".to_owned(), &"+4915112345678".to_owned())]
    );

    shop.person("u1", &[ANN, &SUBSCRIBED.replace("email", "other")]);
    let nowhere = Action { step: "nowhere".to_owned(), ..shop.action(3) };
    assert_eq!(shop.deliver_one(NOON, &nowhere), refused(Reason::NoAddress));
}

#[test]
fn one_damaged_person_delays_nobody_else() {
    let shop = Shop::new("{}");
    shop.person("u2", &[ANN, SUBSCRIBED]);
    let (first, second) = (shop.action(1), Action { person: shop.key("u2"), ..shop.action(2) });
    shop.profiles.0.borrow_mut().insert(first.person, vec![1, 1, 99]);
    let outcomes = shop.deliver(NOON, &[first, second.clone()]);
    assert!(matches!(&outcomes[..], [Outcome::Retry(_), Outcome::Sent]), "{outcomes:?}");

    shop.vault.broken.set(Some(second.person));
    let third = Action { person: second.person, ..shop.action(3) };
    assert!(matches!(shop.deliver_one(NOON, &third), Outcome::Retry(_)));
    assert!(
        !shop.ledger.entries.borrow().contains_key(&third.id),
        "nothing is claimed that can't be decided"
    );
}

#[test]
fn purposes_are_apart() {
    let answer = |id: &str, preferences: &str| {
        format!(
            r#"{{"type":"track","event":"Seen","messageId":"{id}-USER","userId":"USER","timestamp":"2026-10-04T00:00:00Z",
            "context":{{"consent":{{"categoryPreferences":{preferences}}}}}}}"#
        )
    };
    let shop = Shop::new("{}");
    // A no to marketing is none to what an order or a question brings with it, and the other way round.
    shop.person("u1", &[ANN, SUBSCRIBED, &answer("p", r#"{"marketing": false}"#)]);
    assert_eq!(shop.deliver_one(NOON, &shop.action(1)), refused(Reason::Unsubscribed));
    assert_eq!(shop.deliver_one(NOON, &shop.service(2)), Outcome::Sent);
    let shop = Shop::new("{}");
    shop.person("u1", &[ANN, SUBSCRIBED, &answer("p", r#"{"service": false}"#)]);
    assert_eq!(shop.deliver_one(NOON, &shop.action(1)), Outcome::Sent);
    assert_eq!(shop.deliver_one(NOON, &shop.service(2)), refused(Reason::Unsubscribed));
    // Who wants no profile gets service alone.
    let shop = Shop::new("{}");
    shop.person("u1", &[ANN, SUBSCRIBED, &answer("p", r#"{"analytics": false, "email": true}"#)]);
    assert_eq!(shop.deliver_one(NOON, &shop.action(1)), refused(Reason::NoAnalytics));
    assert_eq!(shop.deliver_one(NOON, &shop.service(2)), Outcome::Sent);
}
