//! The schemas that come with Rondo: the common events of a shop, by the names and properties of the Segment e-commerce
//! spec, second version.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const ECOMMERCE: &str = include_str!("ecommerce.json");

/// The schemas that are built in, by the event's name. Further properties are allowed; one that is not required may be
/// `null`.
pub fn built_in() -> &'static BTreeMap<String, Value> {
    static SCHEMAS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(assemble);
    &SCHEMAS
}

#[derive(Deserialize)]
struct Spec {
    properties: Map<String, Value>,
    product: Vec<String>,
    events: BTreeMap<String, EventSpec>,
}

#[derive(Deserialize)]
struct EventSpec {
    needs: Vec<String>,
    may: Vec<String>,
}

fn assemble() -> BTreeMap<String, Value> {
    let spec: Spec = serde_json::from_str(ECOMMERCE).expect("a test reads it");
    let schema = |event: &EventSpec| {
        let mut properties = Map::new();
        for name in &event.needs {
            properties.insert(name.clone(), spec.properties[name].clone());
        }
        // `product` stands for all that is said of one.
        let may = event.may.iter().flat_map(|name| match name.as_str() {
            "product" => spec.product.iter(),
            _ => std::slice::from_ref(name).iter(),
        });
        for name in may {
            properties.entry(name.clone()).or_insert_with(|| or_null(&spec.properties[name]));
        }
        let product: Map<String, Value> =
            spec.product.iter().map(|name| (name.clone(), or_null(&spec.properties[name]))).collect();
        json!({
            "type": "object",
            "properties": properties,
            "required": event.needs,
            "$defs": {"product": {"type": "object", "properties": product}},
        })
    };
    spec.events.iter().map(|(name, event)| (name.clone(), schema(event))).collect()
}

/// The same, or nothing.
fn or_null(property: &Value) -> Value {
    let mut property = property.clone();
    if let Some(kind) = property.get_mut("type") {
        match kind {
            Value::Array(kinds) => kinds.push("null".into()),
            one => *one = json!([one.take(), "null"]),
        }
    }
    property
}
