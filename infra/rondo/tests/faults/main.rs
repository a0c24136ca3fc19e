//! What goes wrong: a kill in the middle, bad input, a full disk.

mod bad_input;
#[cfg(target_os = "linux")]
mod disk_full;
mod history;
mod kill;
#[cfg(target_os = "linux")]
mod large_file;
mod rights;
mod shop_log;
mod state;

use std::path::Path;
use std::process::{Command, Stdio};

/// The import of a file into a data folder.
fn import(file: &Path, data: &Path) -> Command {
    let mut command = rondo("import", data);
    command.arg(file);
    command
}

/// A command on a data folder.
fn rondo(name: &str, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rondo"));
    command.arg(name).arg("--data").arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a finished run printed as errors, and its exit code; -1 where a signal ended it.
fn ran(mut command: Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Runs a command that has to succeed.
fn succeed(command: Command) -> String {
    let (code, out, err) = ran(command);
    assert_eq!(code, 0, "{out}{err}");
    assert!(!err.contains("panicked"), "{err}");
    out
}
