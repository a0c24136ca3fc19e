//! What a person agreed to, as `rondo consent` tells it, and mistakes in the settings of consent.

use crate::rondo::{output, run, write};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

/// Ann agrees on her tablet, takes a part of it back, and answers again as a member; Bob is asked on the same tablet.
fn shop() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    write(&data, &[("config/settings.yaml", "region: DE\ntime_zone: Europe/Berlin\n")]);
    let banner = |day: u32, id: &str, who: Value, answers: Value, version: &str| {
        let mut record = json!({"type": "page", "messageId": id, "timestamp": format!("2026-11-{day:02}T10:00:00Z"),
            "context": {"device": {"id": "tablet"}, "consent": {"categoryPreferences": answers, "version": version, "method": "banner"}}});
        record.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        record
    };
    let records = [
        banner(
            1,
            "m-1",
            json!({"anonymousId": "anon-1"}),
            json!({"analytics": true, "marketing": true}),
            "v1",
        ),
        banner(
            3,
            "m-3",
            json!({"userId": "ann", "anonymousId": "anon-1"}),
            json!({"marketing": false}),
            "v2",
        ),
        json!({"type": "track", "messageId": "m-2", "userId": "ann", "event": "Subscribed", "timestamp": "2026-11-02T10:00:00Z",
            "properties": {"channel": "email"}}),
        json!({"type": "identify", "messageId": "m-4", "userId": "ann", "timestamp": "2026-11-04T10:00:00Z", "traits": {"sms_opt_in": false}}),
        json!({"type": "page", "messageId": "m-5", "userId": "ann", "timestamp": "2026-11-05T10:00:00Z"}),
        banner(6, "m-6", json!({"userId": "bob"}), json!({"marketing": true}), "v2"),
        // She no longer wants to be counted: only the answer is kept.
        banner(7, "m-7", json!({"userId": "ann"}), json!({"analytics": false}), "v2"),
    ];
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    write(folder.path(), &[("web.ndjson", &lines)]);
    output(&data, &[Path::new("import"), &folder.path().join("web.ndjson")]);
    (folder, data)
}

#[test]
fn the_last_answers_and_what_proves_them() {
    let (_folder, data) = shop();
    let text = output(&data, &["consent", "ann"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("Person "), "{text}");
    let at = |day: u32| format!("2026-11-{day:02} 11:00 Europe/Berlin (10:00 UTC)");
    let has = |start: &str, rest: &str| {
        assert!(
            lines.iter().any(|line| line.starts_with(start) && line.contains(rest)),
            "{start} … {rest} in {text}"
        );
    };
    has(
        &format!("  analytics: no since {}", at(7)),
        " to text v2, by banner, told by web.ndjson in message ",
    );
    has(
        &format!("  marketing: no since {}", at(3)),
        " to text v2, by banner, told by web.ndjson in message ",
    );
    has(&format!("  email: yes since {}", at(2)), ", by subscription, told by web.ndjson in message ");
    has(&format!("  sms: no since {}", at(4)), ", by opt_in, told by web.ndjson in message ");
    assert_eq!(lines[1..].iter().filter(|line| !line.starts_with(' ')).count(), 2, "{text}");

    let json: Value = serde_json::from_str(&output(&data, &["consent", "ann", "--json"])).unwrap();
    let marketing = &json["purposes"]["marketing"];
    assert_eq!(marketing["granted"], false);
    assert_eq!(marketing["at"], "2026-11-03T10:00:00.000Z");
    let proof = json!({"source": "web.ndjson", "method": "banner", "version": "v2",
        "message": format!("{:016x}", event::MessageHash::of("m-3").0)});
    assert_eq!(marketing["proof"], proof);
    assert_eq!(json["channels"]["email"]["granted"], true);
    assert_eq!(json["history"], Value::Null);
}

#[test]
fn every_answer_that_was_ever_given() {
    let (_folder, data) = shop();
    let text = output(&data, &["consent", "ann", "--history"]);
    let (_, history) = text.split_once("\nHistory\n").unwrap();
    let told: Vec<(&str, &str)> = history.lines().map(|line| line.split_once("UTC)  ").unwrap()).collect();
    let answers: Vec<&str> = told.iter().map(|(_, answer)| *answer).collect();
    assert_eq!(
        answers,
        [
            "analytics: yes to text v1, by banner, told by web.ndjson in message m-1",
            "marketing: yes to text v1, by banner, told by web.ndjson in message m-1",
            "email: yes, by subscription, told by web.ndjson in message m-2",
            "marketing: no to text v2, by banner, told by web.ndjson in message m-3",
            "sms: no, by opt_in, told by web.ndjson in message m-4",
            "analytics: no to text v2, by banner, told by web.ndjson in message m-7",
        ]
    );
    assert!(told[0].0.contains("2026-11-01 11:00"), "{text}");
    let json: Value =
        serde_json::from_str(&output(&data, &["consent", "bob", "--history", "--json"])).unwrap();
    let proof = json!({"source": "web.ndjson", "method": "banner", "version": "v2", "message_id": "m-6"});
    let answer =
        json!({"name": "marketing", "granted": true, "at": "2026-11-06T10:00:00.000Z", "proof": proof});
    assert_eq!(json["history"], json!([answer]));
}

#[test]
fn who_was_never_asked() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let line = r#"{"type": "page", "userId": "cat", "timestamp": "2026-11-01T10:00:00Z"}"#;
    write(folder.path(), &[("web.ndjson", line)]);
    output(&data, &[Path::new("import"), &folder.path().join("web.ndjson")]);
    let text = output(&data, &["consent", "cat", "--history"]);
    assert!(text.contains("Purposes\n  never asked\nChannels\n  never asked for one alone\n"), "{text}");
    assert!(text.trim_end().ends_with("History\n  the lake holds no answer"), "{text}");
    let unknown = run(Some(&data), &["consent", "dog"]);
    assert!(unknown.code == 1 && unknown.err.contains("nobody is known by `dog`"), "{}", unknown.err);
}

