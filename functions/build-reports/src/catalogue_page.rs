//! The catalogue as one page of HTML that needs nothing else.

use crate::catalogue::{Catalogue, CatalogueEvent, CatalogueField};
use crate::money;
use crate::page::environment;
use minijinja::Error;
use minijinja::value::Serde;
use serde::Serialize;

/// Renders the page. Everything that came from data is escaped.
pub(crate) fn render(catalogue: &Catalogue, title: &str) -> Result<String, Error> {
    environment()?.get_template("catalogue")?.render(Serde(Page {
        title,
        generated_at: catalogue.generated_at.get(..16).unwrap_or_default().replace('T', " "),
        counted: money::count(catalogue.events_counted),
        looked_into: money::count(catalogue.events_looked_into),
        is_whole: catalogue.events_looked_into == catalogue.events_counted,
        events: catalogue.events.iter().zip(1..).map(|(event, number)| row(event, number)).collect(),
        never_seen: catalogue.never_seen.join(", "),
    }))
}

#[derive(Serialize)]
struct Page<'c> {
    title: &'c str,
    generated_at: String,
    counted: String,
    looked_into: String,
    is_whole: bool,
    events: Vec<EventRow<'c>>,
    never_seen: String,
}

#[derive(Serialize)]
struct EventRow<'c> {
    number: usize,
    name: &'c str,
    kind: &'c str,
    count: String,
    first: &'c str,
    last: &'c str,
    sources: String,
    planned: bool,
    /// Events that break the plan, about: the most frequent rule.
    issues: u64,
    personal: String,
    violations: Vec<ViolationRow<'c>>,
    fields: Vec<FieldRow<'c>>,
    vault: Vec<(&'c str, String)>,
    untold: u64,
}

#[derive(Serialize)]
struct ViolationRow<'c> {
    rule: &'c str,
    field: &'c str,
    fixed: bool,
    count: String,
}

#[derive(Serialize)]
struct FieldRow<'c> {
    name: String,
    types: String,
    present: String,
    /// Of the bar, in per cent.
    filled: String,
    missing: String,
    first: &'c str,
    last: &'c str,
    planned: bool,
    required: bool,
    personal: bool,
    is_absent: bool,
}

fn row(event: &CatalogueEvent, number: usize) -> EventRow<'_> {
    let personal = event.properties.iter().chain(&event.traits).filter(|field| field.personal);
    let mut names: Vec<&str> = personal.map(|field| field.name.as_str()).collect();
    names.extend(event.vault.keys().map(String::as_str));
    names.dedup();
    EventRow {
        number,
        name: &event.name,
        kind: event.kind,
        count: money::count(event.count),
        first: day(&event.first_seen),
        last: day(&event.last_seen),
        sources: event
            .sources
            .iter()
            .map(|(source, count)| format!("{source} {}", money::count(*count)))
            .collect::<Vec<_>>()
            .join(", "),
        planned: event.planned,
        issues: event.violations.iter().filter(|v| !v.fixed).map(|v| v.count).max().unwrap_or(0),
        personal: names.join(", "),
        violations: event
            .violations
            .iter()
            .map(|violation| ViolationRow {
                rule: &violation.rule,
                field: &violation.field,
                fixed: violation.fixed,
                count: money::count(violation.count),
            })
            .collect(),
        fields: (event.properties.iter().map(|property| field(property, "")))
            .chain(event.traits.iter().map(|one| field(one, "trait ")))
            .collect(),
        vault: event.vault.iter().map(|(name, count)| (name.as_str(), money::count(*count))).collect(),
        untold: event.untold,
    }
}

fn field<'c>(field: &'c CatalogueField, prefix: &str) -> FieldRow<'c> {
    FieldRow {
        name: format!("{prefix}{}", field.name),
        types: field.types.keys().copied().collect::<Vec<_>>().join(", "),
        present: money::count(field.present),
        filled: format!("{:.1}", (1.0 - field.null_rate) * 100.0),
        missing: if field.null_rate == 0.0 { "none".into() } else { money::percent(field.null_rate) },
        first: day(&field.first_seen),
        last: day(&field.last_seen),
        planned: field.planned,
        required: field.required,
        personal: field.personal,
        is_absent: field.present == 0,
    }
}

fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}
