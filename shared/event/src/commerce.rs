//! What an event's properties say that a profile counts: products, money, dwell, channels, cases.

use crate::money::{Currency, minor_units};
use crate::pii;
use crate::raw::Text;
use crate::text::clean;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The countable part of an event's properties, by the Segment e-commerce spec and its usual variations.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts<'a> {
    pub product_id: Option<Cow<'a, str>>,
    pub category: Option<Cow<'a, str>>,
    pub brand: Option<Cow<'a, str>>,
    pub order_id: Option<Cow<'a, str>>,
    /// Minor units: `revenue`, else `total`, else `value`, else the products' prices, else
    /// `price × quantity`.
    pub amount: Option<i64>,
    /// The currency given, else the deployment's; of `amount`.
    pub currency: Option<Currency>,
    /// How many, 1 where nothing is said.
    pub quantity: u32,
    /// Time spent, ms: `dwell_ms`, `engagement_time_msec`, `duration_ms`, or `duration` in seconds.
    pub dwell_ms: Option<i64>,
    /// `email`, `sms`, … in events about messages and subscriptions.
    pub channel: Option<Cow<'a, str>>,
    /// The service case an event is about.
    pub case_id: Option<Cow<'a, str>>,
    /// The case's kind, for example `complaint`.
    pub case_kind: Option<Cow<'a, str>>,
    pub device_model: Option<Cow<'a, str>>,
    /// The `products` of an order, at most [`Facts::MAX_ITEMS`].
    pub items: Vec<Item<'a>>,
}

/// One product of an order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Item<'a> {
    pub product_id: Option<Cow<'a, str>>,
    pub category: Option<Cow<'a, str>>,
    pub brand: Option<Cow<'a, str>>,
    pub quantity: u32,
    price: Option<f64>,
}

/// Facts, and whether the names or shapes of the properties they were read from suggest personal data.
pub(crate) struct Read<'a> {
    pub facts: Facts<'a>,
    pub suspicious: bool,
}

impl<'a> Facts<'a> {
    /// How many products of one order are looked at.
    pub const MAX_ITEMS: usize = 200;

    /// Reads the text of a JSON object; an empty text has no facts. Values of odd shapes are passed over.
    pub(crate) fn read(properties: &'a str, currency: Currency) -> Result<Read<'a>, serde_json::Error> {
        if properties.is_empty() {
            return Ok(Read { facts: Facts::default(), suspicious: false });
        }
        let raw: RawFacts<'a> = serde_json::from_str(properties)?;
        Ok(Read { suspicious: raw.suspicious, facts: raw.into_facts(currency) })
    }

    /// The facts of properties that were cleaned before, amounts in `currency` where they name none.
    pub fn of(properties: &'a str, currency: Option<Currency>) -> Facts<'a> {
        let currency = currency.or_else(|| Currency::parse("XXX")).expect("three letters");
        Facts::read(properties, currency).map(|read| read.facts).unwrap_or_default()
    }

    /// The same facts, borrowing nothing.
    pub fn into_owned(self) -> Facts<'static> {
        let own = |text: Option<Cow<'a, str>>| text.map(|t| Cow::Owned(t.into_owned()));
        Facts {
            product_id: own(self.product_id),
            category: own(self.category),
            brand: own(self.brand),
            order_id: own(self.order_id),
            amount: self.amount,
            currency: self.currency,
            quantity: self.quantity,
            dwell_ms: self.dwell_ms,
            channel: own(self.channel),
            case_id: own(self.case_id),
            case_kind: own(self.case_kind),
            device_model: own(self.device_model),
            items: self
                .items
                .into_iter()
                .map(|item| Item {
                    product_id: own(item.product_id),
                    category: own(item.category),
                    brand: own(item.brand),
                    quantity: item.quantity,
                    price: item.price,
                })
                .collect(),
        }
    }
}

#[derive(Default)]
struct RawFacts<'a> {
    facts: Facts<'a>,
    revenue: Option<f64>,
    total: Option<f64>,
    value: Option<f64>,
    price: Option<f64>,
    quantity: Option<f64>,
    suspicious: bool,
}

