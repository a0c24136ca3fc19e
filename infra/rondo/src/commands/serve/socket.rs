//! Questions of other commands to a running server, over a socket in the data folder that only its owner may use.

use super::desk::{Desk, Request};
use crate::commands::ask::{Question, SOCKET};
use serde_json::json;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Longest question, in bytes.
const MAX_QUESTION: u64 = 64 << 10;
/// How long a question may take to arrive.
const PATIENCE: Duration = Duration::from_secs(5);

/// The socket; it goes when this is dropped.
pub struct Socket {
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Answers questions from now on. Without a socket (the folder's path may be too long for one) all else works.
pub fn listen(folder: &Path, desk: Desk) -> Option<Socket> {
    let path = folder.join(SOCKET);
    // Whoever left it there is gone: the data folder is ours.
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path).and_then(|listener| {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    });
    let listener = match listener {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!(
                "rondo: {}: {error}; `rondo profile` and its like work once this has stopped",
                path.display()
            );
            return None;
        }
    };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let desk = desk.clone();
            // Who hangs up gets no answer.
            thread::spawn(move || drop(converse(stream, &desk)));
        }
    });
    Some(Socket { path })
}

fn converse(mut stream: UnixStream, desk: &Desk) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new((&stream).take(MAX_QUESTION)).read_line(&mut line)?;
    let answer = match serde_json::from_str::<Question>(&line) {
        Ok(question) => {
            let (answer, answered) = mpsc::channel();
            desk.put(Request::Question(question, answer));
            answered.recv().unwrap_or_else(|_| Err("the server is stopping; ask again".into()))
        }
        Err(_) => Err("the server is of another release; restart it".into()),
    };
    let answer = match answer {
        Ok(text) => json!({"answer": text}),
        Err(reason) => json!({"error": reason}),
    };
    writeln!(stream, "{answer}")
}
