//! A Python environment with the programs that stand in for AWS, made once under the target directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What is installed, each at one version.
const REQUIREMENTS: &str = include_str!("../endpoint/requirements.txt");

/// What a message ends with where the environment can't be made.
const REMEDY: &str = "install Python 3.10 or newer with its modules venv and pip, and let pip reach a package \
    index; or set RONDO_TEST_ENDPOINT to the URL of a running endpoint (ministack, moto, LocalStack)";

/// The Python interpreter of the environment, with ministack, moto and boto3. The first call installs them,
/// which takes about a minute; later ones, of any process, find them.
///
/// # Errors
/// What is missing on this machine, and what to do.
pub fn python() -> Result<PathBuf, String> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PYTHON.get_or_init(install).clone()
}

/// The directory that Cargo builds into, wherever it is set to be: test programs are in `<target>/<profile>/deps`,
/// or one folder deeper where they are built for a named platform.
pub fn target() -> PathBuf {
    let program = std::env::current_exe().expect("the path of the test program");
    // Cargo marks its directory, unless that was there before.
    let marked = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let target =
        marked.or_else(|| program.ancestors().nth(3)).expect("a test program within a target directory");
    target.to_owned()
}

fn install() -> Result<PathBuf, String> {
    let folder = target().join(folder_name());
    let bin = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let python = bin.join(if cfg!(windows) { "python.exe" } else { "python" });
    let marker = folder.join("installed.txt");
    // Several test programs may come here at once; one installs, and the others wait for it.
    let lock = target().join("aws-endpoint.lock");
    let lock = File::create(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    lock.lock()
        .map_err(|error| format!("the lock {}: {error}", target().join("aws-endpoint.lock").display()))?;
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == REQUIREMENTS) && python.is_file() {
        return Ok(python);
    }
    let system = system_python().ok_or_else(|| {
        format!("no Python 3.10 or newer with venv was found, which the tests on AWS need: {REMEDY}")
    })?;
    run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&folder))?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let pip =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--requirement"];
    run(Command::new(&python).args(pip).arg(&requirements))?;
    fs::write(&marker, REQUIREMENTS).map_err(|error| format!("{}: {error}", marker.display()))?;
    Ok(python)
}

/// `aws-endpoint` with the versions, so that another version gets an environment of its own.
fn folder_name() -> String {
    let mut name = "aws-endpoint".to_owned();
    for (package, version) in REQUIREMENTS.lines().filter_map(|line| line.split_once("==")) {
        let package = package.split('[').next().unwrap_or(package);
        name.push_str(&format!("-{package}-{version}"));
    }
    name
}

fn system_python() -> Option<&'static Path> {
    const CHECK: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
    let works = |program: &&str| {
        let mut check = Command::new(program);
        check.args(["-c", CHECK]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        check.status().is_ok_and(|status| status.success())
    };
    ["python3", "python", "python3.13", "python3.12", "python3.11", "python3.10"]
        .iter()
        .copied()
        .find(works)
        .map(Path::new)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}; {REMEDY}"))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("{command:?} failed ({}): {}\n{REMEDY}", output.status, said.trim()))
        }
    }
}
