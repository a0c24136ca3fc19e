//! What the webhooks of shop systems have in common.

use super::Translated;
use super::record::Record;
use crate::{Code, EventType, Rejection};
use serde_json::{Map, Value, json};

/// Which system sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShopSystem {
    Shopify,
    WooCommerce,
}

/// A source that sends webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookSource {
    pub system: ShopSystem,
    /// Whether an order counts as completed when it is paid, rather than when it is placed.
    pub completed_when_paid: bool,
}

/// A webhook of a shop system, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'d> {
    /// The name of the source, part of message ids.
    pub source: &'d str,
    /// What it is about, for example `orders/create`.
    pub topic: &'d str,
    pub body: &'d [u8],
    /// Whether an order counts as completed when it is paid, rather than when it is placed.
    pub completed_when_paid: bool,
}

impl Delivery<'_> {
    pub(super) fn json(&self) -> Result<Value, Rejection> {
        let value: Value =
            serde_json::from_slice(self.body).map_err(|error| crate::fault::json_rejection(&error))?;
        match value.is_object() {
            true => Ok(value),
            false => Err(Rejection::new(Code::InvalidField, "", "not an object, as a shop system sends it")),
        }
    }
}

/// Who a shop's record is about.
#[derive(Clone, Default)]
pub(super) struct Buyer {
    pub user_id: Option<Value>,
    /// Kind and value.
    pub external: Vec<(&'static str, Value)>,
    pub email: Option<Value>,
    pub phone: Option<Value>,
}

impl Buyer {
    /// A track call about the buyer.
    pub fn track(&self, event: &str, id: String, at: Option<Value>) -> Record {
        let mut record = self.record(EventType::Track, id, at);
        record.text("event", event);
        record
    }

    pub fn record(&self, kind: EventType, id: String, at: Option<Value>) -> Record {
        let mut record = Record::new(kind);
        record.text("messageId", id).set("timestamp", at);
        record.set("userId", self.user_id.as_ref().and_then(text));
        let contacts = [("email", &self.email), ("phone", &self.phone)];
        let contacts = contacts.into_iter().filter_map(|(kind, value)| Some((kind, text(value.as_ref()?)?)));
        let others = self.external.iter().filter_map(|(kind, value)| Some((*kind, text(value)?)));
        let ids: Vec<Value> =
            others.chain(contacts).map(|(kind, id)| json!({"type": kind, "id": id})).collect();
        if !ids.is_empty() {
            record.context(&["externalIds"], Some(Value::Array(ids)));
        }
        record
    }

    /// What becomes known of the buyer.
    pub fn identify(&self, id: String, at: Option<Value>, mut traits: Map<String, Value>) -> Option<Record> {
        traits.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
        if traits.is_empty() {
            return None;
        }
        let mut record = self.record(EventType::Identify, id, at);
        record.set("traits", Some(Value::Object(traits)));
        Some(record)
    }

    /// An answer about messages through a channel, given at its own time.
    pub fn consent(&self, id: String, at: Option<Value>, channel: &str, granted: bool) -> Record {
        let mut record = self.record(EventType::Identify, id, at);
        record.context(&["consent", "categoryPreferences"], Some(json!({ channel: granted })));
        record
    }
}

/// Sets the properties that are filled.
pub(super) fn properties<const N: usize>(record: &mut Record, fields: [(&str, Option<Value>); N]) {
    let filled = fields.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_null() && value.as_str() != Some(""))?;
        Some((name.to_owned(), value))
    });
    record.set("properties", Some(Value::Object(filled.collect())));
}

/// A filled field.
pub(super) fn field(of: &Value, name: &str) -> Option<Value> {
    of.get(name).filter(|value| !value.is_null() && value.as_str() != Some("")).cloned()
}

/// An amount in major units, which shop systems write as a text: its digits as a JSON number.
pub(super) fn amount(of: &Value, name: &str) -> Option<Value> {
    match of.get(name)? {
        Value::String(text) => text.trim().parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::from),
        number @ Value::Number(_) => Some(number.clone()),
        _ => None,
    }
}

/// An id as text; `0` is none.
fn text(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(Value::String(text.trim().to_owned())),
        Value::Number(number) if number.as_f64() != Some(0.0) => Some(Value::String(number.to_string())),
        _ => None,
    }
}

/// The id of a record, as message ids carry it.
pub(super) fn id_of(of: &Value, name: &str) -> Result<String, Rejection> {
    match of.get(name).and_then(text) {
        Some(Value::String(id)) => Ok(id),
        _ => Err(Rejection::new(
            Code::InvalidField,
            name,
            "is missing, so that nothing tells this record from others",
        )),
    }
}

pub(super) fn texts(records: Vec<Record>) -> Vec<Translated> {
    records.into_iter().map(|record| Ok(record.into_text())).collect()
}
