//! An unmerge and an erasure that are killed half way: done or not begun, or taken up again.

use crate::state::State;
use crate::{import, ran, rondo, succeed};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How often it is killed, each time later.
const KILLS: u32 = 8;

/// Ben looked around in the browser in which Ann signed in; both came back often, and somebody else did.
fn history() -> String {
    let seen = |n: u32, user: Option<&str>, browser: &str| {
        let (minute, second) = (n / 60 % 60, n % 60);
        let record = json!({
            "type": "track", "event": "Product Viewed", "messageId": format!("m-{n}"), "userId": user,
            "anonymousId": browser, "timestamp": format!("2026-11-01T10:{minute:02}:{second:02}Z"),
            "properties": {"product_id": format!("sku-{}", n % 50)},
        });
        format!("{record}\n")
    };
    let mut lines = seen(0, None, "home") + &seen(1, Some("ann-1"), "home");
    let mail = |user: &str| {
        let record = json!({"type": "identify", "userId": user, "messageId": format!("i-{user}"),
            "timestamp": "2026-11-01T09:00:00Z", "traits": {"email": format!("{user}@example.com")}});
        format!("{record}\n")
    };
    lines += &["ann-1", "ben-2", "eve-3"].map(mail).concat();
    for n in 2..2_000 {
        lines += &match n % 4 {
            0 => seen(n, Some("ann-1"), "phone"),
            1 => seen(n, None, "home"),
            2 => seen(n, Some("ben-2"), "laptop"),
            _ => seen(n, Some("eve-3"), "tablet"),
        };
    }
    lines
}

/// An installation that holds all of it, to be copied.
fn made() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("made"), folder.path().join("log.ndjson"));
    fs::write(&file, history()).unwrap();
    succeed(import(&file, &data));
    (folder, data)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Kills a command after a while, unless it has ended by then.
fn kill(mut command: Command, delay: Duration) {
    let mut child = command.spawn().unwrap();
    sleep(delay);
    let _ = child.kill();
    child.wait().unwrap();
}

fn unmerge(data: &Path) -> Command {
    let mut command = rondo("unmerge", data);
    command.arg("ann-1");
    command
}

fn erase(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rondo"));
    command.args(["privacy", "erase", "ann-1", "--by", "dana", "--yes", "--data"]).arg(data);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    command
}

fn person(data: &Path, id: &str) -> (i32, String) {
    let mut command = rondo("profile", data);
    command.args([id, "--json"]);
    let (code, out, _) = ran(command);
    (code, out)
}

#[test]
fn a_killed_unmerge_is_done_or_not_begun() {
    let (folder, made) = made();
    let whole = folder.path().join("whole");
    copy(&made, &whole);
    let begun = Instant::now();
    succeed(unmerge(&whole));
    let took = begun.elapsed();
    let (before, after) = (State::of(&made), State::of(&whole));
    assert!(before.profiles != after.profiles, "something was undone");
    for n in 0..KILLS {
        let data = folder.path().join(format!("killed-{n}"));
        copy(&made, &data);
        kill(unmerge(&data), took * n / (KILLS - 1));
        // Opened again, it takes up what the kill left.
        assert_eq!(person(&data, "eve-3").0, 0);
        let state = State::of(&data);
        if state.profiles != after.profiles {
            state.assert_same(&before);
            succeed(unmerge(&data));
        }
        State::of(&data).assert_same(&after);
    }
}

#[test]
fn a_killed_erasure_goes_on() {
    let (folder, made) = made();
    let whole = folder.path().join("whole");
    copy(&made, &whole);
    let begun = Instant::now();
    succeed(erase(&whole));
    let took = begun.elapsed();
    let after = State::of(&whole);
    assert!(after.lake.len() < 1_200 && after.lake.len() > 900, "{}", after.lake.len());
    for n in 0..KILLS {
        let data = folder.path().join(format!("killed-{n}"));
        copy(&made, &data);
        kill(erase(&data), took * n / (KILLS - 1));
        // What was begun is ended by whoever opens the folder next; what was not, is asked for again.
        if person(&data, "ann-1").0 == 0 {
            succeed(erase(&data));
        }
        State::of(&data).assert_same(&after);
        assert_eq!(fs::read_dir(data.join("privacy/receipts")).unwrap().count(), 1);
        assert!(fs::read_dir(data.join("privacy/jobs")).unwrap().next().is_none());
    }
}
