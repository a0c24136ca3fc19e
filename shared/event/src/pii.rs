//! Personal data in properties and traits: found by the names of fields and the shape of values, taken
//! out, and kept for the vault.

use crate::identifier::Identifier;
use crate::mask::Masker;
use serde_json::{Map, Value};
use std::borrow::Cow;

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
    if !field.is_ascii() {
        return chinese_field(field.trim());
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
        b"phone" | b"phonenumber" | b"phoneno" | b"mobile" | b"mobilephone" | b"mobileno"
        | b"mobilenumber" | b"cellphone" | b"contactphone" | b"tel" | b"telephone" => "phone",
        b"firstname" | b"givenname" => "first_name",
        b"lastname" | b"familyname" | b"surname" => "last_name",
        b"fullname" | b"realname" | b"customername" => "name",
        b"address" | b"address1" | b"address2" | b"street" | b"shippingaddress" | b"billingaddress" => {
            "address"
        }
        b"idcard" | b"idcardno" | b"idcardnumber" | b"idnumber" | b"nationalid" | b"passport"
        | b"passportno" | b"passportnumber" | b"ssn" | b"taxid" => "document",
        b"cardnumber" | b"cardno" | b"creditcard" | b"bankcard" | b"bankcardno" | b"bankcardnumber"
        | b"iban" => "card",
        b"password" => "password",
        b"ip" | b"ipaddress" | b"clientip" | b"remoteaddr" => "ip",
        _ => return None,
    })
}

fn chinese_field(field: &str) -> Option<&'static str> {
    Some(match field {
        "邮箱" | "电子邮箱" | "邮件" => "email",
        "手机" | "手机号" | "手机号码" | "电话" | "电话号码" | "联系电话" => "phone",
        "姓名" | "真实姓名" | "收件人" | "收货人" => "name",
        "地址" | "收货地址" | "住址" => "address",
        "身份证" | "身份证号" | "身份证号码" | "护照" => "document",
        "银行卡" | "银行卡号" | "卡号" => "card",
        "密码" => "password",
        _ => return None,
    })
}

/// Rewrites an object so that it holds no personal data: what stands in a personal field, or is found in any text,
/// name or number, becomes `hmac:` and its keyed hash.
pub(crate) fn redact(value: &mut Value, masker: &Masker) {
    match value {
        Value::Object(fields) => {
            if fields.keys().any(|name| masker.finds(name, None)) {
                let named = std::mem::take(fields).into_iter();
                *fields = named.map(|(name, value)| (masker.mask(name.into()).into_owned(), value)).collect();
            }
            for (name, value) in fields.iter_mut() {
                match personal_field(name) {
                    Some(field) if !value.is_null() && !value.is_boolean() => {
                        let text = match &*value {
                            Value::String(text) => masker.field_token(field, text),
                            other => masker.field_token(field, &other.to_string()),
                        };
                        *value = Value::String(text);
                    }
                    _ if is_measure(name) && value.is_number() => {}
                    _ if names_version(name) && value.as_str().is_some_and(is_version) => {}
                    _ => redact(value, masker),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| redact(value, masker)),
        Value::String(text) if masker.finds(text, None) => {
            *text = masker.mask(Cow::Borrowed(text)).into_owned();
        }
        Value::Number(number) if number.as_u64().is_some_and(|number| number >= 10_000_000_000) => {
            let text = number.to_string();
            if masker.finds(&text, None) {
                *value = Value::String(masker.mask(text.into()).into_owned());
            }
        }
        _ => {}
    }
}

/// Whether numbers in a field of that name measure something, however long they are.
fn is_measure(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "revenue",
        "total",
        "subtotal",
        "value",
        "price",
        "amount",
        "quantity",
        "tax",
        "shipping",
        "discount",
        "duration",
        "size",
        "count",
        "timestamp",
    ];
    const ENDS: [&str; 8] = ["_ms", "_msec", "_at", "_ts", "time", "_bytes", "_total", "_price"];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) || ENDS.iter().any(|end| name.ends_with(end))
}

fn names_version(field: &str) -> bool {
    field.as_bytes().last_chunk().is_some_and(|end: &[u8; 7]| end.eq_ignore_ascii_case(b"version"))
}

/// Whether a text is a version of a program, which may be written like an IP address.
pub(crate) fn is_version(text: &str) -> bool {
    let part = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 15 && text.contains('.') && text.split('.').all(part)
}

/// Takes the personal fields among the traits that are to be set once for traits like any other, which identify.
pub(crate) fn raise_personal(traits: &mut Map<String, Value>) {
    let Some(Value::Object(once)) = traits.get_mut("$set_once") else { return };
    let (personal, rest): (Vec<_>, Vec<_>) =
        std::mem::take(once).into_iter().partition(|(name, _)| is_personal(name, true));
    *once = rest.into_iter().collect();
    for (name, value) in personal {
        traits.entry(name).or_insert(value);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pseudonymizer;
    use serde_json::json;

    #[test]
    fn nothing_personal_stays() {
        let masker = Masker::new(Pseudonymizer::new(b"k"), "US");
        let mut value = json!({
            "email": "Ann@Example.com", "note": "Write to ann@example.com. Thanks",
            "shipping": {"firstName": "Ann", "city": "Berlin", "lines": [{"Phone-Number": "+14155552671"}]},
            "price": 5, "address": null, "app_version": "1.2.3.4", "text_version": "ann@example.com", "version": "+1 415 555 2671", "server": "1.2.3.4"
        });
        redact(&mut value, &masker);
        assert_eq!(value["app_version"], "1.2.3.4");
        value.as_object_mut().unwrap().remove("app_version");
        let text = value.to_string();
        for raw in ["Ann", "ann@", "example", "415555", "1.2.3"] {
            assert!(!text.contains(raw), "{raw} in {text}");
        }
        let email = masker.field_token("email", "ann@example.com");
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
