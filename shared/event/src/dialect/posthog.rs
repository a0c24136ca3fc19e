//! PostHog: what its clients send to `/batch/`, `/capture/`, `/e/` and `/i/v0/e/`.
//!
//! A `distinct_id` is a user id, unless what stands beside it says that nobody has been identified yet: then it is an
//! anonymous id. `$identify` and `$create_alias` join the two. `$set` becomes traits, of which the value that happened last
//! holds; `$set_once` the trait of that name, of whose fields the first holds, as long as nothing set them otherwise.

use super::Translated;
use super::members;
use super::record::{Record, as_text, take_object, take_text};
use crate::fault::json_rejection;
use crate::raw::Text;
use crate::{Code, EventType, Rejection, iso_time};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(borrow)]
    batch: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default, alias = "sentAt")]
    sent_at: Text<'a>,
}

/// The records of a body: an event, an array of them, or `{"batch": [ … ]}`. `sent_at` is the sender's clock where the
/// address tells it, `now` when the body arrived, both UTC ms.
///
/// # Errors
/// A body that is none of these.
pub fn records(body: &str, sent_at: Option<i64>, now: i64) -> Result<Vec<Translated>, Rejection> {
    let mut sent = sent_at.map(iso_time);
    let members = if body.trim_start().starts_with('[') {
        members::array(body)?.into_iter().map(RawValue::get).collect()
    } else {
        let outer: Outer = serde_json::from_str(body).map_err(|e| json_rejection(&e))?;
        sent = outer.sent_at.as_deref().map(str::to_owned).or(sent);
        match outer.batch {
            Some(batch) => members::bounded(batch, "batch")?.into_iter().map(RawValue::get).collect(),
            None => vec![body],
        }
    };
    let mut records = Vec::with_capacity(members.len());
    for member in members {
        match members::object(member).and_then(|fields| translate(fields, sent.as_deref(), now)) {
            Ok(translated) => records.extend(translated.into_iter().map(|record| Ok(record.into_text()))),
            Err(rejection) => records.push(Err((rejection, member.to_owned()))),
        }
    }
    Ok(records)
}

fn translate(mut fields: Map<String, Value>, sent: Option<&str>, now: i64) -> Result<Vec<Record>, Rejection> {
    let mut properties = take_object(&mut fields, "properties");
    let name = take_text(&mut fields, &["event"])
        .ok_or_else(|| Rejection::new(Code::MissingEvent, "event", "an event needs its name"))?;
    let mut traits = take_object(&mut properties, "$set");
    traits.extend(take_object(&mut fields, "$set"));
    let mut once = take_object(&mut properties, "$set_once");
    once.extend(take_object(&mut fields, "$set_once"));
    if !once.is_empty() {
        traits.insert("$set_once".into(), Value::Object(once));
    }
    let id = take_text(&mut fields, &["distinct_id", "$distinct_id"]);
    let id = take_text(&mut properties, &["distinct_id", "$distinct_id"]).or(id);
    let user = take_text(&mut properties, &["$user_id"]);

    let mut base = Record::new(EventType::Track);
    let message_id = take_text(&mut fields, &["uuid", "message_id", "messageId"]);
    let message_id = message_id.or_else(|| take_text(&mut properties, &["$insert_id"]));
    base.set("messageId", message_id.clone().map(Value::String));
    let offset = fields.get("offset").and_then(Value::as_i64).filter(|offset| *offset >= 0);
    match (take_text(&mut fields, &["timestamp"]), offset) {
        (Some(at), _) => {
            base.text("timestamp", at).set("sentAt", sent.map(Value::from));
        }
        (None, Some(offset)) => drop(base.text("timestamp", iso_time(now.saturating_sub(offset)))),
        (None, None) => {}
    }
    let known = user.is_some() || is_known(id.as_deref().unwrap_or_default(), &properties);
    match user.or_else(|| id.clone().filter(|_| known)) {
        Some(user) => base.text("userId", user),
        None => base.set("anonymousId", id.clone().map(Value::String)),
    };
    context(&mut base, &mut properties);
    for gone in ["token", "api_key", "$ip", "$is_identified", "$process_person_profile"] {
        properties.shift_remove(gone);
    }

    // What is said of the person is a record of its own beside an event that is another.
    let of_person = |record: &Record, suffix: &str, traits: Map<String, Value>| {
        let mut record = record.clone();
        let id = message_id.as_ref().map(|id| json!(format!("{id}{suffix}")));
        record.text("type", "identify").set("messageId", id);
        record.set("traits", Some(Value::Object(traits)));
        record
    };
    let mut record = base.clone();
    match name.as_str() {
        "$identify" | "$set" => {
            let anonymous = take_text(&mut properties, &["$anon_distinct_id"]);
            if name == "$identify" {
                record = with_ids(record, id, anonymous);
            }
            return Ok(vec![of_person(&record, "", traits)]);
        }
        "$create_alias" | "$merge_dangerously" => {
            let alias = take_text(&mut properties, &["alias"]);
            let (user, other) = known_of(id, alias);
            let mut record = with_ids(record, user, other.clone());
            record.text("type", "alias").set("previousId", other.map(Value::String));
            return Ok(vec![record]);
        }
        "$groupidentify" => {
            record.text("type", "group");
            record.set("groupId", take_text(&mut properties, &["$group_key"]).map(Value::String));
            let mut of_group = take_object(&mut properties, "$group_set");
            of_group
                .extend(properties.shift_remove("$group_type").map(|kind| ("group_type".to_owned(), kind)));
            record.set("traits", Some(Value::Object(of_group)));
        }
        "$pageview" => drop(record.text("type", "page").set("name", properties.get("title").cloned())),
        "$screen" => {
            let screen = take_text(&mut properties, &["$screen_name"]);
            record.text("type", "screen").set("name", screen.map(Value::String));
        }
        _ => drop(record.text("event", name)),
    }
    record.set("properties", Some(Value::Object(properties)));
    Ok(match traits.is_empty() {
        true => vec![record],
        false => vec![of_person(&base, ":set", traits), record],
    })
}

