//! The examples of the guide work.

use crate::schema::{json_of, templates, validator};
use campaign::Campaign;

const GUIDE: &str = include_str!("../../../../docs/campaigns.md");

/// What a part of a file is put into, that it is a whole one.
const FRAME: [(&str, &str); 3] = [
    ("name:", "name: example\n"),
    ("entry:", "entry: { event: Product Viewed }\n"),
    ("steps:", "steps: [ { send: hello, template: mail.html } ]\n"),
];

#[test]
fn every_example_is_right() {
    let templates = templates(&["mail.html", "text.txt"]);
    let validator = validator();
    let mut examples = 0;
    for block in GUIDE.split("```yaml\n").skip(1) {
        let example = block.split("```").next().unwrap_or_default();
        let has = |field: &str| example.lines().any(|line| line.starts_with(field));
        let missing = FRAME.iter().filter(|(field, _)| !has(field)).map(|(_, text)| *text);
        let yaml = missing.collect::<String>() + example;
        if let Err(error) = Campaign::parse(&yaml, &templates) {
            panic!("{error}\n{yaml}");
        }
        if let Err(error) = validator.validate(&json_of(&yaml)) {
            panic!("at {}: {error}\n{yaml}", error.instance_path());
        }
        examples += 1;
    }
    assert!(examples >= 18, "only {examples} examples");
}

#[test]
fn every_field_is_explained() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../../docs/campaign.schema.json")).unwrap();
    let mut objects = vec![&schema];
    let mut fields = 0;
    while let Some(object) = objects.pop() {
        for (field, value) in object["properties"].as_object().into_iter().flatten() {
            assert!(
                GUIDE.contains(&format!("`{field}`")) || GUIDE.contains(&format!("`{field}:")),
                "docs/campaigns.md is silent on `{field}`"
            );
            fields += 1;
            objects.extend([value, &value["items"]]);
        }
        objects.extend(object["$defs"].as_object().into_iter().flatten().map(|(_, part)| part));
    }
    assert!(fields >= 50, "only {fields} fields");
}
