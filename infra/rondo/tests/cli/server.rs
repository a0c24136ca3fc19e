//! A running `rondo serve`.

use crate::rondo::{Run, command};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// The key of the source `app`.
pub const KEY: &str = "app-key-1";

/// It is killed when it is dropped.
pub struct Server {
    child: Child,
    pub address: String,
    start: String,
    rest: Option<BufReader<std::process::ChildStdout>>,
}

/// The arguments of a server on a free port.
pub fn arguments(data: &Path) -> Vec<String> {
    let key = format!("app={KEY}");
    let fixed = ["serve", "--listen", "127.0.0.1:0", "--write-key", &key, "--data"];
    fixed.into_iter().map(str::to_owned).chain([data.display().to_string()]).collect()
}

impl Server {
    pub fn start(data: &Path) -> Server {
        let mut command = command();
        command.args(arguments(data));
        Server::from(command)
    }

    /// Starts a command that becomes a server, and reads the address that it prints.
    pub fn from(mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut start = String::new();
        out.read_line(&mut start).unwrap();
        let address = start.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
        let address = address.unwrap_or_default().to_owned();
        if address.is_empty() {
            let mut err = String::new();
            child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
            panic!("the server did not start: {start}{err}");
        }
        Server { child, address, start, rest: Some(out) }
    }

    /// Sends a signal: `TERM`, `KILL`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Asks it to stop, unless it has ended by itself, and waits until it has.
    pub fn stop(mut self) -> Run {
        if self.child.try_wait().unwrap().is_none() {
            self.signal("TERM");
        }
        self.wait()
    }

    fn wait(mut self) -> Run {
        let (mut out, mut err) = (std::mem::take(&mut self.start), String::new());
        self.rest.take().unwrap().read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        Run { code, out, err }
    }

    /// Sends a request on a connection of its own. `None` where the server is gone.
    pub fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
    }

    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_request(method, path, headers, body).expect("an answer")
    }

    /// Sends JSON under the right key.
    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.request("POST", path, &[("Authorization", &basic(KEY))], body.as_bytes())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The status line and headers, in lower case.
    pub head: String,
    pub body: String,
}

pub fn basic(key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:")))
}

/// Repeats a look until it shows what is waited for, for some seconds at most.
pub fn eventually(what: &str, mut look: impl FnMut() -> bool) {
    for _ in 0..200 {
        if look() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("it never came: {what}");
}
