//! What a record says about consent, as the common tools send it, in one form.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a person may agree to, apart from being reached by a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// To be counted, and to have a profile.
    Analytics,
    /// To see what was chosen for them.
    Personalisation,
    /// To be sent advertising, by whichever channel.
    Marketing,
    /// To be sent what an order or a question of theirs brings with it.
    Service,
}

impl Purpose {
    pub const ALL: [Purpose; 4] =
        [Purpose::Analytics, Purpose::Personalisation, Purpose::Marketing, Purpose::Service];

    /// The purpose as it is written in events, settings and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Analytics => "analytics",
            Purpose::Personalisation => "personalisation",
            Purpose::Marketing => "marketing",
            Purpose::Service => "service",
        }
    }
}

/// What holds for analytics where a record says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unasked {
    /// A record is taken unless it says no.
    #[default]
    Assumed,
    /// A record is taken only if it says yes.
    Required,
}

/// What the categories of an installation's consent tools stand for, and what holds where nobody was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsentRules {
    /// By category in lower case: the purposes and channels that it stands for, none to pass over it. These come
    /// before what is [built in](ConsentRules::names).
    pub categories: BTreeMap<String, Vec<String>>,
    pub analytics: Unasked,
    /// Sources whose records need no yes, for another reason than consent: a shop's own orders, for example.
    pub exempt: Vec<String>,
}

impl ConsentRules {
    /// The purposes and channels that a category stands for. Built in are the purposes themselves, usual words for
    /// them, OneTrust's `C0001` to `C0005`, Google's consent mode and some purposes of IAB's TCF 2.2. Any other
    /// category is taken for a channel of that name.
    pub fn names<'c>(&'c self, category: &'c str) -> Vec<&'c str> {
        let plain = category.trim().to_lowercase();
        if let Some(names) = self.categories.get(&plain) {
            return names.iter().map(String::as_str).collect();
        }
        let purpose = match plain.as_str() {
            "analytics" | "analytics_storage" | "performance" | "statistics" | "measurement" | "c0002"
            | "tcf:8" => Purpose::Analytics,
            "personalisation"
            | "personalization"
            | "functional"
            | "preferences"
            | "personalization_storage"
            | "ad_personalization"
            | "c0003"
            | "tcf:6" => Purpose::Personalisation,
            "marketing" | "advertising" | "targeting" | "ads" | "ad_storage" | "ad_user_data" | "c0004"
            | "tcf:4" => Purpose::Marketing,
            "service" | "necessary" | "strictly_necessary" | "essential" | "c0001" => Purpose::Service,
            "c0005" | "functionality_storage" | "security_storage" => return Vec::new(),
            _ if plain.starts_with("tcf:") => return Vec::new(),
            _ => return vec![category.trim()],
        };
        vec![purpose.as_str()]
    }

    /// Whether a record from `source` with these answers must not be taken.
    pub(crate) fn withholds(&self, answers: Option<&Answers>, source: &str) -> bool {
        match answers.and_then(|answers| answers.get(Purpose::Analytics.as_str())) {
            Some(granted) => !granted,
            None => self.analytics == Unasked::Required && !self.exempt.iter().any(|exempt| exempt == source),
        }
    }
}

/// The answers of a record, by purpose or channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    granted: BTreeMap<String, bool>,
    /// The version of the text that the person was shown.
    version: Option<String>,
    /// How they answered: the tool, the form.
    method: Option<String>,
}

impl Answers {
    /// Most purposes and channels of one record.
    const MAX: usize = 32;
    /// Longest name, version and method, in bytes.
    const MAX_TEXT: usize = 64;
    /// Where the version and the method stand among the answers. No category begins so.
    const VERSION: &str = "$version";
    const METHOD: &str = "$method";

