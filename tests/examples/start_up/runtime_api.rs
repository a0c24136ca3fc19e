//! Lambda's runtime API, for one event.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

pub struct RuntimeApi(TcpListener);

impl RuntimeApi {
    pub fn listen() -> RuntimeApi {
        RuntimeApi(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    /// The program's connection.
    pub fn accept(&self) -> Caller {
        let (stream, _) = self.0.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        Caller(BufReader::new(stream))
    }
}

pub struct Caller(BufReader<TcpStream>);

impl Caller {
    /// Waits until the program asks for an event.
    pub fn await_next(&mut self) {
        let (line, _) = self.request();
        assert!(line.contains("/runtime/invocation/next"), "{line}");
    }

    pub fn answer_next(&mut self, event: &str) {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: 1\r\n\
                    Lambda-Runtime-Deadline-Ms: 9999999999999\r\n";
        let length = event.len();
        write!(self.0.get_mut(), "{head}Content-Length: {length}\r\n\r\n{event}").unwrap();
    }

    /// Waits for the answer to the event; as the error, what it says where it is one.
    pub fn await_answer(&mut self) -> Result<String, String> {
        let (line, body) = self.request();
        if line.contains("/response") { Ok(body) } else { Err(body) }
    }

    fn request(&mut self) -> (String, String) {
        let (mut first, mut length) = (String::new(), 0);
        self.0.read_line(&mut first).unwrap();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (first, String::from_utf8_lossy(&body).into_owned())
    }
}
