//! What SES tells of messages, from its JSON to events on the bus.

#[path = "../../../shared/event/tests/ports/mod.rs"]
mod ports;

use aws_lambda_events::sqs::SqsEvent;
use event::{
    Identifier, IdentifierKind, Key, ObjectSource, Parser, ParserSettings, Privacy, PrivacyList,
    Pseudonymizer, parse_time,
};
use import_data::{Deps, Mappings, handle_queue};
use pollster::block_on;
use ports::Memory;
use serde_json::{Value, json};
use std::io::{self, Read};
use std::sync::Arc;
use token::{MessageToken, TokenKey};

struct NoObjects;

impl ObjectSource for NoObjects {
    async fn open(&self, _: &str, _: &str) -> io::Result<Box<dyn Read + Send>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

const SENT: &str = "2026-11-22T10:00:00Z";

fn now() -> i64 {
    parse_time("2026-11-23T00:00:00Z").unwrap()
}

fn hasher() -> Pseudonymizer {
    Pseudonymizer::new(b"test key")
}

fn ann() -> Identifier {
    hasher().identifier(IdentifierKind::User, "ann-1")
}

fn token_of(key: &TokenKey, action: u8) -> String {
    key.seal(&MessageToken {
        person: ann(),
        action: Key([action; 16]),
        channel: "email".into(),
        campaign: "browse".into(),
        sent_at: parse_time(SENT).unwrap(),
    })
}

fn token() -> String {
    token_of(&TokenKey::of(&hasher()), 0xab)
}

/// A sample, with a token.
fn sample(text: &str) -> Value {
    serde_json::from_str(&text.replace("TOKEN", &token())).unwrap()
}

/// What SES publishes, of this kind.
fn published(kind: &str, detail: Value) -> Value {
    let mut published = json!({
        "eventType": kind,
        "mail": {"messageId": "ses-1", "destination": ["ann@example.com"], "tags": {"rondo": [token()]}},
    });
    published[kind.to_lowercase()] = detail;
    published
}

/// Puts messages of the inbox through, and returns what is on the bus: names and properties.
fn told_with(list: PrivacyList, bodies: &[Value]) -> Vec<(String, Value)> {
    let memory = Memory::default();
    let settings = ParserSettings { privacy: Arc::new(Privacy::new(list)), ..ParserSettings::default() };
    let parser = Parser::new(hasher(), settings);
    let deps = Deps {
        bus: &memory,
        vault: &memory,
        quarantine: &memory,
        objects: &NoObjects,
        parser: &parser,
        mappings: &Mappings::default(),
    };
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(n, body)| {
            json!({"messageId": format!("m{n}"), "eventSource": "aws:sqs", "body": body.to_string(),
                "eventSourceARN": "arn:aws:sqs:eu-central-1:1:inbox", "attributes": {}, "messageAttributes": {}})
        })
        .collect();
    let event: SqsEvent = serde_json::from_value(json!({"Records": records})).unwrap();
    let answer = block_on(handle_queue(&deps, &event, now()));
    assert!(answer.batch_item_failures.is_empty());
    assert!(memory.quarantined.borrow().is_empty() && memory.secrets.borrow().is_empty());
    memory.events(|event| {
        assert_eq!(event.identifiers[..], [ann()]);
        assert!(!event.properties.contains("example.com\""), "an address is in {}", event.properties);
        (event.name.to_string(), serde_json::from_str(&event.properties).unwrap())
    })
}

fn told(bodies: &[Value]) -> Vec<(String, Value)> {
    told_with(PrivacyList::default(), bodies)
}

/// What marks the only one of these as a program's.
fn sign(kind: &str, detail: Value) -> Option<String> {
    let told = told(&[published(kind, detail)]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].1["machine"].is_boolean(), told[0].1["machine_sign"].is_string());
    told[0].1["machine_sign"].as_str().map(str::to_owned)
}

const BROWSER: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36";

