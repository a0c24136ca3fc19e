//! Experiments against the published test cases of the GrowthBook SDKs.

use campaign::{BucketRange, Experiment, HashVersion, Namespace, bucket_ranges, choose};
use serde_json::Value;

fn cases(section: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("growthbook/cases.json")).unwrap();
    all[section].as_array().unwrap().clone()
}

fn ranges(value: &Value) -> Vec<BucketRange> {
    let number = |value: &Value| value.as_f64().unwrap();
    let range = |pair: &Value| BucketRange { from: number(&pair[0]), to: number(&pair[1]) };
    value.as_array().unwrap().iter().map(range).collect()
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    Some(value.as_array()?.iter().map(|weight| weight.as_f64().unwrap()).collect())
}

fn namespace(value: &Value) -> Option<Namespace> {
    let name = value[0].as_str()?.to_owned();
    Some(Namespace { name, range: ranges(&Value::Array(vec![value.as_array()?[1..].to_vec().into()]))[0] })
}

#[test]
fn hashes() {
    for case in cases("hash") {
        let (seed, value) = (case[0].as_str().unwrap(), case[1].as_str().unwrap());
        let version = HashVersion::of(case[2].as_u64().unwrap() as u32);
        assert_eq!(version.map(|version| version.hash(seed, value)), case[3].as_f64(), "{case}");
    }
}

#[test]
fn ranges_of_weights_and_coverage() {
    for case in cases("getBucketRange") {
        let (arms, coverage) = (case[1][0].as_u64().unwrap() as usize, case[1][1].as_f64().unwrap());
        let got = bucket_ranges(arms, coverage, numbers(&case[1][2]).as_deref());
        let expected = ranges(&case[2]);
        assert_eq!(got.len(), expected.len(), "{case}");
        for (got, expected) in got.iter().zip(expected) {
            // The SDKs compare six digits too.
            let near = |a: f64, b: f64| (a - b).abs() < 5e-7;
            assert!(near(got.from, expected.from) && near(got.to, expected.to), "{case}: {got:?}");
        }
    }
}

#[test]
fn choices() {
    for case in cases("chooseVariation") {
        let chosen = choose(case[1].as_f64().unwrap(), &ranges(&case[2])).map_or(-1, |arm| arm as i64);
        assert_eq!(chosen, case[3].as_i64().unwrap(), "{case}");
    }
}

#[test]
fn namespaces() {
    for case in cases("inNamespace") {
        let holds = namespace(&case[2]).unwrap().holds(case[1].as_str().unwrap());
        assert_eq!(holds, case[3].as_bool().unwrap(), "{case}");
    }
}

#[test]
fn whole_experiments() {
    let cases = cases("run");
    assert!(cases.len() > 40);
    for case in cases {
        let file = &case[2];
        let arms = file["variations"].as_array().unwrap().iter().map(Value::to_string);
        let mut experiment = Experiment::new(file["key"].as_str().unwrap(), arms)
            .weighted(file["coverage"].as_f64().unwrap_or(1.0), numbers(&file["weights"]).as_deref());
        if let Some(seed) = file["seed"].as_str() {
            experiment.seed = seed.to_owned();
        }
        if file.get("ranges").is_some() {
            experiment.ranges = ranges(&file["ranges"]);
        }
        // Those cases that state none were made for the first.
        experiment.hash = HashVersion::of(file["hashVersion"].as_u64().unwrap_or(1) as u32).unwrap();
        experiment.namespace = namespace(&file["namespace"]);
        let assignment = experiment.assign(case[1]["attributes"]["id"].as_str().unwrap());
        let got = (experiment.arm(assignment).to_owned(), assignment.takes_part);
        assert_eq!(got, (case[3].to_string(), case[4].as_bool().unwrap()), "{case}");
    }
}

#[test]
fn parts_of_a_namespace_share_nobody() {
    let part = |from: f64, to: f64| Namespace { name: "email".to_owned(), range: BucketRange { from, to } };
    let experiment =
        |key: &str, part| Experiment { namespace: Some(part), ..Experiment::new(key, ["a", "b"]) };
    let (one, two) = (experiment("one", part(0.0, 0.4)), experiment("two", part(0.4, 1.0)));
    let mut inside = [0; 2];
    for n in 0..10_000 {
        let person = format!("person-{n}");
        let both = [&one, &two].map(|experiment| usize::from(experiment.assign(&person).takes_part));
        assert_eq!(both.iter().sum::<usize>(), 1, "{person}");
        inside[0] += both[0];
        inside[1] += both[1];
    }
    // Of 10,000 with a share of 0.4 the standard deviation is 49.
    assert!((3_750..4_250).contains(&inside[0]), "{inside:?}");
}
