//! The plan at work: what passes, what is noted, what is mended, what is blocked.

use event::{Arrival, Code, EventType, Parser, ParserSettings, Pseudonymizer, TrackingPlan, Violation};
use plan::{OnUnplanned, OnViolation, Plan, PlanBuilder, PlanSettings, Schema, built_in, outline};
use serde_json::{Value, json};
use std::sync::Arc;

/// 2026-11-22T10:00:00Z
const LIVE: Arrival = Arrival::Live { now: 1_795_341_600_000 };

fn review() -> Value {
    json!({
        "type": "object",
        "properties": {
            "stars": {"type": "integer", "minimum": 1, "maximum": 5},
            "size": {"enum": ["Small", "Large"]},
            "verified": {"type": "boolean"},
            "order": {"type": "string"},
            "when": {"type": "string", "format": "date"},
            "items": {"type": "array", "items": {
                "type": "object", "properties": {"sku": {"type": "string"}, "price": {"type": "number"}}
            }},
            "extra": {"type": "object"}
        },
        "required": ["stars"],
        "additionalProperties": false
    })
}

fn plan(settings: PlanSettings) -> Plan {
    let mut builder = PlanBuilder::new(settings);
    builder.add("Review Left", Schema::compile(&review()).unwrap());
    builder.build().unwrap()
}

fn with(violations: OnViolation) -> Plan {
    plan(PlanSettings { violations, ..PlanSettings::default() })
}

fn noted(violations: &[Violation]) -> Vec<String> {
    let mut noted: Vec<_> = violations
        .iter()
        .map(|v| format!("{}{} {}", if v.fixed { "fixed " } else { "" }, v.rule, v.field))
        .collect();
    noted.sort();
    noted
}

fn check(plan: &Plan, properties: Value) -> Option<event::Verdict> {
    plan.check("Review Left", EventType::Track, &properties.to_string())
}

#[test]
fn what_is_as_planned_passes_untouched() {
    let plan = with(OnViolation::Block);
    let sound =
        json!({"stars": 5, "size": "Large", "when": "2026-11-22", "items": [{"sku": "a", "price": 1.5}]});
    assert_eq!(check(&plan, sound), None);
}

#[test]
fn a_warning_names_field_and_rule_and_no_value() {
    let plan = with(OnViolation::Warn);
    let verdict = check(
        &plan,
        json!({"size": "secret@example.com", "items": [{"price": "x"}, {"price": "y"}], "ann@example.com": 1}),
    );
    let verdict = verdict.unwrap();
    assert_eq!(
        noted(&verdict.violations),
        [
            "additionalProperties properties",
            "enum properties.size",
            "required properties.stars",
            "type properties.items[].price",
        ]
    );
    assert_eq!((verdict.fixed, verdict.blocked), (None, None));
    assert!(!format!("{:?}", verdict.violations).contains("example"));
}

#[test]
fn names_that_the_plan_does_not_know_are_not_told() {
    let mut schema = review();
    schema["additionalProperties"] = json!({"type": "string"});
    let mut builder = PlanBuilder::new(PlanSettings::default());
    builder.add("Review Left", Schema::compile(&schema).unwrap());
    let verdict = check(&builder.build().unwrap(), json!({"stars": 1, "ann@example.com": 1})).unwrap();
    assert_eq!(noted(&verdict.violations), ["type properties.*"]);
}

#[test]
fn fixing_mends_what_is_certain() {
    let plan = with(OnViolation::Fix);
    let verdict = check(
        &plan,
        json!({
            "stars": " 4 ", "size": "small ", "verified": "TRUE", "order": 17, "when": " 2026-11-22",
            "items": [{"sku": 7, "price": "1.50"}], "extra": null, "surplus": 1
        }),
    )
    .unwrap();
    assert_eq!(
        verdict.fixed,
        Some(json!({
            "stars": 4, "size": "Small", "verified": true, "order": "17", "when": "2026-11-22",
            "items": [{"sku": "7", "price": 1.5}]
        }))
    );
    assert!(verdict.violations.iter().all(|violation| violation.fixed), "{:?}", verdict.violations);
    assert_eq!(verdict.violations.len(), 9);
}

