//! What happens to one person in the sample shop, by the clock of the story.

use crate::shop::Shop;
use campaign::LedgerState;
use event::{IdentifierKind, iso_time, parse_time};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

pub struct Story {
    shop: Shop,
    user: String,
    now: i64,
}

impl Story {
    /// Begins at a time, with somebody whom no campaign holds out.
    pub fn from(time: &str) -> Story {
        let mut shop = Shop::of(&installed());
        let user = people(&mut shop, "ann").next().unwrap();
        Story { shop, user, now: at(time) }
    }

    /// The same, as another person whom nothing holds out.
    pub fn told_by_somebody_else(mut self, skip: usize) -> Story {
        self.user = people(&mut self.shop, "bea").nth(skip).unwrap();
        self
    }

    /// What the person is known by and said, at the story's beginning.
    pub fn known(mut self, traits: Value, calls: &[Value]) -> Story {
        let mut known =
            json!({"type": "identify", "traits": {"email": format!("{}@example.com", self.user)}});
        for (name, value) in traits.as_object().unwrap() {
            known["traits"][name] = value.clone();
        }
        let calls = [known].into_iter().chain(calls.iter().cloned()).collect();
        self.take(calls);
        self
    }

    /// An event of the person, after all that is due before it.
    pub fn then(mut self, time: &str, event: &str, properties: Value) -> Story {
        self.advance(at(time));
        self.take(vec![json!({"type": "track", "event": event, "properties": properties})]);
        self
    }

    /// What the person was sent, and what not, until a time: `2026-09-04 12:01 browse-abandonment/coupon`, by UTC.
    pub fn until(mut self, time: &str) -> Vec<String> {
        self.advance(at(time));
        let user = self.user.clone();
        let mut entries = self.shop.ledger(&user);
        entries.sort_by_key(|entry| entry.at);
        let line = |entry: campaign::LedgerEntry| {
            let time = iso_time(entry.at)[..16].replace('T', " ");
            let outcome = match (entry.state, entry.reason) {
                (LedgerState::Sent, _) => String::new(),
                (_, Some(reason)) => format!(" not sent: {}", reason.as_str()),
                (state, None) => format!(" {}", state.as_str()),
            };
            format!("{time} {}/{}{outcome}", entry.campaign, entry.step)
        };
        let told: Vec<String> = entries.into_iter().map(line).collect();
        let sent = told.iter().filter(|line| !line.contains("not sent")).count();
        assert_eq!(self.shop.outbox().len(), sent, "as many e-mails as the ledger says");
        told
    }

    fn take(&mut self, mut calls: Vec<Value>) {
        for call in &mut calls {
            call["userId"] = json!(self.user);
        }
        assert_eq!(self.shop.send(self.now, &calls), 200);
        self.shop.tick(self.now);
        assert_eq!(self.shop.refused(), [] as [&str; 0]);
    }

    fn advance(&mut self, until: i64) {
        assert!(until > self.now, "stories are told forwards");
        self.shop.running().advance(self.now, until).unwrap();
        self.now = until;
    }
}

/// Ids of users whom no campaign holds out.
fn people<'s>(shop: &'s mut Shop, name: &'s str) -> impl Iterator<Item = String> + 's {
    let running = shop.running();
    let in_no_holdout = |user: &String| {
        let person = running.parser.hasher().identifier(IdentifierKind::User, user).key;
        running.pump.campaigns.iter().all(|campaign| !campaign.limits.holdout.holds(&campaign.name, person))
    };
    (0..).map(move |n| format!("{name}-{n}")).filter(in_no_holdout)
}

/// A yes to marketing by e-mail.
pub fn consenting() -> [Value; 1] {
    [json!({"type": "track", "event": "Subscribed", "properties": {"channel": "email"}})]
}

/// A look at a product, or what else happens to one.
pub fn product(id: &str, category: &str) -> Value {
    json!({"product_id": id, "name": format!("The {id}"), "category": category, "price": 20, "currency": "EUR"})
}

/// An order of these products.
pub fn order(id: &str, products: &[(&str, &str)]) -> Value {
    let lines: Vec<Value> = products.iter().map(|(id, category)| product(id, category)).collect();
    json!({"order_id": id, "total": 20, "currency": "EUR", "products": lines})
}

fn at(time: &str) -> i64 {
    parse_time(&format!("{}:00Z", time.replace(' ', "T"))).unwrap()
}

/// The sample shop as it is, but that nobody is held out of all marketing; keys that are no secret.
fn installed() -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/shop/config");
    for folder in ["", "campaigns", "templates", "tracking-plan"] {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                files.push((
                    Path::new("config").join(path.strip_prefix(&root).unwrap()),
                    fs::read(&path).unwrap(),
                ));
            }
        }
    }
    let settings = files.iter_mut().find(|(path, _)| path.ends_with("settings.yaml")).unwrap();
    let text = String::from_utf8(settings.1.clone()).unwrap();
    assert!(text.contains("global_holdout: 0.05"));
    settings.1 = text.replace("global_holdout: 0.05", "global_holdout: 0").into_bytes();
    files.push(("keys/hash.key".into(), b"the story's key, not kept secret".to_vec()));
    files.push(("keys/vault.key".into(), b"the story's vault, not a secret!".to_vec()));
    files
}
