//! A profile as JSON: for conditions, templates, and people who want to look.

use crate::fold::{OTHER_CELLS, PRODUCT_CELLS};
use crate::on_site::{self, ON_SITE};
use crate::{Affinity, Profile, Touch};
use event::{MINUTE, iso_time};
use serde_json::{Map, Value, json};

impl Profile<'_> {
    /// What a profile as JSON is made of.
    pub const SECTIONS: [&'static str; 18] = [
        "identifiers",
        "known",
        "events",
        "first_seen",
        "last_seen",
        "last_seen_iso",
        "traits",
        "counters",
        "sessions",
        "dwell",
        "orders",
        "affinity",
        "first_touch",
        "touches",
        "channels",
        "devices",
        "service",
        "recent",
    ];

    /// The profile as of `now` (UTC ms). Counts by window, scores and ages are computed for that moment; times
    /// are UTC ms, money is in minor units. Holds no personal data.
    pub fn to_json(&self, now: i64) -> Value {
        let section = |name: &str| (name.to_owned(), self.section(name, now).unwrap_or_default());
        let mut all: Map<String, Value> = Self::SECTIONS.into_iter().map(section).collect();
        // Of the few who have any; conditions do not see it.
        if !self.waiting.is_empty() {
            all.insert(ON_SITE.to_owned(), on_site::to_json(&self.waiting, &self.marks));
        }
        Value::Object(all)
    }

    /// One section of [`Profile::to_json`], for who needs no more; `None` where there is none of that name.
    pub fn section(&self, name: &str, now: i64) -> Option<Value> {
        Some(match name {
            "identifiers" => self
                .identifiers
                .iter()
                .map(|id| json!({"kind": id.kind.as_str(), "key": id.key.to_string()}))
                .collect(),
            "known" => self.is_known().into(),
            "events" => self.events.into(),
            "first_seen" => self.first_seen.into(),
            "last_seen" => self.last_seen.into(),
            "last_seen_iso" => iso_time(self.last_seen).into(),
            "traits" => Value::Object(
                self.attributes().into_iter().map(|t| (t.name.to_owned(), t.json())).collect(),
            ),
            "counters" => self.counters_json(now),
            "sessions" => self.sessions_json(),
            "dwell" => json!({"short": self.dwell.short, "medium": self.dwell.medium, "long": self.dwell.long}),
            "orders" => self.orders_json(now),
            "affinity" => json!({
                "categories": scores(&self.categories, now, OTHER_CELLS),
                "brands": scores(&self.brands, now, OTHER_CELLS),
                "products": scores(&self.products, now, PRODUCT_CELLS),
            }),
            "first_touch" => self.first_touch.as_ref().map(touch).into(),
            "touches" => self.touches.iter().map(touch).collect(),
            "channels" => self.channels_json(),
            "devices" => self
                .devices
                .iter()
                .map(|d| json!({"model": d.model, "first": d.first, "last": d.last}))
                .collect(),
            "service" => self.service_json(),
            "recent" => self
                .recent
                .iter()
                .map(|r| json!({"at": r.at, "event": r.name, "product_id": r.product, "amount_minor": r.amount}))
                .collect(),
            _ => return None,
        })
    }

    fn counters_json(&self, now: i64) -> Value {
        let counters = self.counters.iter().map(|c| {
            let value = json!({
                "total": c.total, "first": c.first, "last": c.last,
                "days_1": c.within(1, now), "days_7": c.within(7, now), "days_30": c.within(30, now),
            });
            (c.name.to_owned(), value)
        });
        Value::Object(counters.collect())
    }

    fn sessions_json(&self) -> Value {
        let lengths: Vec<i64> = self.sessions.iter().map(|s| s.length_s() * 1_000).collect();
        json!({
            "count": self.sessions.len(),
            "short": lengths.iter().filter(|ms| **ms < MINUTE).count(),
            "medium": lengths.iter().filter(|ms| (MINUTE..=5 * MINUTE).contains(*ms)).count(),
            "long": lengths.iter().filter(|ms| **ms > 5 * MINUTE).count(),
            "last_start": self.sessions.last().map(|s| s.start_s * 1_000),
        })
    }

    fn orders_json(&self, now: i64) -> Value {
        let any = self.orders.count > 0;
        let money = |pick: fn(&crate::Money) -> i64| -> Map<String, Value> {
            self.orders.money.iter().map(|m| (m.currency.to_string(), json!(pick(m)))).collect()
        };
        json!({
            "count": self.orders.count,
            "refunds": self.orders.refunds,
            "first": any.then_some(self.orders.first),
            "last": any.then_some(self.orders.last),
            "days_since_last": any.then(|| (now - self.orders.last).div_euclid(event::DAY)),
            "revenue_minor": money(|m| m.revenue),
            "refunded_minor": money(|m| m.refunded),
        })
    }

    fn channels_json(&self) -> Value {
        let channels = self.channels.iter().map(|c| {
            let mut value = json!({
                "consent": c.consent.map(|(_, granted)| granted),
                "consent_at": c.consent.map(|(at, _)| at),
                "last_reached": c.last_reached,
            });
            // Of the few who have them.
            for (name, at) in [("bounced", c.bounced), ("complained", c.complained)] {
                if let Some(at) = at {
                    value[name] = at.into();
                }
            }
            if let Some(proof) = &c.proof {
                value["proof"] = json!({
                    "source": proof.source, "method": proof.method, "version": proof.version,
                    "message": format!("{:016x}", proof.message.0),
                });
            }
            (c.name.to_owned(), value)
        });
        Value::Object(channels.collect())
    }

    fn service_json(&self) -> Value {
        let cases = self.cases.iter().map(|c| {
            json!({"id": c.id, "kind": c.kind, "opened": c.opened, "closed": c.closed, "open": c.is_open()})
        });
        json!({
            "cases": cases.collect::<Vec<_>>(),
            "open_cases": self.cases.iter().filter(|case| case.is_open()).count(),
            "open_complaint": self.open_complaint(),
        })
    }
}

fn scores(affinity: &Affinity<'_>, now: i64, cells: u8) -> Vec<Value> {
    let rounded = |score: f64| (score * 1_000.0).round() / 1_000.0;
    let scores = affinity.scores(now, cells).into_iter();
    scores.map(|(value, score)| json!({"value": value, "score": rounded(score)})).collect()
}

fn touch(touch: &Touch<'_>) -> Value {
    json!({
        "at": touch.at, "source": touch.source, "medium": touch.medium, "campaign": touch.campaign,
        "referrer": touch.referrer, "click": touch.click,
    })
}
