//! By what a person is known, and the undoing of a merge.

use crate::rondo::{output, run, write};
use crate::server::{Server, eventually};
use embedded::{Keys, LakeFolder, Sealer, Store};
use event::{Event, IdentifierKind, Key, Pseudonymizer};
use lake::History;
use person::{EventHistory, IdentityRules, Separation};
use pollster::block_on;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::tempdir;

/// Ben looks around at home, where Ann then signs in; he does later. Ann has more browsers than the settings allow.
fn fill(folder: &Path, data: &Path) {
    let settings = "identity:\n  anonymous_id: { limit: 2 }\n  user_id: { blocked: [tester] }\n";
    write(data, &[("config/settings.yaml", settings)]);
    let seen = |n: u32, user: Option<&str>, browser: &str| {
        json!({
            "type": "track", "event": "Product Viewed", "messageId": format!("m-{n}"), "userId": user,
            "anonymousId": browser, "timestamp": format!("2026-11-0{n}T10:00:00Z"),
            "properties": {"product_id": format!("sku-{n}")},
        })
    };
    let records = [
        seen(1, None, "home"),
        seen(2, Some("ann-1"), "home"),
        seen(3, Some("ben-2"), "home"),
        seen(4, Some("ann-1"), "phone"),
        seen(5, Some("ann-1"), "work"),
        seen(6, Some("tester"), "work"),
        seen(7, None, "home"),
    ];
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    write(folder, &[("log.ndjson", &lines)]);
    output(data, &[Path::new("import"), &folder.join("log.ndjson")]);
}

fn identity(data: &Path, id: &str) -> Value {
    serde_json::from_str(&output(data, &["identity", id, "--json"])).unwrap()
}

fn person(data: &Path, id: &str) -> (String, u64) {
    let profile: Value = serde_json::from_str(&output(data, &["profile", id, "--json"])).unwrap();
    (profile["person"].as_str().unwrap().to_owned(), profile["events"].as_u64().unwrap())
}

