//! An HTTP server that answers as its script says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// What the script answers.
pub enum Answer {
    /// Status, a header (name and value), and body.
    Of(u16, (&'static str, String), String),
    /// The connection is closed without an answer.
    Nothing,
    /// The connection is closed within the body: this is the first half of it.
    Half(String),
}

impl Answer {
    pub fn json(status: u16, body: impl ToString) -> Answer {
        Answer::Of(status, ("Content-Type", "application/json".to_owned()), body.to_string())
    }
}

/// Starts a server that gives each request's body to the script; returns its URL. It ends with the test program.
pub fn start(script: impl Fn(&[u8]) -> Answer + Send + Sync + 'static) -> String {
    start_whole(move |_, body| script(body))
}

/// The same with the request's head, whose names of headers are in lower case, beside its body.
pub fn start_whole(script: impl Fn(&str, &[u8]) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let script = Arc::new(script);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, script) = (stream.unwrap(), script.clone());
            // A client that goes away ends its connection's thread alone.
            thread::spawn(move || serve(stream, &*script));
        }
    });
    url
}

fn serve(stream: TcpStream, script: &dyn Fn(&str, &[u8]) -> Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let (mut length, mut head) = (0, String::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
            head += &line;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        match script(&head, &body) {
            Answer::Nothing => return Ok(()),
            Answer::Half(body) => {
                let length = 2 * body.len();
                return write!(writer, "HTTP/1.1 200 -\r\nContent-Length: {length}\r\n\r\n{body}");
            }
            Answer::Of(status, (name, value), body) => {
                let length = body.len();
                write!(
                    writer,
                    "HTTP/1.1 {status} -\r\n{name}: {value}\r\nContent-Length: {length}\r\n\r\n{body}"
                )?;
            }
        }
    }
}
