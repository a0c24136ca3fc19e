//! Creatives: what a file states, what becomes of it in a message, what is learned.

use campaign::{Action, Bandit, Campaign, Chosen, Creative, Creatives, Message, MessageContext, Templates};
use event::{DAY, Event, Identifier, IdentifierKind, Identifiers, Key, names};
use person::Profile;
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;

const OFFER: &str = r#"name: offers
entry: { event: Product Viewed, keep: [name] }
steps:
  - send: offer
    subject: "{{ creative.title }}"
    template: offer.html
    creative:
      slots:
        title: { plain: "About {{ kept.name }}", question: "Still <thinking>, {{ person.first_name }}?" }
        order: { offer-first: [offer, picture], picture-first: [picture, offer] }
      circumstances: { buyer: profile.orders.count > 0 }
      reward: Order Completed
      window: 3d
      explore: 0.05
      min_samples: 20
"#;

fn templates() -> Templates {
    let named = |(name, source): (&str, &str)| (name.to_owned(), source.to_owned());
    let body = "<h1>{{ creative.title }}</h1>{% for block in creative.order %}<p>{{ block }}</p>{% endfor %}";
    Templates::new([("offer.html", body), ("plain.html", "Hello")].map(named)).unwrap()
}

fn campaign(yaml: &str) -> Campaign {
    Campaign::parse(yaml, &templates()).unwrap_or_else(|error| panic!("{error}"))
}

fn message(campaign: &Campaign) -> &Message {
    campaign.message("offer").unwrap()
}

fn creative(campaign: &Campaign) -> &Creative {
    message(campaign).creative().unwrap()
}

