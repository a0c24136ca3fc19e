//! A mapping for a file that nobody described yet: proposed from its beginning.

mod column;
mod role;
mod sample;

use crate::{ImportError, SourceFile};
use column::{Content, Summary};
use event::FileFormat;
use role::{Part, Role};
use sample::Sample;
use std::fmt::Write;

/// A mapping that fits a file, to be read and corrected by somebody who knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The mapping file, with a remark wherever something was guessed.
    pub yaml: String,
    /// How many rows it was made from.
    pub rows: usize,
}

/// Proposes a mapping for a file. `event` is the name of what its rows stand for, where that is known.
///
/// # Errors
/// A file that can't be read, or that holds nothing to go by.
pub fn propose(file: SourceFile, event: Option<&str>) -> Result<Proposal, ImportError> {
    let name = file.name.clone();
    let sample = Sample::take(file)?;
    if sample.columns.is_empty() || sample.rows.is_empty() {
        let reason = "holds no rows to go by".to_owned();
        return Err(ImportError::WrongFormat { name, reason });
    }
    let summaries: Vec<Summary> = (0..sample.columns.len())
        .map(|n| Summary::of(&sample.columns[n], sample.rows.iter().map(|row| row[n].as_str())))
        .collect();
    let roles = role::roles(&summaries);
    Ok(Proposal { yaml: write(&name, &sample, &summaries, &roles, event), rows: sample.rows.len() })
}

fn write(name: &str, sample: &Sample, summaries: &[Summary], roles: &[Role], event: Option<&str>) -> String {
    let mut yaml = String::new();
    // Writing into a text does not fail.
    let mut line = |text: String| {
        let _ = writeln!(yaml, "{text}");
    };
    line(format!(
        "# Proposed from the first {} rows of {name}. Read it through: what is guessed is marked.",
        sample.rows.len()
    ));
    line(format!("format: {}", sample.format.as_str()));
    if let Some(encoding) = sample.encoding {
        line(format!("encoding: {encoding}  # guessed: the file is not UTF-8"));
    }
    if let Some(separator) = sample.separator {
        line(format!("separator: {separator}"));
    }
    if !sample.header && sample.format != FileFormat::Weblog {
        line(format!(
            "columns: [{}]  # the file has no heading: name them",
            sample.columns.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
        ));
    }
    if sample.skip_lines > 0 {
        line(format!("skip_lines: {}", sample.skip_lines));
    }
    if let Some(records) = &sample.records {
        line(format!("records: {}", quoted(records)));
    }
    line(String::new());

    let of = |part: Part| summaries.iter().zip(roles).filter(move |(_, role)| role.part == part);
    let has = |field: &str| roles.iter().any(|role| role.field == field);
    let person =
        event.is_none() && !has("revenue") && !has("order_id") && !has("product_id") && !has("price");
    let about_people = person && of(Part::Trait).count() + of(Part::Consent).count() > 0;
    match event {
        Some(event) => line(format!("event: {}", quoted(event))),
        None if about_people => {
            line("type: identify  # guessed: rows that say something of a person".to_owned())
        }
        None => {
            line(format!("event: {}  # guessed: say what a row stands for", guess_event(name, sample, &has)))
        }
    }
    let id = roles.iter().position(|role| role.field == "order_id").filter(|n| summaries[*n].unique);
    if let Some(n) = id {
        line(format!(
            "message_id: {{ column: {}, prefix: \"{}-\" }}  # one row an order: the same order again is no new event",
            quoted(&summaries[n].name),
            stem(name)
        ));
    }
    match of(Part::Time).next() {
        Some((summary, _)) => line(format!("timestamp: {}", timestamp(summary))),
        None if sample.format == FileFormat::Weblog => {}
        None => line(
            "# timestamp: no column looks like a time; without one, events are of the moment of import"
                .into(),
        ),
    }
    line("identifiers:".to_owned());
    if of(Part::Identifier).next().is_none() {
        let first = summaries.first().map_or("", |summary| summary.name.as_str());
        line(format!("  user_id: {}  # guessed: name the column that says whose row it is", quoted(first)));
    }
    for (summary, role) in of(Part::Identifier) {
        let remark = if role.guessed { "  # guessed" } else { "" };
        match role.field.as_str() {
            "device_id" if sample.format == FileFormat::Weblog => line(
                "  device_id: { column: [host, user_agent] }  # kept as a keyed hash only; leave it out where that is not allowed"
                    .to_owned(),
            ),
// A number alone is a person of every source that counts from one.
            field @ ("user_id" | "member_card") if summary.content == Content::Integer => line(format!(
                "  {field}: {{ column: {}, prefix: \"{}-\" }}{}",
                quoted(&summary.name),
                stem(name),
                "  # guessed: the prefix keeps numbers of this source apart from others'; leave it out where they are the same people"
            )),
            field => line(format!("  {field}: {}{remark}", quoted(&summary.name))),
        }
    }
    for (part, heading) in [
        (Part::Trait, "traits"),
        (Part::Consent, "consents"),
        (Part::Property, "properties"),
        (Part::Context, "context"),
    ] {
        let mut fields = of(part).peekable();
        if fields.peek().is_none() {
            continue;
        }
        line(format!("{heading}:"));
        for (summary, role) in fields {
            line(format!("  {}: {}", quoted(&role.field), field(summary, role, summaries, roles)));
        }
    }
    for array in &sample.arrays {
        if array.name == "line_items"
            || array.name == "items"
            || array.name == "products"
            || array.name == "lines"
        {
            let summaries: Vec<Summary> = array
                .fields
                .iter()
                .map(|(name, values)| Summary::of(name, values.iter().map(String::as_str)))
                .collect();
            let roles = role::roles(&summaries);
            if !of(Part::Property).any(|_| true) {
                line("properties:".to_owned());
            }
            line("  products:".to_owned());
            line(format!("    each: {}", quoted(&array.name)));
            line("    fields:".to_owned());
            for (summary, role) in summaries.iter().zip(&roles) {
                line(format!("      {}: {}", quoted(&role.field), field(summary, role, &[], &[])));
            }
        } else {
            line(format!("# left out: the array {}", array.name));
        }
    }
    yaml
}

