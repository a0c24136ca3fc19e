//! What creatives bring about, learned from the lake.

use crate::rondo::{output, run, write};
use crate::server::{Server, eventually};
use serde_json::{Value, json};
use tempfile::tempdir;

const OFFER: &str = "\
name: offers
entry: { event: Signed Up }
steps:
  - send: hello
    subject: \"{{ creative.title }}\"
    template: hello.html
    creative:
      slots:
        title: { plain: Hello, question: How are you? }
        order: { offer-first: [offer, picture], picture-first: [picture, offer] }
      window: 1s
";
const PAGE: &str =
    "{% for block in creative.order %}<p>{{ block }}</p>{% endfor %}<a href=\"{{ unsubscribe_url }}\">no</a>";

#[test]
fn each_message_teaches_once() {
    let data = tempdir().unwrap();
    write(
        data.path(),
        &[
            ("config/settings.yaml", "unsubscribe_url: https://shop.example.com/u\nglobal_holdout: 0\n"),
            ("config/campaigns/offers.yaml", OFFER),
            ("config/templates/hello.html", PAGE),
        ],
    );
    let server = Server::start(data.path());
    let send = |path: &str, event: Value| assert_eq!(server.post(path, &event.to_string()).status, 200);
    for n in 0..4 {
        let id = format!("user-{n}");
        send("/v1/identify", json!({"userId": id, "traits": {"email": format!("{id}@example.com")}}));
        send("/v1/track", json!({"userId": id, "event": "Subscribed", "properties": {"channel": "email"}}));
        send("/v1/track", json!({"userId": id, "event": "Signed Up"}));
    }
    let learn = || -> Value { serde_json::from_str(&output(data.path(), &["learn", "--json"])).unwrap() };
    eventually("a lesson of all four", || learn()[0]["messages"] == 4);
    let again = learn();
    assert_eq!((&again[0]["creative"], &again[0]["learned_now"]), (&json!("offers/hello"), &json!(0)));
    let of = |slot: &str| -> u64 {
        let levels = again[0]["levels"].as_array().unwrap();
        levels
            .iter()
            .filter(|level| level["slot"] == slot)
            .map(|level| level["messages"].as_u64().unwrap())
            .sum()
    };
    assert_eq!((of("title"), of("order")), (4, 4));
    assert_eq!(server.stop().code, 0);

    // Without a server, from what is kept.
    assert_eq!(learn()[0], again[0]);
    assert!(output(data.path(), &["learn"]).contains("offers/hello  title  plain"));
    std::fs::write(data.path().join("models/creatives"), "?").unwrap();
    let damaged = run(Some(data.path()), &["learn"]);
    assert!(damaged.code == 1 && damaged.err.contains("is damaged: remove it"), "{}", damaged.err);
    std::fs::remove_file(data.path().join("models/creatives")).unwrap();
    assert_eq!(learn()[0]["messages"], 4, "all of it is in the lake");
}

#[test]
fn the_bandit_is_tried() {
    let ran = run(None, &["bench", "creative", "--json", "--messages", "20000"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let printed = ran.out;
    let tried: Value = serde_json::from_str(&printed).unwrap();
    let number = |trial: &str, name: &str| tried[trial][name].as_f64().unwrap();
    assert!(number("alike", "of_uniform") > 1.0 && number("alike", "of_best_fixed") <= 1.0, "{printed}");
    assert!(number("differing", "of_best_fixed") > 1.0, "{printed}");
    assert!(number("alike", "regret_total") < 0.6 * number("alike", "regret_of_uniform"), "{printed}");
}
