//! Messages that wait on site: which a visitor sees, how often, and which no more.

use campaign::placement::{DefaultOnly, Visitor};
use campaign::{Action, Campaign, Campaigns, ChannelKind, OnSiteMessage, Placement, ProfileView, Templates};
use event::{DAY, Event, HOUR, Identifier, IdentifierKind, Identifiers, Key, names};
use person::{Profile, Showings};
use serde_json::{Value, json};

const NOW: i64 = 1_795_341_600_000;

const CART: &str = r#"name: cart
entry: { event: Product Added, key: event.properties.product_id, keep: [name] }
exit_on: [ { event: Order Completed, key: event.product_ids } ]
exit_when: profile.service.open_complaint
steps:
  - send: reminder
    channel: on_site
    placement: home-hero
    shows: 2
    expires: 1d
    subject: "Still thinking about {{ kept.name }}?"
    template: reminder.html
"#;

const CASE: &str = r#"name: case-news
lane: service
priority: 90
entry: { event: Case Closed }
steps: [ { send: news, channel: on_site, placement: home-hero, template: news.txt } ]
"#;

fn templates() -> Templates {
    let sources = [
        ("reminder.html", "<p>{{ kept.name }}</p><a href=\"https://shop.example/cart\">Cart</a>"),
        ("news.txt", "Your case is closed."),
        ("personal.html", "Dear {{ person.first_name }}"),
    ];
    Templates::new(sources.map(|(name, source)| (name.to_owned(), source.to_owned()))).unwrap()
}

fn parse(yaml: &str) -> Result<Campaign, campaign::FileError> {
    Campaign::parse(yaml, &templates())
}

fn campaigns() -> Campaigns {
    Campaigns::new([CART, CASE].map(|yaml| parse(yaml).unwrap()).into())
}

fn told(name: &'static str, id: String, at: i64, properties: Value, source: &'static str) -> Event<'static> {
    let mut who = Identifiers::default();
    who.insert(Identifier { kind: IdentifierKind::User, key: Key([7; 16]) });
    Event::reported(id, name, who, at, properties.to_string(), source)
}

/// What deliver-messages tells of a message of these campaigns.
fn sent(campaign: &str, step: &str, number: u8, at: i64) -> Event<'static> {
    let (campaigns, action) = (campaigns(), Key([number; 16]));
    let action = Action {
        id: action,
        campaign: campaign.to_owned(),
        version: 1,
        step: step.to_owned(),
        key: "kettle".to_owned(),
        entered_at: at - HOUR,
        kept: json!({"name": "Tea & Kettle"}).to_string(),
        ..Action::default()
    };
    let on_site = campaigns.get(campaign).unwrap().message(step).unwrap().on_site().unwrap();
    let properties = json!({"channel": "on_site", "action_id": action.id.to_string(), "on_site": on_site.said(&action, at, "")});
    told(names::MESSAGE_SENT, format!("sent-{number}"), at, properties, "deliver-messages")
}

fn shown(number: u8, showing: u8, at: i64) -> Event<'static> {
    let properties =
        json!({"channel": "on_site", "action_id": Key([number; 16]).to_string(), "showing": showing});
    told(names::MESSAGE_SHOWN, format!("shown-{number}-{showing}"), at, properties, "decide-experience")
}

struct Page {
    now: i64,
    placement: &'static str,
    default_only: Option<DefaultOnly>,
    held_out: bool,
    known: Showings,
}

const PAGE: Page = Page {
    now: NOW,
    placement: "home-hero",
    default_only: None,
    held_out: false,
    known: Showings { times: 0, last: 0, ended: false },
};

impl Page {
    fn sees<T>(&self, events: &[Event<'_>], look: impl FnOnce(Option<OnSiteMessage<'_>>) -> T) -> T {
        let mut profile = Profile::default();
        for event in events {
            profile.apply(event);
        }
        let (campaigns, looks) =
            (campaigns(), told("Page Viewed", String::new(), self.now, json!({}), "web"));
        let placement = Placement::parse(&format!("name: {}\n", self.placement)).unwrap();
        let visitor = Visitor {
            now: self.now,
            profile: &profile,
            id: Key([7; 16]),
            user_id: None,
            anonymous_id: None,
            event: &looks,
            default_only: self.default_only,
            held_out: self.held_out,
        };
        let view = ProfileView::new(&profile, self.now);
        look(campaigns.on_site(&placement, &visitor, &view, None, |_| self.known))
    }

