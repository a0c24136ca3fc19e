//! Export, erasure, restriction, and what holds afterwards.

use crate::rondo::{run, write};
use crate::search::{identifiers, person, search};
use crate::shop::{RAW, Shop, history, lines};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn an_export_has_what_every_store_holds() {
    let shop = Shop::open();
    let export =
        shop.json(&["privacy", "export", "anon-ann-2", "--by", "dana", "--reason", "asked by letter"]);
    assert_eq!(export["format"], "rondo-export/1");
    assert_eq!(export["person"], person(&shop.data, "ann-1").to_string());
    assert_eq!(export["merged_people"].as_array().unwrap().len(), 4, "{}", export["merged_people"]);

    let ids = export["identifiers"].as_array().unwrap();
    let value = |kind: &str| -> Vec<&str> {
        ids.iter().filter(|id| id["kind"] == kind).filter_map(|id| id["value"].as_str()).collect()
    };
    assert_eq!(value("user_id"), ["ann-1"]);
    let mut mails = value("email");
    mails.sort_unstable();
    assert_eq!(mails, ["ann.one@example.com", "ann.two@example.com"]);
    assert_eq!(value("phone"), ["+4915112345678"]);
    let first = ids.iter().find(|id| id["first_seen"] == "2026-11-20T10:00:00.000Z").unwrap();
    assert_eq!((&first["kind"], &first["source"]), (&json!("anonymous_id"), &json!("web")));

    let personal = export["personal_data"].to_string();
    assert!(personal.contains("Ann-Sophie") && personal.contains("Lindqvist"), "{personal}");
    assert_eq!(export["profile"]["orders"]["count"], 1);
    assert_eq!(export["profile"]["traits"]["plan"], "ann-gold");
    assert_eq!(
        export["profile"]["on_site"][0]["said"]["kept"],
        json!({"case_id": "case-of-ann"}),
        "what waits"
    );
    assert_eq!(export["journeys"][0]["campaign"], "hello");
    assert_eq!(export["messages"][0]["state"], "sent");
    let mail = export["sent_copies"][0]["message"].as_str().unwrap();
    assert!(mail.contains("Dear Ann-Sophie"), "{mail}");
    let names: Vec<&str> =
        export["events"].as_array().unwrap().iter().filter_map(|e| e["name"].as_str()).collect();
    for name in
        ["Product Viewed", "Identified", "Signed Up", "Order Completed", "Case Opened", "Message Sent"]
    {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert!(names.iter().filter(|name| **name == "Product Viewed").count() == 2, "{names:?}");
    assert_eq!(export["quarantined"].as_array().unwrap().len(), 3, "{}", export["quarantined"]);
    assert_eq!(export["access_log"][0]["by"], "dana");

    let text = export.to_string();
    assert!(!text.contains("bob") && !text.contains("cat-1"), "of nobody else: {text}");
    let page = shop.say(&["privacy", "export", "ann-1", "--html", "--by", "dana"]);
    assert!(page.contains("个人信息 <small>Personal data</small>") && page.contains("Ann-Sophie"), "{page}");

    let out = shop.data.with_file_name("export");
    shop.say(&["privacy", "export", "ann-1", "--out", out.to_str().unwrap(), "--by", "dana"]);
    let mode = fs::metadata(out.join("export.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let log = shop.say(&["privacy", "log", "ann-1", "--by", "dana"]);
    assert_eq!(
        log.lines().filter(|line| line.contains("export") && line.contains("by dana")).count(),
        3,
        "{log}"
    );
    assert!(log.contains("asked by letter"), "{log}");
}

#[test]
fn nothing_is_found_of_who_was_erased() {
    let shop = Shop::open();
    let before = search(&shop.data);
    for place in ["in the vault", "in the quarantine", "a row of", "store.redb", ".eml"] {
        assert!(before.iter().any(|found| found.contains(place)), "{place} is searched: {before:?}");
    }
    let (bob, cat) = (neighbour(&shop, "bob-1"), neighbour(&shop, "cat-1"));

    let receipt = shop.json(&["privacy", "erase", "ann.two@example.com", "--by", "dana", "--json"]);
    assert_eq!(search(&shop.data), Vec::<String>::new());

    let removed = &receipt["removed"];
    let at_least = |store: &str, count: u64| {
        assert!(removed[store].as_u64().unwrap() >= count, "{store} in {removed}");
    };
    for (store, count) in [
        ("lake_rows", 10),
        ("lake_rows_of_others_edited", 2),
        ("profiles_of_others_edited", 1),
        ("quarantine", 3),
        ("profiles", 3),
        ("identities", 6),
        ("vault_values", 5),
        ("journeys", 1),
        ("timers", 1),
        ("ledger", 1),
        ("sent_copies", 1),
    ] {
        at_least(store, count);
    }
    assert_eq!(
        receipt["identifiers"].as_array().unwrap().len(),
        identifiers(&shop.data).len() + 1,
        "{receipt}"
    );
    let text = receipt.to_string();
    assert!(RAW.iter().all(|raw| !text.contains(raw)), "{text}");

    // Others are as they were, but for what named her.
    assert_eq!(neighbour(&shop, "cat-1"), cat);
    let mut bob_now = neighbour(&shop, "bob-1");
    let hers = identifiers(&shop.data)[1].key.to_string();
    let mut expected = bob;
    expected["profile"]["identifiers"]
        .as_array_mut()
        .unwrap()
        .retain(|identifier| identifier["key"] != hers.as_str());
    for event in expected["events"].as_array_mut().unwrap() {
        if let Some(referred) = event["properties"].get_mut("referred_by") {
            assert_eq!(*referred, format!("hmac:{hers}"));
            *referred = json!(format!("hmac:{}", "0".repeat(32)));
        }
    }
    bob_now["profile"]["identifiers"].as_array_mut().unwrap().sort_by_key(Value::to_string);
    expected["profile"]["identifiers"].as_array_mut().unwrap().sort_by_key(Value::to_string);
    assert_eq!(bob_now, expected);
}

/// What an export says of a neighbour that an erasure of somebody else must not change.
fn neighbour(shop: &Shop, user: &str) -> Value {
    let mut export = shop.json(&["privacy", "export", user, "--by", "test"]);
    let fields = export.as_object_mut().unwrap();
    fields.retain(|name, _| !matches!(name.as_str(), "made_at" | "request" | "access_log"));
    export["profile"].as_object_mut().unwrap().remove("affinity");
    // A device that was hers first is his alone now.
    export["identifiers"].as_array_mut().unwrap().retain(|identifier| identifier["kind"] != "device_id");
    export
}

#[test]
fn a_backfill_of_old_events_is_refused_and_new_ones_begin_anew() {
    let shop = Shop::open();
    shop.say(&["privacy", "erase", "ann-1", "--by", "dana"]);
    let hers: Vec<Value> = history()
        .into_iter()
        .filter(|record| !["bob-1", "cat-1"].iter().any(|other| record["userId"] == *other))
        .collect();
    let said = shop.import("again.ndjson", &lines(&hers));
    assert!(said.contains("9 lines, 0 events, 9 records refused and not kept"), "{said}");
    assert_eq!(search(&shop.data), Vec::<String>::new());
    // Nothing is kept of them but how many they were.
    let quality = shop.json(&["quality", "--json"]);
    let sources = quality["sources"].as_array().unwrap();
    let again = sources.iter().find(|source| source["source"] == "again.ndjson").unwrap();
    assert_eq!(again["total"]["rejected"], json!({"erased": 9}));
    let unknown = run(Some(&shop.data), &["profile", "ann-1"]);
    assert_eq!(unknown.code, 1, "{}", unknown.out);
    let again = run(Some(&shop.data), &["privacy", "erase", "ann-1", "--by", "dana"]);
    assert!(again.code == 1 && again.err.contains("their data was erased at"), "{}", again.err);

    // A record without a time of its own may be from any time.
    let untimed = json!({"type": "track", "userId": "ann-1", "event": "Product Viewed"});
    assert!(shop.import("untimed.ndjson", &lines(&[untimed])).contains("refused and not kept"));
    // Who comes back is somebody new. Erasures are by the wall clock, which the shop's log knows nothing of.
    let now = event::iso_time(rondo_now() + 1);
    let back = json!({"type": "track", "userId": "ann-1", "event": "Product Viewed", "timestamp": now});
    shop.import("back.ndjson", &lines(&[back]));
    assert_eq!(shop.json(&["profile", "ann-1", "--json"])["events"], 1);
}

#[allow(clippy::disallowed_methods)]
fn rondo_now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64
}

#[test]
fn a_receipt_is_checked() {
    let shop = Shop::open();
    let receipt = shop.json(&["privacy", "erase", "ann-1", "--by", "dana", "--json"]);
    let id = receipt["id"].as_str().unwrap().to_owned();
    assert!(shop.say(&["privacy", "verify", &id, "--by", "dana"]).starts_with("Genuine, and honoured"));
    let file = |name: &str, value: &Value| {
        write(&shop.data, &[(name, &value.to_string())]);
        shop.data.join(name).display().to_string()
    };
    let kept = file("config/kept.json", &receipt);
    assert!(shop.say(&["privacy", "verify", &kept, "--by", "dana"]).starts_with("Genuine"));
    let mut forged = receipt.clone();
    forged["removed"]["lake_rows"] = json!(9_999);
    let forged =
        run(Some(&shop.data), &["privacy", "verify", &file("config/forged.json", &forged), "--by", "x"]);
    assert!(forged.code == 1 && forged.err.contains("not genuine"), "{}", forged.err);
    // A list that was lost is noticed.
    fs::remove_file(shop.data.join("privacy/list.json")).unwrap();
    let lost = run(Some(&shop.data), &["privacy", "verify", &id, "--by", "dana"]);
    assert!(lost.code == 1 && lost.err.contains("not all of its identifiers"), "{}", lost.err);
}

#[test]
fn an_identifier_of_nobody_known_is_searched_for_all_the_same() {
    let shop = Shop::open();
    let unknown = run(Some(&shop.data), &["privacy", "erase", "dan@example.com", "--by", "dana"]);
    assert!(unknown.code == 1 && unknown.err.contains("nobody is known by that"), "{}", unknown.err);
    shop.import(
        "dan.ndjson",
        &lines(&[json!({"type": "nothing", "event": "x", "traits": {"email": "dan@example.com"}})]),
    );
    let receipt =
        shop.json(&["privacy", "erase", "Dan@Example.com", "--kind", "email", "--by", "dana", "--json"]);
    assert_eq!((&receipt["person"], &receipt["removed"]["quarantine"]), (&Value::Null, &json!(1)));
}

#[test]
fn who_is_restricted_is_kept_and_let_in_again() {
    let shop = Shop::open();
    let seen = shop.json(&["profile", "ann-1", "--json"])["events"].clone();
    shop.say(&["privacy", "restrict", "ann-1", "--by", "dana", "--reason", "accuracy contested"]);
    let late = json!({"type": "track", "userId": "ann-1", "event": "Product Viewed",
        "messageId": "m-late", "timestamp": "2026-11-21T10:00:00Z"});
    let said = shop.import("late.ndjson", &lines(&[late]));
    assert!(said.contains("1 records in quarantine"), "{said}");
    assert!(shop.say(&["quarantine"]).contains("restricted"));
    assert_eq!(shop.json(&["profile", "ann-1", "--json"])["events"], seen, "kept, and not worked with");
    assert_eq!(shop.json(&["privacy", "export", "ann-1", "--by", "dana"])["restricted"], true);
    shop.say(&["privacy", "unrestrict", "ann-1", "--by", "dana"]);
    assert_eq!(shop.json(&["privacy", "export", "ann-1", "--by", "dana"])["restricted"], false);
    let log = shop.say(&["privacy", "log", "--by", "dana"]);
    assert!(
        log.contains("restrict") && log.contains("unrestrict") && log.contains("accuracy contested"),
        "{log}"
    );
}
