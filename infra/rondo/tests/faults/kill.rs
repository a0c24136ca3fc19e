//! A process that is killed goes on where it stood, as if nothing had happened.

use crate::shop_log::{Random, ShopLog};
use crate::state::{State, copy_keys};
use crate::{import, succeed};
use embedded::BusLog;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

const SIGKILL: i32 = 9;

/// An import in small steps, so that a kill lands between any two of them.
fn stepwise(file: &Path, data: &Path) -> Command {
    let mut command = import(file, data);
    command.args(["--batch", "100"]);
    command
}

fn segments(data: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(data.join("bus")).into_iter().flatten();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// How much was accepted.
fn log_bytes(data: &Path) -> u64 {
    segments(data).iter().map(|file| file.metadata().map_or(0, |file| file.len())).sum()
}

/// How many events were accepted. Their frames may differ: where a batch ends depends on what was read at once.
fn accepted(data: &Path) -> usize {
    let mut reader = BusLog::open(&data.join("bus")).unwrap().read_from(0).unwrap();
    let mut events = 0;
    while let Some(frame) = reader.next_frame().unwrap() {
        events += frame.events().unwrap().len();
    }
    events
}

/// Starts an import and kills it `delay` after the log has grown to `goal` bytes.
fn kill_at(file: &Path, data: &Path, goal: u64, delay: Duration) -> ExitStatus {
    let mut child = stepwise(file, data).spawn().unwrap();
    let begun = Instant::now();
    while log_bytes(data) < goal && child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the import stands still");
        sleep(Duration::from_micros(200));
    }
    sleep(delay);
    // It may have ended by now.
    let _ = child.kill();
    child.wait().unwrap()
}

/// What a crash of the machine may leave behind the last whole frame: the beginning of another.
fn tear(data: &Path, random: &mut Random) {
    let Some(last) = segments(data).pop() else { return };
    let bytes = fs::read(&last).unwrap();
    let torn = 1 + random.below(bytes.len().min(9_000) as u64 - 1) as usize;
    OpenOptions::new().append(true).open(&last).unwrap().write_all(&bytes[..torn]).unwrap();
}

#[test]
fn ten_kills_leave_what_an_undisturbed_import_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let file = folder.path().join("shop.ndjson");
    let log = ShopLog::new(0x5eed, 14_000, 350);
    fs::write(&file, log.text()).unwrap();

    succeed(stepwise(&file, &whole));
    let end = log_bytes(&whole);
    copy_keys(&whole, &killed);

    let mut random = Random(7);
    let mut interrupted = 0;
    for kill in 0..10 {
        let before = log_bytes(&killed);
        let goal = end * (kill + 1) / 12 + random.below(end / 24);
        let status = kill_at(&file, &killed, goal, Duration::from_micros(random.below(25_000)));
        let after = log_bytes(&killed);
        if status.signal() == Some(SIGKILL) && before < after && after < end {
            interrupted += 1;
        }
        // A kill while it takes up what the one before left.
        let status = kill_at(&file, &killed, 0, Duration::from_micros(random.below(40_000)));
        if status.signal() == Some(SIGKILL) && kill % 2 == 0 {
            tear(&killed, &mut random);
        }
    }
    assert!(interrupted >= 8, "only {interrupted} of 10 kills came in the middle");
    let out = succeed(stepwise(&file, &killed));
    assert_eq!(accepted(&killed), accepted(&whole), "nothing was accepted twice: {out}");
    let out = succeed(stepwise(&file, &killed));
    assert!(out.contains("nothing to do"), "{out}");

    let (whole, killed) = (State::of(&whole), State::of(&killed));
    // The log tells by itself what has to be there.
    assert_eq!(whole.message_ids(), log.accepted);
    assert_eq!(whole.refused(), log.refused);
    assert!(log.lines.len() > log.accepted.len() + log.refused.len() + 100, "there are duplicates in it");
    assert!(whole.vault.len() > 100 && whole.profiles.len() > 300);
    killed.message_ids();
    killed.assert_same(&whole);
}

#[test]
fn a_kill_while_an_installation_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.ndjson");
    let log = ShopLog::new(1, 60, 5);
    fs::write(&file, log.text()).unwrap();
    // Killed ever later: before the keys, the store, the log, the first batch.
    for n in 0..40u64 {
        let data = folder.path().join(n.to_string());
        kill_at(&file, &data, 0, Duration::from_micros(n * 1_500));
        succeed(stepwise(&file, &data));
        let state = State::of(&data);
        assert_eq!(state.message_ids(), log.accepted, "killed after {n} × 1.5 ms");
        assert_eq!(state.refused(), log.refused);
    }
}