#[test]
fn what_would_be_guessed_stays() {
    let plan = with(OnViolation::Fix);
    for stars in ["four", "4,5", "04", "4.5", "", "1e999"] {
        let verdict = check(&plan, json!({"stars": stars})).unwrap();
        assert_eq!(noted(&verdict.violations), ["type properties.stars"], "{stars}");
        assert_eq!(verdict.fixed, None, "{stars}");
    }
    // What was mended may still break another rule.
    let verdict = check(&plan, json!({"stars": "9"})).unwrap();
    assert_eq!(noted(&verdict.violations), ["fixed type properties.stars", "maximum properties.stars"]);
    assert_eq!(verdict.fixed, Some(json!({"stars": 9})));
    // A null that is required was absent.
    let verdict = check(&plan, json!({"stars": null})).unwrap();
    assert_eq!(noted(&verdict.violations), ["fixed type properties.stars", "required properties.stars"]);
}

#[test]
fn blocking_says_where_and_why() {
    let plan = Arc::new(with(OnViolation::Block));
    let parser = parser(&plan);
    let refused = parse(&parser, json!({"stars": "secret"})).unwrap_err();
    assert_eq!((refused.code, refused.field.as_str()), (Code::PlanViolation, "properties.stars"));
    assert_eq!(refused.reason, "has the wrong type; the tracking plan wants a whole number (rule type)");
    let plan = Arc::new(with(OnViolation::FixOrBlock));
    let parser = self::parser(&plan);
    assert!(parse(&parser, json!({"stars": "3"})).unwrap().contains("\"stars\":3"));
    let refused = parse(&parser, json!({"stars": "3", "size": "Huge"})).unwrap_err();
    assert_eq!(refused.field, "properties.size");
}

fn parser(plan: &Arc<Plan>) -> Parser {
    let plan: Arc<dyn TrackingPlan> = plan.clone();
    let settings = ParserSettings { plan: Some(plan), ..ParserSettings::default() };
    Parser::new(Pseudonymizer::new(b"plan"), settings)
}

/// The event, as debug text.
fn parse(parser: &Parser, properties: Value) -> Result<String, event::Rejection> {
    let record = json!({"type": "track", "event": "Review Left", "userId": "ann", "properties": properties});
    parser.parse(record.to_string().as_bytes(), "web", LIVE).map(|parsed| {
        format!("{} {:?}", parsed.event.properties, parsed.event.marks.map(|marks| marks.violations_text()))
    })
}

#[test]
fn mended_values_count_and_personal_data_is_masked_all_the_same() {
    let mut builder =
        PlanBuilder::new(PlanSettings { violations: OnViolation::Fix, ..PlanSettings::default() });
    let order = json!({"properties": {"revenue": {"type": "number"}, "note": {"type": "string"}}});
    builder.add("Order Completed", Schema::compile(&order).unwrap());
    let settings =
        ParserSettings { plan: Some(Arc::new(builder.build().unwrap())), ..ParserSettings::default() };
    let parser = Parser::new(Pseudonymizer::new(b"plan"), settings);
    let record = json!({
        "type": "track", "event": "Order Completed", "userId": "ann",
        "properties": {"revenue": "12.50", "currency": "EUR", "note": "for ann@example.com"}
    })
    .to_string();
    let event = parser.parse(record.as_bytes(), "web", LIVE).unwrap().event;
    assert_eq!(event.facts.amount, Some(1250));
    assert!(!event.properties.contains("example.com"), "{}", event.properties);
    assert_eq!(event.marks.unwrap().violations_text(), "fixed type properties.revenue");
}

