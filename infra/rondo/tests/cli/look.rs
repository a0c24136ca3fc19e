//! Looking at one person.

use crate::rondo::{output, run, write};
use crate::server::{Server, eventually};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::tempdir;

#[test]
fn a_person_is_found_by_whatever_names_them() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let records = [
        json!({"type": "identify", "userId": "ann-1", "anonymousId": "anon-7", "timestamp": "2026-11-01T10:00:00Z",
            "traits": {"email": "ann@example.com", "phone": "+8613812345678", "plan": "gold"},
            "context": {"timezone": "Asia/Shanghai"}}),
        json!({"type": "track", "userId": "ann-1", "event": "Order Completed", "timestamp": "2026-11-02T10:00:00Z",
            "properties": {"order_id": "o-1", "revenue": 12.95, "currency": "EUR"}}),
        json!({"type": "track", "anonymousId": "anon-8", "event": "Product Viewed", "timestamp": "2026-11-02T10:00:00Z"}),
    ];
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    write(folder.path(), &[("log.ndjson", &lines)]);
    output(&data, &[Path::new("import"), &folder.path().join("log.ndjson")]);

    let of =
        |id: &str| -> Value { serde_json::from_str(&output(&data, &["profile", id, "--json"])).unwrap() };
    let ann = of("ann-1");
    assert_eq!((&ann["events"], &ann["orders"]["revenue_minor"]["EUR"]), (&json!(2), &json!(1295)));
    assert!(ann["version"].as_u64() >= Some(1) && ann["bytes"].as_u64() > Some(100));
    let key = ann["person"].as_str().unwrap();
    for id in ["anon-7", "ANN@example.com", "+86 138 1234 5678", key] {
        assert_eq!(of(id)["person"], key, "{id}");
    }
    assert_ne!(of("anon-8")["person"], key);

    let text = output(&data, &["profile", "anon-7"]);
    assert!(text.starts_with(&format!("Person {key}, found by anonymous_id\n")), "{text}");
    for part in ["plan = \"gold\"", "12.95 EUR revenue", "2026-11-02 18:00 Asia/Shanghai (10:00 UTC)"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("ann@example.com") && !text.contains("13812345678"), "{text}");

    let unknown = run(Some(&data), &["profile", "nobody-1"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (1, ""));
    assert!(unknown.err.starts_with("rondo: nobody is known by `nobody-1`"), "{}", unknown.err);
    let nowhere = folder.path().join("nowhere");
    let missing = run(Some(&nowhere), &["profile", "ann-1"]);
    assert!(missing.code == 1 && missing.err.contains("there is no installation"), "{}", missing.err);
    assert!(!nowhere.exists(), "looking makes nothing");
}

const WELCOME: &str = "\
name: welcome
entry: { event: Signed Up }
steps:
  - send: hello
    subject: Hello
    template: hello.html
";
const BROWSE: &str = "\
name: browse
entry: { event: Product Viewed, key: event.properties.product_id }
exit_on: [ { event: Order Completed } ]
steps:
  - wait: 3d
  - send: coupon
    subject: Hello
    template: hello.html
";

#[test]
fn every_decision_is_explained() {
    let data = tempdir().unwrap();
    write(
        data.path(),
        &[
            (
                "config/settings.yaml",
                "time_zone: Europe/Berlin\nunsubscribe_url: https://shop.example.com/u\nglobal_holdout: 0\n",
            ),
            ("config/campaigns/welcome.yaml", WELCOME),
            ("config/campaigns/browse.yaml", BROWSE),
            ("config/templates/hello.html", "<p>Hello</p><a href=\"{{ unsubscribe_url }}\">no more</a>"),
        ],
    );
    let server = Server::start(data.path());
    let send = |event: Value| {
        let path = if event["event"].is_null() { "/v1/identify" } else { "/v1/track" };
        assert_eq!(server.post(path, &event.to_string()).status, 200);
    };
    for id in ["yes-1", "no-1", "open-1", "complains-1"] {
        send(json!({"userId": id, "traits": {"email": format!("{id}@example.com")}}));
    }
    for (id, event) in [("yes-1", "Subscribed"), ("no-1", "Unsubscribed"), ("complains-1", "Subscribed")] {
        send(json!({"userId": id, "event": event, "properties": {"channel": "email"}}));
    }
    let complaint = json!({"case_id": "c-9", "case_kind": "complaint"});
    send(json!({"userId": "complains-1", "event": "Case Opened", "properties": complaint}));
    for id in ["yes-1", "no-1", "open-1", "complains-1"] {
        send(json!({"userId": id, "event": "Signed Up"}));
    }
    send(json!({"userId": "yes-1", "event": "Product Viewed", "properties": {"product_id": "p-1"}}));

    let why = |arguments: &[&str]| output(data.path(), &[&["why"], arguments].concat());
    eventually("the message", || why(&["yes-1"]).contains("welcome / hello by email: sent"));
    let yes = why(&["yes-1"]);
    for part in [
        "time zone Europe/Berlin (the installation's)",
        "browse, key p-1: entered ",
        "; next `coupon`, due ",
        "plus 1m for events that are late",
        " UTC)",
        "email: yes, since ",
        "email: 1 today, 1 in seven days",
        "Open complaints, which pause marketing: none",
    ] {
        assert!(yes.contains(part), "{part} in {yes}");
    }
    for (id, part) in [
        ("no-1", "refused, unsubscribed: the person had said no to the channel"),
        ("open-1", "refused, no_consent: it needs a yes to the channel, and the person was never asked"),
        ("complains-1", "refused, open_complaint: the person had an open complaint"),
        ("complains-1", "Open complaints, which pause marketing\n  c-9, since "),
    ] {
        eventually(part, || why(&[id]).contains(part));
    }
    let one = why(&["yes-1", "browse"]);
    assert!(one.contains("coupon") && !one.contains("welcome"), "{one}");
    let none = why(&["no-1", "browse"]);
    assert!(none.contains("no `Product Viewed` of the person was seen"), "{none}");
    let unknown = run(Some(data.path()), &["why", "yes-1", "brows"]);
    assert!(unknown.code == 1 && unknown.err.contains("campaigns are: browse, welcome"), "{}", unknown.err);

    assert_eq!(server.stop().code, 0);
    // The same without a server.
    assert!(output(data.path(), &["why", "yes-1"]).contains("welcome / hello by email: sent"));
}
