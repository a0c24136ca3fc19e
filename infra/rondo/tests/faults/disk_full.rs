//! A disk that takes no more: the error names the file, and nothing is lost once there is room again.
//!
//! The limit on the size of a file stands in for the end of the disk: a write beyond it fails as one to a full
//! disk does, in the middle.

use crate::shop_log::ShopLog;
use crate::state::{State, copy_keys};
use crate::{import, ran, succeed};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// A command whose files can't grow beyond `bytes`.
#[allow(unsafe_code)] // limits can be set only between fork and exec
fn limited(mut command: Command, bytes: u64) -> Command {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: both calls may be made between fork and exec, and read nothing but `limit`.
    unsafe {
        command.pre_exec(move || {
            // Else the signal would end the process before it sees the error.
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            match libc::setrlimit(libc::RLIMIT_FSIZE, &limit) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
    command
}

/// Runs an import that has to fail of the limit; returns the file that its error names, from the data folder.
fn fails(command: Command, data: &Path, bytes: u64) -> String {
    let (code, out, err) = ran(limited(command, bytes));
    assert_eq!(code, 1, "with {bytes} bytes: {out}{err}");
    assert!(err.starts_with("rondo: ") && !err.contains("panicked") && err.lines().count() == 1, "{err}");
    assert!(err.contains("too large"), "it says what the system said: {err}");
    let from =
        err.split(&format!("{}/", data.display())).nth(1).unwrap_or_else(|| panic!("no file in: {err}"));
    from.split([':', ' ']).next().unwrap().to_owned()
}

fn bytes_of(file: &Path) -> u64 {
    file.metadata().unwrap().len()
}

#[test]
fn an_import_goes_on_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.ndjson");
    let log = ShopLog::new(3, 6_000, 4_000);
    fs::write(&file, log.text()).unwrap();
    let mut named = Vec::new();
    for batch in ["100", "100000"] {
        let stepwise = |data: &Path| {
            let mut command = import(&file, data);
            command.args(["--batch", batch]);
            command
        };
        let whole = folder.path().join(batch);
        succeed(stepwise(&whole));
        let expected = State::of(&whole);
        assert_eq!(expected.message_ids(), log.accepted);
        let sizes =
            ["bus/00000000000000000000.log", "store.redb"].map(|name| bytes_of(&whole.join(name)) - 1);
        // No room for a key, a store, half of the log, the last frame, the last commit.
        for bytes in BTreeSet::from([16, 1_000, sizes[0] / 2, sizes[0], sizes[0].max(sizes[1])]) {
            let data = folder.path().join(format!("{bytes}-{batch}"));
            copy_keys(&whole, &data);
            named.push(fails(stepwise(&data), &data, bytes));
            // Still full; then there is room.
            fails(stepwise(&data), &data, bytes);
            succeed(stepwise(&data));
            let state = State::of(&data);
            state.message_ids();
            state.assert_same(&expected);
        }
    }
    let named = |name: &str| named.iter().filter(|named| named.starts_with(name)).count();
    assert!(named("store.") >= 3 && named("bus/") >= 1, "each of them was full at some time");
}

#[test]
fn keys_are_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("shop.ndjson"), folder.path().join("data"));
    let log = ShopLog::new(4, 50, 5);
    fs::write(&file, log.text()).unwrap();
    assert!(fails(import(&file, &data), &data, 16).starts_with("keys/hash."));
    succeed(import(&file, &data));
    assert_eq!(State::of(&data).message_ids(), log.accepted);
}