fn event(name: &'static str, at: i64, properties: String) -> Event<'static> {
    let mut identifiers = Identifiers::default();
    identifiers.insert(Identifier { kind: IdentifierKind::User, key: Key([7; 16]) });
    let mut event = Event::reported(format!("{name}-{at}"), "", identifiers, at, properties, "test");
    event.name = Cow::Borrowed(name);
    event
}

#[test]
fn a_file_states_it() {
    let campaign = campaign(OFFER);
    let creative = creative(&campaign);
    assert_eq!((creative.name.as_str(), creative.reward.as_str()), ("offers/offer", "Order Completed"));
    assert_eq!((creative.window, creative.design.min_samples, creative.design.features()), (3 * DAY, 20, 8));
    assert_eq!(creative.design.explore.ten_thousandths(), 500);
    let fields: Vec<&str> = message(&campaign).kept_fields().collect();
    assert_eq!(fields, ["name"], "what a level looks up is looked up");
    assert_eq!(message(&campaign).person_fields().collect::<Vec<_>>(), ["first_name"]);
}

#[test]
fn what_was_chosen_is_rendered_and_escaped() {
    let campaign = campaign(OFFER);
    let context = MessageContext {
        profile: &json!({}),
        kept: &json!({"name": "Kettle"}),
        key: "",
        person: &BTreeMap::from([("first_name".to_owned(), "Ann".to_owned())]),
        unsubscribe_url: "",
    };
    let levels =
        [("title".to_owned(), "question".to_owned()), ("order".to_owned(), "picture-first".to_owned())];
    let chosen = Chosen { levels: levels.into(), ..Chosen::default() };
    let rendered = message(&campaign).render_chosen(&context, &chosen).unwrap();
    assert_eq!(rendered.subject, "Still <thinking>, Ann?");
    assert_eq!(rendered.html, "<h1>Still &lt;thinking&gt;, Ann?</h1><p>picture</p><p>offer</p>");
    assert_eq!(rendered.missing, [] as [&str; 0]);
    let rendered = message(&campaign).render(&context).unwrap();
    assert_eq!(
        (rendered.subject.as_str(), &rendered.html[..25]),
        ("About Kettle", "<h1>About Kettle</h1><p>o")
    );
}

#[test]
fn a_choice_is_the_same_for_the_same_message() {
    let campaign = campaign(OFFER);
    let (creative, nothing, profile) = (creative(&campaign), Creatives::default(), Profile::default());
    let choose = |n: u128| creative.choose(&nothing, &profile, 0, Key(n.to_be_bytes()));
    let choices: Vec<Chosen> = (0..400).map(choose).collect();
    assert_eq!(choices, (0..400).map(choose).collect::<Vec<_>>());
    assert!(choices.iter().all(|chosen| chosen.explored && chosen.circumstances.is_empty()));
    // By chance: 100 ± 8.7 of each of the four.
    for (title, order) in [("plain", "offer-first"), ("plain", "picture-first"), ("question", "offer-first")]
    {
        let is_it = |chosen: &&Chosen| chosen.levels["title"] == title && chosen.levels["order"] == order;
        let times = choices.iter().filter(is_it).count();
        assert!((65..=135).contains(&times), "{title} {order}: {times}");
    }
    assert_eq!(Chosen::from_json(&choices[0].to_json()).as_ref(), Some(&choices[0]));
}

/// From the events that tell of messages and orders back to the choice of the next message.
#[test]
fn what_orders_follow_is_chosen_more_often() {
    let campaign = campaign(OFFER);
    let (creative, profile) = (creative(&campaign), Profile::default());
    let (mut shown, mut rewards) = (Vec::new(), Vec::new());
    for n in 0..200i64 {
        let action = Key((n as u128 + 1).to_be_bytes());
        let chosen = creative.choose(&Creatives::default(), &profile, 0, action);
        let sent = json!({"campaign": "offers", "step": "offer", "channel": "email", "key": "",
            "action_id": action.to_string(), "creative": chosen.to_json()});
        let at = n * 10 * DAY;
        shown.extend(creative.shown(&event(names::MESSAGE_SENT, at, sent.to_string())));
        if chosen.levels["title"] == "question" {
            rewards.extend(creative.reward(&event("Order Completed", at + DAY, "{}".to_owned())));
        }
    }
    assert_eq!(shown.len(), 200);
    let mut bandit = Bandit::default();
    assert_eq!(bandit.learn(&shown, &rewards, creative.window, 2_003 * DAY), 200);
    assert_eq!(bandit.of("title", "plain").1, 0);
    let learned = Creatives::new([(creative.name.clone(), bandit)].into());
    let encoded = learned.encode();
    assert_eq!(Creatives::decode(&encoded).unwrap().learned(), learned.learned());
    assert!(Creatives::decode(&encoded[..encoded.len() - 1]).is_err());
    let asked = |n: u128| creative.choose(&learned, &profile, 0, Key((n + 1_000).to_be_bytes()));
    let questions = (0..1_000).filter(|n| asked(*n).levels["title"] == "question").count();
    // All but half of the 50 ± 7 that are left to chance.
    assert!((950..1_000).contains(&questions), "{questions}");
}

#[test]
fn other_events_tell_nothing() {
    let campaign = campaign(OFFER);
    let creative = creative(&campaign);
    let action = Action::default().id.to_string();
    let sent = |campaign: &str, chosen: &str| {
        let text = format!(
            r#"{{"campaign":"{campaign}","step":"offer","action_id":"{action}","creative":{chosen}}}"#
        );
        creative.shown(&event(names::MESSAGE_SENT, 0, text)).is_some()
    };
    assert!(sent("offers", r#"{"levels":{"title":"plain"}}"#));
    assert!(!sent("others", r#"{"levels":{"title":"plain"}}"#));
    assert!(!sent("offers", r#"{"levels":{"title":3}}"#) && !sent("offers", "3"));
    assert!(creative.shown(&event(names::MESSAGE_REFUSED, 0, "{}".to_owned())).is_none());
    assert!(creative.reward(&event("Product Viewed", 0, "{}".to_owned())).is_none());
}

#[test]
fn a_file_says_what_is_wrong() {
    let mistake = |from: &str, to: &str, message: &str| {
        assert!(OFFER.contains(from), "{from}");
        let error = Campaign::parse(&OFFER.replacen(from, to, 1), &templates()).unwrap_err();
        assert!(error.message.contains(message) && error.line > 1, "{error}");
    };
    mistake("explore: 0.05", "explore: 0", "or nothing new is ever learned");
    mistake("title: { plain: \"About {{ kept.name }}\", question", "title: { question", "2 to 8 levels");
    mistake("{ buyer:", "{ 'the buyer':", "`the buyer`: names of slots");
    mistake("buyer: profile.orders.count > 0", "buyer: profile.orders.count >", "");
    mistake("window: 3d", "window: 3 days", "no time span");
    mistake("order: {", "layout: {", "the template shows `creative.order`");
    mistake("{{ kept.name }}\"", "{% if %}\"", "template");
    let circumstances: Vec<String> = (0..8).map(|n| format!("c{n}: 'true'")).collect();
    let many: Vec<String> = (0..8).map(|n| format!("l{n}: x")).collect();
    let yaml = OFFER.replacen("buyer: profile.orders.count > 0", &circumstances.join(", "), 1).replacen(
        "order: {",
        &format!("more: {{ {} }}\n        order: {{", many.join(", ")),
        1,
    );
    let error = Campaign::parse(&yaml, &templates()).unwrap_err();
    assert!(error.message.contains("come to 108; 96 can be learned"), "{error}");
}

#[test]
fn what_waits_on_site_is_learned_from_when_it_is_shown_first() {
    let campaign = campaign(OFFER);
    let creative = creative(&campaign);
    let told = |name, more: serde_json::Value| {
        let mut properties = json!({"campaign": "offers", "step": "offer", "channel": "on_site",
            "action_id": Key([3; 16]).to_string(),
            "creative": {"levels": {"title": "plain"}, "circumstances": [], "explored": true}});
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        creative.shown(&event(name, 7 * DAY, properties.to_string()))
    };
    assert_eq!(told(names::MESSAGE_SENT, json!({})), None, "nobody has seen it yet");
    let shown = told(names::MESSAGE_SHOWN, json!({"showing": 1})).unwrap();
    assert_eq!((shown.action, shown.at), (Key([3; 16]), 7 * DAY));
    assert_eq!(told(names::MESSAGE_SHOWN, json!({"showing": 2})), None, "once is enough");
    assert!(told(names::MESSAGE_SENT, json!({"channel": "email"})).is_some());
}
