//! Decisions, from a request to the answer, and the sample invocations.

#[path = "../../../shared/event/tests/ports/mod.rs"]
mod ports;

use campaign::placement::Products;
use campaign::{
    Bandit, Campaign, Campaigns, Creatives, Experiment, Placement, Placements, Reward, Share, Shown,
    Templates,
};
use decide_experience::{Deps, HotProfiles, ReadKeys, Request, Response, invoke, run, visitor_parser};
use event::{
    Arrival, Identifier, IdentifierKind, Parser, ParserSettings, PortError, Privacy, PrivacyList,
    Pseudonymizer, SECOND,
};
use lambda::Invocation;
use person::{Found, NothingShared, PersonSource, Profile, SharedProfiles};
use pollster::block_on;
use ports::Memory;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// 2026-11-22T10:00:00Z.
const NOW: i64 = 1_795_341_600_000;

const HERO: &str = "\
name: home-hero
ttl: 5m
default: { title: Welcome }
creatives:
  - name: your-case
    lane: service
    when: profile.service.open_cases > 0 && event.properties.place == 'account'
    content: { title: We look into it }
  - name: soon-over
    ends: 2026-11-22T10:02:00Z
    when: profile.counters['Product Viewed'].total >= 2
    content: { title: Today only }
  - name: known
    when: profile.known
    content: { title: Hello again }
recommend: { count: 3 }
";

const CART: &str = "\
name: cart
entry: { event: Product Added, keep: [name] }
steps:
  - { send: reminder, channel: on_site, placement: home-hero, subject: Your cart, template: cart.html }
";

#[derive(Default)]
struct Store {
    people: RefCell<Vec<(Identifier, Found)>>,
    reads: Cell<u32>,
    down: Cell<bool>,
}

impl PersonSource for Store {
    async fn find(&self, identifiers: &[Identifier]) -> Result<Option<Found>, PortError> {
        self.reads.set(self.reads.get() + 1);
        if self.down.get() {
            return Err(PortError::Unavailable { what: "the store", reason: "it is down".into() });
        }
        let people = self.people.borrow();
        Ok(people.iter().find(|(id, _)| identifiers.contains(id)).map(|(_, found)| found.clone()))
    }
}

struct World {
    store: Store,
    hot: HotProfiles,
    placements: Placements,
    campaigns: Campaigns,
    learned: Creatives,
    parser: Parser,
    privacy: Arc<Privacy>,
    holdout: Share,
    bus: Memory,
}

impl World {
    fn new() -> World {
        let privacy = Arc::new(Privacy::default());
        let settings = ParserSettings { privacy: Arc::clone(&privacy), ..ParserSettings::default() };
        let templates =
            Templates::new([("cart.html".to_owned(), "<p>{{ kept.name }}</p>".to_owned())]).unwrap();
        let page = "name: product-page\nrecommend: { count: 2, from: [related, popular] }\n";
        World {
            store: Store::default(),
            hot: HotProfiles::new(1 << 20, SECOND),
            placements: Placements::new([HERO, page].map(|yaml| Placement::parse(yaml).unwrap())),
            campaigns: Campaigns::new(vec![Campaign::parse(CART, &templates).unwrap()]),
            learned: Creatives::default(),
            parser: visitor_parser(&Parser::new(Pseudonymizer::new(b"test key"), settings)),
            privacy,
            holdout: Share::default(),
            bus: Memory::default(),
        }
    }

    /// Folds records into the profile of the user `ann`.
    fn ann(&self, records: &[Value]) -> &World {
        self.ann_by("web", records)
    }

    /// The same, where the records come from a source.
    fn ann_by(&self, source: &str, records: &[Value]) -> &World {
        let texts: Vec<String> = records.iter().map(Value::to_string).collect();
        let mut profile = Profile::default();
        let mut ids = Vec::new();
        let events: Vec<_> = texts
            .iter()
            .map(|text| {
                self.parser.parse(text.as_bytes(), source, Arrival::Recorded { now: NOW }).unwrap().event
            })
            .collect();
        for event in &events {
            ids.extend(event.identifiers.iter().copied());
            profile.apply(event);
        }
        let mut blob = Vec::new();
        profile.encode(&mut blob);
        let person = self.parser.hasher().identifier(IdentifierKind::User, "ann").key;
        let found = Found { person, version: 1, blob: blob.into() };
        self.store.people.borrow_mut().extend(ids.into_iter().map(|id| (id, found.clone())));
        self
    }

