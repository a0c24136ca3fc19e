//! The catalogue: each event and property that was seen.

use crate::observed::{EventSeen, Observed};
use crate::shape::{Field, Fields, TYPES};
use event::iso_time;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The properties of each planned event, and whether they are required.
pub type Planned = BTreeMap<String, BTreeMap<String, bool>>;

/// Each event that the lake holds, and what it looks like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Catalogue {
    /// ISO 8601, UTC.
    pub generated_at: String,
    /// All events of the lake.
    pub events_counted: u64,
    /// The newest of them, of which properties are told. At most as many as the settings say, and a file.
    pub events_looked_into: u64,
    /// Most frequent first.
    pub events: Vec<CatalogueEvent>,
    /// Events of the tracking plan that were never seen.
    pub never_seen: Vec<String>,
}

/// An event, by its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogueEvent {
    pub name: String,
    /// The call of the Segment spec that brought it first.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub count: u64,
    pub looked_into: u64,
    /// By receipt, ISO 8601, UTC.
    pub first_seen: String,
    pub last_seen: String,
    /// Events by source.
    pub sources: BTreeMap<String, u64>,
    /// Whether the tracking plan has a schema for it.
    pub planned: bool,
    pub violations: Vec<CatalogueViolation>,
    /// By name.
    pub properties: Vec<CatalogueField>,
    pub traits: Vec<CatalogueField>,
    /// Personal fields that were taken out of it to the vault, with the number of events.
    pub vault: BTreeMap<String, u64>,
    /// Values of fields beyond the number that is told apart.
    pub untold: u64,
}

/// A property or trait.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogueField {
    /// `price`, `products[].price`.
    pub name: String,
    /// Values by type: text, integer, number, boolean, object, list.
    pub types: BTreeMap<&'static str, u64>,
    /// Events that have a value.
    pub present: u64,
    /// Events that have it as `null` only.
    pub null: u64,
    /// Share of the events without a value, 0 to 1.
    pub null_rate: f64,
    /// By receipt, ISO 8601, UTC; empty for one that was never seen.
    pub first_seen: String,
    pub last_seen: String,
    /// Whether the tracking plan names it.
    pub planned: bool,
    pub required: bool,
    /// Whether it holds personal data, which was masked.
    pub personal: bool,
    /// Texts of which something was masked.
    pub masked: u64,
}

/// A rule of the tracking plan that events broke.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogueViolation {
    pub rule: String,
    pub field: String,
    /// Whether the events were mended.
    pub fixed: bool,
    pub count: u64,
}

pub(crate) fn catalogue(observed: &Observed, planned: &Planned, now: i64) -> Catalogue {
    let mut events: Vec<CatalogueEvent> =
        observed.events.iter().map(|(name, seen)| of_event(name, seen, planned.get(name))).collect();
    events.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    let never_seen = planned.keys().filter(|name| !observed.events.contains_key(*name)).cloned().collect();
    Catalogue {
        generated_at: iso_time(now),
        events_counted: observed.counted,
        events_looked_into: observed.looked_into,
        events,
        never_seen,
    }
}

fn of_event(name: &str, seen: &EventSeen, planned: Option<&BTreeMap<String, bool>>) -> CatalogueEvent {
    let none = BTreeMap::new();
    let kind = seen.kind.map_or("", |kind| kind.as_str());
    let of_traits = matches!(kind, "identify" | "group");
    let plan = planned.unwrap_or(&none);
    let (of_properties, plan_of_traits) = if of_traits { (&none, plan) } else { (plan, &none) };
    let violations = seen.violations.iter().map(|(violation, count)| CatalogueViolation {
        rule: violation.rule.clone().into_owned(),
        field: violation.field.clone(),
        fixed: violation.fixed,
        count: *count,
    });
    let mut violations: Vec<_> = violations.collect();
    violations.sort_by_key(|violation| std::cmp::Reverse(violation.count));
    CatalogueEvent {
        name: name.to_owned(),
        kind,
        count: seen.count,
        looked_into: seen.looked_into,
        first_seen: iso_time(seen.first),
        last_seen: iso_time(seen.last),
        sources: seen.sources.clone(),
        planned: planned.is_some(),
        violations,
        properties: fields(&seen.properties, seen.looked_into, of_properties),
        traits: fields(&seen.traits, seen.looked_into, plan_of_traits),
        vault: seen.vaulted.clone(),
        untold: seen.properties.untold + seen.traits.untold,
    }
}

/// The fields that were seen, and those that the plan requires.
fn fields(seen: &Fields, events: u64, planned: &BTreeMap<String, bool>) -> Vec<CatalogueField> {
    let required = planned.iter().filter(|(_, required)| **required).map(|(name, _)| name);
    let names: BTreeSet<&String> = seen.by_name.keys().chain(required).collect();
    let never = Field::default();
    let field = |name: &String| {
        let found = seen.by_name.get(name);
        let field = found.unwrap_or(&never);
        let types = TYPES.iter().zip(field.types).filter(|(_, count)| *count > 0);
        CatalogueField {
            name: name.clone(),
            types: types.map(|(kind, count)| (*kind, count)).collect(),
            present: field.present,
            null: field.null,
            null_rate: crate::campaigns::share(events.saturating_sub(field.present), events),
            first_seen: found.map_or(String::new(), |field| iso_time(field.first)),
            last_seen: found.map_or(String::new(), |field| iso_time(field.last)),
            planned: planned.contains_key(name),
            required: planned.get(name).copied().unwrap_or(false),
            personal: field.masked > 0,
            masked: field.masked,
        }
    };
    names.into_iter().map(field).collect()
}