#[test]
fn traits_are_checked_and_those_in_the_vault_noted() {
    let mut builder =
        PlanBuilder::new(PlanSettings { violations: OnViolation::Fix, ..PlanSettings::default() });
    let person = json!({"properties": {"age": {"type": "integer"}, "email": {"format": "email"}}});
    builder.add("Identified", Schema::compile(&person).unwrap());
    let settings =
        ParserSettings { plan: Some(Arc::new(builder.build().unwrap())), ..ParserSettings::default() };
    let parser = Parser::new(Pseudonymizer::new(b"plan"), settings);
    let record = json!({
        "type": "identify", "userId": "ann", "traits": {"age": "33", "email": "Ann@Example.com", "firstName": "Ann"}
    })
    .to_string();
    let parsed = parser.parse(record.as_bytes(), "web", LIVE).unwrap();
    assert_eq!(parsed.event.traits, r#"{"age":33}"#);
    let marks = parsed.event.marks.unwrap();
    assert_eq!(marks.violations_text(), "fixed type traits.age");
    assert_eq!(marks.vaulted, ["email", "first_name"]);
}

#[test]
fn pages_are_checked_with_the_name_of_the_call() {
    let mut builder =
        PlanBuilder::new(PlanSettings { violations: OnViolation::Block, ..PlanSettings::default() });
    builder.add("Page Viewed", Schema::compile(&json!({"required": ["name", "path"]})).unwrap());
    let settings =
        ParserSettings { plan: Some(Arc::new(builder.build().unwrap())), ..ParserSettings::default() };
    let parser = Parser::new(Pseudonymizer::new(b"plan"), settings);
    let page = |properties: Value| {
        let record = json!({"type": "page", "name": "Home", "userId": "ann", "properties": properties});
        parser.parse(record.to_string().as_bytes(), "web", LIVE).map(drop)
    };
    assert_eq!(page(json!({"path": "/"})), Ok(()));
    assert_eq!(page(json!({})).unwrap_err().field, "properties.path");
}

#[test]
fn events_without_a_schema() {
    for (unplanned, noted, blocked) in [
        (OnUnplanned::Allow, false, false),
        (OnUnplanned::Warn, true, false),
        (OnUnplanned::Block, false, true),
    ] {
        let plan = Arc::new(plan(PlanSettings { unplanned, ..PlanSettings::default() }));
        let parser = parser(&plan);
        let record = |kind: &str| json!({"type": kind, "event": "Rewiev Left", "userId": "ann"}).to_string();
        match parser.parse(record("track").as_bytes(), "web", LIVE) {
            Ok(parsed) => {
                assert!(!blocked);
                let marks = parsed.event.marks.map(|marks| marks.violations_text());
                assert_eq!(marks, noted.then(|| "unplanned event".to_owned()));
            }
            Err(rejection) => assert_eq!((rejection.code, blocked), (Code::PlanViolation, true)),
        };
        // The other calls have names of their own.
        assert!(parser.parse(record("page").as_bytes(), "web", LIVE).is_ok());
    }
}

#[test]
fn an_event_may_have_a_rule_of_its_own() {
    let plan = plan(PlanSettings {
        violations: OnViolation::Block,
        events: [("Review Left".to_owned(), OnViolation::Warn)].into(),
        ..PlanSettings::default()
    });
    assert_eq!(check(&plan, json!({})).unwrap().blocked, None);
}

#[test]
fn schemas_with_mistakes_say_where() {
    let wrong = Schema::compile(&json!({"properties": {"a": {"type": "text"}}})).unwrap_err();
    assert_eq!(wrong.place, "/properties/a/type");
    assert!(Schema::compile(&json!({"$ref": "https://example.com/other.json"})).is_err());
    assert!(Schema::compile(&json!([1])).is_err());
    assert!(Schema::compile(&json!({"pattern": "(a"})).is_err());
}

#[test]
fn the_built_in_events_are_those_of_the_spec() {
    assert_eq!(built_in().len(), 28);
    for (name, schema) in built_in() {
        Schema::compile(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!outline(schema).is_empty(), "{name}");
    }
    let builder =
        PlanBuilder::new(PlanSettings { built_in: Some(OnViolation::Warn), ..PlanSettings::default() });
    assert!(builder.plans("Order Completed") && !builder.plans("Order Complete"));
    let plan = builder.build().unwrap();
    let check = |name: &str, properties: Value| {
        plan.check(name, EventType::Track, &properties.to_string()).map(|verdict| noted(&verdict.violations))
    };
    let order = json!({
        "order_id": "50314b8e9bcf000000000000", "total": 27.5, "currency": "USD", "coupon": null,
        "products": [{"product_id": "507f", "price": 19, "quantity": 1, "anything": [1]}]
    });
    assert_eq!(check("Order Completed", order), None);
    assert_eq!(
        check("Order Completed", json!({"revenue": "12", "products": [{"quantity": 1.5}]})).unwrap(),
        ["required properties.order_id", "type properties.products[].quantity", "type properties.revenue"]
    );
    assert_eq!(check("Product Viewed", json!({"product_id": null})).unwrap(), ["type properties.product_id"]);
    let paths = outline(&built_in()["Order Completed"]);
    assert!(paths["order_id"] && !paths["products[].price"], "{paths:?}");
}

#[test]
fn a_plan_that_says_nothing_is_none() {
    assert!(PlanBuilder::new(PlanSettings::default()).build().is_none());
}
