//! What a restriction stops, and how it goes on.

use crate::rondo::output;
use crate::shop::Shop;
use ::rondo::Installation;
use event::{HOUR, MINUTE, parse_time};
use honor_privacy::{Action, Request, Who};
use std::fs;

fn mails(shop: &Shop) -> usize {
    fs::read_dir(shop.data.join("outbox"))
        .unwrap()
        .filter(|file| {
            let path = file.as_ref().unwrap().path();
            fs::read_to_string(path).unwrap().contains("Dear Ann-Sophie")
        })
        .count()
}

fn ask(installation: &mut Installation, action: Action, now: i64) {
    let request = Request {
        action,
        identifier: Some(Who::Any { any: "ann-1".into() }),
        by: "dana".into(),
        reason: String::new(),
        receipt: None,
        request: None,
    };
    installation.honor(&request, now).unwrap();
}

#[test]
fn the_journey_of_who_is_restricted_stands_still_and_goes_on_afterwards() {
    let shop = Shop::open();
    assert_eq!(mails(&shop), 1, "the first step was taken");
    // The second is due three days after she signed up.
    let due = parse_time("2026-11-23T10:06:00Z").unwrap();
    let mut installation = Installation::open(&shop.data).unwrap();
    ask(&mut installation, Action::Restrict, due - HOUR);
    for later in [2 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR] {
        installation.tick(due + later).unwrap();
    }
    installation.close().unwrap();
    assert_eq!(mails(&shop), 1);
    let export = shop.json(&["privacy", "export", "ann-1", "--by", "dana"]);
    assert_eq!(export["journeys"][0]["due_at"], "2026-11-23T10:06:00.000Z", "{}", export["journeys"]);

    let mut installation = Installation::open(&shop.data).unwrap();
    ask(&mut installation, Action::Unrestrict, due + 6 * HOUR);
    // Within an hour, so that there is time to take in what came meanwhile.
    installation.tick(due + 7 * HOUR + 2 * MINUTE).unwrap();
    installation.close().unwrap();
    assert_eq!(mails(&shop), 2);
    assert!(output(&shop.data, &["why", "ann-1"]).contains("sent"));
}
