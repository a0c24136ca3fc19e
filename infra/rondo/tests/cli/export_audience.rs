//! Audiences for advertising platforms.

use crate::rondo::{output, run, write};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::tempdir;

/// By Python's hashlib: ann@example.com, +4915112345678, ann, lee; and for Meta without the plus.
const ANN: &str = "71d4f55f72fa128dfb468a1a3901507c804b74316488744d769d7f4b16696476,536afd523e19dc83fccba822ef5e4ca646111314aaf0aa286667c5bea18dd70b,49915e0d7d4b402e3017d010bc1c0e83cac6c797d6c16e66340fe3268693a6a1,1508b697895abf03d55c3841f59236ab92c9ba6ba89795c8337fcf392fdee8b4";
const ANN_META: &str = "71d4f55f72fa128dfb468a1a3901507c804b74316488744d769d7f4b16696476,8efb96404be52f6109b9db0f687274a81e9e3cc23fabd6f0da5d38baa3d2facd,49915e0d7d4b402e3017d010bc1c0e83cac6c797d6c16e66340fe3268693a6a1,1508b697895abf03d55c3841f59236ab92c9ba6ba89795c8337fcf392fdee8b4";
/// bob@example.com
const BOB: &str = "5ff860bf1190596c7188ab851db691f0f3169c453936e9e1eba2f9a47f7a0018,,,";

const EVERYBODY: &str = "profile.known";

fn person(id: &str, traits: Value, marketing: Option<bool>) -> Value {
    let mut record = json!({"type": "identify", "userId": id, "messageId": format!("i-{id}"),
        "timestamp": "2026-11-01T10:00:00Z", "traits": traits});
    if let Some(answer) = marketing {
        record["context"] = json!({"consent": {"categoryPreferences": {"marketing": answer}}});
    }
    record
}

fn import(folder: &Path, data: &Path, name: &str, records: &[Value]) {
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    write(folder, &[(name, &lines)]);
    output(data, &[Path::new("import"), &folder.join(name)]);
}

#[test]
fn who_agreed_is_on_the_list_and_who_takes_it_back_is_removed() {
    let folder = tempdir().unwrap();
    let (data, out) = (folder.path().join("data"), folder.path().join("lists"));
    write(&data, &[("config/settings.yaml", "region: DE\n")]);
    let ann = json!({"email": "Ann@Example.com", "phone": "+49 151 12345678", "first_name": "Ann", "last_name": "Lee"});
    let records = [
        person("ann", ann, Some(true)),
        person("bob", json!({"email": "bob@example.com"}), Some(true)),
        person("cleo", json!({"email": "cleo@example.com"}), Some(false)),
        person("dan", json!({"email": "dan@example.com"}), None),
        person("eve", json!({"plan": "gold"}), Some(true)),
    ];
    import(folder.path(), &data, "people.ndjson", &records);
    let out_text = out.to_str().unwrap();
    let export = |platform: &str| {
        output(&data, &["export-audience", EVERYBODY, "--for", platform, "--name", "all", "--out", out_text])
    };
    let lines = |name: &str| {
        let text = fs::read_to_string(out.join(name)).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let header = lines.remove(0);
        lines.sort();
        (header, lines)
    };
    let sorted = |lines: &[&str]| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        lines.sort();
        lines
    };
    let text = export("google");
    assert!(text.contains("2 on the list, 2 added, 0 removed"), "{text}");
    assert!(text.contains("1 have neither"), "{text}");
    let header = "Email,Phone,First Name,Last Name".to_owned();
    assert_eq!(lines("all.csv"), (header.clone(), sorted(&[ANN, BOB])));
    assert_eq!(lines("added.csv"), (header.clone(), sorted(&[ANN, BOB])));
    assert_eq!(lines("removed.csv"), (header, vec![]));
    assert_eq!(fs::metadata(out.join("all.csv")).unwrap().permissions().mode() & 0o777, 0o600);

    // Nothing changed; then Ann takes it back.
    assert!(export("google").contains("0 added, 0 removed"));
    let no = json!({"type": "page", "userId": "ann", "messageId": "no", "timestamp": "2026-11-02T10:00:00Z",
        "context": {"consent": {"categoryPreferences": {"marketing": false}}}});
    import(folder.path(), &data, "no.ndjson", &[no]);
    assert!(export("google").contains("1 on the list, 0 added, 1 removed"));
    assert_eq!(lines("removed.csv").1, [ANN]);
    assert_eq!(lines("all.csv").1, [BOB]);

    // Another platform has a list of its own.
    let text = export("meta");
    assert!(text.contains("1 added, 0 removed"), "{text}");
    assert_eq!(lines("added.csv").0, "email,phone,fn,ln");
    assert_ne!(ANN, ANN_META);
    // What is kept between exports names nobody.
    for file in fs::read_dir(data.join("audiences")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for line in [ANN, BOB] {
            assert!(!text.contains(&line[..64]), "{text}");
        }
    }
}

#[test]
fn mistakes_are_told() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    write(&data, &[("config/settings.yaml", "region: DE\n")]);
    import(folder.path(), &data, "people.ndjson", &[person("ann", json!({}), None)]);
    let out = folder.path().to_str().unwrap();
    let fails = |arguments: &[&str]| {
        let run = run(Some(&data), arguments);
        assert_ne!(run.code, 0, "{}", run.out);
        run.err
    };
    let unknown = fails(&["export-audience", EVERYBODY, "--for", "bing", "--name", "x", "--out", out]);
    assert!(unknown.contains("google or meta"), "{unknown}");
    let unnamed = fails(&["export-audience", EVERYBODY, "--for", "meta", "--out", out]);
    assert!(unnamed.contains("--name"), "{unnamed}");
    let outside = fails(&["export-audience", EVERYBODY, "--for", "meta", "--name", "../x", "--out", out]);
    assert!(outside.contains("no name of a list"), "{outside}");
    let wrong = fails(&["export-audience", "profile.known &&", "--for", "meta", "--name", "x", "--out", out]);
    assert!(wrong.contains("neither a campaign nor a condition"), "{wrong}");
}
