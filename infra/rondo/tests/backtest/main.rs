//! A backtest decides as the live run over the same events did.

use campaign::{Campaigns, LedgerEntry, LedgerState};
use config::{Config, Files, FromFiles};
use event::{DAY, parse_time};
use rondo::{Compared, Installation, Summary};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The folders of a configuration.
const PARTS: [&str; 4] = ["", "campaigns", "templates", "tracking-plan"];

fn shop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/shop")
}

/// The sample shop's files.
fn files() -> Files {
    let root = shop().join("config");
    let mut files = Files::default();
    for folder in PARTS {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            if path.is_file() {
                let text = fs::read_to_string(&path).unwrap();
                files.insert(
                    &name,
                    if name.ends_with("new-product-launch.yaml") { launched_in_june(&text) } else { text },
                );
            }
        }
    }
    files
}

/// The launch within the month that the log is of.
fn launched_in_june(text: &str) -> String {
    let changes =
        [("2026-04-20T", "2026-06-20T"), ("2026-04-23T", "2026-06-24T"), ("0 10 21 4 *", "0 10 22 6 *")];
    changes.iter().fold(text.to_owned(), |text, (april, june)| {
        assert!(text.contains(april), "{april}");
        text.replace(april, june)
    })
}

/// The shop's month, in which everybody who signs in tells a birthday in June.
fn log() -> Vec<u8> {
    let mut log = Vec::new();
    for (n, line) in fs::read(shop().join("shop.ndjson")).unwrap().split(|byte| *byte == b'\n').enumerate() {
        match serde_json::from_slice::<Value>(line) {
            Ok(mut record) if record["type"] == "identify" && record["traits"].is_object() => {
                record["traits"]["birthday"] = format!("1990-06-{:02}", n % 30 + 1).into();
                log.extend_from_slice(record.to_string().as_bytes());
            }
            _ => log.extend_from_slice(line),
        }
        log.push(b'\n');
    }
    log
}

fn campaigns(files: &Files) -> Campaigns {
    let (config, problems) = Config::read(files);
    assert!(problems.is_empty(), "{problems}");
    config.campaigns
}

