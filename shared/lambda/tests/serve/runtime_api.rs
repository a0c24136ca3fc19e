//! The API through which Lambda hands invocations to a program, for as many as there are events.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

pub struct RuntimeApi {
    /// For `AWS_LAMBDA_RUNTIME_API`.
    pub address: String,
    server: JoinHandle<Vec<(String, Value)>>,
}

impl RuntimeApi {
    /// Hands out the events one after the other, by the ids 0, 1, …, and hangs up after the last.
    pub fn start(events: &[&str]) -> RuntimeApi {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let events: Vec<String> = events.iter().map(|event| (*event).to_owned()).collect();
        RuntimeApi { address, server: thread::spawn(move || serve(&listener, &events)) }
    }

    /// What was posted under `invocation/`: the rest of the path, and the body.
    pub fn posted(self) -> Vec<(String, Value)> {
        self.server.join().unwrap()
    }
}

fn serve(listener: &TcpListener, events: &[String]) -> Vec<(String, Value)> {
    let (mut next, mut posted) = (0, Vec::new());
    loop {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some((path, body)) = request(&mut reader) {
            let path = path.strip_prefix("/2018-06-01/runtime/invocation/").unwrap();
            if path != "next" {
                posted.push((path.to_owned(), serde_json::from_slice(&body).unwrap()));
                respond(&stream, "202 Accepted", "", "{}");
            } else if let Some(event) = events.get(next) {
                let head = format!(
                    "Lambda-Runtime-Aws-Request-Id: {next}\r\nLambda-Runtime-Deadline-Ms: 9999999999999\r\n"
                );
                respond(&stream, "200 OK", &head, event);
                next += 1;
            } else {
                return posted;
            }
        }
    }
}

/// The path and body of a request; nothing where the other side hung up.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, body))
}

fn respond(mut stream: &TcpStream, status: &str, head: &str, body: &str) {
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\n{head}Content-Length: {length}\r\n\r\n{body}").unwrap();
}
