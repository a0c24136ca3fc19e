//! Who a record is about: its identifiers as keyed hashes, and the personal data that it gives away.

use crate::Parser;
use crate::contact::{is_contact, normalise_email, normalise_phone};
use crate::fault::{json_rejection, object_text};
use crate::identifier::{Identifier, IdentifierKind, Identifiers, is_junk};
use crate::pii::{self, Secret};
use crate::raw::RawEvent;
use crate::rejection::Rejection;
use crate::text::{bounded, clean, normalise, truncate};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The field of the vault with the token by which a device's platform delivers messages to an app: `ios:…`, `android:…`.
pub const PUSH_TOKEN: &str = "push_token";

/// The platform that delivers to an operating system.
fn platform(os: &str) -> Option<&'static str> {
    match os.to_ascii_lowercase().as_str() {
        "ios" | "ipados" => Some("ios"),
        "android" => Some("android"),
        _ => None,
    }
}

impl Parser {
    /// Hashes the identifiers of the record's own fields; returns the user id where it may stay readable.
    pub(crate) fn identify<'a>(
        &self,
        raw: &mut RawEvent<'a>,
        identifiers: &mut Identifiers,
        secrets: &mut Vec<Secret>,
    ) -> Option<Cow<'a, str>> {
        let composed = raw.composed;
        let clean = |text| clean(text, composed);
        let blocked = &self.settings().blocked;
        let usable = |id: &Cow<'_, str>| {
            !is_junk(id) && !blocked.blocks(IdentifierKind::User, id) && !blocked.blocks_address(id)
        };
        let user_id = raw.user_id.0.take().map(clean).map(|id| bounded(id, 256)).filter(usable);
        // That one is known not to be junk.
        if let Some(id) = &user_id {
            identifiers.insert(self.hasher().identifier(IdentifierKind::User, id));
        }
        let mut add = |kind: IdentifierKind, value: &str| {
            if !is_junk(value) && !blocked.blocks(kind, value) {
                identifiers.insert(self.hasher().identifier(kind, value));
            }
        };
        for anonymous in [raw.anonymous_id.0.take(), raw.previous_id.0.take()].into_iter().flatten() {
            add(IdentifierKind::Anonymous, truncate(&clean(anonymous), 256));
        }
        if let Some(context) = &mut raw.context {
            if let Some(id) = context.device.as_mut().and_then(|device| device.id.0.take()) {
                let id = clean(id);
                let id = truncate(&id, 256);
                add(IdentifierKind::Device, id);
                let token = context.device.as_mut().and_then(|device| device.token.0.take());
                let platform = platform(context.os_name.0.as_deref().unwrap_or_default());
                if let (Some(token), Some(platform), false) = (token.map(clean), platform, is_junk(id)) {
                    let identifier = self.hasher().identifier(IdentifierKind::Device, id);
                    let value = format!("{platform}:{}", truncate(&token, 1_024));
                    secrets.push(Secret { identifier, field: PUSH_TOKEN.to_owned(), value });
                }
            }
            for external in std::mem::take(&mut context.external_ids) {
                let kind = external.kind.as_deref().and_then(IdentifierKind::parse);
                let Some(id) = external.id.0.map(clean) else { continue };
                match kind {
                    Some(IdentifierKind::User) | None => {
                        let scope = external.kind.as_deref().unwrap_or_default();
                        add(IdentifierKind::External, &format!("{scope}:{}", truncate(&id, 256)));
                    }
                    Some(IdentifierKind::Email) => self.add_email(&id, identifiers_of(&mut add), secrets),
                    Some(IdentifierKind::Phone) => self.add_phone(&id, identifiers_of(&mut add), secrets),
                    Some(kind) => add(kind, truncate(&id, 256)),
                }
            }
        }
        let user_id = user_id?;
        if is_contact(&user_id, &self.settings().region) {
            self.add_email(&user_id, identifiers_of(&mut add), secrets);
            self.add_phone(&user_id, identifiers_of(&mut add), secrets);
            return None;
        }
        (!self.masker().finds(&user_id, None)).then_some(user_id)
    }

    fn add_email(&self, text: &str, add: &mut dyn FnMut(IdentifierKind, &str), secrets: &mut Vec<Secret>) {
        let blocked = |email: &String| self.settings().blocked.blocks(IdentifierKind::Email, email);
        if let Some(email) = normalise_email(text).filter(|email| !blocked(email)) {
            add(IdentifierKind::Email, &email);
            self.keep(IdentifierKind::Email, email, secrets);
        }
    }

    fn add_phone(&self, text: &str, add: &mut dyn FnMut(IdentifierKind, &str), secrets: &mut Vec<Secret>) {
        let blocked = |phone: &String| self.settings().blocked.blocks(IdentifierKind::Phone, phone);
        if let Some(phone) = normalise_phone(text, &self.settings().region).filter(|phone| !blocked(phone)) {
            add(IdentifierKind::Phone, &phone);
            self.keep(IdentifierKind::Phone, phone, secrets);
        }
    }

    fn keep(&self, kind: IdentifierKind, value: String, secrets: &mut Vec<Secret>) {
        let identifier = self.hasher().identifier(kind, &value);
        let secret = Secret { identifier, field: kind.as_str().to_owned(), value };
        if !secrets.contains(&secret) {
            secrets.push(secret);
        }
    }

    /// Splits traits into identifiers, secrets and the rest, which is returned as JSON text.
    pub(crate) fn traits<'a>(
        &self,
        traits: Option<&'a str>,
        keep_secrets: bool,
        identifiers: &mut Identifiers,
        secrets: &mut Vec<Secret>,
    ) -> Result<Cow<'a, str>, Rejection> {
        let Some(text) = object_text(traits, "traits")? else { return Ok(Cow::Borrowed("")) };
        let mut fields: Map<String, Value> = serde_json::from_str(text).map_err(|e| json_rejection(&e))?;
        pii::raise_personal(&mut fields);
        let mut add = |kind, value: &str| identifiers.insert(self.hasher().identifier(kind, value));
        for (field, value) in pii::take_personal(&mut fields) {
            match field {
                "email" => self.add_email(&value, &mut add, secrets),
                "phone" => self.add_phone(&value, &mut add, secrets),
                field if keep_secrets => {
                    let value = truncate(&value, 1024).to_owned();
                    // The owner is known only once all identifiers are.
                    let identifier = Identifier { kind: IdentifierKind::User, key: Default::default() };
                    secrets.push(Secret { identifier, field: field.to_owned(), value });
                }
                _ => {}
            }
        }
        let mut rest = Value::Object(fields);
        pii::redact(&mut rest, self.masker());
        let text = if rest.as_object().is_some_and(Map::is_empty) { String::new() } else { rest.to_string() };
        Ok(Cow::Owned(normalise(&text).into_owned()))
    }
}

fn identifiers_of(add: &mut dyn FnMut(IdentifierKind, &str)) -> &mut dyn FnMut(IdentifierKind, &str) {
    add
}
