//! What an event's properties say that a profile counts: products, money, dwell, channels, cases.

use crate::json::{Cursor, Fault};
use crate::money::{Currency, minor_units};
use crate::pii;
use crate::raw::texts;
use crate::text::clean;
use std::borrow::Cow;

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

impl<'a> Facts<'a> {
    /// How many products of one order are looked at.
    pub const MAX_ITEMS: usize = 200;

    /// The facts of properties that were cleaned before, amounts in `currency` where they name none.
    pub fn of(properties: &'a str, currency: Option<Currency>) -> Facts<'a> {
        if properties.is_empty() {
            return Facts::default();
        }
        let mut raw = RawFacts::default();
        match raw.read(&mut Cursor::new(properties)) {
            Ok(()) => raw.into_facts(currency.unwrap_or(Currency::NONE)),
            Err(_) => Facts::default(),
        }
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

/// The properties that facts are made of, as they are read.
#[derive(Debug, Default)]
pub(crate) struct RawFacts<'a> {
    facts: Facts<'a>,
    revenue: Option<f64>,
    total: Option<f64>,
    value: Option<f64>,
    price: Option<f64>,
    quantity: Option<f64>,
    /// Whether the names or shapes of the properties suggest personal data.
    pub suspicious: bool,
}

impl<'a> RawFacts<'a> {
    /// Reads a JSON object. Values of odd shapes are passed over.
    pub fn read(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Fault> {
        cursor.object(|cursor, key| {
            let facts = &mut self.facts;
            match key.as_ref() {
                "product_id" | "productId" => facts.product_id = filled(cursor)?,
                "sku" if facts.product_id.is_none() => facts.product_id = filled(cursor)?,
                "category" => facts.category = filled(cursor)?,
                "brand" => facts.brand = filled(cursor)?,
                "order_id" | "orderId" => facts.order_id = filled(cursor)?,
                "revenue" => self.revenue = number(cursor)?,
                "total" => self.total = number(cursor)?,
                "value" => self.value = number(cursor)?,
                "price" => self.price = number(cursor)?,
                "quantity" => self.quantity = number(cursor)?,
                "currency" => facts.currency = filled(cursor)?.and_then(|code| Currency::parse(&code)),
                "dwell_ms" | "engagement_time_msec" | "duration_ms" => {
                    facts.dwell_ms = number(cursor)?.and_then(dwell);
                }
                "duration" if facts.dwell_ms.is_none() => {
                    facts.dwell_ms = number(cursor)?.and_then(|seconds| dwell(seconds * 1_000.0));
                }
                "channel" => facts.channel = filled(cursor)?,
                "case_id" | "ticket_id" => facts.case_id = filled(cursor)?,
                "case_kind" => facts.case_kind = filled(cursor)?,
                "device_model" => facts.device_model = filled(cursor)?,
                "products" => facts.items = items(cursor)?,
                other => {
                    self.suspicious |=
                        matches!(cursor.peek()?, b'{' | b'[') || pii::is_personal(other, false);
                    cursor.skip()?;
                }
            }
            Ok(())
        })
    }

    /// The `channel` of the properties.
    pub fn channel(&self) -> Option<&str> {
        self.facts.channel.as_deref()
    }

    /// The facts, amounts in `default_currency` where the properties name none.
    pub fn into_facts(self, default_currency: Currency) -> Facts<'a> {
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

/// The products of an array, without those of odd shapes.
fn items<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Item<'a>>, Fault> {
    let mut items = Vec::new();
    if cursor.peek()? != b'[' {
        return cursor.skip().map(|()| items);
    }
    cursor.array(|cursor| {
        let product = cursor.value()?;
        if items.len() < Facts::MAX_ITEMS && product.starts_with('{') {
            items.extend(item(product));
        }
        Ok(())
    })?;
    Ok(items)
}

fn item(product: &str) -> Option<Item<'_>> {
    let names = ["product_id", "productId", "sku", "category", "brand", "price", "quantity"];
    let [product_id, other, sku, category, brand, price, quantity] =
        texts(&mut Cursor::new(product), names).ok()?;
    let clean = |text| clean(text, false);
    Some(Item {
        product_id: product_id.0.or(other.0).or(sku.0).map(clean),
        category: category.0.map(clean),
        brand: brand.0.map(clean),
        quantity: count(quantity.as_deref().and_then(|n| n.parse().ok())),
        price: price.as_deref().and_then(|n| n.parse().ok()),
    })
}

/// A JSON text (or number, as text), cleaned; nothing where it is empty or of another shape.
#[inline]
fn filled<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Cow<'a, str>>, Fault> {
    let composed = cursor.is_composed();
    Ok(cursor.lenient_text()?.map(|text| clean(text, composed)).filter(|text| !text.is_empty()))
}

/// A finite JSON number, or a text that holds one.
fn number(cursor: &mut Cursor<'_>) -> Result<Option<f64>, Fault> {
    let value = cursor.value()?;
    let digits = match value.strip_prefix('"') {
        Some(text) => text.trim_end_matches('"').trim(),
        None => value,
    };
    Ok(digits.parse().ok().filter(|number: &f64| number.is_finite()))
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
        let order =
            facts(r#"{"products":[{"sku":"a","price":1.5,"quantity":3},7,{"product_id":"b","price":"2"}]}"#);
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
        let suspicious = |json| {
            let mut raw = RawFacts::default();
            raw.read(&mut Cursor::new(json)).unwrap();
            raw.suspicious
        };
        assert!(!suspicious(r#"{"name":"Burr Grinder","price":1}"#));
        assert!(suspicious(r#"{"first_name":"Ann"}"#));
        assert!(suspicious(r#"{"shipping":{"city":"Berlin"}}"#));
    }
}
