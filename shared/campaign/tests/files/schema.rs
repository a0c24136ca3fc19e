//! The published schema says what the reader takes.

use campaign::{Campaign, Templates};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const SCHEMA: &str = include_str!("../../../../docs/campaign.schema.json");

pub fn validator() -> Validator {
    jsonschema::validator_for(&schema()).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// A YAML file as an editor hands it to a schema.
pub fn json_of(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

/// Templates of these names.
pub fn templates(names: &[&str]) -> Templates {
    Templates::new(names.iter().map(|name| ((*name).to_owned(), "Hello".to_owned()))).unwrap()
}

/// One part of the language: where it stands in the schema, and a file in which a field that there is none of is put
/// into it. The reader answers with the fields that there are.
const PARTS: &[(&str, &str)] = &[
    ("", "qqqqqqqqqqqq: 1\n"),
    ("/$defs/entry", "entry: { qqqqqqqqqqqq: 1 }\n"),
    ("/$defs/entry/properties/schedule", "entry: { schedule: { qqqqqqqqqqqq: 1 } }\n"),
    ("/$defs/entry/properties/date", "entry: { date: { qqqqqqqqqqqq: 1 } }\n"),
    ("/$defs/entry/properties/inactive", "entry: { inactive: { qqqqqqqqqqqq: 1 } }\n"),
    ("/$defs/listen", "goal: { qqqqqqqqqqqq: 1 }\n"),
    ("/$defs/listen", "exit_on: [ { qqqqqqqqqqqq: 1 } ]\n"),
    ("/$defs/step", "steps: [ { qqqqqqqqqqqq: 1 } ]\n"),
    ("/$defs/step/properties/wait_until", "steps: [ { wait_until: { qqqqqqqqqqqq: 1 } } ]\n"),
    ("/$defs/date", "steps: [ { wait_for_date: { qqqqqqqqqqqq: 1 } } ]\n"),
    ("/$defs/step/properties/arms/items", "steps: [ { arms: [ { qqqqqqqqqqqq: 1 } ] } ]\n"),
    ("/$defs/step/properties/namespace", "steps: [ { namespace: { qqqqqqqqqqqq: 1 } } ]\n"),
    ("/$defs/step/properties/creative", "steps: [ { creative: { qqqqqqqqqqqq: 1 } } ]\n"),
    ("/$defs/cap", "limits: { all_channels: { qqqqqqqqqqqq: 1 } }\n"),
    ("/$defs/utm", "utm: { qqqqqqqqqqqq: 1 }\n"),
    ("/$defs/limits", "limits: { qqqqqqqqqqqq: 1 }\n"),
    ("/$defs/quiet_hours", "limits: { quiet_hours: { qqqqqqqqqqqq: 1 } }\n"),
];

#[test]
fn the_schema_has_the_fields_that_the_reader_has() {
    let schema = schema();
    for (place, yaml) in PARTS.iter().copied() {
        let error = Campaign::parse(yaml, &templates(&[])).unwrap_err().message;
        let names = error.split_once("the fields here are ").unwrap_or_else(|| panic!("{place}: {error}")).1;
        let read: BTreeSet<&str> = names.split(", ").collect();
        let object = schema.pointer(place).unwrap_or_else(|| panic!("the schema has no {place}"));
        let told = object["properties"].as_object().unwrap();
        assert_eq!(told.keys().map(String::as_str).collect::<BTreeSet<_>>(), read, "of {place}");
        assert_eq!(object["additionalProperties"], json!(false), "of {place}");
    }
}

/// Where the schema has a list of choices, and a file that chooses none of them.
const CHOICES: &[(&str, &str)] = &[
    ("/properties/lane", "lane: qqqqqqqqqqqq\n"),
    ("/$defs/entry/properties/existing", "entry: { existing: qqqqqqqqqqqq }\n"),
    ("/$defs/entry/properties/reentry", "entry: { reentry: qqqqqqqqqqqq }\n"),
    ("/$defs/entry/properties/date/properties/every", "entry: { date: { every: qqqqqqqqqqqq } }\n"),
    ("/$defs/step/properties/channel", "steps: [ { channel: qqqqqqqqqqqq } ]\n"),
    (
        "/$defs/step/properties/wait_until/properties/days/items",
        "steps: [ { wait_until: { days: [qqqqqqqqqqqq] } } ]\n",
    ),
    ("/$defs/quiet_hours/properties/otherwise", "limits: { quiet_hours: { otherwise: qqqqqqqqqqqq } }\n"),
];

#[test]
fn the_schema_has_the_choices_that_the_reader_has() {
    let schema = schema();
    for (place, yaml) in CHOICES.iter().copied() {
        let error = Campaign::parse(yaml, &templates(&[])).unwrap_err().message;
        let names = error.split_once("they are ").unwrap_or_else(|| panic!("{place}: {error}")).1;
        let told = schema.pointer(place).and_then(|place| place["enum"].as_array());
        let told = told.unwrap_or_else(|| panic!("the schema has no choices at {place}"));
        let told: BTreeSet<&str> = told.iter().filter_map(Value::as_str).collect();
        assert_eq!(told, names.split(", ").collect(), "of {place}");
    }
}

#[test]
fn the_schema_takes_every_sample_campaign() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/shop/config/campaigns");
    let validator = validator();
    let mut files = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let yaml = fs::read_to_string(&path).unwrap();
        if let Err(error) = validator.validate(&json_of(&yaml)) {
            panic!("{} at {}: {error}", path.display(), error.instance_path());
        }
        let first = yaml.lines().next().unwrap_or_default();
        assert_eq!(first, "# yaml-language-server: $schema=../campaign.schema.json", "{}", path.display());
        files += 1;
    }
    assert!(files >= 13, "only {files} campaigns");
}