#[test]
fn mistakes_in_the_settings_are_told_with_file_line_and_fix() {
    let folder = tempdir().unwrap();
    for (settings, place, fix) in [
        (
            "consent:\n  analytics: perhaps\n",
            "settings.yaml:2:",
            "write `assumed` (taken unless a record says no) or `required`",
        ),
        (
            "consent:\n  categories:\n    C0004: Marketing E-Mail\n",
            "settings.yaml:3:12:",
            "write analytics, personalisation, marketing or service",
        ),
        (
            "consent:\n  categories:\n    C0004: [marketing, \"\"]\n",
            "settings.yaml:3:12:",
            "or a channel like email, in lower case",
        ),
        ("consent:\n  exempted: [shop]\n", "settings.yaml:2:", "exempt"),
        (
            "consent:\n  categories:\n    C0004: { marketing: true }\n",
            "settings.yaml:3:12:",
            "write `marketing` or `[marketing, push]`",
        ),
    ] {
        write(folder.path(), &[("config/settings.yaml", settings)]);
        let check = run(None, &[Path::new("check"), &folder.path().join("config")]);
        let said = format!("{}{}", check.out, check.err);
        assert_eq!(check.code, 1, "{settings}: {said}");
        assert!(said.contains(place) && said.contains(fix), "{settings}: {said}");
    }
}

#[test]
fn records_of_which_nothing_was_kept_are_counted() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let no = json!({"consent": {"categoryPreferences": {"analytics": false}}});
    let records = [
        // Nobody to keep the answer of.
        json!({"type": "track", "event": "Seen", "userId": "null", "context": no}),
        json!({"type": "track", "event": "Seen", "userId": "", "context": no}),
        // Only the answer is kept.
        json!({"type": "track", "event": "Seen", "userId": "dan", "context": no}),
        json!({"type": "track", "event": "Seen", "userId": "eve"}),
    ];
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    write(folder.path(), &[("web.ndjson", &lines)]);
    output(&data, &[Path::new("import"), &folder.path().join("web.ndjson")]);
    let quality: Value = serde_json::from_str(&output(&data, &["quality", "--json"])).unwrap();
    let web = &quality["sources"][0];
    assert_eq!((&web["source"], &web["total"]["withheld"]), (&json!("web.ndjson"), &json!(3)), "{web}");
    assert_eq!(web["total"]["rejected"], json!({}));
    assert!(output(&data, &["quarantine"]).starts_with("Nothing is in quarantine"));
}