#[test]
fn each_form_of_a_notice_is_read() {
    let bounce = sample(include_str!("../../../events/import-data/ses-bounce.json"));
    let expected = json!({
        "channel": "email", "action_id": "ab".repeat(16), "campaign": "browse", "bounce_type": "permanent",
        "bounce_kind": "General",
    });
    let expected = [("Message Bounced".to_owned(), expected)];
    // As EventBridge has it, bare, and in an SNS notification.
    let bare = bounce["detail"].clone();
    let sns = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-central-1:1:mail", "Message": bare.to_string()});
    for body in [bounce, bare, sns] {
        assert_eq!(told(&[body]), expected);
    }
}

#[test]
fn each_kind_of_notice_is_an_event() {
    let at = "2026-11-22T12:00:00.000Z";
    let names = |kind: &str, detail: Value| -> Vec<String> {
        told(&[published(kind, detail)]).into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names("Delivery", json!({"timestamp": at})), ["Message Delivered"]);
    let complaint = json!({"timestamp": at, "complaintFeedbackType": "abuse", "feedbackId": "f1"});
    assert_eq!(names("Complaint", complaint), ["Message Complained"]);
    assert!(names("Complaint", json!({"timestamp": at, "complaintFeedbackType": "not-spam"})).is_empty());
    assert_eq!(names("Open", json!({"timestamp": at, "userAgent": BROWSER})), ["Message Opened"]);
    assert_eq!(
        names("Click", json!({"timestamp": at, "userAgent": BROWSER, "link": "https://s.example/"})),
        ["Message Clicked"]
    );
    for silent in ["Send", "Reject", "DeliveryDelay", "Subscription", "Rendering Failure"] {
        assert!(names(silent, json!({})).is_empty(), "{silent}");
    }
    for (kind, bounce) in
        [("Transient", "transient"), ("Undetermined", "transient"), ("Permanent", "permanent")]
    {
        let told = told(&[published("Bounce", json!({"timestamp": at, "bounceType": kind}))]);
        assert_eq!(told[0].1["bounce_type"], bounce, "{kind}");
    }
}

#[test]
fn a_repeated_notice_is_the_same_event() {
    let at = "2026-11-22T12:00:00.000Z";
    let click = |link: &str| published("Click", json!({"timestamp": at, "userAgent": BROWSER, "link": link}));
    let ids = |bodies: &[Value]| {
        let parser = Parser::new(hasher(), ParserSettings::default());
        let text: Vec<String> = bodies.iter().map(Value::to_string).collect();
        let tokens = TokenKey::of(parser.hasher());
        text.iter()
            .map(|text| {
                let notice = feedback::Notice::read(text, &tokens, now()).unwrap();
                let event = notice.event(|link| link.to_owned());
                (event.hash.0, event.happened_at)
            })
            .collect::<Vec<_>>()
    };
    let same = ids(&[click("https://s.example/a?x=1"), click("https://s.example/a?x=1")]);
    assert_eq!(same[0], same[1]);
    assert_eq!(same[0].1, parse_time(at).unwrap());
    let others = ids(&[click("https://s.example/a"), click("https://s.example/b")]);
    assert_ne!(others[0].0, others[1].0);
}

