//! One function with a sample event.

use crate::rondo::{Run, output, run, write};
use crate::samples::events;
use serde_json::Value;
use std::path::Path;
use tempfile::tempdir;

fn invoke(data: &Path, function: &str, sample: &str) -> Run {
    run(Some(data), &[Path::new("invoke"), Path::new(function), &events().join(function).join(sample)])
}

#[test]
fn every_function_takes_its_samples() {
    let data = tempdir().unwrap();
    let object = r#"{"type":"track","event":"Order Completed","userId":"import-1","timestamp":"2026-11-01T10:00:00Z"}"#;
    write(data.path(), &[("inbox/shop-imports/orders/november 2026.ndjson", object)]);
    // File, exit code, and what is to be read.
    let cases = [
        ("collect-events/gzip-batch.json", 0, r#"\"accepted\":3"#),
        ("collect-events/batch-with-bad-records.json", 0, r#"\"rejectedCount\":3"#),
        ("collect-events/wrong-key.json", 0, r#""statusCode": 401"#),
        ("import-data/object.json", 0, r#""accepted": 1"#),
        ("import-data/inbox.json", 0, r#""batchItemFailures": []"#),
        ("import-data/missing-object.json", 1, "gone.ndjson: there is no such file"),
        ("import-data/object-without-mapping.json", 1, "needs a mapping"),
        ("import-data/replay.json", 0, r#""taken": 0"#),
        ("import-data/replay-of-nothing.json", 1, "say which records"),
        ("update-profiles/kinesis.json", 0, r#""batchItemFailures": []"#),
        ("update-profiles/sqs.json", 0, r#""batchItemFailures": []"#),
        ("archive-events/kinesis.json", 0, r#""batchItemFailures": []"#),
        ("archive-events/sqs-body-not-base64.json", 0, r#""batchItemFailures": []"#),
        ("evaluate-triggers/stream.json", 0, r#""batchItemFailures": []"#),
        ("evaluate-triggers/stream-identity-link.json", 0, r#""batchItemFailures": []"#),
        ("evaluate-triggers/due.json", 0, r#""batchItemFailures": []"#),
        ("evaluate-triggers/due-bad-body.json", 0, r#""itemIdentifier": "2e1424d4"#),
        ("fire-timers/schedule.json", 0, r#""moved": 0"#),
        ("evaluate-triggers/starts.json", 0, r#""itemIdentifier": "2e1424d4-f796-459a-8184-9c92662b0001"#),
        ("run-campaigns/schedule.json", 0, r#""selected": 0"#),
        ("run-campaigns/schedule-without-time.json", 0, r#""finished": 0"#),
        ("deliver-messages/schedule.json", 0, r#""unknown": 0"#),
        ("deliver-messages/unknown-campaign.json", 0, r#""batchItemFailures": []"#),
        ("deliver-messages/damaged-body.json", 0, r#""itemIdentifier": "0b0e2f3a"#),
        ("build-reports/schedule.json", 0, r#""version": "20261122T100000Z""#),
        ("build-reports/day-unreadable.json", 1, "detail.from"),
        ("honor-privacy/export.json", 0, r#""format": "rondo-export/1""#),
        ("honor-privacy/erase.json", 0, r#""signature""#),
        ("honor-privacy/restrict.json", 1, "nobody is known by that"),
        ("honor-privacy/log.json", 0, r#""asked by letter of 2026-11-20""#),
        ("honor-privacy/nobody-named.json", 1, "name the person"),
        ("honor-privacy/schedule.json", 0, r#""swept": 0"#),
        ("decide-experience/visitor.json", 0, r#"\"reason\":\"unknown_placement\""#),
        ("decide-experience/get.json", 0, r#""statusCode": 200"#),
        ("decide-experience/no-consent.json", 0, r#""statusCode": 200"#),
        ("decide-experience/wrong-key.json", 0, r#""statusCode": 401"#),
        ("decide-experience/not-json.json", 0, r#""statusCode": 400"#),
    ];
    for (sample, code, part) in cases {
        let (function, file) = sample.split_once('/').unwrap();
        let run = invoke(data.path(), function, file);
        assert_eq!(run.code, code, "{sample}: {}{}", run.out, run.err);
        let text = if code == 0 { &run.out } else { &run.err };
        assert!(text.contains(part), "{sample}: {text}");
    }
    // What they took in is there.
    let profile: Value =
        serde_json::from_str(&output(data.path(), &["profile", "import-1", "--json"])).unwrap();
    assert_eq!(profile["orders"]["count"], 1);
    assert!(output(data.path(), &["profile", "user-2"]).contains("Product Viewed"));
    let quarantine = output(data.path(), &["quarantine", "--json"]);
    let codes: Vec<Value> = quarantine.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(codes.iter().any(|record| record["code"] == "invalid_envelope"), "{quarantine}");
    assert!(codes.iter().all(|record| record.get("original").is_none()), "{quarantine}");
    let shown = codes
        .iter()
        .map(|record| output(data.path(), &["quarantine", "show", record["id"].as_str().unwrap()]));
    assert!(shown.into_iter().any(|text| text.contains("\"purchase\"")), "{quarantine}");
}

#[test]
fn what_does_not_fit_is_told() {
    let data = tempdir().unwrap();
    let run = invoke(data.path(), "send-coupons", "x.json");
    assert!(run.code == 1 && run.err.contains("functions are: collect-events, import-data"), "{}", run.err);
    let wrong = |function: &str, sample: &str| {
        let run = run_with(data.path(), function, &events().join(sample));
        assert_eq!((run.code, run.out.as_str()), (1, ""));
        run.err
    };
    assert!(
        wrong("update-profiles", "import-data/object.json")
            .contains("the event comes from an S3 bucket; this function takes records of a Kinesis stream")
    );
    assert!(
        wrong("archive-events", "build-reports/schedule.json")
            .contains("comes from a schedule; this function")
    );
    assert!(wrong("collect-events", "import-data/none.json").contains("none.json"));
}

fn run_with(data: &Path, function: &str, event: &Path) -> Run {
    run(Some(data), &[Path::new("invoke"), Path::new(function), event])
}
