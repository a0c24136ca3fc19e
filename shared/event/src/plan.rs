//! The tracking plan, as the parser sees it.

use crate::event::EventType;
use crate::marks::Violation;
use crate::raw::RawEvent;
use crate::rejection::{Code, Rejection};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

/// Says of an event whether it is as was planned. It sees what the source sent, before personal data is taken out.
pub trait TrackingPlan: fmt::Debug + Send + Sync {
    /// Whether there is anything to check on an event of that name. Asked of each event, so it must be quick.
    fn covers(&self, name: &str, kind: EventType) -> bool;

    /// Checks what an event says (its properties; of `identify` and `group` its traits), the text of a JSON object.
    /// `None` where all is as planned.
    fn check(&self, name: &str, kind: EventType, fields: &str) -> Option<Verdict>;
}

/// What is not as planned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    pub violations: Vec<Violation>,
    /// The event's fields as mended, where something was.
    pub fixed: Option<Value>,
    /// Why the event may not pass: a sentence that holds no value of it. The field is that of the first violation that
    /// is not fixed.
    pub blocked: Option<String>,
}

/// What the parser goes on with.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub violations: Vec<Violation>,
    pub properties: Option<Value>,
    pub traits: Option<Value>,
}

/// Holds a record against the plan.
///
/// # Errors
/// The plan blocks it.
pub(crate) fn check(
    plan: &dyn TrackingPlan,
    name: &str,
    kind: EventType,
    raw: &RawEvent<'_>,
    added: &[(&'static str, String)],
) -> Result<Checked, Rejection> {
    if !plan.covers(name, kind) {
        return Ok(Checked::default());
    }
    let of_traits = matches!(kind, EventType::Identify | EventType::Group);
    let fields = if of_traits { raw.traits } else { raw.properties };
    // What is no object is refused by the parser itself, or is nothing.
    let fields = fields.filter(|text| text.starts_with('{')).unwrap_or("{}");
    let verdict = match (added.is_empty() || of_traits, serde_json::from_str::<Map<String, Value>>(fields)) {
        (false, Ok(mut all)) => {
            for (name, value) in added {
                all.entry(*name).or_insert_with(|| Value::String(value.clone()));
            }
            plan.check(name, kind, &Value::Object(all).to_string())
        }
        _ => plan.check(name, kind, fields),
    };
    let Some(Verdict { violations, fixed, blocked }) = verdict else { return Ok(Checked::default()) };
    if let Some(reason) = blocked {
        let field =
            violations.into_iter().find(|violation| !violation.fixed).map(|violation| violation.field);
        return Err(Rejection::new(Code::PlanViolation, field.unwrap_or_default(), reason));
    }
    let (properties, traits) = if of_traits { (None, fixed) } else { (fixed, None) };
    Ok(Checked { violations, properties, traits })
}

impl Checked {
    /// The mended traits as text.
    pub fn traits_text(&self) -> Option<Cow<'static, str>> {
        self.traits.as_ref().map(|traits| Cow::Owned(traits.to_string()))
    }
}
