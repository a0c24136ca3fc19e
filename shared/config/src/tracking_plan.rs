//! `tracking-plan/`: a JSON Schema for each event, and what is done about events that are not as planned.

use crate::config::FromFiles;
use crate::settings::SETTINGS;
use crate::{Files, Problem, Problems, Settings};
use event::ParserSettings;
use plan::{OnUnplanned, OnViolation, Plan, PlanBuilder, PlanSettings, Schema};
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The folder of the schemas: `tracking-plan/Order Completed.yaml`, or `.json`.
const FOLDER: &str = "tracking-plan/";
/// The key of a schema that names its event, where the event's name can't be a file's.
const NAME: &str = "x-event";

/// The tracking plan of a configuration; nothing where it would never say anything.
#[derive(Debug, Clone, Default)]
pub struct TrackingPlan(pub Option<Arc<Plan>>);

/// What the plan names: the properties of each planned event, and whether they are required. Reports need no more of
/// it, and no validator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOutline(pub BTreeMap<String, BTreeMap<String, bool>>);

/// `tracking_plan` of the settings.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanSection {
    #[serde(default)]
    violations: OnViolation,
    #[serde(default)]
    unplanned: OnUnplanned,
    #[serde(default)]
    built_in: BuiltIn,
    #[serde(default)]
    events: BTreeMap<String, Spanned<OnViolation>>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BuiltIn {
    #[default]
    Off,
    Warn,
    Fix,
    FixOrBlock,
    Block,
}

impl TrackingPlan {
    /// Has a parser hold records against the plan.
    pub fn guide(&self, parser: &mut ParserSettings) {
        parser.plan = self.0.clone().map(|plan| plan as Arc<dyn event::TrackingPlan>);
    }

    pub(crate) fn of(section: &PlanSection, files: &Files, problems: &mut Problems) -> TrackingPlan {
        let settings = PlanSettings {
            violations: section.violations,
            unplanned: section.unplanned,
            built_in: section.built_in.action(),
            events: section.events.iter().map(|(name, action)| (name.clone(), action.value)).collect(),
        };
        let mut builder = PlanBuilder::new(settings);
        for (path, name, schema) in schemas(files, problems) {
            match Schema::compile(&schema) {
                Ok(schema) => {
                    if builder.add(name.clone(), schema).is_some() {
                        let message = format!("there is another schema for `{name}`; keep one of the two");
                        problems.add(Problem::new(path, 1, 1, message));
                    }
                }
                Err(error) => {
                    problems.add(Problem::new(
                        path,
                        line_of(files, path, &error.place),
                        1,
                        error.to_string(),
                    ));
                }
            }
        }
        for (name, action) in section.events.iter().filter(|(name, _)| !builder.plans(name)) {
            let message = format!(
                "`{name}` has no schema: add {FOLDER}{name}.yaml, or correct the name (those that are built in count \
                 where built_in is not off)"
            );
            let at = action.referenced;
            problems.add(Problem::new(Path::new(SETTINGS), at.line(), at.column(), message));
        }
        TrackingPlan(builder.build().map(Arc::new))
    }
}

impl FromFiles for TrackingPlan {
    fn read(files: &Files) -> (TrackingPlan, Problems) {
        // Mistakes of the settings are told where these are read.
        let section = Settings::read(files, &mut Problems::default()).tracking_plan;
        let mut problems = Problems::default();
        let plan = TrackingPlan::of(&section, files, &mut problems);
        (plan, problems)
    }
}

impl PlanOutline {
    /// The outline of a configuration. Files with mistakes are passed over.
    pub fn of(files: &Files) -> PlanOutline {
        let section = Settings::read(files, &mut Problems::default()).tracking_plan;
        let mut outline = BTreeMap::new();
        if section.built_in.action().is_some() {
            outline
                .extend(plan::built_in().iter().map(|(name, schema)| (name.clone(), plan::outline(schema))));
        }
        let own = schemas(files, &mut Problems::default());
        outline.extend(own.into_iter().map(|(_, name, schema)| (name, plan::outline(&schema))));
        PlanOutline(outline)
    }
}

impl BuiltIn {
    fn action(self) -> Option<OnViolation> {
        match self {
            BuiltIn::Off => None,
            BuiltIn::Warn => Some(OnViolation::Warn),
            BuiltIn::Fix => Some(OnViolation::Fix),
            BuiltIn::FixOrBlock => Some(OnViolation::FixOrBlock),
            BuiltIn::Block => Some(OnViolation::Block),
        }
    }
}

