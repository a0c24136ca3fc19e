//! What is chosen for each person.

use crate::shop::{NOON, Shop};
use campaign::{Action, Bandit, Creatives, Reward, Shown};
use deliver_messages::Outcome;
use event::{DAY, Identifiers, Key};
use std::sync::Arc;

fn chosen(shop: &Shop, number: u8) -> Action {
    Action { step: "chosen".to_owned(), ..shop.action(number) }
}

/// A lesson in which one title was rewarded each time, and the other never.
fn lesson(title: &str) -> Arc<Creatives> {
    let (mut shown, mut rewards) = (Vec::new(), Vec::new());
    for n in 0..400u128 {
        let (action, level) = (Key((n + 1).to_be_bytes()), ["a", "b"][(n % 2) as usize]);
        shown.push(Shown {
            action,
            identifiers: Identifiers::default(),
            at: 0,
            levels: [("title".to_owned(), level.to_owned())].into(),
            circumstances: Vec::new(),
        });
        if level == title {
            rewards.push(Reward { action: Some(action), identifiers: Identifiers::default(), at: 1 });
        }
    }
    let mut bandit = Bandit::default();
    assert_eq!(bandit.learn(&shown, &rewards, DAY, 2 * DAY), 400);
    Arc::new(Creatives::new([("browse-abandonment/chosen".to_owned(), bandit)].into()))
}

#[test]
fn what_was_sent_is_reported_also_after_a_crash_and_another_lesson() {
    let mut shop = Shop::new("{}");
    shop.bus.down.set(true);
    let action = chosen(&shop, 1);
    let died =
        pollster::block_on(deliver_messages::run(&shop.deps(), crate::shop::at(NOON), vec![action.clone()]));
    assert!(died.is_err());
    shop.bus.down.set(false);
    let subject = shop.email.sent.borrow()[0].subject.clone();
    let (level, other) = if subject == "Tea" { ("a", "b") } else { ("b", "a") };
    // By now the other is known to be better, and would be chosen.
    shop.settings.creatives = lesson(other);
    assert_eq!(shop.deliver_one(NOON, &action), Outcome::Duplicate);
    let events = shop.bus.events.borrow();
    assert_eq!((events.len(), events[0].1.as_str()), (1, "Message Sent"));
    assert_eq!(events[0].2["creative"]["levels"]["title"], level);
    assert_eq!(events[0].2["creative"]["explored"], true);
}

#[test]
fn what_was_learned_is_sent() {
    for (title, subject) in [("a", "Tea"), ("b", "Leaf")] {
        let mut shop = Shop::new("{ per_day: 100 }");
        shop.settings.creatives = lesson(title);
        let batch: Vec<Action> = (1..=60).map(|number| chosen(&shop, number)).collect();
        assert!(shop.deliver(NOON, &batch).iter().all(|outcome| *outcome == Outcome::Sent));
        let letters = shop.email.sent.borrow();
        let learned = letters.iter().filter(|letter| letter.subject == subject).count();
        // All but half of the six or so that are left to chance.
        assert!((50..=60).contains(&learned), "{learned}");
    }
}

#[test]
fn a_message_without_choices_reports_none() {
    let shop = Shop::new("{}");
    assert_eq!(shop.deliver_one(NOON, &shop.action(1)), Outcome::Sent);
    assert!(shop.bus.events.borrow()[0].2.get("creative").is_none());
    assert_eq!(shop.ledger.entries.borrow()[&shop.action(1).id].creative.as_ref(), "");
}