#[test]
fn the_graph_says_who_is_who_and_why() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    fill(folder.path(), &data);
    let ann = identity(&data, "ann-1");
    let kinds: Vec<&str> =
        ann["identifiers"].as_array().unwrap().iter().map(|id| id["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["user_id", "anonymous_id", "anonymous_id"]);
    let browser = person_key(&data, IdentifierKind::Anonymous, "home");
    let home =
        ann["identifiers"].as_array().unwrap().iter().find(|id| id["key"] == browser.to_string()).unwrap();
    // The first of her events that carried it, which was not hers when it came.
    assert_eq!(
        (&home["linked"]["at"], &home["linked"]["source"]),
        (&json!(1_793_527_200_000_i64), &json!("log.ndjson"))
    );
    let merge = &ann["merges"][0];
    assert_eq!((&merge["number"], &merge["holds"]), (&json!(1), &json!(true)));
    assert_eq!(merge["gone"], json!({"kind": "anonymous_id", "key": browser.to_string()}));
    assert_eq!(merge["by"]["at"], 1_793_613_600_000_i64);
    assert_eq!(ann["merges"].as_array().unwrap().len(), 1);
    let refused = ann["refused"].as_array().unwrap();
    assert_eq!((refused.len(), &refused[0]["reason"]), (1, &json!("limit")));
    let ben = identity(&data, "ben-2");
    assert_eq!(
        (&ben["refused"][0]["reason"], &ben["refused"][0]["belongs_to"]),
        (&json!("known_apart"), &ann["person"])
    );

    let text = output(&data, &["identity", "home"]);
    assert!(
        text.starts_with(&format!("Person {}, known by their user_id\n", ann["person"].as_str().unwrap()))
    );
    for part in ["  1. anonymous_id ", "whose hash is the person's id", "it is more than one person may have"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    // What is blocked identifies nobody: the tester's event is of the browser that was refused to Ann.
    assert_eq!(person(&data, "work").1, 1);
    assert!(run(Some(&data), &["profile", "tester"]).err.contains("nobody is known"));
}

fn person_key(data: &Path, kind: IdentifierKind, value: &str) -> Key {
    let keys = Keys::open(&data.join("keys")).unwrap();
    Pseudonymizer::new(&keys.hash).identifier(kind, value).key
}

#[test]
fn a_merge_is_undone_as_if_it_had_never_been() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    fill(folder.path(), &data);
    assert_eq!((person(&data, "ann-1").1, person(&data, "home").1, person(&data, "ben-2").1), (5, 5, 1));
    let wrong = run(Some(&data), &["unmerge", "ann-1", "--merge", "2"]);
    assert!(wrong.code == 1 && wrong.err.contains("there is no merge 2: this person has 1"), "{}", wrong.err);
    let nothing = run(Some(&data), &["unmerge", "ben-2"]);
    assert!(nothing.code == 1 && nothing.err.contains("nothing to undo"), "{}", nothing.err);

    // A running server has the folder, and does it.
    let server = Server::start(&data);
    let done = output(&data, &["unmerge", "ann-1", "--merge", "1"]);
    let (ann, ben) =
        (person_key(&data, IdentifierKind::User, "ann-1"), person_key(&data, IdentifierKind::User, "ben-2"));
    assert!(done.contains(&format!("the one is now person {ben}")), "{done}");
    assert!(done.contains(&format!("the other is now person {ann}")), "{done}");
    // The browser is Ben's, as it is where Ann never met it, and with it what he looked at. Her own views stay hers, and
    // there is room for the browser at work, with what was seen there.
    let (home, at_home) = person(&data, "home");
    assert_eq!((home, at_home, person(&data, "ann-1").1), (ben.to_string(), 3, 4));
    // Nothing joins them again.
    let body = r#"{"userId":"ann-1","anonymousId":"home","event":"Product Viewed","messageId":"m-9"}"#;
    assert_eq!(server.post("/v1/track", body).status, 200);
    eventually("the event is Ann's", || person(&data, "ann-1").1 == 5);
    assert_eq!(person(&data, "home").0, ben.to_string());
    let graph = identity(&data, "ann-1");
    assert_eq!(
        (&graph["merges"][0]["holds"], &graph["undone"].as_array().unwrap().len()),
        (&json!(false), &1)
    );
    let reasons: Vec<&Value> = graph["refused"].as_array().unwrap().iter().map(|r| &r["reason"]).collect();
    assert!(reasons.contains(&&json!("separated")), "{graph}");
    let again = run(Some(&data), &["unmerge", "ann-1", "--merge", "1"]);
    assert!(again.code == 1 && again.err.contains("undone already"), "{}", again.err);
    assert_eq!(server.stop().code, 0);

    // Byte for byte what all events come to with the two kept apart.
    let home = person_key(&data, IdentifierKind::Anonymous, "home");
    let separation = Separation {
        one: event::Identifier { kind: IdentifierKind::Anonymous, key: home },
        other: event::Identifier { kind: IdentifierKind::User, key: ann },
    };
    let mut rules = IdentityRules { separations: vec![separation], ..IdentityRules::default() };
    rules.limits.set(IdentifierKind::Anonymous, 2);
    let sealer = || Sealer::new(&Keys::open(&data.join("keys")).unwrap().vault);
    let live = profiles(&Store::open(&data.join("store.redb"), sealer()).unwrap());
    let mut wires = Vec::new();
    let lake = LakeFolder::new(data.join("lake"));
    block_on(History(&lake).each_event(|event| {
        let mut wire = Vec::new();
        event.encode(&mut wire);
        wires.push(wire);
    }))
    .unwrap();
    let events: Vec<Event<'_>> = wires.iter().map(|wire| Event::decode(wire).unwrap()).collect();
    assert_eq!(events.len(), 8);
    let replayed = Store::in_memory(sealer()).unwrap();
    let deps = update_profiles::Deps { store: &replayed, wanted: &|_| false, rules: &rules };
    block_on(update_profiles::run(&deps, &events)).unwrap();
    assert_eq!(live, profiles(&replayed));
}

/// Profiles as they are stored, without the pointers to them.
fn profiles(store: &Store) -> BTreeMap<Key, Vec<u8>> {
    let mut profiles = BTreeMap::new();
    let visit = |person, _, blob: &[u8]| {
        if person::Blob::forward_of(blob).unwrap().is_none() {
            profiles.insert(person, blob.to_vec());
        }
    };
    store.each_profile(visit).unwrap();
    profiles
}
