//! A server in a process of its own, on one processor, that a benchmark asks from another.

use anyhow::{Context, Result, ensure};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The server's process, seen from the benchmark. It says its address first, answers each line that it is written with
/// one of its own (`cpu` with the CPU time that it took so far, ns), and ends at `end`.
pub(super) struct ServerProcess {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub address: SocketAddr,
}

impl ServerProcess {
    /// Starts this program as the server of `rondo bench` with these arguments.
    pub fn start<'a>(arguments: impl Iterator<Item = &'a OsStr>) -> Result<ServerProcess> {
        let own = std::env::current_exe().context("finding this program")?;
        let mut child = Command::new(own)
            .arg("bench")
            .args(arguments)
            .args(["--part", "server"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the server")?;
        let ask = child.stdin.take().context("the server's input")?;
        let answers = BufReader::new(child.stdout.take().context("the server's output")?);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut server = ServerProcess { child, ask, answers, address };
        server.address = server.line()?.parse().context("reading the server's address")?;
        Ok(server)
    }

    /// The CPU time of its process so far.
    pub fn cpu(&mut self) -> Result<Duration> {
        Ok(Duration::from_nanos(self.ask("cpu")?.parse()?))
    }

    /// Asks for something, and waits for the answer.
    pub fn ask(&mut self, what: &str) -> Result<String> {
        writeln!(self.ask, "{what}")?;
        self.line()
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(!line.is_empty(), "the server has ended");
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It ends by itself once nobody asks; so it takes its data away.
        let _ = writeln!(self.ask, "end");
        let _ = self.child.wait();
    }
}

/// Keeps the calling thread, and those that it starts, on one of the first two processors of this machine, where it
/// may use both: the server on one, the load on the other.
#[allow(unsafe_code)] // the standard library has no way to ask
pub(super) fn run_on(nth: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: a `cpu_set_t` of zeros is an empty set; the calls read and write the set they are given and no more.
    unsafe {
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(nth, &mut one);
        // Where it may not, it runs where it can.
        libc::sched_setaffinity(0, std::mem::size_of::<libc::cpu_set_t>(), &one);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = nth;
}