impl<'a> RawFacts<'a> {
    fn into_facts(self, default_currency: Currency) -> Facts<'a> {
        let RawFacts { mut facts, revenue, total, value, price, quantity, .. } = self;
        facts.quantity = count(quantity);
        let items = || {
            let mut sum = None;
            for item in &facts.items {
                sum = item.price.map(|price| sum.unwrap_or(0.0) + price * f64::from(item.quantity)).or(sum);
            }
            sum
        };
        let amount = revenue
            .or(total)
            .or(value)
            .or_else(items)
            .or_else(|| price.map(|price| price * f64::from(facts.quantity)));
        if let Some(amount) = amount {
            let currency = facts.currency.unwrap_or(default_currency);
            facts.amount = minor_units(amount, currency);
            facts.currency = Some(currency);
        }
        facts
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawFacts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FactsVisitor;
        impl<'de> Visitor<'de> for FactsVisitor {
            type Value = RawFacts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut raw = RawFacts::default();
                while let Some(Text(key)) = map.next_key()? {
                    let key = key.unwrap_or_default();
                    let value = map.next_value::<&RawValue>()?.get();
                    let facts = &mut raw.facts;
                    match key.as_ref() {
                        "product_id" | "productId" => facts.product_id = text(value),
                        "sku" if facts.product_id.is_none() => facts.product_id = text(value),
                        "category" => facts.category = text(value),
                        "brand" => facts.brand = text(value),
                        "order_id" | "orderId" => facts.order_id = text(value),
                        "revenue" => raw.revenue = number(value),
                        "total" => raw.total = number(value),
                        "value" => raw.value = number(value),
                        "price" => raw.price = number(value),
                        "quantity" => raw.quantity = number(value),
                        "currency" => {
                            facts.currency = text(value).and_then(|code| Currency::parse(&code));
                        }
                        "dwell_ms" | "engagement_time_msec" | "duration_ms" => {
                            facts.dwell_ms = number(value).and_then(dwell);
                        }
                        "duration" if facts.dwell_ms.is_none() => {
                            facts.dwell_ms = number(value).and_then(|seconds| dwell(seconds * 1_000.0));
                        }
                        "channel" => facts.channel = text(value),
                        "case_id" | "ticket_id" => facts.case_id = text(value),
                        "case_kind" => facts.case_kind = text(value),
                        "device_model" => facts.device_model = text(value),
                        "products" => facts.items = items(value),
                        other => {
                            raw.suspicious |= value.starts_with(['{', '[']) || pii::is_personal(other, false);
                        }
                    }
                }
                Ok(raw)
            }
        }
        deserializer.deserialize_map(FactsVisitor)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawItem<'a> {
    #[serde(borrow, alias = "productId")]
    product_id: Text<'a>,
    #[serde(borrow)]
    sku: Text<'a>,
    #[serde(borrow)]
    category: Text<'a>,
    #[serde(borrow)]
    brand: Text<'a>,
    #[serde(borrow)]
    price: Text<'a>,
    #[serde(borrow)]
    quantity: Text<'a>,
}

fn items(array: &str) -> Vec<Item<'_>> {
    let Ok(raw) = serde_json::from_str::<Vec<Lenient<RawItem>>>(array) else { return Vec::new() };
    let filled = |text: Text<'_>| text.0.map(|t| Cow::Owned(clean(t).into_owned()));
    raw.into_iter()
        .take(Facts::MAX_ITEMS)
        .filter_map(|item| item.0)
        .map(|item| Item {
            product_id: filled(item.product_id).or_else(|| filled(item.sku)),
            category: filled(item.category),
            brand: filled(item.brand),
            quantity: count(item.quantity.as_deref().and_then(|n| n.parse().ok())),
            price: item.price.as_deref().and_then(|n| n.parse().ok()),
        })
        .collect()
}

/// An item, or nothing where it is of an odd shape.
struct Lenient<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Lenient(serde_json::from_str(raw.get()).ok()))
    }
}

/// A JSON text (or number, as text), cleaned; nothing where it is empty or of another shape.
fn text(value: &str) -> Option<Cow<'_, str>> {
    let inner = match value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
        Some(inner) if memchr::memchr(b'\\', inner.as_bytes()).is_none() => Cow::Borrowed(inner),
        _ => serde_json::from_str::<Text>(value).ok()?.0?,
    };
    let cleaned = clean(inner);
    (!cleaned.is_empty()).then_some(cleaned)
}

/// A finite JSON number, or a text that holds one.
fn number(value: &str) -> Option<f64> {
    let digits = value.trim_matches('"').trim();
    digits.parse().ok().filter(|number: &f64| number.is_finite())
}

fn count(quantity: Option<f64>) -> u32 {
    quantity.filter(|n| *n >= 0.0).map_or(1, |n| n.round().min(f64::from(u32::MAX)) as u32)
}

/// A time span up to a day; what is longer was not spent but forgotten.
fn dwell(ms: f64) -> Option<i64> {
    (0.0..=86_400_000.0).contains(&ms).then_some(ms as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(json: &str) -> Facts<'_> {
        Facts::of(json, Currency::parse("EUR"))
    }

    #[test]
    fn amounts_by_precedence() {
        assert_eq!(facts(r#"{"price":"12.95","quantity":2}"#).amount, Some(2590));
        assert_eq!(facts(r#"{"price":12.95,"total":20,"revenue":18.5}"#).amount, Some(1850));
        let order = facts(r#"{"products":[{"sku":"a","price":1.5,"quantity":3},7,{"product_id":"b","price":"2"}]}"#);
        assert_eq!((order.amount, order.items.len()), (Some(650), 2));
        let yen = facts(r#"{"value":1200,"currency":"jpy"}"#);
        assert_eq!((yen.amount, yen.currency), (Some(1200), Currency::parse("JPY")));
        assert_eq!(facts(r#"{"price":"free","quantity":-3}"#).amount, None);
    }

    #[test]
    fn odd_shapes_are_passed_over() {
        let odd = facts(r#"{"product_id":{"a":1},"category":null,"brand":"  ","duration":90,"sku":42}"#);
        assert_eq!(odd.product_id.as_deref(), Some("42"));
        assert_eq!((odd.category, odd.brand, odd.dwell_ms), (None, None, Some(90_000)));
    }

    #[test]
    fn suspicion() {
        let suspicious = |json| Facts::read(json, Currency::parse("EUR").unwrap()).unwrap().suspicious;
        assert!(!suspicious(r#"{"name":"Burr Grinder","price":1}"#));
        assert!(suspicious(r#"{"first_name":"Ann"}"#));
        assert!(suspicious(r#"{"shipping":{"city":"Berlin"}}"#));
    }
}
