//! The records of a shop's last minute.

use event::{Identifier, IdentifierKind, Pseudonymizer};
use serde_json::{Value, json};

/// Records as a source sends them, in batches.
pub struct Workload {
    records: Vec<Value>,
    people: u64,
}

/// Records in one request.
const BATCH: usize = 40;

impl Workload {
    /// `people` who look at products, sign in, say yes to e-mail, buy; all in the minute before `end` (UTC ms).
    /// Some records come twice, some are refused.
    pub fn ending(end: i64, records: usize, people: u64) -> Workload {
        let mut dice = Dice(0x5eed);
        let mut made: Vec<Value> = Vec::with_capacity(records);
        while made.len() < records {
            let n = made.len();
            let who = dice.below(people);
            let (user, browser) = (format!("user-{who}"), format!("browser-{who}-{}", dice.below(2)));
            let sku = format!("sku-{}", dice.below(40));
            let email = format!("customer-{who}@people.example");
            let mut record = match dice.below(20) {
                0..=8 => {
                    json!({"type": "page", "anonymousId": browser, "properties": {"path": format!("/p/{sku}")}})
                }
                9..=12 => json!({
                    "type": "track", "event": "Product Viewed", "anonymousId": browser,
                    "properties": {"product_id": sku, "name": format!("Kettle {sku}"), "dwell_ms": if dice.below(4) == 0 { 30_000 } else { 3_000 }},
                }),
                13..=14 => json!({
                    "type": "identify", "userId": user, "anonymousId": browser,
                    "traits": {"email": email, "firstName": format!("Ann {who}"), "plan": dice.below(3)},
                }),
                15..=16 => json!({
                    "type": "track", "event": "Subscribed", "userId": user, "properties": {"channel": "email"},
                }),
                17..=18 => json!({
                    "type": "track", "event": "Order Completed", "userId": user, "anonymousId": browser,
                    "context": {"traits": {"email": email}},
                    "properties": {
                        "order_id": format!("o-{n}"), "total": dice.below(9_000) as f64 / 100.0, "currency": "EUR",
                        "products": [{"product_id": sku}],
                    },
                }),
                // Refused: nobody, or no name.
                _ if n.is_multiple_of(2) => json!({"type": "track", "event": "Lost", "userId": "null"}),
                _ => json!({"type": "track", "userId": user}),
            };
            record["messageId"] = json!(format!("m-{n}"));
            record["timestamp"] = json!(end - 60_000 + dice.below(60_000) as i64);
            if dice.below(50) == 0 {
                made.push(record.clone());
            }
            made.push(record);
        }
        Workload { records: made, people }
    }

    /// How many records there are, those that come twice counted twice.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The bodies of `/v1/import`.
    pub fn bodies(&self) -> Vec<String> {
        self.records.chunks(BATCH).map(|batch| json!({"batch": batch}).to_string()).collect()
    }

    /// All browsers, as they are known under a key.
    pub fn browsers(&self, key: &Pseudonymizer) -> Vec<Identifier> {
        let ids = (0..self.people).flat_map(|who| (0..2).map(move |n| format!("browser-{who}-{n}")));
        ids.map(|id| key.identifier(IdentifierKind::Anonymous, &id)).collect()
    }
}

/// A small generator of numbers (SplitMix64): the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
