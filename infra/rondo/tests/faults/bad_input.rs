//! Bad input, each with its reason, and everything else is taken in.

use crate::shop_log::ShopLog;
use crate::state::State;
use crate::{import, ran, rondo, succeed};
use embedded::LakeFolder;
use event::{TimeMark, parse_time};
use lake::LakeStore;
use pollster::block_on;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

fn good(id: &str) -> Vec<u8> {
    let sent = "2026-03-01T10:00:00Z";
    format!(r#"{{"type":"track","event":"Seen","userId":"u1","messageId":"{id}","timestamp":"{sent}","sentAt":"{sent}"}}"#)
        .into_bytes()
}

/// Happened, received, and mark of each event in the lake.
fn times(data: &Path) -> BTreeMap<String, (i64, i64, TimeMark)> {
    let lake = LakeFolder::new(data.join("lake"));
    let mut times = BTreeMap::new();
    for path in block_on(lake.list(lake::EVENTS)).unwrap() {
        lake::replay(&path, block_on(lake.open(&path)).unwrap(), |archived| {
            let event = archived.event;
            times.insert(
                event.message_id.to_string(),
                (event.happened_at, event.received_at, event.time_mark),
            );
        })
        .unwrap();
    }
    times
}

#[allow(clippy::disallowed_methods)] // what the program's own clock is compared with
fn clock() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

#[test]
fn bad_lines_are_refused_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("mixed.ndjson"), folder.path().join("data"));
    let mut not_utf8 = good("m-utf8");
    let at = not_utf8.windows(4).position(|w| w == b"Seen").unwrap();
    not_utf8[at] = 0xff;
    let long = format!(r#"{{"type":"track","event":"Seen","userId":"u1","x":"{}"}}"#, "y".repeat(10 << 20));
    let deep = format!(
        r#"{{"type":"track","event":"Seen","userId":"u1","properties":{{"x":{}1{}}}}}"#,
        "[".repeat(500),
        "]".repeat(500)
    );
    let in_3000 = r#"{"type":"track","event":"Seen","userId":"u1","messageId":"m-3000","timestamp":"3000-01-01T00:00:00Z","sentAt":"2026-03-01T10:00:00Z"}"#;
    let only_3000 = r#"{"type":"track","event":"Seen","userId":"u1","messageId":"m-only-3000","timestamp":"3000-01-01T00:00:00Z"}"#;
    let lines: [&[u8]; 13] = [
        &good("m-1"),
        br#"{"type":"track","event":"Seen","userId":"u1","messageId":"m-cut"#,
        &good("m-2"),
        &not_utf8,
        long.as_bytes(),
        &good("m-3"),
        deep.as_bytes(),
        b"",
        br#"{"type":"track","event":"Seen","messageId":"m-nobody"}"#,
        in_3000.as_bytes(),
        only_3000.as_bytes(),
        b"not json at all",
        // Without an end of its own.
        &good("m-4"),
    ];
    fs::write(&file, lines.join(&b'\n')).unwrap();

    let before = clock();
    let out = succeed(import(&file, &data));
    assert!(out.contains("6 events") && out.contains("6 records in quarantine"), "{out}");
    let refused = [
        (2, "invalid_json"),
        (4, "invalid_utf8"),
        (5, "too_large"),
        (7, "too_deep"),
        (9, "missing_identifier"),
        (12, "invalid_json"),
    ];
    let state = State::of(&data);
    assert_eq!(state.refused(), refused);
    // A record that is too large is kept in part, all others whole.
    for (source, _, _, _, original) in &state.quarantine {
        let line = lines[source.rsplit(':').next().unwrap().parse::<usize>().unwrap() - 1];
        assert!(source.starts_with("mixed.ndjson:"), "{source}");
        assert!(original == &line[..line.len().min(32 << 10)], "{source}");
    }

    let times = times(&data);
    let ids: Vec<&str> = times.keys().map(String::as_str).collect();
    assert_eq!(ids, ["m-1", "m-2", "m-3", "m-3000", "m-4", "m-only-3000"]);
    let sent = parse_time("2026-03-01T10:00:00Z").unwrap();
    assert_eq!(times["m-1"], (sent, sent, TimeMark::Given));
    assert_eq!(times["m-3000"], (sent, sent, TimeMark::Future));
    let (happened, received, mark) = times["m-only-3000"];
    assert_eq!((happened, mark), (received, TimeMark::Future));
    assert!((before..=clock()).contains(&received), "it was received when it was imported");

    // The same is told to whoever asks, a line each.
    let shown = succeed(rondo("quarantine", &data));
    for (line, code) in refused {
        let named = |text: &&str| text.contains(&format!("mixed.ndjson:{line} ")) && text.contains(code);
        assert_eq!(shown.lines().filter(named).count(), 1, "line {line}, {code} in\n{shown}");
    }
    // What was refused is not refused twice.
    fs::rename(&file, folder.path().join("other.ndjson")).unwrap();
    succeed(import(&folder.path().join("other.ndjson"), &data));
    assert_eq!(State::of(&data).quarantine.len(), 6);
}

#[test]
fn a_file_that_cannot_be_read_is_one_clear_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let missing = folder.path().join("missing.ndjson");
    let unnamed = folder.path().join("rows.csv");
    fs::write(&unnamed, "a,b\n").unwrap();
    let cases = [
        (missing.as_path(), "there is no such file"),
        (folder.path(), "it is a folder"),
        (&unnamed, "needs a mapping"),
    ];
    for (file, reason) in cases {
        let (code, out, err) = ran(import(file, &data));
        assert_eq!((code, out.as_str(), err.lines().count()), (1, "", 1), "{err}");
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(err.starts_with("rondo: ") && err.contains(name) && err.contains(reason), "{err}");
    }
}

const CAMPAIGN: &str = "\
name: browse
entry:
  event: Product Viewed
  when: event.properties.dwell_ms >= 20000
steps:
  - wait: 3d
  - send: coupon
    subject: Still thinking?
    template: coupon.txt
";

#[test]
fn mistakes_in_campaigns_stop_the_import_and_name_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("shop.ndjson"), folder.path().join("data"));
    fs::write(&file, ShopLog::new(2, 20, 5).text()).unwrap();
    let config = data.join("config");
    for part in ["campaigns", "templates"] {
        fs::create_dir_all(config.join(part)).unwrap();
    }
    fs::write(config.join("templates/coupon.txt"), "A coupon.").unwrap();
    let campaign = config.join("campaigns/browse.yaml");
    // The text, where a person would point at, and what the message has to name.
    let unknown = CAMPAIGN.replace("steps:", "audiance: profile.orders.count > 0\nsteps:");
    let not_cel = CAMPAIGN.replace(">= 20000", ">= >= 20000");
    for (text, place, named) in [(&unknown, "5:1:", "audience"), (&not_cel, "4:", ">=")] {
        fs::write(&campaign, text).unwrap();
        for command in [import(&file, &data), rondo("check", &data)] {
            let (code, out, err) = ran(command);
            assert_eq!(code, 1, "{out}{err}");
            assert!(err.contains(&format!("{}:{place}", campaign.display())), "{err}");
            assert!(err.contains(named), "{err}");
        }
        assert!(!data.join("store.redb").exists(), "nothing is begun with mistakes in the configuration");
    }
    fs::write(&campaign, CAMPAIGN).unwrap();
    succeed(rondo("check", &data));
    succeed(import(&file, &data));
}