/// The shop's month, played live; the clock stands at its end.
fn played() -> (TempDir, Installation, i64) {
    let folder = tempfile::tempdir().unwrap();
    let files = files();
    for (path, text) in PARTS.iter().flat_map(|part| files.below(part)) {
        let path = folder.path().join("config").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir_all(folder.path().join("keys")).unwrap();
    fs::write(folder.path().join("keys/hash.key"), b"the test's key, not kept secret!").unwrap();
    let mut installation = Installation::open(folder.path()).unwrap();
    let end = installation.play("shop.ndjson", &log(), |_, _| ()).unwrap();
    installation.advance(end, end + DAY).unwrap();
    (folder, installation, end + DAY)
}

fn ledger(installation: &Installation) -> Vec<LedgerEntry> {
    installation.pump.store.commit().unwrap();
    let mut entries = Vec::new();
    installation.pump.store.each_ledger_entry(|entry| entries.push(entry)).unwrap();
    entries.sort_by_key(|entry| entry.action);
    entries
}

#[test]
fn a_backtest_comes_to_what_the_live_run_came_to_byte_for_byte() {
    let (folder, mut installation, end) = played();
    let live = ledger(&installation);
    let again = installation.backtest(campaigns(&files()), 0, end).unwrap();
    let sent = live.iter().filter(|entry| entry.state == LedgerState::Sent).count();
    assert!(live.len() > 500 && sent > 100, "{} decisions, {sent} sent", live.len());
    assert_eq!(again.len(), live.len());
    for (again, live) in again.iter().zip(&live) {
        assert_eq!(again, live);
        assert_eq!(again.encode(), live.encode());
    }
    assert_eq!(ledger(&installation), live, "and it wrote nothing");
    // Those that the calendar and dates begin are among them, as the month has them.
    for name in ["birthday", "new-product-launch", "promotion"] {
        let sent = live.iter().filter(|entry| entry.campaign == name && entry.state == LedgerState::Sent);
        assert!(sent.count() > 5, "{name}");
    }

    // The same counts, reckoned from the live ledger by hand.
    let since = parse_time("2026-06-15T00:00:00Z").unwrap();
    let summary = Summary::of(&again, "cart-abandonment", since);
    let own: Vec<&LedgerEntry> =
        live.iter().filter(|entry| entry.campaign == "cart-abandonment" && entry.at >= since).collect();
    let sent: Vec<&LedgerEntry> = own.iter().copied().filter(|e| e.state == LedgerState::Sent).collect();
    assert!(!sent.is_empty() && summary.decided == own.len() as u64 && summary.sent == sent.len() as u64);
    assert_eq!(summary.steps.values().sum::<u64>(), summary.sent);
    assert_eq!(summary.refused.values().sum::<u64>() + summary.sent + summary.held, summary.decided);
    let browsed = sent.iter().filter(|cart| {
        live.iter().any(|entry| {
            entry.campaign == "browse-abandonment"
                && entry.person == cart.person
                && entry.state == LedgerState::Sent
                && entry.at >= since
        })
    });
    let mut people: Vec<_> = browsed.map(|entry| entry.person).collect();
    people.sort();
    people.dedup();
    assert_eq!(summary.overlap.get("browse-abandonment").copied().unwrap_or(0), people.len() as u64);

    // Another version: no last call, and a reminder after eight hours.
    let mut changed = Files::default();
    let files = files();
    for (path, text) in PARTS.iter().flat_map(|part| files.below(part)) {
        let text = if path.ends_with("cart-abandonment.yaml") {
            text.split("  - wait: 1d\n").next().unwrap().replace("wait: 4h", "wait: 8h")
                + "limits:\n  per_day: 2\n  quiet_hours: { from: \"22:00\", to: \"08:00\" }\n  holdout: 0.1\n"
        } else {
            text.to_owned()
        };
        changed.insert(path, text);
    }
    let after = installation.backtest(campaigns(&changed), 0, end).unwrap();
    let summary = Summary::of(&after, "cart-abandonment", 0);
    assert_eq!(summary.steps.keys().collect::<Vec<_>>(), ["reminder"]);
    let compared = Compared::of(&again, &after, "cart-abandonment", 0);
    let before = Summary::of(&again, "cart-abandonment", 0);
    assert_eq!(compared.both + compared.only_before, before.sent);
    assert_eq!(compared.both + compared.only_after, summary.sent);
    assert!(compared.only_before >= before.steps["last-call"], "{compared:?}");

    // The command says the same of a time that is over.
    installation.close().unwrap();
    let file = folder.path().join("cart-in-eight-hours.yaml");
    fs::write(&file, changed.get("campaigns/cart-abandonment.yaml").unwrap()).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rondo"));
        command.args(["backtest"]).args(arguments).arg("--data").arg(folder.path());
        command.output().unwrap()
    };
    let ran = run(&[
        "cart-abandonment",
        "--since",
        "2026-06-01",
        "--until",
        "2026-07-02",
        "--json",
        "--list",
        "--against",
        file.to_str().unwrap(),
    ]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(told["live"]["sent"], before.sent, "all of it was decided by the end of the month");
    assert_eq!(told["live"]["steps"], serde_json::json!(before.steps));
    assert_eq!(told["live"]["decisions"].as_array().unwrap().len() as u64, before.decided);
    assert_eq!(told["against"]["sent"], summary.sent);
    assert_eq!(told["compared"]["both"], compared.both);
    // A tenth of a dollar for a thousand e-mails.
    let cost = told["live"]["cost_usd"].as_f64().unwrap();
    assert!((cost - before.sent as f64 / 10_000.0).abs() < 1e-9, "{cost}");
    // Beside a running server, which goes on meanwhile.
    let mut serve = Command::new(env!("CARGO_BIN_EXE_rondo"));
    serve.args(["serve", "--listen", "127.0.0.1:0", "--write-key", "app=key", "--data"]).arg(folder.path());
    let mut server = serve.stdout(Stdio::piped()).spawn().unwrap();
    let mut listens = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut listens).unwrap();
    let beside =
        run(&["cart-abandonment", "--since", "2026-06-01", "--until", "2026-07-02", "--json", "--list"]);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(beside.status.success(), "{}", String::from_utf8_lossy(&beside.stderr));
    let beside: Value = serde_json::from_slice(&beside.stdout).unwrap();
    assert_eq!(beside["live"], told["live"]);
    // Half the time, what was decided in it.
    let half = run(&["cart-abandonment", "--since", "2026-06-01", "--until", "2026-06-16", "--json"]);
    let half: Value = serde_json::from_slice(&half.stdout).unwrap();
    let middle = parse_time("2026-06-16T00:00:00Z").unwrap();
    let early = live.iter().filter(|e| e.campaign == "cart-abandonment" && e.at <= middle);
    let early = early.filter(|entry| entry.state == LedgerState::Sent).count();
    assert!(early > 0 && half["live"]["sent"] == early, "{early}, {half}");
    let backwards = run(&["cart-abandonment", "--since", "2026-06-02", "--until", "2026-06-01"]);
    assert!(String::from_utf8_lossy(&backwards.stderr).contains("lies before"));
    let unknown = run(&["cart"]);
    let error = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(!unknown.status.success() && error.contains("there is no campaign `cart`"), "{error}");
    let other = folder.path().join("config/campaigns/welcome.yaml");
    let error = run(&["cart-abandonment", "--against", other.to_str().unwrap()]).stderr;
    assert!(String::from_utf8_lossy(&error).contains("its `name` is another"));
}
