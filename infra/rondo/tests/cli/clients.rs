//! Clients of other tools, installed as their users install them, each telling one story (`tests/clients`).

use crate::rondo::output;
use crate::server::{KEY, Server};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long one client may take to tell its story.
const PATIENCE: Duration = Duration::from_secs(60);

/// The client's name in its story, its script, and how many calls it makes.
const CLIENTS: [(&str, &str, u64); 8] = [
    ("segment-node", "segment.mjs", 8),
    ("rudder-node", "rudder.mjs", 8),
    ("posthog-node", "posthog.mjs", 8),
    ("jitsu-js", "jitsu.mjs", 8),
    // It has no alias.
    ("dittofeed-node", "dittofeed.mjs", 7),
    ("segment-python", "segment_client.py", 8),
    ("rudder-python", "rudder_client.py", 8),
    ("posthog-python", "posthog_client.py", 8),
];

#[test]
fn profiles_are_right_whoever_sends() {
    let installed = Installed::here();
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    for (_, script, _) in CLIENTS {
        installed.run(script, &format!("http://{}", server.address));
    }
    for (name, _, calls) in CLIENTS {
        let profile = |id: &str| -> Value {
            serde_json::from_str(&output(data.path(), &["profile", id, "--json"])).unwrap()
        };
        let known = profile(&format!("{name}-ann"));
        // What was seen before she said who she is, and what her e-mail address leads to.
        for id in [format!("anon-{name}"), format!("ann@{name}.example.com")] {
            assert_eq!(profile(&id)["person"], known["person"], "{id}");
        }
        assert_eq!(known["events"], calls, "{name}: {known}");
        assert_eq!(known["traits"]["plan"], "gold", "{name}: {known}");
        let counters = &known["counters"];
        let total = |event: &str| counters[event]["total"].clone();
        assert_eq!(
            [total("Product Viewed"), total("Page Viewed"), total("Order Completed")],
            [4, 1, 1],
            "{name}"
        );
        assert_eq!(total("Aliased") == 1, calls == 8, "{name}");
        assert_eq!(known["orders"]["revenue_minor"], json!({"EUR": 3025}), "{name}");
    }
    assert_eq!(output(data.path(), &["quarantine"]), "Nothing is in quarantine.\n");
    let stopped = server.stop();
    assert_eq!(stopped.code, 0, "{}", stopped.err);
}

/// The clients at the versions of the lock files, below the build's own folder.
struct Installed {
    node: PathBuf,
    python: PathBuf,
}

impl Installed {
    fn here() -> Installed {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        fs::create_dir_all(target).unwrap();
        let lock = File::create(target.join("clients.lock")).unwrap();
        lock.lock().unwrap();
        let node = target.join("clients-node");
        let (package, versions) = (source("package.json"), source("package-lock.json"));
        once(&node, &versions, || {
            fs::copy(&package, node.join("package.json")).unwrap();
            fs::copy(&versions, node.join("package-lock.json")).unwrap();
            install(
                Command::new("npm")
                    .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
                    .current_dir(&node),
            );
        });
        // Modules are looked for where a script lies.
        for script in fs::read_dir(source("")).unwrap().map(|entry| entry.unwrap().path()) {
            if script.extension().is_some_and(|ending| ending == "mjs") {
                fs::copy(&script, node.join(script.file_name().unwrap())).unwrap();
            }
        }
        let python = target.join("clients-python");
        let requirements = source("requirements.txt");
        once(&python, &requirements, || {
            install(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&python));
            let mut pip = Command::new(python.join("bin/pip"));
            install(pip.args(["install", "-q", "--disable-pip-version-check", "-r"]).arg(&requirements));
        });
        Installed { node, python: python.join("bin/python") }
    }

    /// Runs a script to its end; it fails where its client reported an error.
    fn run(&self, script: &str, host: &str) {
        let mut command = match script.ends_with(".py") {
            true => {
                let mut command = Command::new(&self.python);
                command.arg(source(script)).env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
            false => {
                let mut command = Command::new("node");
                command.arg(self.node.join(script));
                command
            }
        };
        // A proxy of the surroundings knows nothing of this machine.
        let command = command.args([host, KEY]).env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if begun.elapsed() > PATIENCE {
                child.kill().unwrap();
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{script} ended with {}: {said}", ended.status);
    }
}

fn source(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients").join(file)
}

/// Fills a folder, unless it was filled from the same file before.
fn once(folder: &Path, file: &Path, fill: impl FnOnce()) {
    let (wanted, filled) = (fs::read(file).unwrap(), folder.join("filled-from"));
    if fs::read(&filled).is_ok_and(|given| given == wanted) {
        return;
    }
    fs::create_dir_all(folder).unwrap();
    fill();
    fs::write(&filled, wanted).unwrap();
}

fn install(command: &mut Command) {
    let program = command.get_program().to_string_lossy().into_owned();
    let ended = command.stdin(Stdio::null()).output().unwrap_or_else(|error| {
        panic!("this test installs clients of other tools, and needs node with npm and python3: {program}: {error}")
    });
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "installing clients of other tools failed, {command:?}: {said}");
}
