//! The rules by which campaigns listen for events, found by what an event says. Campaigns that listen alike share a
//! rule: an event is looked at once for all of them, and remembered once.

use crate::campaign::{Campaign, Listen, Role};
use crate::scope::Scope;
use foldhash::HashMap;
use xxhash_rust::xxh3::xxh3_64;

impl Listen {
    /// What those have in common that listen alike: the same event, condition and key.
    pub(crate) fn rule(&self) -> u64 {
        let source = |condition: &Option<crate::Condition>| {
            condition.as_ref().map_or(String::new(), |condition| format!("={}", condition.source()))
        };
        xxh3_64(format!("{}\n{}\n{}", self.event, source(&self.when), source(&self.key)).as_bytes())
    }
}

/// A rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub id: u64,
    /// One of those who listen by it: which campaign, and as what.
    pub of: (usize, Role),
    /// How long an event is remembered: the longest age at which an entry lets somebody in, ms.
    pub horizon: i64,
}

/// Places in a list, found by the events that they want.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Those that want any event of the name, or it takes their condition to tell.
    any: Vec<usize>,
    /// By a property that their conditions ask to equal a text: that text, and the places.
    by_property: Vec<(String, HashMap<String, Vec<usize>>)>,
}

/// Longest text that places are found by; conditions tell about longer ones.
const MAX_TEXT: usize = 64;

impl Wanted {
    /// Adds a place, whose condition asks a property to equal a text, if it does.
    pub fn add(&mut self, place: usize, equals: Option<(&str, &str)>) {
        let Some((property, text)) = equals.filter(|(_, text)| text.len() <= MAX_TEXT) else {
            self.any.push(place);
            return;
        };
        let known = self.by_property.iter().position(|(name, _)| name == property);
        let at = known.unwrap_or_else(|| {
            self.by_property.push((property.to_owned(), HashMap::default()));
            self.by_property.len() - 1
        });
        self.by_property[at].1.entry(text.trim().to_owned()).or_default().push(place);
    }

    /// The places of those that could want an event, in their order.
    pub fn places(&self, scope: &Scope<'_>) -> Vec<usize> {
        let mut places = self.any.clone();
        for (property, by_text) in &self.by_property {
            for text in scope.property_texts(property) {
                places.extend(by_text.get(text.trim()).into_iter().flatten());
            }
        }
        places.sort_unstable();
        places.dedup();
        places
    }
}

impl Campaign {
    /// What an event that fulfilled a rule means to it.
    pub(crate) fn meanings(&self, rule: u64) -> impl Iterator<Item = Role> {
        self.rules.iter().filter(move |(id, _)| *id == rule).map(|(_, role)| *role)
    }
}
