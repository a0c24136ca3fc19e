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
const BIRTHDAY: &str = "\
name: birthday
entry: { date: { of: profile.traits.birthday, every: year } }
steps:
  - send: present
    subject: For {{ person.first_name }}
    template: present.html
";
const SILENCE: &str = "\
name: silence
entry: { inactive: { for: 90d, events: [Order Completed] } }
steps:
  - send: hello
    template: hello.html
";
const MONDAYS: &str = "\
name: mondays
entry: { schedule: { cron: \"0 9 * * MON\", time_zone: Asia/Shanghai } }
audience: profile.orders.count > 0
steps:
  - send: hello
    template: hello.html
";

#[test]
fn what_the_calendar_would_bring_is_explained_and_a_message_is_shown() {
    let data = tempdir().unwrap();
    let present = "<p>{{ person.first_name }}, born {{ profile.traits.birthday }}, {{ kept.gift }}</p>\
                   <a href=\"https://shop.example/gift\">It is here</a><a href=\"{{ unsubscribe_url }}\">no more</a>";
    write(
        data.path(),
        &[
            ("config/settings.yaml", "unsubscribe_url: https://shop.example/u\nutm: { source: shop }\n"),
            ("config/campaigns/birthday.yaml", BIRTHDAY),
            ("config/campaigns/silence.yaml", SILENCE),
            ("config/campaigns/mondays.yaml", MONDAYS),
            ("config/templates/hello.html", "<p>Hello {{ unsubscribe_url }}</p>"),
            ("config/templates/present.html", present),
            ("config/templates/present.zh.html", "<p>生日快乐 {{ unsubscribe_url }}</p>"),
            (
                "people.ndjson",
                "{\"type\":\"identify\",\"userId\":\"ann\",\"timestamp\":\"2026-06-01T10:00:00Z\",\"traits\":\
                 {\"birthday\":\"1990-05-17\",\"firstName\":\"Annabella\"}}\n\
                 {\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"ann\",\"timestamp\":\"2026-06-02T10:00:00Z\",\
                 \"properties\":{\"order_id\":\"o-1\",\"total\":5}}\n\
                 {\"type\":\"identify\",\"userId\":\"wei\",\"timestamp\":\"2026-06-01T10:00:00Z\",\"traits\":{\"locale\":\"zh-CN\"}}\n",
            ),
        ],
    );
    output(data.path(), &["import", data.path().join("people.ndjson").to_str().unwrap()]);
    let why = |id: &str, campaign: &str| output(data.path(), &["why", id, campaign]);
    let (ann, wei) = (why("ann", "birthday"), why("wei", "birthday"));
    assert!(ann.contains("the date in `profile.traits.birthday`, which is 1990-05-17: next 20"), "{ann}");
    assert!(ann.contains("-05-17 09:00 UTC"), "{ann}");
    assert!(wei.contains("and the profile holds none there"), "{wei}");
    let (ann, wei) = (why("ann", "silence"), why("wei", "silence"));
    let due = "the last was 2026-06-02 10:00 UTC, so that it would begin 2026-08-31 10:00 UTC";
    assert!(ann.contains("none of `Order Completed` was seen for 90d") && ann.contains(due), "{ann}");
    assert!(wei.contains("and there never was one"), "{wei}");
    let (ann, wei) = (why("ann", "mondays"), why("wei", "mondays"));
    assert!(
        ann.contains("the schedule `0 9 * * MON` in Asia/Shanghai, next 20") && ann.contains(" 01:00 UTC"),
        "{ann}"
    );
    assert!(wei.contains("the audience does not hold the person now: `profile.orders.count > 0`"), "{wei}");

    let page = data.path().join("present.html");
    let arguments = ["preview", "birthday", "present", "ann", "--out", page.to_str().unwrap()];
    let shown = run(Some(data.path()), &arguments);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.err.contains("warning: `kept.gift` is not there"), "{}", shown.err);
    assert!(
        shown.out.contains("Subject: For ‹first_name›")
            && shown.out.contains("‹first_name›, born 1990-05-17,"),
        "{}",
        shown.out
    );
    let html = std::fs::read_to_string(page).unwrap();
    let marked = "https://shop.example/gift?utm_source=shop&amp;utm_medium=email&amp;utm_campaign=birthday&amp;utm_content=present";
    assert!(
        html.contains(marked) && !html.contains("/u?m=00000000000000000000000000000000&amp;utm"),
        "{html}"
    );
    assert!(!html.contains("Annabella") && !shown.out.contains("Annabella"), "what is personal is not shown");
    let kept =
        output(data.path(), &["preview", "birthday", "present", "ann", "--kept", "{\"gift\": \"a <tin>\"}"]);
    assert!(kept.contains("born 1990-05-17, a <tin>"), "{kept}");
    let chinese = output(data.path(), &["preview", "birthday", "present", "wei"]);
    assert!(chinese.contains("生日快乐"), "{chinese}");
    let none = run(Some(data.path()), &["preview", "birthday", "gift", "ann"]);
    assert!(
        none.code == 1 && none.err.contains("birthday sends no `gift`; it sends: present"),
        "{}",
        none.err
    );
}

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

const TOUR: &str = "\
name: tour
priority: 80
entry: { event: Product Viewed, again_after: 30d }
steps:
  - experiment: subject-line
    arms:
      - name: plain
        steps: [ { send: plain, subject: Hello, template: hello.html } ]
      - name: playful
        steps: [ { send: playful, subject: Hello!, template: hello.html } ]
  - wait: 3d
  - send: later
    subject: Hello again
    template: hello.html
limits: { holdout: 1.0 }
";

#[test]
fn arms_holdouts_priorities_and_when_somebody_may_enter_again_are_told() {
    let data = tempdir().unwrap();
    let settings = "unsubscribe_url: https://shop.example/u\nglobal_holdout: 1.0\n";
    let files = [
        ("config/settings.yaml", settings),
        ("config/campaigns/tour.yaml", TOUR),
        ("config/campaigns/birthday.yaml", BIRTHDAY),
        ("config/templates/hello.html", "<p>Hello {{ unsubscribe_url }}</p>"),
        ("config/templates/present.html", "<p>Hello {{ unsubscribe_url }}</p>"),
    ];
    write(data.path(), &files);
    let server = Server::start(data.path());
    let why = |arguments: &[&str]| output(data.path(), &[&["why"], arguments].concat());
    let viewed = r#"{"userId":"ann","event":"Product Viewed","messageId":"m-1"}"#;
    let known = r#"{"userId":"bea","event":"Signed Up","messageId":"m-2"}"#;
    assert_eq!(server.post("/v1/track", viewed).status, 200);
    assert_eq!(server.post("/v1/track", known).status, 200);
    eventually("the message is decided on", || why(&["ann", "tour"]).contains(": refused"));
    let ann = why(&["ann"]);
    // The arm is that of the message which followed.
    let arm = if ann.contains("tour / plain by email") { "plain" } else { "playful" };
    assert!(ann.contains(&format!("tour / {arm} by email: refused")), "{ann}");
    assert!(ann.contains(&format!("; priority 80; experiment `subject-line`: arm `{arm}`")), "{ann}");
    assert!(ann.contains("so that its effect can be measured\n  all marketing\n  tour\nConsent"), "{ann}");
    let again = ann.split("Not let in again for now\n  tour: again from ").nth(1).expect(&ann);
    assert!(again.contains(", since a message followed the entry of "), "{ann}");

    eventually("the other is known", || run(Some(data.path()), &["why", "bea"]).code == 0);
    let bea = why(&["bea", "tour"]);
    for told in [
        "the person is in the campaign's holdout",
        "enters again with the same key 30d after that entry",
        "experiment `subject-line`: arm `",
        "its priority is 80",
        "Not let in again for now: nowhere",
    ] {
        assert!(bea.contains(told), "{told}\n{bea}");
    }
    assert_eq!(server.stop().code, 0);
}