/// The schemas of the files: path, event, schema.
fn schemas<'f>(files: &'f Files, problems: &mut Problems) -> Vec<(&'f Path, String, Value)> {
    let mut schemas = Vec::new();
    for (path, text) in files.below(FOLDER) {
        let schema: Result<Value, Problem> = match path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => serde_json::from_str(text).map_err(|error| {
                let (line, column) = (error.line() as u64, error.column() as u64);
                let text = error.to_string();
                let message = text.split(" at line ").next().unwrap_or_default().to_owned();
                Problem::new(path, line, column, format!("not JSON: {message}"))
            }),
            Some("yaml" | "yml") => {
                serde_saphyr::from_str(text).map_err(|error| Problem::of_yaml(path, &error))
            }
            _ => continue,
        };
        match schema {
            Ok(schema) => {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                let name = schema.get(NAME).and_then(Value::as_str).unwrap_or(&stem).trim().to_owned();
                schemas.push((path, name, schema));
            }
            Err(problem) => problems.add(problem),
        }
    }
    schemas
}

/// The first line that names what a JSON pointer ends with; 1 where none does.
fn line_of(files: &Files, path: &Path, pointer: &str) -> u64 {
    let text = path.to_str().and_then(|path| files.get(path)).unwrap_or_default();
    // The whole way down, since the same keyword stands in many places.
    let mut lines = text.lines().zip(1..).peekable();
    let mut found = 1;
    for name in pointer.split('/').filter(|name| !name.is_empty() && name.parse::<u32>().is_err()) {
        while let Some((line, number)) = lines.peek() {
            let names = [format!("\"{name}\""), format!("{name}:")];
            if names.iter().any(|name| line.contains(name.as_str())) {
                found = *number;
                break;
            }
            lines.next();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::{EventType, TrackingPlan as _};

    fn files(entries: &[(&str, &str)]) -> Files {
        let mut files = Files::default();
        entries.iter().for_each(|(path, text)| files.insert(*path, (*text).to_owned()));
        files
    }

    fn problems(entries: &[(&str, &str)]) -> Vec<String> {
        let (_, problems) = TrackingPlan::read(&files(entries));
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn schemas_are_read_by_the_names_of_their_files() {
        let files = files(&[
            ("settings.yaml", "tracking_plan:\n  violations: block\n  events:\n    Tea Brewed: warn\n"),
            ("tracking-plan/Tea Brewed.yaml", "required: [minutes]\n"),
            ("tracking-plan/cup.json", r#"{"x-event": "Cup 1/2 Full", "required": ["litres"]}"#),
            ("tracking-plan/notes.txt", "not read"),
        ]);
        let (TrackingPlan(plan), problems) = TrackingPlan::read(&files);
        assert!(problems.is_empty(), "{problems}");
        let plan = plan.unwrap();
        let check = |name| plan.check(name, EventType::Track, "{}").unwrap();
        assert_eq!(check("Tea Brewed").blocked, None);
        assert!(check("Cup 1/2 Full").blocked.is_some());
        assert!(!plan.covers("Order Completed", EventType::Track));
        let outline = PlanOutline::of(&files).0;
        assert_eq!(outline.keys().collect::<Vec<_>>(), ["Cup 1/2 Full", "Tea Brewed"]);
    }

    #[test]
    fn without_files_and_settings_there_is_no_plan() {
        assert!(TrackingPlan::read(&Files::default()).0.0.is_none());
        let files = files(&[("settings.yaml", "tracking_plan: {built_in: fix}\n")]);
        let plan = TrackingPlan::read(&files).0.0.unwrap();
        assert!(plan.covers("Order Completed", EventType::Track));
        assert!(PlanOutline::of(&files).0["Order Completed"]["order_id"]);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let twice = [("tracking-plan/a.yaml", "{}"), ("tracking-plan/b.json", "{\"x-event\": \"a\"}")];
        assert_eq!(
            problems(&twice),
            ["tracking-plan/b.json:1:1: there is another schema for `a`; keep one of the two"]
        );
        let wrong = "type: object\nproperties:\n  size:\n    type: text\n";
        let told = &problems(&[("tracking-plan/a.yaml", wrong)])[0];
        assert!(
            told.starts_with("tracking-plan/a.yaml:4:1: ") && told.contains("/properties/size/type"),
            "{told}"
        );
        let told = &problems(&[("tracking-plan/a.json", "{\n \"type\": }")])[0];
        assert_eq!(told, "tracking-plan/a.json:2:10: not JSON: expected value");
        let told = &problems(&[("settings.yaml", "tracking_plan:\n  events:\n    Tea: warn\n")])[0];
        assert!(told.starts_with("settings.yaml:3:10: `Tea` has no schema"), "{told}");
    }
}
