//! A small shop, its people and its campaigns.

use crate::ports::{Bus, Held, Letters, MemoryLedger, MemoryVault, Profiles};
use campaign::{Action, Campaign, Campaigns, Lane, LedgerState, Sender, Templates, time_zone};
use campaign::{DeliverySettings, WebhookSettings};
use deliver_messages::{Deps, Outcome, run};
use event::{Arrival, IdentifierKind, Key, Parser, ParserSettings, Pseudonymizer, parse_time};
use person::Profile;
use pollster::block_on;

/// 11:00 in Berlin.
pub const NOON: &str = "2026-11-22T10:00:00Z";
/// 23:00 in Berlin.
pub const NIGHT: &str = "2026-11-22T22:00:00Z";

pub fn at(text: &str) -> i64 {
    parse_time(text).unwrap()
}

pub struct Shop {
    pub campaigns: Campaigns,
    pub settings: DeliverySettings,
    pub profiles: Profiles,
    pub ledger: MemoryLedger,
    pub vault: MemoryVault,
    pub bus: Bus,
    pub holding: Held,
    pub email: Letters,
    pub webhook: Letters,
    parser: Parser,
}

pub type ShopDeps<'a> = Deps<'a, Profiles, MemoryLedger, MemoryVault, Bus, Held, Letters, Letters>;

impl Shop {
    /// A shop with these limits on its one marketing campaign, and Ann (user `u1`), who subscribed.
    pub fn new(limits: &str) -> Shop {
        let mut settings = DeliverySettings::new(Sender {
            name: "Shop".to_owned(),
            address: "hello@shop.example".to_owned(),
        });
        settings.zone = time_zone("Europe/Berlin").unwrap();
        settings.unsubscribe_url = Some("https://shop.example/unsubscribe".to_owned());
        let sms = WebhookSettings {
            url: "https://sms.example/".to_owned(),
            personal: vec!["phone".to_owned()],
            ..WebhookSettings::default()
        };
        settings.webhooks.insert("sms".to_owned(), sms);
        let shop = Shop {
            campaigns: campaigns(limits),
            settings,
            profiles: Profiles::default(),
            ledger: MemoryLedger::default(),
            vault: MemoryVault::default(),
            bus: Bus::default(),
            holding: Held::default(),
            email: Letters::default(),
            webhook: Letters::default(),
            parser: Parser::new(Pseudonymizer::new(b"sample-key"), ParserSettings::default()),
        };
        shop.person("u1", &[ANN, SUBSCRIBED]);
        shop
    }

    /// Stores the profile that these calls of a user fold into.
    pub fn person(&self, user: &str, calls: &[&str]) {
        let calls: Vec<String> = calls.iter().map(|call| call.replace("USER", user)).collect();
        let arrival = Arrival::Live { now: at("2026-11-01T00:00:00Z") };
        let parsed: Vec<_> =
            calls.iter().map(|call| self.parser.parse(call.as_bytes(), "test", arrival).unwrap()).collect();
        let mut profile = Profile::default();
        for parsed in &parsed {
            profile.apply(&parsed.event);
            self.vault.put_all(&parsed.secrets);
        }
        let mut blob = Vec::new();
        profile.encode(&mut blob);
        self.profiles.0.borrow_mut().insert(self.key(user), blob);
    }

    pub fn key(&self, user: &str) -> Key {
        self.parser.hasher().identifier(IdentifierKind::User, user).key
    }

    /// An action of the marketing campaign for `u1`, due at noon.
    pub fn action(&self, number: u8) -> Action {
        Action {
            id: Key([number; 16]),
            person: self.key("u1"),
            campaign: "browse-abandonment".to_owned(),
            step: "coupon".to_owned(),
            key: format!("p{number}"),
            entered_at: at("2026-11-19T10:00:00Z"),
            due_at: at(NOON),
            lane: Lane::Marketing,
            kept: r#"{"name":"Tea <Pot>","price":25.0}"#.to_owned(),
            ..Action::default()
        }
    }

