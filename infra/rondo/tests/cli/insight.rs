//! What came in: the catalogue, data quality, and the tracking plan that both are held against.

use crate::rondo::{output, run, write};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::tempdir;

#[test]
fn a_file_is_held_against_the_plan_and_counted() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let tea = "type: object\nproperties:\n  minutes: { type: integer }\n  leaf: { type: string }\nrequired: [leaf]\n";
    let track = |id: &str, properties: Value| {
        json!({"type": "track", "messageId": id, "userId": "ann", "event": "Tea Brewed", "properties": properties,
            "timestamp": "2026-11-02T10:00:00Z"})
        .to_string()
    };
    let lines = [
        track("m1", json!({"leaf": "oolong", "minutes": 3})),
        track("m2", json!({"leaf": "oolong", "minutes": "4", "note": null})),
        track("m1", json!({"leaf": "oolong", "minutes": 3})),
        track("m3", json!({"minutes": "secret five"})),
        "{\"type\": \"track\"".to_owned(),
        json!({"type": "identify", "userId": "ann", "traits": {"email": "ann@example.com", "plan": "gold"}})
            .to_string(),
    ];
    write(
        folder.path(),
        &[
            ("data/config/settings.yaml", "tracking_plan: { violations: fix_or_block }\n"),
            ("data/config/tracking-plan/Tea Brewed.yaml", tea),
            ("log.ndjson", &(lines.join("\n") + "\n")),
        ],
    );
    let log = folder.path().join("log.ndjson");
    output(&data, &[Path::new("import"), &log]);
    // The same file again adds to nothing.
    output(&data, &[Path::new("import"), &log]);

    let quality: Value = serde_json::from_str(&output(&data, &["quality", "--json"])).unwrap();
    let source = &quality["sources"][0];
    assert_eq!((&source["source"], &source["events"]), (&json!("log.ndjson"), &json!(3)));
    let hours = source["hours"].as_array().unwrap();
    let total = &source["total"];
    assert_eq!(total["duplicates"], 1, "{quality:#}");
    assert_eq!(total["rejected"], json!({"invalid_json": 1, "plan_violation": 1}));
    assert_eq!((&total["fixed"], &total["violating"]), (&json!(1), &json!(0)));
    assert_eq!(hours.iter().map(|hour| hour["events"].as_u64().unwrap()).sum::<u64>(), 3);
    let text = output(&data, &["quality"]);
    assert!(text.contains("Refused, by reason: 1 invalid_json, 1 plan_violation."), "{text}");
    assert!(text.contains("1 × Tea Brewed: properties.minutes (rule type, mended)"), "{text}");

    let quarantine = output(&data, &["quarantine"]);
    assert!(quarantine.contains("plan_violation (properties.leaf): is missing"), "{quarantine}");

    let tea: Value = serde_json::from_str(&output(&data, &["catalogue", "tea brewed", "--json"])).unwrap();
    assert_eq!((&tea["count"], &tea["planned"]), (&json!(2), &json!(true)));
    let field = |name: &str| {
        let fields = tea["properties"].as_array().unwrap();
        fields.iter().find(|field| field["name"] == name).unwrap().clone()
    };
    assert_eq!(field("minutes")["types"], json!({"integer": 2}));
    assert_eq!((&field("leaf")["required"], &field("leaf")["null_rate"]), (&json!(true), &json!(0.0)));
    assert_eq!((&field("note")["planned"], &field("note")["null"]), (&json!(false), &json!(1)));
    let all = output(&data, &["catalogue"]);
    assert!(all.contains("Identified") && all.contains("personal data"), "{all}");
    let identified = output(&data, &["catalogue", "Identified"]);
    assert!(identified.contains("email") && identified.contains("in the vault"), "{identified}");
    assert!(!identified.contains("ann@example.com"));
    let unknown = run(Some(&data), &["catalogue", "Coffee Brewed"]);
    assert!(
        unknown.code != 0 && unknown.err.contains("no event `Coffee Brewed` was seen"),
        "{}",
        unknown.err
    );
}
