//! All schemas together, and what is done by them.

use crate::field::{sentence, violation};
use crate::mend::Mend;
use crate::{OnUnplanned, OnViolation, PlanSettings, Schema, built_in};
use event::{EventType, Marks, TrackingPlan, Verdict, Violation};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

/// How often an event is looked at again after something was mended: what is wrong inside shows once the outside is
/// right.
const PASSES: usize = 3;

/// What each event should say. Made once; checks from many threads.
#[derive(Debug)]
pub struct Plan {
    events: HashMap<String, Planned>,
    unplanned: OnUnplanned,
}

#[derive(Debug)]
struct Planned {
    schema: Source,
    action: OnViolation,
}

/// Schemas of the deployment were compiled when it was read; those that are built in are once they are needed.
#[derive(Debug)]
enum Source {
    Own(Box<Schema>),
    BuiltIn(&'static Value, OnceLock<Option<Box<Schema>>>),
}

/// Puts a plan together.
#[derive(Debug)]
pub struct PlanBuilder {
    settings: PlanSettings,
    own: BTreeMap<String, Schema>,
}

impl PlanBuilder {
    pub fn new(settings: PlanSettings) -> PlanBuilder {
        PlanBuilder { settings, own: BTreeMap::new() }
    }

    /// Adds the schema of an event. Returns the one of the same name that was there before, if any.
    pub fn add(&mut self, event: impl Into<String>, schema: Schema) -> Option<Schema> {
        self.own.insert(event.into(), schema)
    }

    /// Whether the event has a schema, so that settings for it mean something.
    pub fn plans(&self, event: &str) -> bool {
        self.own.contains_key(event) || (self.settings.built_in.is_some() && built_in().contains_key(event))
    }

    /// The plan; `None` where it would never say anything.
    pub fn build(self) -> Option<Plan> {
        let PlanSettings { violations, unplanned, built_in: of_built_in, events: actions } = self.settings;
        let action = |name: &str, default| actions.get(name).copied().unwrap_or(default);
        let mut events = HashMap::new();
        for (name, schema) in of_built_in.iter().flat_map(|_| built_in()) {
            let action = action(name, of_built_in.unwrap_or_default());
            events.insert(name.clone(), Planned { schema: Source::BuiltIn(schema, OnceLock::new()), action });
        }
        for (name, schema) in self.own {
            let action = action(&name, violations);
            events.insert(name, Planned { schema: Source::Own(Box::new(schema)), action });
        }
        (!events.is_empty() || unplanned != OnUnplanned::Allow).then_some(Plan { events, unplanned })
    }
}

impl Planned {
    fn schema(&self) -> Option<&Schema> {
        match &self.schema {
            Source::Own(schema) => Some(schema),
            // All of them compile: a test sees to it.
            Source::BuiltIn(schema, compiled) => {
                compiled.get_or_init(|| Schema::compile(schema).ok().map(Box::new)).as_deref()
            }
        }
    }
}

impl Plan {
    fn unplanned(&self) -> Option<Verdict> {
        let violation = Violation { rule: Cow::Borrowed("unplanned"), field: "event".into(), fixed: false };
        let reason = "the tracking plan has no schema for an event of this name; correct the name, or add its schema to \
                      tracking-plan/";
        Some(Verdict {
            violations: vec![violation],
            fixed: None,
            blocked: (self.unplanned == OnUnplanned::Block).then(|| reason.to_owned()),
        })
    }
}

impl TrackingPlan for Plan {
    fn covers(&self, name: &str, kind: EventType) -> bool {
        (kind == EventType::Track && self.unplanned != OnUnplanned::Allow) || self.events.contains_key(name)
    }

    fn check(&self, name: &str, kind: EventType, fields: &str) -> Option<Verdict> {
        let Some(planned) = self.events.get(name) else { return self.unplanned() };
        let schema = planned.schema()?;
        // What is no JSON the parser refuses by itself.
        let mut value: Value = serde_json::from_str(fields).ok()?;
        if schema.validator.is_valid(&value) {
            return None;
        }
        let mut violations: Vec<Violation> = Vec::new();
        let mut is_mended = false;
        if matches!(planned.action, OnViolation::Fix | OnViolation::FixOrBlock) {
            for _ in 0..PASSES {
                let mut mends = Vec::new();
                for error in schema.validator.iter_errors(&value).take(Marks::MAX) {
                    if let Some(mend) = Mend::of(&error) {
                        let fixed = Violation { fixed: true, ..violation(schema, kind, &error) };
                        push(&mut violations, fixed);
                        mends.push(mend);
                    }
                }
                if mends.is_empty() {
                    break;
                }
                is_mended = true;
                mends.into_iter().for_each(|mend| mend.apply(&mut value));
            }
        }
        let mut blocked = None;
        for error in schema.validator.iter_errors(&value).take(Marks::MAX) {
            let left = violation(schema, kind, &error);
            // What a mend was tried on and did not help was not fixed.
            violations.retain(|other| !(other.fixed && other.rule == left.rule && other.field == left.field));
            if blocked.is_none() && matches!(planned.action, OnViolation::Block | OnViolation::FixOrBlock) {
                blocked = Some(format!("{} (rule {})", sentence(&error), left.rule));
                violations.insert(0, left);
            } else {
                push(&mut violations, left);
            }
        }
        violations.truncate(Marks::MAX);
        Some(Verdict { violations, fixed: is_mended.then_some(value), blocked })
    }
}

/// Adds one, once.
fn push(violations: &mut Vec<Violation>, new: Violation) {
    if !violations.contains(&new) {
        violations.push(new);
    }
}
