//! The endpoint that stands in for AWS in tests.

use crate::environment::{python, target};
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long a server may take to its first answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Another program may take the free port first; then another port is tried.
const ATTEMPTS: usize = 3;

/// A server on this machine that answers as AWS does. It ends with the process that started it.
///
/// Where `RONDO_TEST_ENDPOINT` is set, that URL is used instead and nothing is started: LocalStack, another
/// emulator, or one that is shared by several runs.
pub struct Endpoint {
    url: String,
    /// What the server wrote so far goes here.
    log: Option<PathBuf>,
    /// Kept, since the server ends when its standard input is closed.
    _server: Option<Child>,
}

impl Endpoint {
    /// ministack: everything that Rondo uses, functions and their event sources included. Started at the first call.
    ///
    /// # Panics
    /// Where it can't be installed or started, with what to do.
    pub fn ministack() -> &'static Endpoint {
        static ENDPOINT: OnceLock<Result<Endpoint, String>> = OnceLock::new();
        or_panic(ENDPOINT.get_or_init(|| start("ministack", "/_ministack/health", ministack)))
    }

    /// moto: a second opinion on what the storage and queue services do. Started at the first call.
    ///
    /// # Panics
    /// Where it can't be installed or started, with what to do.
    pub fn moto() -> &'static Endpoint {
        static ENDPOINT: OnceLock<Result<Endpoint, String>> = OnceLock::new();
        or_panic(ENDPOINT.get_or_init(|| start("moto", "/moto-api/", moto)))
    }

    /// `http://127.0.0.1:<port>`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file that the server writes what it does to; none for one that was running already.
    pub fn log(&self) -> Option<&Path> {
        self.log.as_deref()
    }
}

/// A name for a table, bucket, stream or queue that no other test has: lower-case letters, digits and hyphens.
pub fn fresh_name(what: &str) -> String {
    format!("{what}-{:012x}", RandomState::new().build_hasher().finish() >> 16)
}

fn or_panic(endpoint: &'static Result<Endpoint, String>) -> &'static Endpoint {
    endpoint.as_ref().unwrap_or_else(|error| panic!("no endpoint for the tests on AWS: {error}"))
}

/// How a server is called: its program and arguments, and its settings.
type Call = fn(&mut Command, &str);

fn ministack(command: &mut Command, port: &str) {
    command
        .arg(include_str!("../endpoint/ministack.py"))
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port);
    // Functions are programs of this machine, and find the endpoint where the server does.
    command.env("LAMBDA_EXECUTOR", "local").env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
}

fn moto(command: &mut Command, port: &str) {
    command.arg(include_str!("../endpoint/moto.py")).args(["-H", "127.0.0.1", "-p", port]);
}

fn start(name: &str, health: &str, call: Call) -> Result<Endpoint, String> {
    if let Some(url) = std::env::var_os("RONDO_TEST_ENDPOINT").filter(|url| !url.is_empty()) {
        let url = url.into_string().map_err(|_| "RONDO_TEST_ENDPOINT is not text".to_owned())?;
        return Ok(Endpoint { url: url.trim_end_matches('/').to_owned(), log: None, _server: None });
    }
    let python = python()?;
    let mut failure = String::new();
    for _ in 0..ATTEMPTS {
        match attempt(&python, name, health, call) {
            Ok(endpoint) => return Ok(endpoint),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn attempt(python: &Path, name: &str, health: &str, call: Call) -> Result<Endpoint, String> {
    let problem = |error: io::Error| format!("{name} could not be started: {error}");
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|free| free.local_addr())
        .map_err(problem)?
        .port();
    // What the server keeps in files is out of the way of other runs.
    let folder = target().join("tmp").join(format!("{name}-{port}"));
    fs::create_dir_all(&folder).map_err(problem)?;
    let log = folder.join("server.log");
    let out = File::create(&log).map_err(problem)?;
    let mut command = Command::new(python);
    command.arg("-c").arg(include_str!("../endpoint/serve.py"));
    call(&mut command, &port.to_string());
    command
        .env("TMPDIR", &folder)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_REGION", "us-east-1")
        .env("PYTHONUNBUFFERED", "1")
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stderr(out.try_clone().map_err(problem)?)
        .stdout(out);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut server = command.spawn().map_err(problem)?;

    let began = Instant::now();
    while !answers(port, health) {
        let ended = server.try_wait().map_err(problem)?;
        if ended.is_some() || began.elapsed() > PATIENCE {
            let _ = server.kill();
            let said = fs::read_to_string(&log).unwrap_or_default();
            let said: Vec<&str> = said.lines().rev().take(20).collect();
            let said: Vec<&str> = said.into_iter().rev().collect();
            return Err(format!(
                "{name} did not answer on port {port}; {}:\n{}",
                log.display(),
                said.join("\n")
            ));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(Endpoint { url: format!("http://127.0.0.1:{port}"), log: Some(log), _server: Some(server) })
}

/// Whether a GET of the path is answered with 200.
fn answers(port: u16, path: &str) -> bool {
    let ask = || -> io::Result<bool> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(status == *b"HTTP/1.1 200" || status == *b"HTTP/1.0 200")
    };
    ask().unwrap_or(false)
}
