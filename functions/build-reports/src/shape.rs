//! What the fields of JSON objects look like: their names, types, and how often they are there.

use foldhash::HashMap;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// How many fields of one event are told apart; names beyond that are counted as one.
const MAX_FIELDS: usize = 300;
/// Longest name that is kept, in bytes.
const MAX_NAME: usize = 160;
/// How deep names lead into objects and lists; what is further down is not looked at.
const MAX_DEPTH: usize = 6;
/// How intake marks what it masked.
const MASK: &str = "hmac:";

/// The types of values, in the order of [`Field::types`].
pub(crate) const TYPES: [&str; 6] = ["text", "integer", "number", "boolean", "object", "list"];

/// Fields by their names: `price`, `products[].price`.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub by_name: HashMap<String, Field>,
    /// Values of fields that had no room any more.
    pub untold: u64,
    path: String,
    object: u64,
}

/// What was seen of one field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    /// Objects in which it has a value, at least once.
    pub present: u64,
    /// Objects in which it is there, but only as `null`.
    pub null: u64,
    /// Values by type.
    pub types: [u64; TYPES.len()],
    /// Texts of which something was masked.
    pub masked: u64,
    /// First and last object, UTC ms.
    pub first: i64,
    pub last: i64,
    seen_in: u64,
    null_in: u64,
}

/// How many values an object has, and how many of them are `null` or empty.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Values {
    pub all: u64,
    pub empty: u64,
}

enum Kind {
    Null,
    Text { empty: bool, masked: bool },
    Integer,
    Number,
    Boolean,
    Object,
    List,
}

impl Fields {
    /// Looks at an object, received at `at` (UTC ms). What is no JSON has no fields.
    pub fn look(&mut self, object: &str, at: i64) -> Values {
        if object.is_empty() {
            return Values::default();
        }
        self.object += 1;
        self.path.clear();
        let mut walk = Walk { fields: self, at, depth: 0, values: Values::default() };
        let mut json = serde_json::Deserializer::from_str(object);
        // A broken rest is passed over: what came before it was there.
        let _ = Value(&mut walk).deserialize(&mut json);
        walk.values
    }

    fn note(&mut self, kind: &Kind, at: i64) {
        if !self.by_name.contains_key(&self.path) {
            if self.by_name.len() >= MAX_FIELDS {
                self.untold += 1;
                return;
            }
            let field = Field { first: at, last: at, ..Field::default() };
            self.by_name.insert(self.path.clone(), field);
        }
        let object = self.object;
        let Some(field) = self.by_name.get_mut(&self.path) else { return };
        (field.first, field.last) = (field.first.min(at), field.last.max(at));
        let place = match kind {
            Kind::Null => {
                if field.seen_in != object && field.null_in != object {
                    field.null_in = object;
                    field.null += 1;
                }
                return;
            }
            Kind::Text { masked, .. } => {
                field.masked += u64::from(*masked);
                0
            }
            Kind::Integer => 1,
            Kind::Number => 2,
            Kind::Boolean => 3,
            Kind::Object => 4,
            Kind::List => 5,
        };
        field.types[place] += 1;
        if field.seen_in != object {
            field.seen_in = object;
            field.present += 1;
            if field.null_in == object {
                field.null -= 1;
            }
        }
    }
}

struct Walk<'f> {
    fields: &'f mut Fields,
    at: i64,
    depth: usize,
    values: Values,
}

impl Walk<'_> {
    fn note(&mut self, kind: Kind) {
        if self.fields.path.is_empty() {
            return;
        }
        if !matches!(kind, Kind::Object | Kind::List) {
            self.values.all += 1;
            self.values.empty += u64::from(matches!(kind, Kind::Null | Kind::Text { empty: true, .. }));
        }
        self.fields.note(&kind, self.at);
    }
}

