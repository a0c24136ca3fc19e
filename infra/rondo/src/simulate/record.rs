//! One simulated record, as a sender of the Segment spec writes it.

use crate::simulate::Random;
use event::iso_time;
use serde_json::{Value, json};

const AGENT: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
                     Chrome/126.0.0.0 Safari/537.36";
const SITE: &str = "https://shop.example.com";
const CATEGORIES: [&str; 9] =
    ["kettles", "grinders", "tea", "coffee", "cups", "drippers", "filters", "scales", "kitchen"];
const NAMES: [&str; 5] =
    ["Burr Grinder", "Gooseneck Kettle", "Café Deluxe", "Darjeeling First Flush", "Cup of Six"];
/// How many products the shop has.
pub const PRODUCTS: usize = 900;

/// What somebody did, when, and when it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// When it happened, UTC ms.
    pub at: i64,
    /// When the sender sent it, together with others of the same time and sender, UTC ms.
    pub sent_at: i64,
    /// When it arrived, UTC ms.
    pub received_at: i64,
    /// The sender: one browser or app.
    pub device: usize,
    /// The number of the user, where they are logged in.
    pub user: Option<usize>,
    /// Whether it is the first of a visit that a newsletter led to.
    pub landing: bool,
    /// What the message id is made of.
    pub id: (u64, u64),
    pub action: Action,
}

/// What somebody does in a shop. Products are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Page,
    Identify,
    Viewed { product: usize, dwell_ms: usize },
    Added { product: usize },
    Ordered { product: usize },
}

impl Record {
    /// A message id of its own.
    pub fn new_id(random: &mut Random) -> (u64, u64) {
        (random.bits(), random.bits())
    }

    /// The record as one line of JSON.
    pub fn to_json(&self) -> String {
        let device = self.device;
        let mut record = json!({
            "messageId": format!("ajs-{:016x}{:016x}", self.id.0, self.id.1),
            "type": self.kind(),
            "anonymousId": format!("{device:08x}-1b2c-4d3e-8f90-{device:012x}"),
        });
        if let Some(user) = self.user {
            record["userId"] = format!("user-{user}").into();
        }
        if let Some(name) = self.name() {
            record["event"] = name.into();
        }
        record["timestamp"] = iso_time(self.at).into();
        record["sentAt"] = iso_time(self.sent_at).into();
        record["receivedAt"] = iso_time(self.received_at).into();
        record["context"] = self.context();
        match self.action {
            Action::Identify => record["traits"] = self.traits(),
            _ => record["properties"] = self.properties(),
        }
        record.to_string()
    }

    fn kind(&self) -> &'static str {
        match self.action {
            Action::Page => "page",
            Action::Identify => "identify",
            _ => "track",
        }
    }

    fn name(&self) -> Option<&'static str> {
        match self.action {
            Action::Page | Action::Identify => None,
            Action::Viewed { .. } => Some("Product Viewed"),
            Action::Added { .. } => Some("Product Added"),
            Action::Ordered { .. } => Some("Order Completed"),
        }
    }

    fn path(&self) -> String {
        match self.action {
            Action::Page => format!("/c/{}", CATEGORIES[self.id.0 as usize % CATEGORIES.len()]),
            Action::Identify => "/login".to_owned(),
            Action::Viewed { product, .. } | Action::Added { product } => format!("/p/sku-{product}"),
            Action::Ordered { .. } => "/checkout/thanks".to_owned(),
        }
    }

    fn context(&self) -> Value {
        let path = self.path();
        let (query, referrer) = match self.landing {
            true => ("?utm_source=newsletter&utm_medium=email", "https://mail.example.org/".to_owned()),
            false => ("", format!("{SITE}/c/{}?sort=popular&page={}", CATEGORIES[0], self.id.1 % 9)),
        };
        json!({
            "ip": format!("203.0.113.{}", self.device % 250),
            "userAgent": AGENT,
            "locale": "en-US",
            "timezone": "Europe/Berlin",
            "page": {
                "url": format!("{SITE}{path}{query}"),
                "path": path,
                "title": "Kettle & Leaf",
                "referrer": referrer,
            },
        })
    }

    fn traits(&self) -> Value {
        let user = self.user.unwrap_or_default();
        json!({"email": format!("user-{user}@example.com"), "firstName": "Sam", "country": "DE", "email_opt_in": true})
    }

    fn properties(&self) -> Value {
        let product = |product: usize| {
            json!({
                "product_id": format!("sku-{product}"),
                "name": NAMES[product % NAMES.len()],
                "category": CATEGORIES[product % CATEGORIES.len()],
                "price": (product % 300) as f64 + 0.95,
                "quantity": 1,
                "currency": "EUR",
            })
        };
        match self.action {
            Action::Page | Action::Identify => json!({"name": "Category"}),
            Action::Viewed { product: viewed, dwell_ms } => {
                let mut properties = product(viewed);
                properties["dwell_ms"] = dwell_ms.into();
                properties
            }
            Action::Added { product: added } => product(added),
            Action::Ordered { product: ordered } => json!({
                "order_id": format!("order-{:x}", self.id.1),
                "total": (ordered % 300) as f64 + 0.95,
                "currency": "EUR",
                "products": [product(ordered)],
            }),
        }
    }
}
