//! Made-up values for what a template looks up, to see what it makes of them.

use crate::brief::{CopyBrief, Language};
use campaign::MessageContext;
use person::Profile;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What every template is rendered with.
pub(crate) struct Sample {
    profile: Value,
    kept: Value,
    person: BTreeMap<String, String>,
}

/// Where people say no, and what a field holds that names an address.
pub(crate) const WAY_OUT: &str = "https://sample.invalid/u/way-out";
pub(crate) const ADDRESS: &str = "https://sample.invalid/product";
/// What may not be printed as it stands.
pub(crate) const MARKUP: &str = "<rondo>&\"'";

/// What stands in fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word as long as most.
    Text,
    Number,
    /// What would be markup.
    Markup,
}

impl Sample {
    pub fn of(brief: &CopyBrief, kind: Kind) -> Sample {
        let mut profile = Profile::default().to_json(0);
        let mut kept = json!({});
        let mut person = BTreeMap::new();
        for path in &brief.fields {
            let value = value(path, kind);
            if let Some(path) = path.strip_prefix("profile.traits.") {
                put(&mut profile["traits"], path, value);
            } else if let Some(path) = path.strip_prefix("kept.") {
                put(&mut kept, path, value);
            } else if let Some(field) = path.strip_prefix("person.") {
                person.insert(
                    field.to_owned(),
                    if kind == Kind::Markup { MARKUP } else { "Maximiliane" }.to_owned(),
                );
            }
        }
        put(&mut profile["traits"], "locale", json!(locale(brief.language)));
        Sample { profile, kept, person }
    }

    pub fn context(&self) -> MessageContext<'_> {
        let key = "K-1";
        let (profile, kept, person) = (&self.profile, &self.kept, &self.person);
        MessageContext { profile, kept, key, person, unsubscribe_url: WAY_OUT }
    }
}

fn locale(language: Language) -> &'static str {
    match language {
        Language::English => "en-GB",
        Language::Chinese => "zh-CN",
    }
}

fn value(path: &str, kind: Kind) -> Value {
    let name = path.rsplit('.').next().unwrap_or_default();
    match kind {
        _ if ["url", "link", "image"].iter().any(|word| name.contains(word)) => json!(ADDRESS),
        Kind::Text => json!("Green tea, 100 g"),
        Kind::Number => json!(19.9),
        Kind::Markup => json!(MARKUP),
    }
}

/// Puts a value under a path of names.
fn put(into: &mut Value, path: &str, value: Value) {
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    match path.split_once('.') {
        Some((name, rest)) => put(&mut into[name], rest, value),
        // Something that is looked up deeper already stays.
        None if into.get(path).is_some_and(Value::is_object) => {}
        None => into[path] = value,
    }
}
