//! What customers ask for through the system of a shop.

use crate::rondo::{output, run, write};
use crate::search::search;
use crate::server::{Server, eventually};
use crate::shop::Shop;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::path::Path;
use std::thread;

fn shop(more: &str) -> Shop {
    let shop = Shop::open();
    let settings = format!(
        "region: DE\ntime_zone: Europe/Berlin\nincoming_webhooks: {{ shop: {{ kind: shopify }} }}\n{more}"
    );
    write(&shop.data, &[("config/settings.yaml", &settings), ("keys/webhooks.json", r#"{"shop": "hush"}"#)]);
    shop
}

/// Sends a webhook as Shopify does.
fn deliver(server: &Server, topic: &str, body: &Value) {
    let body = body.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"hush").unwrap();
    mac.update(body.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let headers = [("X-Shopify-Topic", topic), ("X-Shopify-Hmac-Sha256", signature.as_str())];
    let answer = server.request("POST", "/webhooks/shop", &headers, body.as_bytes());
    assert_eq!(answer.status, 200, "{}\n{}", answer.head, answer.body);
}

fn ann() -> Value {
    json!({"shop_id": 7, "customer": {"id": "ann-1", "email": "ann.one@example.com"}, "orders_to_redact": [1]})
}

fn waiting(data: &Path) -> Vec<Value> {
    serde_json::from_str(&output(data, &["privacy", "requests", "--json"])).unwrap()
}

#[test]
fn a_request_waits_for_approval_and_is_met_once() {
    let shop = shop("");
    let server = Server::start(&shop.data);
    for _ in 0..2 {
        deliver(&server, "customers/data_request", &ann());
        deliver(&server, "customers/redact", &ann());
        deliver(&server, "shop/redact", &json!({"shop_id": 7}));
    }
    let requests = waiting(&shop.data);
    let id = |asked: &str| {
        let found = requests.iter().find(|request| request["asked"] == asked).unwrap();
        found["request"].as_str().unwrap().to_owned()
    };
    assert_eq!(requests.len(), 3, "{requests:?}");
    let text = serde_json::to_string(&requests).unwrap();
    assert!(!text.contains("ann"), "{text}");

    let export: Value =
        serde_json::from_str(&shop.say(&["privacy", "approve", &id("export"), "--by", "dana"])).unwrap();
    assert_eq!(export["profile"]["orders"]["count"], 1);
    let receipt = shop.json(&["privacy", "approve", &id("erase"), "--by", "dana", "--json"]);
    assert_eq!(receipt["id"], id("erase"));
    assert!(receipt["removed"]["lake_rows"].as_u64() >= Some(10), "{receipt}");
    let again = run(Some(&shop.data), &["privacy", "approve", &id("erase"), "--by", "dana"]);
    assert!(again.code == 1 && again.err.contains("was met at"), "{}", again.err);
    // Delivered once more, it is the request that was met.
    deliver(&server, "customers/redact", &ann());
    let whole = run(Some(&shop.data), &["privacy", "approve", &id("erase_shop"), "--by", "dana"]);
    assert!(whole.code == 1 && whole.err.contains("one by one"), "{}", whole.err);
    shop.say(&["privacy", "decline", &id("erase_shop"), "--by", "dana", "--reason", "done by hand"]);
    assert!(waiting(&shop.data).is_empty());
    assert_eq!(server.stop().code, 0);
    assert_eq!(search(&shop.data), Vec::<String>::new());
    let log = shop.say(&["privacy", "log", "--by", "dana"]);
    assert!(log.contains("asked through shop") && log.contains("done by hand"), "{log}");
}

#[test]
fn an_erasure_needs_no_approval_where_the_settings_say_so() {
    let shop = shop("privacy: { webhooks: run }\n");
    let server = Server::start(&shop.data);
    deliver(&server, "customers/data_request", &ann());
    deliver(&server, "customers/redact", &ann());
    eventually("the erasure", || shop.say(&["privacy", "log", "--by", "dana"]).contains("by webhook shop"));
    // An export waits for somebody who hands it over.
    eventually("its end", || waiting(&shop.data).len() == 1);
    assert_eq!(waiting(&shop.data)[0]["asked"], "export");
    assert_eq!(server.stop().code, 0);
    assert_eq!(search(&shop.data), Vec::<String>::new());
}

#[test]
fn intake_and_the_loop_go_on_while_somebody_is_erased() {
    let shop = shop("");
    // A lake of many files, in each of which she has a row.
    for day in 0..40 {
        let at = event::iso_time(1_795_168_800_000 + day * 60_000);
        let record = |user: &str| {
            json!({"type": "track", "userId": user, "event": "Product Viewed", "timestamp": at,
                "messageId": format!("{user}-{day}"), "properties": {"product_id": "pot"}})
        };
        let lines: String =
            [record("ann-1"), record("eve-1")].iter().map(|record| format!("{record}\n")).collect();
        shop.import(&format!("day-{day}.ndjson"), &lines);
    }
    let server = Server::start(&shop.data);
    let erasure = {
        let data = shop.data.clone();
        thread::spawn(move || output(&data, &["privacy", "erase", "ann-1", "--by", "dana", "--json"]))
    };
    let (mut answered, mut asked) = (0, 0);
    while !erasure.is_finished() {
        let body = format!(r#"{{"userId":"eve-1","event":"Product Viewed","messageId":"live-{answered}"}}"#);
        assert_eq!(server.post("/v1/track", &body).status, 200);
        answered += 1;
        // The owner has other work done between the parts.
        if answered % 10 == 0 {
            asked += usize::from(shop.json(&["profile", "eve-1", "--json"])["events"].as_u64() >= Some(40));
        }
    }
    let receipt: Value = serde_json::from_str(&erasure.join().unwrap()).unwrap();
    assert!(receipt["removed"]["lake_rows"].as_u64() >= Some(50), "{receipt}");
    assert!(answered >= 1, "{answered} answered, {asked} questions met");
    assert_eq!(server.stop().code, 0);
    assert_eq!(search(&shop.data), Vec::<String>::new());
    let eve = shop.json(&["profile", "eve-1", "--json"])["events"].as_u64().unwrap();
    assert_eq!(eve, 40 + answered, "nothing of others is lost");
}