#[test]
fn programs_are_marked() {
    let at = "2026-11-22T12:00:00Z";
    let open = |agent: &str, address: &str, at: &str| {
        sign("Open", json!({"timestamp": at, "userAgent": agent, "ipAddress": address}))
    };
    assert_eq!(open(BROWSER, "84.1.2.3", at), None);
    assert_eq!(
        open("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148", "84.1.2.3", at),
        None
    );
    assert_eq!(open("Mozilla/5.0", "84.1.2.3", at).as_deref(), Some("mail_privacy"));
    assert_eq!(open(BROWSER, "17.58.1.2", at).as_deref(), Some("mail_privacy"));
    let google = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";
    assert_eq!(open(google, "66.249.84.1", at).as_deref(), Some("image_proxy"));
    assert_eq!(
        open("YahooMailProxy; https://help.yahoo.com/", "1.2.3.4", at).as_deref(),
        Some("image_proxy")
    );
    for agent in [
        "",
        "python-requests/2.32",
        "Barracuda Sentinel (EE)",
        "Mozilla/5.0 (compatible; bingbot/2.0)",
        "HeadlessChrome/120",
    ] {
        assert_eq!(open(agent, "1.2.3.4", at).as_deref(), Some("agent"), "{agent}");
    }
    // Four seconds after the sending, and six.
    assert_eq!(open(BROWSER, "84.1.2.3", "2026-11-22T10:00:04Z").as_deref(), Some("too_soon"));
    assert_eq!(open(BROWSER, "84.1.2.3", "2026-11-22T10:00:06Z"), None);
}

#[test]
fn who_follows_every_link_at_once_is_a_program() {
    let click = |link: &str, at: &str| {
        published(
            "Click",
            json!({"timestamp": at, "userAgent": BROWSER, "ipAddress": "84.1.2.3", "link": link}),
        )
    };
    let signs = |bodies: &[Value]| -> Vec<Option<String>> {
        let sign = |(_, told): (String, Value)| told["machine_sign"].as_str().map(str::to_owned);
        told(bodies).into_iter().map(sign).collect()
    };
    let [a, b, c] = ["https://s.example/a", "https://s.example/b", "https://s.example/c"];
    let burst = [
        click(a, "2026-11-22T12:00:00Z"),
        click(b, "2026-11-22T12:00:01Z"),
        click(c, "2026-11-22T12:00:02Z"),
    ];
    assert_eq!(signs(&burst), vec![Some("all_links".to_owned()); 3]);
    // One link over and over, and three within an hour, are a person's.
    let same = [
        click(a, "2026-11-22T12:00:00Z"),
        click(a, "2026-11-22T12:00:01Z"),
        click(a, "2026-11-22T12:00:02Z"),
    ];
    assert_eq!(signs(&same), vec![None; 3]);
    let slow = [
        click(a, "2026-11-22T12:00:00Z"),
        click(b, "2026-11-22T12:20:00Z"),
        click(c, "2026-11-22T12:40:00Z"),
    ];
    assert_eq!(signs(&slow), vec![None; 3]);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let stranger = TokenKey::of(&Pseudonymizer::new(b"another key"));
    let with = |tags: Value| {
        let mut body = published("Complaint", json!({"timestamp": "2026-11-22T12:00:00Z"}));
        body["mail"]["tags"] = tags;
        body
    };
    for tags in
        [json!({}), json!({"rondo": []}), json!({"rondo": ["x"]}), json!({"rondo": [token_of(&stranger, 1)]})]
    {
        assert!(told(&[with(tags.clone())]).is_empty(), "{tags}");
    }
    let mut list = PrivacyList::default();
    list.erase(&[ann()], now());
    assert!(told_with(list, &[with(json!({"rondo": [token()]}))]).is_empty(), "erased people stay out");
}

#[test]
fn links_tell_no_secrets() {
    let click = |link: String| {
        let detail = json!({"timestamp": "2026-11-22T12:00:00Z", "userAgent": BROWSER, "link": link});
        told(&[published("Click", detail)])
    };
    let link = |link: &str| click(link.to_owned())[0].1["link"].clone();
    assert_eq!(link("https://s.example/p/1?utm_source=x&email=ann@example.com#top"), "https://s.example/p/1");
    assert_eq!(link("https://ann:secret@s.example/p"), "https://s.example/p");
    assert_eq!(link("mailto:ann@example.com"), "");
    assert!(!link("https://s.example/people/ann@example.com").as_str().unwrap().contains("ann@"));
    assert!(
        click(format!("https://events.shop.example/u/{}", token())).is_empty(),
        "a click on unsubscribe tells for itself"
    );
}