    pub fn service(&self, number: u8) -> Action {
        Action {
            campaign: "case-answered".to_owned(),
            step: "note".to_owned(),
            lane: Lane::Service,
            ..self.action(number)
        }
    }

    pub fn deps(&self) -> ShopDeps<'_> {
        Deps {
            campaigns: &self.campaigns,
            settings: &self.settings,
            profiles: &self.profiles,
            ledger: &self.ledger,
            vault: &self.vault,
            bus: &self.bus,
            holding: &self.holding,
            email: &self.email,
            webhook: &self.webhook,
        }
    }

    pub fn deliver(&self, when: &str, actions: &[Action]) -> Vec<Outcome> {
        block_on(run(&self.deps(), at(when), actions.to_vec())).unwrap()
    }

    pub fn deliver_one(&self, when: &str, action: &Action) -> Outcome {
        self.deliver(when, std::slice::from_ref(action)).remove(0)
    }

    pub fn state(&self, action: &Action) -> LedgerState {
        self.ledger.entries.borrow()[&action.id].state
    }
}

pub const ANN: &str = r#"{"type":"identify","messageId":"i-USER","userId":"USER","timestamp":"2026-10-01T00:00:00Z",
    "traits":{"email":"ann@example.com","phone":"+4915112345678","first_name":"Ann","city":"Berlin"}}"#;
pub const SUBSCRIBED: &str = r#"{"type":"track","event":"Subscribed","messageId":"s-USER","userId":"USER",
    "timestamp":"2026-10-01T00:00:00Z","properties":{"channel":"email"}}"#;
pub const UNSUBSCRIBED: &str = r#"{"type":"track","event":"Unsubscribed","messageId":"n-USER","userId":"USER",
    "timestamp":"2026-10-02T00:00:00Z","properties":{"channel":"email"}}"#;
pub const COMPLAINT: &str = r#"{"type":"track","event":"Case Opened","messageId":"c-USER","userId":"USER",
    "timestamp":"2026-10-03T00:00:00Z","properties":{"case_id":"c1","case_kind":"complaint"}}"#;

fn campaigns(limits: &str) -> Campaigns {
    let templates = Templates::new(
        [
            (
                "coupon.html",
                "<p>Hi {{ person.first_name }}, {{ kept.name }}?</p><a href='{{ unsubscribe_url }}'>No</a>",
            ),
            ("loop.html", "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"),
            ("sms.txt", "{{ kept.name }} waits"),
        ]
        .map(|(name, source)| (name.to_owned(), source.to_owned())),
    )
    .unwrap();
    let marketing = format!(
        "name: browse-abandonment\nentry: {{ event: Product Viewed, key: event.properties.product_id }}\n\
         audience: profile.orders.count < 1\nsteps:\n  - wait: 3d\n\
         \x20 - {{ send: coupon, channel: email, subject: 'Still thinking of {{{{ kept.name }}}}?', template: coupon.html }}\n\
         \x20 - {{ send: loop, channel: email, template: loop.html }}\n\
         \x20 - {{ send: chosen, subject: '{{{{ creative.title }}}}', template: coupon.html, creative: {{ slots: {{ title: {{ \
         a: Tea, b: Leaf }} }} }} }}\n\
         \x20 - {{ send: text, channel: webhook, webhook: sms, template: sms.txt }}\n\
         \x20 - {{ send: nowhere, channel: webhook, webhook: other, template: sms.txt }}\nlimits: {limits}\n"
    );
    let service = "name: case-answered\nlane: service\nentry: { event: Case Answered }\nsteps:\n\
                   \x20 - { send: note, channel: email, subject: Your case, template: coupon.html }\n";
    Campaigns::new(
        [marketing.as_str(), service].map(|yaml| Campaign::parse(yaml, &templates).unwrap()).into(),
    )
}