/// Any value at the walk's place.
struct Value<'w, 'f>(&'w mut Walk<'f>);

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any JSON")
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.note(Kind::Null);
        Ok(())
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.0.note(Kind::Boolean);
        Ok(())
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.0.note(Kind::Integer);
        Ok(())
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.0.note(Kind::Integer);
        Ok(())
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.0.note(Kind::Number);
        Ok(())
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.note(Kind::Text { empty: text.trim().is_empty(), masked: text.contains(MASK) });
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let walk = self.0;
        walk.note(Kind::List);
        let length = walk.fields.path.len();
        walk.fields.path.push_str("[]");
        walk.depth += 1;
        while walk.step(|walk| values.next_element_seed(Value(walk)), || Ok(None))?.is_some() {}
        // What was not gone into still has to be read.
        while values.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        walk.depth -= 1;
        walk.fields.path.truncate(length);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let walk = self.0;
        walk.note(Kind::Object);
        let length = walk.fields.path.len();
        walk.depth += 1;
        while let Some(name) = fields.next_key::<std::borrow::Cow<'de, str>>()? {
            if length > 0 {
                walk.fields.path.push('.');
            }
            let end = name.floor_char_boundary(MAX_NAME.saturating_sub(walk.fields.path.len()));
            walk.fields.path.push_str(&name[..end]);
            if walk.depth > MAX_DEPTH {
                fields.next_value::<serde::de::IgnoredAny>()?;
            } else {
                fields.next_value_seed(Value(walk))?;
            }
            walk.fields.path.truncate(length);
        }
        walk.depth -= 1;
        Ok(())
    }
}

impl Walk<'_> {
    /// Goes one step down, unless that is too deep.
    fn step<T>(&mut self, down: impl FnOnce(&mut Self) -> T, too_deep: impl FnOnce() -> T) -> T {
        if self.depth > MAX_DEPTH { too_deep() } else { down(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(objects: &[&str]) -> Fields {
        let mut fields = Fields::default();
        for (object, at) in objects.iter().zip(1..) {
            fields.look(object, at);
        }
        fields
    }

    #[test]
    fn fields_are_counted_once_an_object() {
        let fields = look(&[
            r#"{"price":1,"tags":["a","b"],"products":[{"sku":"x","price":1.5},{"sku":null,"price":2}]}"#,
            r#"{"price":null,"note":"by hmac:00ff","products":[{"sku":null}],"empty":{}}"#,
            "",
            "not json",
        ]);
        let of = |name: &str| {
            let field = &fields.by_name[name];
            (field.present, field.null, field.types, field.masked, field.first, field.last)
        };
        assert_eq!(of("price"), (1, 1, [0, 1, 0, 0, 0, 0], 0, 1, 2));
        assert_eq!(of("tags[]"), (1, 0, [2, 0, 0, 0, 0, 0], 0, 1, 1));
        assert_eq!(of("products"), (2, 0, [0, 0, 0, 0, 0, 2], 0, 1, 2));
        assert_eq!(of("products[].price"), (1, 0, [0, 1, 1, 0, 0, 0], 0, 1, 1));
        assert_eq!(of("products[].sku"), (1, 1, [1, 0, 0, 0, 0, 0], 0, 1, 2));
        assert_eq!(of("note"), (1, 0, [1, 0, 0, 0, 0, 0], 1, 2, 2));
        assert_eq!(of("empty"), (1, 0, [0, 0, 0, 0, 1, 0], 0, 2, 2));
    }

    #[test]
    fn values_are_counted() {
        let mut fields = Fields::default();
        let values = fields.look(r#"{"a":1,"b":null,"c":" ","d":{"e":true},"f":[null,2]}"#, 1);
        assert_eq!((values.all, values.empty), (6, 3));
    }

    #[test]
    fn hostile_shapes_stay_small() {
        let many: Vec<String> = (0..1_000).map(|n| format!("\"k{n}\":1")).collect();
        let deep = format!("{{\"d\":{}1{}}}", "[{\"x\":".repeat(30), "}]".repeat(30));
        let long = format!("{{\"{}\":1}}", "键".repeat(5_000));
        let fields = look(&[&deep, &long, &format!("{{{}}}", many.join(","))]);
        assert_eq!(fields.by_name.len(), MAX_FIELDS);
        assert!(fields.untold > 600);
        assert!(fields.by_name.keys().all(|name| name.len() <= MAX_NAME));
        assert!(fields.by_name.keys().any(|name| name == "d[].x[]"), "{:?}", fields.by_name.keys());
    }
}
