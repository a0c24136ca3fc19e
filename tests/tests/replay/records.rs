//! Records of a few people, who are anonymous at first and become known without contradiction.

use event::{DAY, HOUR, MINUTE};
use proptest::prelude::*;
use serde_json::{Value, json};

/// One record of the Segment spec, and who it is about.
#[derive(Debug, Clone)]
pub struct Record {
    pub id: String,
    pub person: u8,
    /// Under which identifiers: two browsers, the e-mail address, or the user id alone or with these.
    pub as_whom: u8,
    json: Value,
}

impl Record {
    /// Gives it an id of its own.
    pub fn number(&mut self, n: usize) {
        self.id = format!("m-{n}");
        self.json["messageId"] = json!(self.id);
    }

    pub fn text(&self) -> String {
        self.json.to_string()
    }
}

const START: i64 = 1_767_225_600_000;

/// Received within twenty hours, inside the window in which repeats are known; happened up to forty days before.
pub fn record() -> impl Strategy<Value = Record> {
    let late = prop_oneof![0..MINUTE, 0..3 * HOUR, 0..40 * DAY];
    (0u8..4, 0u8..6, 0..20 * HOUR, late, 0u8..9, any::<u8>()).prop_map(
        |(person, as_whom, received, late, what, few)| {
            let mut json = what_happened(what, few);
            json["receivedAt"] = json!(START + received);
            json["timestamp"] = json!(START + received - late);
            let (browser, user) =
                (json!(format!("browser-{person}-{}", as_whom % 2)), json!(format!("u{person}")));
            let email = json!([{"id": format!("p{person}@example.com"), "type": "email"}]);
            match as_whom {
                0 | 1 => json["anonymousId"] = browser,
                2 => json["context"]["externalIds"] = email,
                3 => json["userId"] = user,
                4 => {
                    json["userId"] = user;
                    json["anonymousId"] = browser;
                }
                _ => {
                    json["userId"] = user;
                    json["anonymousId"] = browser;
                    json["context"]["externalIds"] = email;
                }
            }
            Record { id: String::new(), person, as_whom, json }
        },
    )
}

fn what_happened(what: u8, few: u8) -> Value {
    let product = json!({
        "product_id": format!("sku-{few}"), "category": format!("c{}", few % 9), "brand": format!("b{}", few % 5),
        "price": f64::from(few) + 0.95, "currency": (["EUR", "JPY"][usize::from(few) % 2]), "quantity": 1 + few % 3,
        "dwell_ms": u32::from(few) * 2_000,
    });
    let track =
        |name: &str, properties: Value| json!({"type": "track", "event": name, "properties": properties});
    let mut json = match what {
        0 => {
            json!({"type": "identify", "traits": {(format!("t{}", few % 4)): few, "email_opt_in": few.is_multiple_of(2)}})
        }
        1 => track(
            "Order Completed",
            json!({"order_id": format!("o{few}"), "products": [product], "currency": "EUR"}),
        ),
        2 => track("Order Refunded", json!({"order_id": format!("o{few}"), "total": 5, "currency": "EUR"})),
        3 => track(["Subscribed", "Unsubscribed"][usize::from(few) % 2], json!({"channel": "email"})),
        4 => track(
            ["Case Opened", "Case Closed"][usize::from(few) % 2],
            json!({"case_id": few % 8, "case_kind": "complaint"}),
        ),
        5 => track("Device Registered", json!({"device_model": format!("Watch {few}")})),
        6 => json!({"type": "page", "name": "Product"}),
        7 => track(&format!("event {few}"), json!({})),
        _ => track("Product Viewed", product),
    };
    json["context"] = json!({
        "locale": (["de", "zh-CN"][usize::from(few) % 2]),
        "page": {"url": format!("https://s.example/?utm_source=s{}&gclid=c{few}", few % 3)},
        "device": {"model": format!("Phone {}", few % 4)},
    });
    json
}
