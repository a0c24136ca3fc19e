//! What a running server shows to visitors.

use crate::rondo::{command, output, write};
use crate::server::{Answer, KEY, Server, arguments, basic, eventually};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use tempfile::tempdir;

const HERO: &str = "\
name: home-hero
default: { title: Welcome }
creatives:
  - name: kitchen
    when: profile.affinity.categories.exists(c, c.value == 'Kitchen')
    content: { title: New pans }
recommend: { count: 3, from: [related, viewed, popular] }
";

/// A server with an address for decisions besides.
fn server(data: &Path) -> (Server, String) {
    // Nobody is held out.
    write(
        data,
        &[("config/settings.yaml", "global_holdout: 0\n"), ("config/placements/home-hero.yaml", HERO)],
    );
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut serve = command();
    serve.args(arguments(data)).args(["--decide", &port]);
    (Server::from(serve), port)
}

fn hero(server: &Server, visitor: Value) -> Value {
    let mut body = visitor;
    body["placements"] = json!(["home-hero"]);
    let answer = server.post("/v1/decide", &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str::<Value>(&answer.body).unwrap()["placements"]["home-hero"].clone()
}

fn viewed(user: &str, product: &str, category: &str) -> Value {
    json!({"type": "track", "event": "Product Viewed", "userId": user,
        "properties": {"product_id": product, "category": category}})
}

#[test]
fn what_visitors_do_decides_what_they_see() {
    let data = tempdir().unwrap();
    let (mut server, decide) = server(data.path());
    assert_eq!(hero(&server, json!({"userId": "ann"}))["reason"], "none_matched");
    let events: Vec<Value> = ["ann", "bob", "cat"]
        .iter()
        .flat_map(|user| [viewed(user, "pan", "Kitchen"), viewed(user, "lid", "Kitchen")])
        .chain([viewed("dee", "pan", "Garden")])
        .collect();
    assert_eq!(server.post("/v1/batch", &json!({"batch": events}).to_string()).status, 200);
    eventually("the profile is what was committed", || {
        hero(&server, json!({"userId": "ann"}))["creative"] == "kitchen"
    });
    let shown = hero(&server, json!({"userId": "ann"}));
    assert_eq!((&shown["content"]["title"], &shown["reason"]), (&json!("New pans"), &json!("matched")));
    assert_eq!(shown["products"].as_array().unwrap().len(), 2, "{shown}");
    assert_eq!(hero(&server, json!({"userId": "dee"}))["creative"], Value::Null);

    // The same at the address of its own.
    let intake = std::mem::replace(&mut server.address, decide);
    assert_eq!(hero(&server, json!({"userId": "ann"})), shown);
    let answer: Answer = server.request("GET", "/health", &[], b"");
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"status":"ok"}"#));
    let query = "/v1/decide?placements=home-hero&userId=ann";
    assert_eq!(server.request("GET", query, &[], b"").status, 401);
    let answer = server.request("GET", query, &[("Authorization", &*basic(KEY))], b"");
    assert!(answer.status == 200 && answer.head.contains("cache-control: private, max-age=60"), "{answer:?}");
    let preflight = server.request("OPTIONS", "/v1/decide", &[("Origin", "https://shop.example.com")], b"");
    assert!(
        preflight.status == 204 && preflight.head.contains("access-control-allow-origin: *"),
        "{preflight:?}"
    );
    let long = json!({"userId": "x".repeat(40_000), "placements": ["home-hero"]}).to_string();
    assert_eq!(server.post("/v1/decide", &long).status, 413);
    assert_eq!(server.post("/v1/track", "{}").status, 404, "events go elsewhere");
    server.address = intake;
    assert_eq!(server.stop().code, 0);

    // What people look at together is in the next report, and so in the next answers.
    output(data.path(), &["report"]);
    let (server, _) = self::server(data.path());
    let stranger = hero(&server, json!({"anonymousId": "new", "properties": {"product_id": "lid"}}));
    assert_eq!(
        stranger["products"],
        json!([{"product_id": "pan", "because": "related"}]),
        "pan and lid were looked at by three people; nobody is shown what is in view"
    );
}

#[test]
fn a_placement_with_a_mistake_is_told_with_its_place() {
    let data = tempdir().unwrap();
    write(
        data.path(),
        &[("config/placements/a.yaml", "name: a\ncreatives:\n  - { name: b, when: profil.known }\n")],
    );
    let run = crate::rondo::run(None, &[Path::new("check"), data.path()]);
    assert_eq!(run.code, 1);
    assert!(run.err.contains("placements/a.yaml:3:"), "{}", run.err);
    assert!(run.err.contains("the field `content` is missing here; add it"), "{}", run.err);
}

#[test]
fn a_placement_learns_while_the_server_runs() {
    let data = tempdir().unwrap();
    let hero = "name: home-hero\ncreatives:\n  - { name: pans, content: 1 }\n  - { name: pots, content: 2 }\n\
                learn: { window: 1s, min_samples: 1, explore: 0.01 }\n";
    write(
        data.path(),
        &[("config/settings.yaml", "global_holdout: 0\n"), ("config/placements/home-hero.yaml", hero)],
    );
    let server = Server::start(data.path());
    let mut clicks = Vec::new();
    for n in 0..12 {
        let user = format!("user-{n}");
        let shown = self::hero(&server, json!({"userId": user}));
        assert_eq!(shown["reason"], "explored");
        if shown["creative"] == "pots" {
            clicks.push(json!({"type": "track", "event": "Promotion Clicked", "userId": user,
                "properties": {"action_id": shown["action_id"]}}));
        }
    }
    assert_eq!(server.post("/v1/batch", &json!({"batch": clicks}).to_string()).status, 200);
    let learn = || -> Value { serde_json::from_str(&output(data.path(), &["learn", "--json"])).unwrap() };
    eventually("a lesson of all", || learn()[0]["messages"] == 12);
    let learned = learn();
    assert_eq!(
        (&learned[0]["creative"], &learned[0]["rewarded"]),
        (&json!("placement:home-hero"), &json!(clicks.len()))
    );
    eventually("the server chooses by it", || {
        // One in a hundred is left to chance for good.
        (0..4).any(|n| self::hero(&server, json!({"userId": format!("other-{n}")}))["reason"] == "chosen")
    });
    assert_eq!(server.stop().code, 0);
}

#[test]
fn placements_that_are_changed_are_shown_without_a_new_start() {
    let data = tempdir().unwrap();
    let placement = |title: &str| format!("name: home-hero\ndefault: {{ title: {title} }}\n");
    let file = "config/placements/home-hero.yaml";
    write(data.path(), &[("config/settings.yaml", "global_holdout: 0\n"), (file, &placement("Welcome"))]);
    let server = Server::start(data.path());
    let title = || self::hero(&server, json!({"userId": "ann"}))["content"]["title"].clone();
    assert_eq!(title(), "Welcome");
    write(data.path(), &[(file, &placement("Hello"))]);
    eventually("the new one is shown", || title() == "Hello");
    write(data.path(), &[(file, "name: home-hero\ndefault: { title: Broken }\ntll: 5m\n")]);
    write(data.path(), &[("config/placements/footer.yaml", "name: footer\ndefault: { title: Below }\n")]);
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(title(), "Hello", "what has mistakes changes nothing");
    write(data.path(), &[(file, &placement("Again"))]);
    eventually("it is mended", || title() == "Again");
    assert_eq!(server.stop().code, 0);
}
