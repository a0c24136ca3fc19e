//! A cart that is left behind, and what its owner sees when they come back.

use crate::shop::Shop;
use campaign::LedgerState;
use decide_experience::{Deps, HotProfiles, PATH, ReadKeys, Request, visitor_parser};
use event::{EventBus, HOUR, MINUTE, SECOND};
use person::NothingShared;
use pollster::block_on;
use serde_json::{Value, json};

const SETTINGS: &str = "\
name: Story
sender: { name: Shop, address: hello@shop.example }
lateness: 1m
global_holdout: 0
";

const CART: &str = "\
name: cart
entry: { event: Product Added, key: event.properties.product_id, keep: [name] }
exit_on: [ { event: Order Completed, key: event.product_ids } ]
steps:
  - wait: 1h
  - send: reminder
    channel: on_site
    placement: home-hero
    shows: 2
    subject: Your cart
    template: cart.html
";

fn shop() -> Shop {
    Shop::of(&[
        ("config/settings.yaml", SETTINGS),
        ("config/campaigns/cart.yaml", CART),
        ("config/templates/cart.html", "<p>{{ kept.name }} waits for you</p>"),
        ("config/placements/home-hero.yaml", "name: home-hero\ndefault: { title: Welcome }\n"),
    ])
}

fn call(user: &str, event: &str, properties: Value) -> Value {
    json!({"type": "track", "event": event, "userId": user, "properties": properties})
}

fn added(user: &str) -> Value {
    call(user, "Product Added", json!({"product_id": "kettle", "name": "The kettle"}))
}

fn yes(user: &str) -> Value {
    call(user, "Subscribed", json!({"channel": "on_site"}))
}

/// What somebody sees who comes to the front page, of a process that remembers nothing; what it tells is on the bus.
fn front_page(shop: &mut Shop, user: &str, now: i64) -> Value {
    shop.tick(now);
    let running = shop.running();
    running.pump.commit().unwrap();
    let (reader, hot) = (running.pump.store.reader(), HotProfiles::new(1 << 20, SECOND));
    let keys = ReadKeys::default().and("web", "key");
    let parser = visitor_parser(&running.parser);
    let deps = Deps {
        store: &reader,
        shared: &NothingShared,
        hot: &hot,
        placements: &running.placements,
        campaigns: &running.pump.campaigns,
        utm: None,
        products: None,
        learned: &running.delivery.creatives,
        parser: &parser,
        keys: &keys,
        holdout: running.delivery.holdout,
    };
    let body = json!({"userId": user, "placements": ["home-hero"]}).to_string();
    let (method, path, query) = ("POST", PATH, "");
    let request =
        Request { method, path, query, headers: &[("x-write-key", "key")], body: body.as_bytes(), now };
    let response = block_on(decide_experience::run(&deps, &request));
    assert_eq!((response.status, response.cause.as_deref()), (200, None));
    if !response.exposures.is_empty() {
        let intake = &running.pump.durable.as_ref().unwrap().intake;
        block_on(intake.publish(&response.exposures)).unwrap();
    }
    shop.tick(now);
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    answer["placements"]["home-hero"].clone()
}

#[test]
fn a_cart_left_behind_is_shown_until_it_was_seen_twice_or_bought_or_closed() {
    let (mut shop, noon) = (shop(), event::parse_time("2026-03-01T12:00:00Z").unwrap());
    let people = ["ann", "ben", "cleo", "dan"];
    let calls: Vec<Value> =
        people.iter().flat_map(|user| [yes(user), added(user)]).chain([added("eve")]).collect();
    assert_eq!(shop.send(noon, &calls), 200);
    shop.tick(noon);
    assert_eq!(front_page(&mut shop, "ann", noon + MINUTE)["creative"], Value::Null, "not within the hour");
    // Ben buys meanwhile, Eve never said yes.
    let order =
        json!({"order_id": "o-1", "total": 20, "currency": "EUR", "products": [{"product_id": "kettle"}]});
    assert_eq!(shop.send(noon + MINUTE, &[call("ben", "Order Completed", order.clone())]), 200);
    let later = noon + HOUR + MINUTE;
    shop.tick(later);
    shop.tick(later + MINUTE);
    let outcome = |shop: &mut Shop, user: &str| {
        let ledger = shop.ledger(user);
        ledger
            .first()
            .map(|entry| (entry.state, entry.channel.clone(), entry.reason.map(campaign::Reason::as_str)))
    };
    let on_site = "on_site".to_owned();
    assert_eq!(outcome(&mut shop, "ann"), Some((LedgerState::Sent, on_site.clone(), None)));
    assert_eq!(outcome(&mut shop, "ben"), None);
    assert_eq!(outcome(&mut shop, "eve"), Some((LedgerState::Refused, on_site, Some("no_consent"))));
    assert!(shop.outbox().is_empty(), "it goes by no provider");

    let ann = front_page(&mut shop, "ann", later + 2 * MINUTE);
    assert_eq!((&ann["reason"], &ann["creative"]), (&json!("message"), &json!("cart/reminder")));
    assert_eq!(ann["content"]["html"], "<p>The kettle waits for you</p>");
    // A crash in between, another process each time: what was shown is known.
    shop.crash();
    assert_eq!(front_page(&mut shop, "ann", later + 3 * MINUTE)["reason"], "message");
    let seen = front_page(&mut shop, "ann", later + 4 * MINUTE);
    assert_eq!((&seen["creative"], &seen["content"]["title"]), (&Value::Null, &json!("Welcome")));

    // Cleo buys after it was sent; Dan closes it.
    assert_eq!(shop.send(later + 3 * MINUTE, &[call("cleo", "Order Completed", order)]), 200);
    shop.tick(later + 3 * MINUTE);
    assert_eq!(front_page(&mut shop, "cleo", later + 4 * MINUTE)["creative"], Value::Null);
    let dan = front_page(&mut shop, "dan", later + 4 * MINUTE);
    assert_eq!(dan["reason"], "message");
    assert_eq!(
        shop.send(later + 5 * MINUTE, &[call("dan", "Message Dismissed", dan["message"].clone())]),
        200
    );
    shop.tick(later + 5 * MINUTE);
    assert_eq!(front_page(&mut shop, "dan", later + 6 * MINUTE)["creative"], Value::Null);
    for user in ["ben", "eve"] {
        assert_eq!(front_page(&mut shop, user, later + 6 * MINUTE)["creative"], Value::Null, "{user}");
    }
}

#[test]
fn what_waits_goes_with_people_who_turn_out_to_be_one() {
    let (mut shop, noon) = (shop(), event::parse_time("2026-03-01T12:00:00Z").unwrap());
    let mut browser = [yes("x"), added("x")];
    for call in &mut browser {
        call["anonymousId"] = json!("browser-1");
        call.as_object_mut().unwrap().remove("userId");
    }
    assert_eq!(shop.send(noon, &browser), 200);
    shop.tick(noon);
    let later = noon + HOUR + MINUTE;
    shop.tick(later);
    shop.tick(later + MINUTE);
    assert_eq!(front_page(&mut shop, "ann", later + MINUTE)["creative"], Value::Null, "nobody knows her yet");
    let known = json!({"type": "identify", "userId": "ann", "anonymousId": "browser-1"});
    assert_eq!(shop.send(later + MINUTE, &[known]), 200);
    shop.tick(later + 2 * MINUTE);
    assert_eq!(front_page(&mut shop, "ann", later + 3 * MINUTE)["reason"], "message");
}
