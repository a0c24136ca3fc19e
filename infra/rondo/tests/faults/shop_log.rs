//! A log of shop events, the same for the same seed, and what has to become of each of its lines.

use event::iso_time;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// 2026-01-01: long past, so that no event is in the future of whoever runs this.
const START: i64 = 1_767_225_600_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Lines, and what is known of them without reading them.
#[derive(Default)]
pub struct ShopLog {
    pub lines: Vec<String>,
    /// The message ids of the events that have to be taken in, each once.
    pub accepted: BTreeSet<String>,
    /// Line (from 1) and code of those that have to be refused.
    pub refused: Vec<(usize, &'static str)>,
}

impl ShopLog {
    pub fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }

    /// A log of so many lines by so many people: they are anonymous at first and sign in later, pages, products, orders, one
    /// line in a hundred repeated, one in fifty reported days late. E-mail addresses and refused lines come in
    /// some stretches and not in others.
    pub fn new(seed: u64, lines: usize, people: u64) -> ShopLog {
        let mut random = Random(seed);
        let mut log = ShopLog::default();
        while log.lines.len() < lines {
            let line = log.lines.len();
            let sent = START + line as i64 * MINUTE + random.below(50_000) as i64;
            let calm = line / 500 % 3 > 0;
            if line > 40 && random.one_in(100) {
                let earlier = log.lines[line - 1 - random.below(30) as usize].clone();
                if earlier.contains("\"messageId\"") && serde_json::from_str::<Value>(&earlier).is_ok() {
                    log.lines.push(earlier);
                    continue;
                }
            }
            if !calm && random.one_in(60) {
                let (text, code) = refused(&mut random, line);
                log.lines.push(text);
                log.refused.push((line + 1, code));
                continue;
            }
            let id = format!("m-{line:06}");
            let person = random.below(people);
            let mut record = happening(&mut random, person, calm);
            who(&mut record, &mut random, person, line, lines);
            record["messageId"] = json!(id);
            record["sentAt"] = json!(iso_time(sent));
            let before = if random.one_in(50) { random.below(5 * DAY as u64) } else { random.below(90_000) };
            record["timestamp"] = json!(iso_time(sent - before as i64));
            log.lines.push(record.to_string());
            log.accepted.insert(id);
        }
        log
    }
}

/// What happened, without who and when.
fn happening(random: &mut Random, person: u64, calm: bool) -> Value {
    let sku = random.below(60);
    let product = json!({
        "product_id": format!("sku-{sku}"), "name": format!("Kettle {sku}"), "category": format!("c{}", sku % 7),
        "brand": format!("b{}", sku % 5), "price": sku as f64 + 0.95, "currency": "EUR", "quantity": 1 + sku % 3,
        "dwell_ms": random.below(400_000),
    });
    match random.below(20) {
        0 if !calm => json!({
            "type": "identify",
            "traits": {"email": format!("p{person}@example.com"), "firstName": format!("Name{person}"), "plan": "pro"},
        }),
        0 => json!({"type": "identify", "traits": {"plan": (["free", "pro"][person as usize % 2])}}),
        1 => json!({
            "type": "track", "event": "Order Completed",
            "properties": {
                "order_id": format!("o-{}", random.below(1 << 40)), "total": product["price"], "currency": "EUR",
                "products": [product],
            },
        }),
        2..6 => json!({
            "type": "page", "name": "Product",
            "context": {
                "locale": "de-DE", "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
                "page": {"url": format!("https://shop.example/p/sku-{sku}"), "referrer": "https://search.example/"},
                "campaign": {"source": format!("s{}", sku % 3), "medium": "cpc", "name": "autumn"},
            },
        }),
        6..8 => json!({"type": "track", "event": "Product Added", "properties": product}),
        _ => json!({"type": "track", "event": "Product Viewed", "properties": product}),
    }
}

/// Everybody has two browsers, and signs in at some time; a fifth never does.
fn who(record: &mut Value, random: &mut Random, person: u64, line: usize, lines: usize) {
    let browser = json!(format!("browser-{person}-{}", random.below(2)));
    let signs_in = lines as u64 * (person % 5) / 4;
    if (line as u64) < signs_in || person.is_multiple_of(5) {
        record["anonymousId"] = browser;
        return;
    }
    match random.below(3) {
        0 => record["anonymousId"] = browser,
        1 => record["userId"] = json!(format!("u{person}")),
        _ => {
            record["userId"] = json!(format!("u{person}"));
            record["anonymousId"] = browser;
        }
    }
}

fn refused(random: &mut Random, line: usize) -> (String, &'static str) {
    match random.below(5) {
        0 => (format!(r#"{{"type":"track","event":"Product Viewed","userId":"u{line}","#), "invalid_json"),
        1 => (format!(r#"{{"type":"track","event":"Seen","messageId":"bad-{line}"}}"#), "missing_identifier"),
        2 => (
            format!(r#"{{"type":"track","event":"Seen","userId":"null","messageId":"bad-{line}"}}"#),
            "missing_identifier",
        ),
        3 => (format!(r#"{{"type":"sing","userId":"u{line}"}}"#), "invalid_type"),
        _ => (format!(r#"{{"type":"track","userId":"u{line}"}}"#), "missing_event"),
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}
