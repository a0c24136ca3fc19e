//! What conditions mean where CEL leaves a choice, or people expect one: numbers, what is missing, texts, lists, times.

use campaign::{Condition, ProfileView, Scope};
use event::{Arrival, DAY, Event, Parser, ParserSettings, Pseudonymizer, parse_time};
use person::Profile;

const RECORDS: [&str; 3] = [
    r#"{"type":"identify","userId":"u1","timestamp":"2026-11-01T10:00:00Z",
        "traits":{"plan":"gold","points":42,"score":4.5,"vip":true}}"#,
    r#"{"type":"track","event":"Order Completed","userId":"u1","timestamp":"2026-11-10T10:00:00Z",
        "properties":{"revenue":120.5,"currency":"EUR"}}"#,
    r#"{"type":"track","event":"Product Viewed","userId":"u1","timestamp":"2026-11-22T10:00:00Z",
        "context":{"locale":"zh-CN","page":{"url":"https://s.example/kettles?size=2"}},
        "properties":{"product_id":" sku-7 ","name":"Kettle Pro","price":25,"weight":25.5,"zero":0,"big":1e3,
            "discount":null,"tags":["sale","kitchen"],"sizes":[1,2,3],"coupon_code":"WINTER-25","note":"壶 5",
            "products":[{"product_id":"a","price":5},{"name":"no id"},{"product_id":7,"price":9}]}}"#,
];

struct World {
    events: Vec<Event<'static>>,
}

impl World {
    fn new() -> World {
        let parser = Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default());
        let now = parse_time("2026-11-23T10:00:00Z").unwrap();
        let event = |record: &&'static str| {
            parser.parse(record.as_bytes(), "web", Arrival::Recorded { now }).unwrap().event
        };
        World { events: RECORDS.iter().map(event).collect() }
    }

    fn with<T>(&self, look: impl FnOnce(&Scope<'_>) -> T) -> T {
        let mut profile = Profile::default();
        for event in &self.events {
            profile.apply(event);
        }
        let mut blob = Vec::new();
        profile.encode(&mut blob);
        let view = ProfileView::stored(&blob, parse_time("2026-11-23T10:00:00Z").unwrap());
        look(&Scope::new(self.events.last(), &view, "sku-7"))
    }

    #[track_caller]
    fn assert_holds(&self, expressions: &[&str], expected: bool) {
        for expression in expressions {
            let condition =
                Condition::compile(expression).unwrap_or_else(|error| panic!("{expression}: {error:?}"));
            assert_eq!(self.with(|scope| condition.holds(scope)), expected, "{expression}");
        }
    }

    fn texts(&self, expression: &str) -> Vec<String> {
        self.with(|scope| Condition::compile(expression).unwrap().texts(scope))
    }
}

#[test]
fn whole_numbers_and_fractions_compare() {
    let world = World::new();
    world.assert_holds(
        &[
            "event.properties.price > 20",
            "event.properties.price >= 25.0",
            "event.properties.price < 25.5",
            "event.properties.price == 25",
            "event.properties.price == 25.0",
            "event.properties.weight > 20",
            "event.properties.weight > 25",
            "event.properties.weight < 26.0",
            "event.properties.big == 1000",
            "event.properties.zero == 0",
            "profile.traits.points > 41.5",
            "profile.traits.score > 4",
            "profile.orders.count == 1",
            "profile.orders.count < 1.5",
            "profile.orders.revenue_minor.EUR >= 12000",
            "profile.counters['Product Viewed'].days_7 == 1",
        ],
        true,
    );
    world.assert_holds(
        &["event.properties.price > 25", "event.properties.weight == 25", "profile.orders.count > 1"],
        false,
    );
    // Unlike comparisons, sums keep to one kind: a fraction and a whole number are to be made the same first.
    world.assert_holds(&["event.properties.weight * 2 == 51.0"], false);
    world.assert_holds(
        &[
            "event.properties.weight * 2.0 == 51.0",
            "double(event.properties.price) * 2.0 == 50.0",
            "event.properties.price * 2 == 50",
        ],
        true,
    );
}

