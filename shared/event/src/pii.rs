//! Personal data in properties and traits: found by the names of fields and the shape of values, taken
//! out, and kept for the vault.

use crate::contact::{normalise_email, normalise_phone};
use crate::identifier::{Identifier, IdentifierKind, Pseudonymizer};
use serde_json::{Map, Value};

/// A raw value on its way to the vault: under the hash of the identifier it belongs to.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    pub identifier: Identifier,
    /// `email`, `phone`, `first_name`, `name`, `address`, …
    pub field: String,
    pub value: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({} of {:?})", self.field, self.identifier)
    }
}

/// Whether a field of that name holds personal data. `name` does in traits, where it is a person's; in
/// properties it is a product's or a page's.
pub(crate) fn is_personal(field: &str, in_traits: bool) -> bool {
    personal_field(field).is_some() || (in_traits && field.eq_ignore_ascii_case("name"))
}

/// The vault's name for a personal field, however it is spelled (`firstName`, `first_name`, …).
fn personal_field(field: &str) -> Option<&'static str> {
    if field.len() > 20 {
        return None;
    }
    let mut plain = [0u8; 20];
    let mut len = 0;
    for byte in field.bytes().filter(u8::is_ascii_alphanumeric) {
        plain[len] = byte.to_ascii_lowercase();
        len += 1;
    }
    let plain = &plain[..len];
    Some(match plain {
        b"email" | b"emailaddress" | b"mail" => "email",
        b"phone" | b"phonenumber" | b"mobile" | b"mobilephone" | b"tel" | b"telephone" => "phone",
        b"firstname" | b"givenname" => "first_name",
        b"lastname" | b"familyname" | b"surname" => "last_name",
        b"fullname" | b"realname" | b"customername" => "name",
        b"address" | b"address1" | b"address2" | b"street" | b"shippingaddress" | b"billingaddress" => {
            "address"
        }
        b"idcard" | b"idnumber" | b"passport" | b"ssn" | b"taxid" => "document",
        b"cardnumber" | b"creditcard" | b"bankcard" | b"iban" => "card",
        b"password" => "password",
        b"ip" => "ip",
        _ => return None,
    })
}

/// Rewrites an object so that it holds no personal data: what stands in a personal field, or looks like
/// an e-mail address in any text, becomes `hmac:` and its keyed hash.
pub(crate) fn redact(value: &mut Value, hasher: &Pseudonymizer, region: &str) {
    match value {
        Value::Object(fields) => {
            if fields.keys().any(|name| may_hold_address(name)) {
                let named = std::mem::take(fields).into_iter();
                *fields = named.map(|(name, value)| (mask_emails(&name, hasher), value)).collect();
            }
            for (name, value) in fields.iter_mut() {
                match personal_field(name) {
                    Some(field) if !value.is_null() => {
                        *value = Value::String(hash(field, value, hasher, region))
                    }
                    _ => redact(value, hasher, region),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| redact(value, hasher, region)),
        Value::String(text) if may_hold_address(text) => *text = mask_emails(text, hasher),
        _ => {}
    }
}

/// Takes the personal fields out of traits. Returns e-mail and phone as identifiers' values; all else as
/// `(field, value)`.
pub(crate) fn take_personal(traits: &mut Map<String, Value>) -> Vec<(&'static str, String)> {
    let mut taken = Vec::new();
    traits.retain(|name, value| {
        let field = personal_field(name).or_else(|| name.eq_ignore_ascii_case("name").then_some("name"));
        let Some(field) = field else { return true };
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        // A password is nobody's to keep, an IP address is of no use.
        if !text.is_empty() && field != "password" && field != "ip" {
            taken.push((field, text));
        }
        false
    });
    taken
}

/// Whether a text, or the text of a JSON value, may hold an e-mail address: an `@`, also as an address
/// (`%40`) or JSON (`\u0040`) escapes it.
pub(crate) fn may_hold_address(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr3_iter(b'@', b'%', b'\\', bytes).any(|at| match bytes[at] {
        b'@' => true,
        b'%' => bytes[at + 1..].starts_with(b"40"),
        _ => bytes[at + 1..].starts_with(b"u0040"),
    })
}

/// Replaces every e-mail address in a text, and what has an `@` inside and so may be one, by `hmac:` and its
/// keyed hash.
pub(crate) fn mask_emails(text: &str, hasher: &Pseudonymizer) -> String {
    let edge = |c: char| c.is_whitespace() || "<>,;\"():=&?/#".contains(c);
    let text = text.replace("%40", "@");
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(edge) {
        let core = word.trim_end_matches(edge).trim_end_matches('.');
        let inside = core.trim_matches('@').contains('@');
        match normalise_email(core) {
            Some(email) => masked.push_str(&token(IdentifierKind::Email, &email, hasher)),
            None if inside => masked.push_str(&format!("hmac:{}", hasher.key("text", core))),
            None => masked.push_str(core),
        }
        masked.push_str(&word[core.len()..]);
    }
    masked
}

fn hash(field: &str, value: &Value, hasher: &Pseudonymizer, region: &str) -> String {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    match field {
        "email" => {
            let email = normalise_email(&text).unwrap_or(text);
            token(IdentifierKind::Email, &email, hasher)
        }
        "phone" => {
            let phone = normalise_phone(&text, region).unwrap_or(text);
            token(IdentifierKind::Phone, &phone, hasher)
        }
        field => format!("hmac:{}", hasher.key(field, &text)),
    }
}

fn token(kind: IdentifierKind, value: &str, hasher: &Pseudonymizer) -> String {
    format!("hmac:{}", hasher.identifier(kind, value).key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_personal_stays() {
        let hasher = Pseudonymizer::new(b"k");
        let mut value = json!({
            "email": "Ann@Example.com", "note": "Write to ann@example.com. Thanks",
            "shipping": {"firstName": "Ann", "city": "Berlin", "lines": [{"Phone-Number": "+14155552671"}]},
            "price": 5, "address": null
        });
        redact(&mut value, &hasher, "US");
        let text = value.to_string();
        for raw in ["Ann", "ann@", "example", "415555"] {
            assert!(!text.contains(raw), "{raw} in {text}");
        }
        let email = token(IdentifierKind::Email, "ann@example.com", &hasher);
        assert_eq!(value["email"], email.as_str());
        assert_eq!(value["note"], format!("Write to {email}. Thanks"));
        assert_eq!((&value["shipping"]["city"], &value["price"]), (&json!("Berlin"), &json!(5)));
    }

    #[test]
    fn traits_give_up_their_personal_fields() {
        let mut traits =
            json!({"name": "Ann Lee", "plan": "pro", "EMAIL": "a@b.cn", "password": "x", "phone": null});
        let taken = take_personal(traits.as_object_mut().unwrap());
        assert_eq!(taken, [("name", "Ann Lee".to_owned()), ("email", "a@b.cn".to_owned())]);
        assert_eq!(traits, json!({"plan": "pro"}));
    }
}