    /// Which message is seen, and the how manieth time.
    fn message(&self, events: &[Event<'_>]) -> Option<(u8, u8)> {
        self.sees(events, |message| message.map(|message| (message.action.0[0], message.showing)))
    }
}

#[test]
fn a_file_says_where_and_for_how_long_a_message_waits() {
    let campaign = parse(CART).unwrap();
    let message = campaign.message("reminder").unwrap();
    assert_eq!((message.kind, message.channel.as_str()), (ChannelKind::OnSite, "on_site"));
    let on_site = message.on_site().unwrap();
    assert_eq!((on_site.placement.as_str(), on_site.shows, on_site.expires), ("home-hero", 2, DAY));
    assert_eq!(on_site.place, (8, 16));
    let plain = parse(CASE).unwrap();
    let plain = plain.message("news").unwrap().on_site().unwrap();
    assert_eq!((plain.shows, plain.expires), (1, 3 * DAY));

    let mistakes = [
        ("    placement: home-hero\n", "", 6, 11, "a message on site needs a `placement`"),
        (
            "channel: on_site",
            "channel: email",
            8,
            16,
            "`placement` belongs to a send with `channel: on_site`",
        ),
        ("shows: 2", "shows: 6", 9, 12, "a message is shown 1 to 5 times"),
        ("expires: 1d", "expires: 31d", 10, 14, "30 days at most"),
        ("expires: 1d", "webhook: crm", 10, 14, "goes to no webhook"),
        ("reminder.html", "personal.html", 12, 15, "leave `person.first_name` out"),
    ];
    for (good, bad, line, column, cure) in mistakes {
        let error = parse(&CART.replace(good, bad)).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{bad}: {error:?}");
        assert!(error.message.contains(cure), "{}", error.message);
    }
}

#[test]
fn what_waits_is_rendered_for_who_comes() {
    let events = [sent("cart", "reminder", 1, NOW - HOUR)];
    PAGE.sees(&events, |message| {
        let message = message.unwrap();
        assert_eq!((message.campaign, message.step, message.showing), ("cart", "reminder", 1));
        assert_eq!(message.content["title"], "Still thinking about Tea & Kettle?");
        let html = message.content["html"].as_str().unwrap();
        assert!(html.starts_with("<p>Tea &amp; Kettle</p>"), "{html}");
        assert_eq!(message.expires_at, NOW - HOUR + DAY);
    });
    assert_eq!(Page { placement: "footer", ..PAGE }.message(&events), None, "it waits elsewhere");
    assert_eq!(Page { now: NOW - HOUR + DAY, ..PAGE }.message(&events), None, "it waits no longer");
    // The service's goes first, and then the newest.
    let events = [sent("cart", "reminder", 1, NOW - HOUR), sent("cart", "reminder", 2, NOW - 2 * HOUR)];
    assert_eq!(PAGE.message(&events), Some((1, 1)));
    let events = [&events[..], &[sent("case-news", "news", 3, NOW - 9 * HOUR)]].concat();
    assert_eq!(PAGE.message(&events), Some((3, 1)));
    assert_eq!(PAGE.message(&[&events[..], &[shown(3, 1, NOW - HOUR)]].concat()), Some((1, 1)));
}

#[test]
fn it_is_shown_so_often_and_not_again() {
    let mut events = vec![sent("cart", "reminder", 1, NOW - HOUR), shown(1, 1, NOW - 60)];
    assert_eq!(PAGE.message(&events), Some((1, 2)));
    let known = Showings { times: 2, last: NOW, ended: false };
    assert_eq!(Page { known, ..PAGE }.message(&events), None, "this process showed it, and the profile lags");
    events.push(shown(1, 2, NOW - 30));
    assert_eq!(PAGE.message(&events), None);

    for dealt_with in [names::MESSAGE_CLICKED, names::MESSAGE_DISMISSED] {
        let properties = json!({"channel": "on_site", "action_id": Key([1; 16]).to_string()});
        let events = [
            sent("cart", "reminder", 1, NOW - HOUR),
            told(dealt_with, "d".to_owned(), NOW - 5, properties, "web"),
        ];
        assert_eq!(PAGE.message(&events), None, "{dealt_with}");
    }
}

#[test]
fn who_is_not_to_see_it_does_not() {
    let cart = || sent("cart", "reminder", 1, NOW - HOUR);
    let service = || sent("case-news", "news", 2, NOW - HOUR);
    let ordered = |at| told(names::ORDER_COMPLETED, "o".to_owned(), at, json!({"order_id": "o"}), "web");
    assert_eq!(PAGE.message(&[cart(), ordered(NOW - 3 * HOUR)]), Some((1, 1)), "before the cart");
    assert_eq!(PAGE.message(&[cart(), ordered(NOW - 60)]), None, "what the message is about is bought");
    let complaint = told(
        names::CASE_OPENED,
        "c".to_owned(),
        NOW - 60,
        json!({"case_id": "c", "case_kind": "complaint"}),
        "web",
    );
    assert_eq!(PAGE.message(&[cart(), complaint.clone()]), None);
    assert_eq!(PAGE.message(&[cart(), service(), complaint]), Some((2, 1)));
    let held_out = Page { held_out: true, ..PAGE };
    assert_eq!((held_out.message(&[cart()]), held_out.message(&[service()])), (None, Some((2, 1))));
    for reason in [DefaultOnly::NoConsent, DefaultOnly::Restricted, DefaultOnly::Unavailable] {
        let page = Page { default_only: Some(reason), ..PAGE };
        assert_eq!(page.message(&[cart(), service()]), None, "{reason:?}");
    }
    let gone = told(
        names::MESSAGE_SENT,
        "g".to_owned(),
        NOW - 60,
        json!({"channel": "on_site", "action_id": Key([9; 16]).to_string(),
            "on_site": {"campaign": "gone", "version": 1, "step": "a", "placement": "home-hero", "entered_at": 0, "expires_at": NOW * 2, "shows": 1}}),
        "deliver-messages",
    );
    assert_eq!(PAGE.message(&[gone]), None, "its campaign is no longer live");
}
