//! A network that carries every request, and loses answers.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// A server before the one of `url`, for as long as the process lives. Of each call of a DynamoDB operation in
/// `losing`, the answer to the first attempt never arrives: it was carried out, and its sender can't know.
pub fn before(url: &str, losing: &'static [&'static str]) -> String {
    let behind = url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let behind = behind.clone();
            // A client that is gone is nothing to this one.
            std::thread::spawn(move || carry(client, &behind, losing).ok());
        }
    });
    format!("http://127.0.0.1:{port}")
}

/// Carries one request, and its answer or none.
fn carry(mut client: TcpStream, behind: &str, losing: &[&str]) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length, mut first, mut write) = (String::new(), 0, false, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        match header.split_once(": ") {
            Some(("content-length", value)) => length = value.parse().map_err(io::Error::other)?,
            Some(("amz-sdk-request", value)) => first = value.contains("attempt=1"),
            Some(("x-amz-target", value)) => {
                write = losing.iter().any(|name| value.ends_with(&format!(".{}", name.to_ascii_lowercase())));
            }
            _ => {}
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;

    let mut server = TcpStream::connect(behind)?;
    write!(server, "{head}Connection: close\r\n\r\n")?;
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    if first && write { Ok(()) } else { client.write_all(&answer) }
}
