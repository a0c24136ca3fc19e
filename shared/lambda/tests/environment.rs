//! Settings that are there, missing, or wrong.

use lambda::variables::{ATTRIBUTION_DAYS, BUS_STREAM, BUS_TOPIC, PROFILES_TABLE};
use lambda::{Either, Environment};

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::new(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn a_setting_is_read() {
    let settings = environment(&[("PROFILES_TABLE", " rondo-profiles "), ("ATTRIBUTION_DAYS", "14")]);
    assert_eq!(settings.required(PROFILES_TABLE).unwrap(), "rondo-profiles");
    assert_eq!(settings.parsed(ATTRIBUTION_DAYS, 7).unwrap(), 14);
    assert_eq!(environment(&[]).parsed(ATTRIBUTION_DAYS, 7).unwrap(), 7);
    assert_eq!(settings.optional(BUS_STREAM), None);
    assert!(
        Environment::of_process().optional(lambda::Variable { name: "PATH", holds: "folders" }).is_some()
    );
}

#[test]
fn an_error_names_the_variable_and_what_it_holds() {
    for missing in [environment(&[]), environment(&[("PROFILES_TABLE", " ")])] {
        let error = missing.required(PROFILES_TABLE).unwrap_err().to_string();
        let told = "the environment variable PROFILES_TABLE is not set; it holds the name of the DynamoDB table of \
                    profiles and identities";
        assert_eq!(error, told);
    }
    let error = environment(&[("ATTRIBUTION_DAYS", "a week")]).parsed(ATTRIBUTION_DAYS, 7_u32).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("the environment variable ATTRIBUTION_DAYS is `a week`; it holds how many"),
        "{error}"
    );
}

#[test]
fn of_two_one_is_set() {
    let bus = |variables: &[(&str, &str)]| environment(variables).either(BUS_STREAM, BUS_TOPIC);
    assert_eq!(bus(&[("BUS_STREAM", "rondo")]).unwrap(), Either::First("rondo".into()));
    assert_eq!(bus(&[("BUS_STREAM", ""), ("BUS_TOPIC", "arn")]).unwrap(), Either::Second("arn".into()));
    let none = bus(&[]).unwrap_err().to_string();
    assert!(none.contains("BUS_STREAM") && none.contains("BUS_TOPIC"), "{none}");
    let both = bus(&[("BUS_STREAM", "rondo"), ("BUS_TOPIC", "arn")]).unwrap_err().to_string();
    assert!(both.ends_with("are both set; set one of them"), "{both}");
}