/// The record of a person under both ids. One that was met as an anonymous id, too, is joined as such.
fn with_ids(mut record: Record, user: Option<String>, anonymous: Option<String>) -> Record {
    let anonymous = anonymous.filter(|id| Some(id) != user.as_ref()).or_else(|| user.clone());
    record.set("anonymousId", anonymous.map(Value::String));
    record.set("userId", user.map(Value::String));
    record
}

/// Of two ids that are joined the one that stands for a known person, and the other.
fn known_of(id: Option<String>, alias: Option<String>) -> (Option<String>, Option<String>) {
    let is_anonymous = |id: &Option<String>| id.as_deref().is_none_or(looks_anonymous);
    if is_anonymous(&id) && !is_anonymous(&alias) { (alias, id) } else { (id, alias) }
}

/// Whether a distinct id is one that somebody was identified by.
fn is_known(id: &str, properties: &Map<String, Value>) -> bool {
    let says = |name: &str| properties.get(name).and_then(Value::as_bool);
    let device = properties.get("$device_id").and_then(as_text);
    let library = properties.get("$lib").and_then(Value::as_str).unwrap_or_default();
    let on_device =
        ["web", "js", "posthog-ios", "posthog-android", "posthog-react-native", "posthog-flutter"];
    match says("$is_identified") {
        Some(identified) => identified,
        None if device.as_deref() == Some(id) => false,
        None if says("$process_person_profile") == Some(false) => !looks_anonymous(id),
        // A server's ids may well be UUIDs; those that a browser or an app makes up are.
        None if device.is_some() || on_device.contains(&library) => !looks_anonymous(id),
        None => !is_named_anonymous(id),
    }
}

/// Whether an id says of itself that it is nobody's yet.
fn looks_anonymous(id: &str) -> bool {
    is_uuid(id) || is_named_anonymous(id)
}

fn is_named_anonymous(id: &str) -> bool {
    let begins = |word: &str| id.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    ["anon", "guest", "visitor", "device", "$device"].into_iter().any(begins)
}

fn is_uuid(id: &str) -> bool {
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, byte): (usize, u8)| if dash(at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    id.len() == 36 && id.bytes().enumerate().all(fits)
}

/// Moves what the spec has a place for into the context.
fn context(record: &mut Record, properties: &mut Map<String, Value>) {
    let mut take = |path: &[&str], name: &str| {
        let value = properties.get(name).and_then(as_text).filter(|text| text != "$direct");
        if value.is_some() {
            properties.shift_remove(name);
        }
        record.context(path, value.map(Value::String));
    };
    take(&["page", "url"], "$current_url");
    take(&["page", "path"], "$pathname");
    take(&["page", "referrer"], "$referrer");
    take(&["userAgent"], "$raw_user_agent");
    take(&["userAgent"], "$user_agent");
    take(&["locale"], "$browser_language");
    take(&["locale"], "$locale");
    take(&["timezone"], "$timezone");
    take(&["device", "id"], "$device_id");
    take(&["device", "model"], "$device_model");
    take(&["device", "type"], "$device_type");
    take(&["os", "name"], "$os");
    take(&["app", "version"], "$app_version");
    for part in ["source", "medium", "term", "content"] {
        take(&["campaign", part], &format!("utm_{part}"));
    }
    take(&["campaign", "name"], "utm_campaign");
    take(&["library", "name"], "$lib");
    take(&["library", "version"], "$lib_version");
    if let Some(title) = properties.get("title").and_then(as_text) {
        record.context(&["page", "title"], Some(Value::String(title)));
    }
}