    fn with<T>(&self, work: impl FnOnce(&Deps<'_, Store, NothingShared>) -> T) -> T {
        let products: Products = serde_json::from_value(json!({
            "popular": ["pan", "pot", "lamp"],
            "related": {"pan": [{"product_id": "lid", "cosine": 0.5}]},
        }))
        .unwrap();
        let keys = ReadKeys::default().and("web", "demo-key");
        work(&Deps {
            store: &self.store,
            shared: &NothingShared,
            hot: &self.hot,
            placements: &self.placements,
            campaigns: &self.campaigns,
            utm: None,
            products: Some(&products),
            learned: &self.learned,
            parser: &self.parser,
            keys: &keys,
            holdout: self.holdout,
        })
    }

    fn request(&self, method: &str, query: &str, body: &str, now: i64) -> Response {
        let headers = [("x-write-key", "demo-key")];
        let request =
            Request { method, path: "/v1/decide", query, headers: &headers, body: body.as_bytes(), now };
        self.with(|deps| block_on(run(deps, &request)))
    }

    /// What `home-hero` shows.
    fn hero(&self, visitor: Value) -> Value {
        self.hero_at(visitor, NOW)
    }

    fn hero_at(&self, mut visitor: Value, now: i64) -> Value {
        visitor["placements"] = json!(["home-hero"]);
        let response = self.request("POST", "", &visitor.to_string(), now);
        assert_eq!(response.status, 200, "{response:?}");
        let answer: Value = serde_json::from_slice(&response.body).unwrap();
        answer["placements"]["home-hero"].clone()
    }

    /// The creative and the reason.
    fn shown(&self, visitor: Value) -> (Option<String>, String) {
        let hero = self.hero(visitor);
        (hero["creative"].as_str().map(str::to_owned), hero["reason"].as_str().unwrap().to_owned())
    }
}

fn viewed(product: &str) -> Value {
    json!({"type": "track", "event": "Product Viewed", "userId": "ann", "timestamp": "2026-11-22T09:00:00Z",
        "messageId": format!("v-{product}"), "properties": {"product_id": product}})
}

fn answered(categories: Value) -> Value {
    json!({"type": "track", "event": "Consent Asked", "userId": "ann", "timestamp": "2026-11-22T09:30:00Z",
        "messageId": "consent", "context": {"consent": {"categoryPreferences": categories}}})
}

fn case(kind: &str) -> Value {
    json!({"type": "track", "event": "Case Opened", "userId": "ann", "timestamp": "2026-11-22T09:40:00Z",
        "messageId": "case", "properties": {"case_id": "c-1", "case_kind": kind}})
}

fn shown(creative: &str, reason: &str) -> (Option<String>, String) {
    (Some(creative).filter(|name| !name.is_empty()).map(str::to_owned), reason.to_owned())
}

#[test]
fn a_known_visitor_gets_the_first_creative_that_fits() {
    let world = World::new();
    world.ann(&[viewed("pan"), viewed("cup")]);
    assert_eq!(
        world.hero(json!({"userId": "ann"})),
        json!({
            "creative": "soon-over", "content": {"title": "Today only"},
            "products": [
                {"product_id": "lid", "because": "related"},
                {"product_id": "cup", "because": "viewed"},
                {"product_id": "pan", "because": "viewed"},
            ],
            "experiments": {},
            // It ends in two minutes.
            "reason": "matched", "ttl_s": 120,
        })
    );
    let later = world.hero_at(json!({"userId": "ann"}), NOW + 120_000);
    assert_eq!((&later["creative"], &later["ttl_s"]), (&json!("known"), &json!(300)));
}

#[test]
fn a_stranger_gets_the_default_and_what_everybody_looks_at() {
    let world = World::new();
    let hero = world.hero(json!({"anonymousId": "somebody"}));
    assert_eq!(
        hero,
        json!({
            "creative": null, "content": {"title": "Welcome"}, "experiments": {},
            "reason": "none_matched", "ttl_s": 300,
            "products": [
                {"product_id": "pan", "because": "popular"},
                {"product_id": "pot", "because": "popular"},
                {"product_id": "lamp", "because": "popular"},
            ],
        })
    );
}

#[test]
fn who_did_not_agree_gets_only_the_default_and_is_not_looked_up() {
    let world = World::new();
    world.ann(&[viewed("cup")]);
    for no in [json!({"Analytics": false}), json!({"analytics": false, "email": true})] {
        let visitor = json!({"userId": "ann", "context": {"consent": {"categoryPreferences": no}}});
        assert_eq!(world.shown(visitor.clone()), shown("", "no_consent"));
        assert_eq!(world.hero(visitor)["products"][0], json!({"product_id": "pan", "because": "popular"}));
    }
    assert_eq!(world.store.reads.get(), 0);
    assert_eq!(world.shown(json!({"userId": "ann"})), shown("known", "matched"));
}

#[test]
fn what_the_profile_says_against_it_counts_too() {
    for (said, reason) in [
        (json!({"analytics": false}), "no_consent"),
        (json!({"personalisation": false}), "no_consent"),
        (json!({"marketing": false}), "no_marketing"),
    ] {
        let world = World::new();
        // The answer comes with an event that was taken: analytics were agreed to when it was sent.
        let mut records = vec![viewed("cup"), answered(said.clone())];
        if said == json!({"analytics": false}) {
            records[1] = json!({"type": "track", "event": "Unsubscribed", "userId": "ann", "messageId": "consent",
                "timestamp": "2026-11-22T09:30:00Z", "context": {"consent": {"categoryPreferences": said}}});
        }
        world.ann(&records);
        assert_eq!(world.shown(json!({"userId": "ann"})), shown("", reason), "{said}");
    }
}

#[test]
fn a_complaint_holds_marketing_back_and_service_not() {
    let world = World::new();
    world.ann(&[viewed("cup"), case("complaint")]);
    assert_eq!(world.shown(json!({"userId": "ann"})), shown("", "open_complaint"));
    let account = json!({"userId": "ann", "properties": {"place": "account"}});
    assert_eq!(world.shown(account), shown("your-case", "matched"));
    let question = World::new();
    question.ann(&[viewed("cup"), case("question")]);
    assert_eq!(question.shown(json!({"userId": "ann"})), shown("known", "matched"));
}

#[test]
fn the_global_holdout_sees_no_marketing() {
    let mut world = World::new();
    world.ann(&[viewed("cup")]);
    world.holdout = Share::new(1.0).unwrap();
    assert_eq!(world.shown(json!({"userId": "ann"})), shown("", "holdout"));
    // It is the holdout of messages: the same people.
    let person = world.parser.hasher().identifier(IdentifierKind::User, "ann").key;
    let share =
        (0..=100).map(|n| Share::new(f64::from(n) / 100.0).unwrap()).find(|share| share.holds("*", person));
    world.holdout = share.unwrap();
    assert_eq!(world.shown(json!({"userId": "ann"})), shown("", "holdout"));
}

#[test]
fn who_was_erased_or_is_restricted_gets_only_the_default() {
    let world = World::new();
    world.ann(&[viewed("cup")]);
    assert_eq!(world.shown(json!({"userId": "ann"})), shown("known", "matched"));
    let ann = world.parser.hasher().identifier(IdentifierKind::User, "ann");
    let mut list = PrivacyList::default();
    list.restrict(&[ann], true);
    world.privacy.replace(list.clone());
    assert_eq!(world.shown(json!({"userId": "ann"})), shown("", "restricted"));
    // Also where the visitor is not named, but known.
    world.store.people.borrow_mut()[0].0 =
        world.parser.hasher().identifier(IdentifierKind::Anonymous, "her-browser");
    assert_eq!(world.shown(json!({"anonymousId": "her-browser"})), shown("", "restricted"));
    list.erase(&[ann], NOW + 1);
    world.privacy.replace(list);
    assert_eq!(world.shown(json!({"userId": "ann"})), shown("", "restricted"));
}

#[test]
fn a_store_that_is_down_breaks_no_page() {
    let world = World::new();
    world.ann(&[viewed("cup")]);
    assert_eq!(world.shown(json!({"userId": "ann"})), shown("known", "matched"));
    world.store.down.set(true);
    // What was read before serves; who was not read yet sees the default.
    let later = world.hero_at(json!({"userId": "ann"}), NOW + 60_000);
    assert_eq!(later["creative"], "known");
    let body = json!({"userId": "bob", "placements": ["home-hero"]}).to_string();
    let response = world.request("POST", "", &body, NOW);
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(answer["placements"]["home-hero"]["reason"], "unavailable");
    assert!(response.cause.unwrap().contains("it is down"));
}

#[test]
fn a_damaged_profile_breaks_no_page() {
    let world = World::new();
    let ann = world.parser.hasher().identifier(IdentifierKind::User, "ann");
    let found = Found { person: ann.key, version: 1, blob: vec![255; 9].into() };
    world.store.people.borrow_mut().push((ann, found));
    assert_eq!(world.shown(json!({"userId": "ann"})), shown("", "unavailable"));
}

#[test]
fn a_get_may_be_kept_and_a_post_not() {
    let world = World::new();
    let header = |response: &Response, name: &str| {
        response.headers.iter().find(|(given, _)| *given == name).map(|(_, value)| value.to_string())
    };
    let query = "placements=home-hero,product-page&anonymousId=x&product_id=pan";
    let response = world.request("GET", query, "", NOW);
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(
        answer["placements"]["product-page"]["products"],
        json!([{"product_id": "lid", "because": "related"}, {"product_id": "pot", "because": "popular"}])
    );
    // The shorter of five minutes and one.
    assert_eq!(header(&response, "cache-control").as_deref(), Some("private, max-age=60"));
    assert_eq!(header(&response, "access-control-allow-origin").as_deref(), Some("*"));
    let body = json!({"anonymousId": "x", "placements": ["home-hero"]}).to_string();
    let response = world.request("POST", "", &body, NOW);
    assert_eq!(header(&response, "cache-control").as_deref(), Some("no-store"));
}

#[test]
fn what_is_asked_wrongly_is_told() {
    let world = World::new();
    let refused = |method: &str, body: &str| {
        let response = world.request(method, "", body, NOW);
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        (response.status, answer["code"].as_str().unwrap_or_default().to_owned())
    };
    let too_many = json!({"userId": "ann", "placements": vec!["x"; 21]}).to_string();
    let too_long = json!({"userId": "ann", "placements": ["x"], "context": "y".repeat(40_000)}).to_string();
    for (body, status, code) in [
        ("", 400, "invalid_json"),
        ("[]", 400, "invalid_json"),
        (r#"{"userId": "ann"}"#, 400, "invalid"),
        (r#"{"placements": ["home-hero"]}"#, 400, "missing_identifier"),
        (&too_many, 400, "invalid"),
        (&too_long, 413, "too_large"),
    ] {
        assert_eq!(refused("POST", body), (status, code.to_owned()), "{}", &body[..body.len().min(80)]);
    }
    assert_eq!(refused("PUT", "{}"), (405, "wrong_method".into()));
    let body = json!({"userId": "ann", "placements": ["nowhere"]}).to_string();
    let response = world.request("POST", "", &body, NOW);
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(
        (response.status, &answer["placements"]["nowhere"]["reason"]),
        (200, &json!("unknown_placement"))
    );
}

#[test]
fn without_a_key_nothing_is_told() {
    let world = World::new();
    for body in ["{", r#"{"userId": "ann", "placements": ["home-hero"], "writeKey": "wrong"}"#] {
        let request = Request {
            method: "POST",
            path: "/v1/decide",
            query: "",
            headers: &[],
            body: body.as_bytes(),
            now: NOW,
        };
        assert_eq!(world.with(|deps| block_on(run(deps, &request))).status, 401, "{body}");
    }
    assert_eq!(world.store.reads.get(), 0);
}

/// What processes share: everything under one key.
#[derive(Default)]
struct Shelf(RefCell<Option<Found>>);

impl SharedProfiles for Shelf {
    async fn get(&self, _: Identifier) -> Result<Option<Found>, PortError> {
        Ok(self.0.borrow().clone())
    }

    async fn put(&self, _: Identifier, found: &Found) -> Result<(), PortError> {
        *self.0.borrow_mut() = Some(found.clone());
        Ok(())
    }
}

#[test]
fn what_one_process_read_another_need_not_read() {
    let (world, shelf) = (World::new(), Shelf::default());
    world.ann(&[viewed("cup")]);
    let body = json!({"userId": "ann", "placements": ["home-hero"]}).to_string();
    for process in 0..3 {
        let hot = HotProfiles::new(1 << 20, SECOND);
        let creative = world.with(|deps| {
            let headers = [("x-write-key", "demo-key")];
            let (method, path, query) = ("POST", "/v1/decide", "");
            let request = Request { method, path, query, headers: &headers, body: body.as_bytes(), now: NOW };
            let Deps { store, placements, campaigns, utm, products, learned, parser, keys, holdout, .. } =
                *deps;
            let (shared, hot) = (&shelf, &hot);
            let deps = Deps {
                store,
                shared,
                hot,
                placements,
                campaigns,
                utm,
                products,
                learned,
                parser,
                keys,
                holdout,
            };
            let response = block_on(run(&deps, &request));
            serde_json::from_slice::<Value>(&response.body).unwrap()["placements"]["home-hero"]["creative"]
                .clone()
        });
        assert_eq!((creative, world.store.reads.get()), (json!("known"), 1), "process {process}");
    }
}

const TRIAL: &str = "\
name: home-hero
default: { title: Plain }
experiments:
  - name: hero-2026
    by: anonymous_id
    arms: [ { name: plain }, { name: bold } ]
  - name: few
    coverage: 0
    arms: [ { name: off }, { name: on } ]
creatives:
  - name: bold-hero
    arm: hero-2026.bold
    content: { title: BOLD }
";

#[test]
fn each_visitor_sees_one_arm_and_it_is_told_once() {
    let mut world = World::new();
    world.placements = Placements::new([Placement::parse(TRIAL).unwrap()]);
    let experiment = Experiment::new("hero-2026", ["plain", "bold"]);
    let mut bold = 0;
    for n in 0..400 {
        let visitor = format!("visitor-{n}");
        let body = json!({"anonymousId": visitor, "placements": ["home-hero"]}).to_string();
        let response = world.request("POST", "", &body, NOW);
        let hero =
            serde_json::from_slice::<Value>(&response.body).unwrap()["placements"]["home-hero"].clone();
        // As any SDK of the spec has it of that id.
        let arm = experiment.assign(&visitor).arm;
        let name = ["plain", "bold"][arm];
        let shown = json!({"arm": name, "index": arm, "takes_part": true});
        assert_eq!(hero["experiments"]["hero-2026"], shown);
        assert_eq!(hero["experiments"]["few"], json!({"arm": "off", "index": 0, "takes_part": false}));
        assert_eq!(hero["content"]["title"], ["Plain", "BOLD"][arm]);
        bold += arm;

        let exposures = &response.exposures;
        assert_eq!(exposures.len(), 1);
        assert_eq!((exposures[0].name.as_ref(), exposures[0].identifiers.len()), ("Experiment Viewed", 1));
        assert_eq!(
            serde_json::from_str::<Value>(&exposures[0].properties).unwrap(),
            json!({"experiment_id": "hero-2026", "variation_id": name, "placement": "home-hero"})
        );
        assert!(world.request("POST", "", &body, NOW + 1).exposures.is_empty());
        // One that did not reach the bus is told again, and is the same event.
        world.hot.forget(exposures);
        assert_eq!(world.request("POST", "", &body, NOW + 2).exposures[0].hash, exposures[0].hash);
    }
    assert!((150..250).contains(&bold), "{bold} of 400");
}

#[test]
fn who_may_not_be_chosen_for_sees_the_control_and_is_not_told_of() {
    let mut world = World::new();
    world.placements = Placements::new([Placement::parse(TRIAL).unwrap()]);
    let experiment = Experiment::new("hero-2026", ["plain", "bold"]);
    let visitor =
        (0..).map(|n| format!("v-{n}")).find(|visitor| experiment.assign(visitor).arm == 1).unwrap();
    let body = json!({"anonymousId": visitor, "placements": ["home-hero"],
        "context": {"consent": {"categoryPreferences": {"analytics": false}}}});
    let response = world.request("POST", "", &body.to_string(), NOW);
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(
        answer["placements"]["home-hero"]["experiments"]["hero-2026"],
        json!({"arm": "plain", "index": 0, "takes_part": false})
    );
    assert!(response.exposures.is_empty());
}

#[test]
fn the_sample_invocations() {
    let world = World::new();
    world.ann(&[viewed("cup")]);
    let invoked = |case: &str| {
        let answer = world
            .with(|deps| block_on(invoke(deps, &world.bus, &Invocation::parse(case).unwrap(), NOW)))
            .unwrap();
        assert!(answer["headers"].get("access-control-allow-origin").is_none(), "the function URL's part");
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        (answer["statusCode"].as_i64().unwrap(), body)
    };
    macro_rules! sample {
        ($name:literal) => {
            invoked(include_str!(concat!("../../../events/decide-experience/", $name)))
        };
    }
    let (status, body) = sample!("visitor.json");
    assert_eq!((status, &body["placements"]["product-page"]["reason"]), (200, &json!("none_matched")));
    assert!(world.bus.events(|event| event.name.to_string()).is_empty());
    let (status, body) = sample!("no-consent.json");
    assert_eq!((status, &body["placements"]["home-hero"]["reason"]), (200, &json!("no_consent")));
    let (status, body) = sample!("get.json");
    assert_eq!((status, body["placements"].as_object().unwrap().len()), (200, 2));
    assert_eq!(sample!("wrong-key.json").0, 401);
    assert_eq!(sample!("not-json.json").0, 400);
    let schedule = include_str!("../../../events/build-reports/schedule.json");
    let refused =
        world.with(|deps| block_on(invoke(deps, &world.bus, &Invocation::parse(schedule).unwrap(), NOW)));
    assert!(refused.unwrap_err().to_string().contains("function URL"));
}

#[test]
fn a_message_that_waits_is_shown_in_the_place_of_the_creative_and_told() {
    let world = World::new();
    let action = "0000000000000000000000000000002a";
    let waits = json!({"campaign": "cart", "version": 1, "step": "reminder", "placement": "home-hero",
        "entered_at": NOW - 9, "expires_at": NOW + 9_000, "shows": 1, "kept": {"name": "Pan & Lid"}});
    let sent = json!({"type": "track", "event": "Message Sent", "userId": "ann", "messageId": "s",
        "properties": {"channel": "on_site", "action_id": action, "on_site": waits}});
    world.ann_by("deliver-messages", &[viewed("cup"), sent]);
    let asked = json!({"userId": "ann", "placements": ["home-hero"]}).to_string();
    let ask = |now| world.request("POST", "", &asked, now);
    let hero = |response: &Response| {
        serde_json::from_slice::<Value>(&response.body).unwrap()["placements"]["home-hero"].clone()
    };

    let first = ask(NOW);
    let shown = hero(&first);
    assert_eq!(
        (&shown["creative"], &shown["reason"], &shown["ttl_s"]),
        (&json!("cart/reminder"), &json!("message"), &json!(0))
    );
    assert_eq!(
        shown["content"],
        json!({"title": "Your cart", "html": "<p>Pan &amp; Lid</p>", "text": "Pan & Lid\n"})
    );
    let message = json!({"campaign": "cart", "step": "reminder", "channel": "on_site", "action_id": action});
    assert_eq!(shown["message"], message);
    let [told] = &first.exposures[..] else { panic!("{:?}", first.exposures) };
    assert_eq!(
        (told.name.as_ref(), told.message_id.as_ref()),
        ("Message Shown", &*format!("shown-{action}-1"))
    );
    let properties: Value = serde_json::from_str(&told.properties).unwrap();
    assert_eq!((&properties["showing"], &properties["placement"]), (&json!(1), &json!("home-hero")));

    // The profile does not tell of it yet, and it is not shown again all the same.
    let again = ask(NOW + 1);
    assert_eq!((hero(&again)["creative"].clone(), again.exposures.len()), (json!("known"), 0));
    // Nor by GET, whose answer a browser may keep otherwise.
    let other = World::new();
    other.store.people.replace(world.store.people.borrow().clone());
    let kept = other.request("GET", "placements=home-hero&userId=ann&writeKey=demo-key", "", NOW);
    assert!(
        kept.headers.iter().any(|(name, value)| *name == "cache-control" && value.ends_with("max-age=0"))
    );
}

const LEARNING: &str = "\
name: home-hero
creatives:
  - { name: pans, content: { title: Pans } }
  - { name: pots, content: { title: Pots } }
learn: { explore: 0.01, min_samples: 10 }
";

#[test]
fn a_placement_that_learns_says_whether_chance_chose_and_tells_it_once_a_day() {
    let mut world = World::new();
    world.placements = Placements::new([Placement::parse(LEARNING).unwrap()]);
    world.ann(&[viewed("cup")]);
    let ask = |world: &World, user: &str, now| {
        let body = json!({"userId": user, "placements": ["home-hero"]}).to_string();
        let response = world.request("POST", "", &body, now);
        let hero =
            serde_json::from_slice::<Value>(&response.body).unwrap()["placements"]["home-hero"].clone();
        (hero, response.exposures)
    };
    let (first, told) = ask(&world, "ann", NOW);
    assert_eq!(first["reason"], "explored");
    let [event] = &told[..] else { panic!("{told:?}") };
    assert_eq!(event.name, "Creative Viewed");
    let properties: Value = serde_json::from_str(&event.properties).unwrap();
    assert_eq!(
        (&properties["placement"], &properties["creative"]["levels"]["creative"], &properties["action_id"]),
        (&json!("home-hero"), &first["creative"], &first["action_id"])
    );
    let (again, told_again) = ask(&world, "ann", NOW + 60_000);
    assert_eq!((&again["creative"], told_again.len()), (&first["creative"], 0));

    // From then on it is known which does better.
    let action = |n: u128| event::Key((n + 1).to_be_bytes());
    let shown: Vec<Shown> = (0..400)
        .map(|n| Shown {
            action: action(n),
            identifiers: event::Identifiers::default(),
            at: 0,
            levels: [("creative".to_owned(), ["pans", "pots"][(n % 2) as usize].to_owned())].into(),
            circumstances: Vec::new(),
        })
        .collect();
    let reward = |n| Reward { action: Some(action(n)), identifiers: event::Identifiers::default(), at: 1 };
    let mut bandit = Bandit::default();
    bandit.learn(&shown, &(0..200).map(|n| reward(2 * n + 1)).collect::<Vec<_>>(), 10, 20);
    world.learned = Creatives::new([("placement:home-hero".to_owned(), bandit)].into());
    let answers: Vec<Value> = (0..100).map(|n| ask(&world, &format!("user-{n}"), NOW).0).collect();
    let chosen =
        answers.iter().filter(|hero| hero["reason"] == "chosen" && hero["creative"] == "pots").count();
    assert!(chosen >= 90, "{chosen}");
}