    /// Reads `context.consent` (Segment: `categoryPreferences`; Google: a field a type, or `gcs`; IAB: `purpose`) and
    /// `context.consentManagement` (RudderStack). What is no answer is passed over; of two the refusal counts.
    pub fn read(rules: &ConsentRules, consent: Option<&str>, management: Option<&str>) -> Option<Answers> {
        if consent.is_none() && management.is_none() {
            return None;
        }
        let object = |text: &str| match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Some(fields),
            _ => None,
        };
        let mut answers = Answers::default();
        if let Some(fields) = consent.and_then(object) {
            answers.read_consent(rules, &fields);
        }
        if let Some(fields) = management.and_then(object) {
            for (field, granted) in [("allowedConsentIds", true), ("deniedConsentIds", false)] {
                for category in fields.get(field).and_then(Value::as_array).into_iter().flatten() {
                    answers.answer(rules, category.as_str().unwrap_or_default(), granted);
                }
            }
            answers.note(&fields);
        }
        (!answers.granted.is_empty()).then_some(answers)
    }

    fn read_consent(&mut self, rules: &ConsentRules, fields: &Map<String, Value>) {
        let categories = ["categoryPreferences", "category_preferences", "categories"];
        let preferences = categories.iter().find_map(|name| fields.get(*name)).and_then(Value::as_object);
        for (category, value) in preferences.unwrap_or(fields) {
            if let Some(granted) = granted(value) {
                self.answer(rules, category, granted);
            }
        }
        let purposes =
            fields.get("purpose").and_then(|purpose| purpose.get("consents")).and_then(Value::as_object);
        for (number, value) in purposes.into_iter().flatten() {
            if let Some(granted) = granted(value) {
                self.answer(rules, &format!("tcf:{number}"), granted);
            }
        }
        // Google's G1xy: x for advertising, y for analytics; 1 is yes, 0 no, - not asked.
        if let Some([b'G', b'1', ads, analytics]) =
            fields.get("gcs").and_then(Value::as_str).map(str::as_bytes)
        {
            for (category, state) in [("ad_storage", ads), ("analytics_storage", analytics)] {
                if matches!(state, b'0' | b'1') {
                    self.answer(rules, category, *state == b'1');
                }
            }
        }
        self.note(fields);
    }

    fn note(&mut self, fields: &Map<String, Value>) {
        let text = |names: &[&str]| {
            let value = names.iter().find_map(|name| fields.get(*name))?;
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (!value.is_null() && !value.is_object() && text.len() <= Self::MAX_TEXT).then_some(text)
        };
        let version = || text(&["version", "policyVersion", "policy_version", "textVersion", "text_version"]);
        self.version = self.version.take().or_else(version);
        self.method = self.method.take().or_else(|| text(&["method", "provider"]));
    }

    fn answer(&mut self, rules: &ConsentRules, category: &str, granted: bool) {
        for name in rules.names(category) {
            self.insert(name, granted);
        }
    }

    /// Adds an answer; of two for one name the refusal counts.
    pub fn insert(&mut self, name: &str, granted: bool) {
        let note = ["version", "policyVersion", "textVersion", "gcs"].contains(&name);
        if name.is_empty() || name.len() > Self::MAX_TEXT || name.starts_with('$') || note {
            return;
        }
        let full = self.granted.len() >= Self::MAX;
        match self.granted.get_mut(name) {
            Some(before) => *before &= granted,
            None if full => {}
            None => drop(self.granted.insert(name.to_owned(), granted)),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }

    pub fn get(&self, name: &str) -> Option<bool> {
        self.granted.get(name).copied()
    }

    /// The answers as they travel in an event: a JSON object, names to truth values, with the version of the text and
    /// the method as `$version` and `$method`.
    pub fn to_json(&self) -> Value {
        let answers = self.granted.iter().map(|(name, granted)| (name.clone(), Value::Bool(*granted)));
        let notes = [(Self::METHOD, &self.method), (Self::VERSION, &self.version)];
        let notes =
            notes.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into())));
        Value::Object(answers.chain(notes).collect())
    }
}

fn granted(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(granted) => Some(*granted),
        Value::Number(number) => match number.as_u64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "granted" | "allowed" | "accepted" | "opt_in" | "1" => Some(true),
            "false" | "no" | "denied" | "refused" | "rejected" | "opt_out" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(consent: Value, management: Value) -> Value {
        let rules = ConsentRules {
            categories: BTreeMap::from([
                ("news".into(), vec!["email".into(), "sms".into()]),
                ("junk".into(), vec![]),
            ]),
            ..ConsentRules::default()
        };
        let (consent, management) = (consent.to_string(), management.to_string());
        Answers::read(&rules, Some(&consent), Some(&management))
            .map_or(Value::Null, |answers| answers.to_json())
    }

    #[test]
    fn what_tools_send_becomes_one_form() {
        for (consent, answers) in [
            (
                json!({"categoryPreferences": {"Analytics": false, "Advertising": true}}),
                json!({"analytics": false, "marketing": true}),
            ),
            (
                json!({"categoryPreferences": {"C0001": true, "C0002": true, "C0003": false, "C0004": false, "C0005": true}}),
                json!({"service": true, "analytics": true, "personalisation": false, "marketing": false}),
            ),
            (
                json!({"categoryPreferences": {"news": true, "junk": true, "wechat": false}}),
                json!({"email": true, "sms": true, "wechat": false}),
            ),
            (json!({"categoryPreferences": {"ads": true, "targeting": false}}), json!({"marketing": false})),
            (
                json!({"categoryPreferences": {"email": "yes", "sms": 0, "push": "perhaps"}, "version": "2026-05", "method": "banner"}),
                json!({"email": true, "sms": false, "$version": "2026-05", "$method": "banner"}),
            ),
            (
                json!({"analytics_storage": "granted", "ad_storage": "DENIED"}),
                json!({"analytics": true, "marketing": false}),
            ),
            (json!({"gcs": "G101"}), json!({"analytics": true, "marketing": false})),
            (json!({"gcs": "G1--"}), Value::Null),
            (
                json!({"purpose": {"consents": {"1": true, "4": false, "8": true}}}),
                json!({"marketing": false, "analytics": true}),
            ),
            (json!({"categoryPreferences": []}), Value::Null),
            (json!("yes"), Value::Null),
            (json!(null), Value::Null),
        ] {
            assert_eq!(read(consent.clone(), json!(null)), answers, "{consent}");
        }
        let rudder = json!({"provider": "oneTrust", "allowedConsentIds": ["C0001"], "deniedConsentIds": ["C0002", "email"]});
        let expected = json!({"service": true, "analytics": false, "email": false, "$method": "oneTrust"});
        assert_eq!(read(json!(null), rudder), expected);
    }

    #[test]
    fn what_is_said_is_bounded() {
        let many: Map<String, Value> = (0..100).map(|n| (format!("channel-{n}"), json!(true))).collect();
        assert_eq!(
            read(json!({"categoryPreferences": many}), json!(null)).as_object().unwrap().len(),
            Answers::MAX
        );
        let odd = json!({"categoryPreferences": {"x".repeat(65): true, "$version": true, " ": true, "email": true}});
        assert_eq!(read(odd, json!(null)), json!({"email": true}));
    }
}
