//! Runs the binary.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A command line of `rondo`, without what this process's environment may hold.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rondo"));
    command.env_remove("RONDO_WRITE_KEY").stdin(Stdio::null());
    command
}

/// What a run came to.
pub struct Run {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs with these arguments, and `--data` where there is a folder.
pub fn run<A: AsRef<OsStr>>(data: Option<&Path>, arguments: &[A]) -> Run {
    let mut command = command();
    command.args(arguments);
    if let Some(data) = data {
        command.arg("--data").arg(data);
    }
    command.output().unwrap().into()
}

/// The same for a run that has to succeed; its output.
pub fn output<A: AsRef<OsStr>>(data: &Path, arguments: &[A]) -> String {
    let run = run(Some(data), arguments);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    run.out
}

/// Writes files, by their names below a folder.
pub fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}