#[test]
fn what_is_missing_or_of_another_type_does_not_hold() {
    let world = World::new();
    world.assert_holds(
        &[
            "event.properties.coupon == 'x'",
            "event.properties.coupon != 'x'",
            "!(event.properties.coupon == 'x')",
            "event.properties.name > 3",
            "event.properties.discount > 3",
            "profile.traits.nothing",
            "profile.counters['Cart Viewed'].total == 0",
            "event.properties.price",
            "has(event.properties.coupon)",
            "key == 7",
        ],
        false,
    );
    world.assert_holds(
        &[
            "has(event.properties.price) && !has(event.properties.coupon)",
            "has(event.properties.discount) && event.properties.discount == null",
            "!has(event.properties.coupon) || event.properties.coupon == 'x'",
            "event.properties.coupon == 'x' || event.properties.price > 20",
            "!('Cart Viewed' in profile.counters)",
            "event.properties.?coupon.orValue('none') == 'none'",
            "has(profile.traits.vip) && profile.traits.vip",
        ],
        true,
    );
}

#[test]
fn texts_are_searched_and_matched() {
    let world = World::new();
    world.assert_holds(
        &[
            "event.properties.coupon_code.matches('^WINTER-[0-9]+$')",
            "event.properties.name.startsWith('Kettle') && event.properties.name.endsWith('Pro')",
            "event.properties.name.contains('le P') && size(event.properties.name) == 10",
            "event.properties.note.contains('壶') && size(event.properties.note) == 3",
            "event.context.url.contains('/kettles')",
            "event.context.locale == 'zh-CN'",
            "event.name == 'Product Viewed' && event.type == 'track'",
            "profile.traits.plan in ['gold', 'silver']",
            "key == 'sku-7'",
        ],
        true,
    );
    world.assert_holds(
        &["event.properties.name.matches('(')", "event.properties.name.matches('^Pro')"],
        false,
    );
}

#[test]
fn lists_are_searched() {
    let world = World::new();
    world.assert_holds(
        &[
            "'sale' in event.properties.tags",
            "event.properties.sizes.all(n, n < 4) && event.properties.sizes.exists(n, n == 3)",
            "event.properties.sizes.exists_one(n, n > 2) && size(event.properties.sizes) == 3",
            "event.properties.sizes.filter(n, n > 1).size() == 2",
            "event.properties.products.exists(p, has(p.price) && p.price > 8)",
            "event.properties.products.filter(p, has(p.product_id)).map(p, p.product_id).size() == 2",
            "event.properties.tags.exists(t, event.properties.sizes.exists(n, n == 2 && t == 'sale'))",
            "event.product_ids == ['sku-7', 'a', '7']",
        ],
        true,
    );
    world.assert_holds(&["'none' in event.properties.tags", "event.properties.tags[5] == 'x'"], false);
}

#[test]
fn times_are_whole_milliseconds() {
    let world = World::new();
    world.assert_holds(
        &[
            "now - event.happened_at == 24 * 60 * 60 * 1000",
            "now - profile.orders.last < 14 * 86400000",
            "profile.orders.days_since_last == 13",
            "profile.first_seen < event.happened_at",
        ],
        true,
    );
    assert_eq!(world.with(|scope| Condition::compile("now").unwrap().texts(scope)), ["1795428000000"]);
    assert_eq!(parse_time("2026-11-22T10:00:00Z").unwrap() + DAY, 1_795_428_000_000);
}

#[test]
fn keys_are_texts_whatever_they_are_made_of() {
    let world = World::new();
    for (expression, texts) in [
        ("event.properties.product_id", &["sku-7"][..]),
        ("event.properties['product_id']", &["sku-7"]),
        ("event.properties.price", &["25"]),
        ("event.properties.weight", &["25.5"]),
        ("event.properties.name + '/' + event.context.locale", &["Kettle Pro/zh-CN"]),
        ("event.properties.tags", &["sale", "kitchen"]),
        ("event.product_ids", &["sku-7", "a", "7"]),
        ("event.properties.products.filter(p, has(p.product_id)).map(p, p.product_id)", &["a", "7"]),
        // One product without an id spoils the whole list: `event.product_ids` does not mind.
        ("event.properties.products.map(p, p.product_id)", &[]),
        ("event.properties.missing", &[]),
        ("event.properties.discount", &[]),
        ("event.properties", &[]),
    ] {
        assert_eq!(world.texts(expression), texts, "{expression}");
    }
}

#[test]
fn a_profile_is_judged_without_an_event() {
    let world = World::new();
    let mut profile = Profile::default();
    for event in &world.events {
        profile.apply(event);
    }
    let holds = |text: &str| Condition::compile(text).unwrap().matches_profile(&profile, 1_795_428_000_000);
    assert!(holds("profile.known && profile.traits.plan == 'gold' && profile.orders.count >= 1"));
    assert!(!holds("profile.orders.count >= 2"));
    assert!(!holds("event.properties.price > 20"), "there is no event to look at");
}