/// The event that rows with these fields stand for.
fn guess_event(name: &str, sample: &Sample, has: &impl Fn(&str) -> bool) -> String {
    if sample.format == FileFormat::Weblog {
        return "Page Requested".into();
    }
    if has("review_body") || has("rating") {
        return "Product Reviewed".into();
    }
    if has("query") {
        return "Products Searched".into();
    }
    if has("revenue") || has("order_id") || (has("quantity") && has("price")) {
        return "Order Completed".into();
    }
    let words = stem(name).replace(['-', '_', '.'], " ");
    let words = words.split_whitespace().map(|word| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    });
    quoted(&format!("{} Recorded", words.collect::<Vec<_>>().join(" ")))
}

fn timestamp(summary: &Summary) -> String {
    let column = quoted(&summary.name);
    let Content::Time(time) = &summary.content else { return column };
    match (&time.format, time.unit) {
        (None, None) if time.has_zone => column,
        (None, None) => {
            format!("{{ column: {column}, zone: UTC }}  # guessed: the zone of times that name none")
        }
        (None, Some(unit)) => format!("{{ column: {column}, unit: {unit} }}"),
        (Some(format), _) => {
            let other = time.or.map_or(String::new(), |or| format!(", or {or}: the sample does not tell"));
            let zone = if time.has_zone { "" } else { ", zone: UTC" };
            let remark = if time.has_zone && other.is_empty() {
                String::new()
            } else {
                format!("  # guessed: the zone{other}")
            };
            format!("{{ column: {column}, format: {}{zone} }}{remark}", quoted(format))
        }
    }
}

fn field(summary: &Summary, role: &Role, summaries: &[Summary], roles: &[Role]) -> String {
    let column = quoted(&summary.name);
    let comma = if summary.comma { ", decimal: comma" } else { "" };
    let kind = match (&summary.content, role.field.as_str()) {
        (
            Content::Integer | Content::Number,
            "revenue" | "price" | "total" | "discount" | "tax" | "shipping",
        ) => {
            let code = roles.iter().position(|role| role.field == "currency");
            let from = match code {
                Some(n) => format!(", currency: {{ column: {} }}", quoted(&summaries[n].name)),
                None => String::new(),
            };
            // The property itself is there already, where a column holds it.
            format!("type: money{comma}{}", if code.is_some() { "" } else { &from })
        }
        _ if role.part == Part::Consent => {
            return format!("{{ column: {column} }}  # guessed: that this is what people agreed to");
        }
        (Content::Integer, _) => "type: integer".to_owned(),
        (Content::Number, _) => format!("type: number{comma}"),
        (Content::Boolean, _) => "type: boolean".to_owned(),
        (Content::Time(time), _) => match (&time.format, time.unit) {
            (Some(format), _) => format!("type: time, format: {}", quoted(format)),
            (None, Some(unit)) => format!("type: time, unit: {unit}"),
            (None, None) => "type: time".to_owned(),
        },
        _ => return column,
    };
    format!("{{ column: {column}, {kind} }}")
}

fn stem(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("file")
}

/// A text as YAML takes it everywhere.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    let words = ["true", "false", "yes", "no", "null", "on", "off", "y", "n"];
    let begins = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let ends = !text.ends_with(' ');
    if begins && ends && text.chars().all(plain) && !words.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t")
    )
}
