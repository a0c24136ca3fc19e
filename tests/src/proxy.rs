//! A network before an endpoint, which carries calls, and does worse where it is told to.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;

/// A call on its way to the endpoint.
pub struct Call {
    method: String,
    path: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What becomes of a call.
pub enum Fate {
    /// It is carried, and so is its answer.
    Carried,
    /// It is carried; its sender waits for the answer until the connection breaks.
    AnswerLost,
    /// It never arrives: this is the answer.
    Answered(Answer),
    /// It arrives with another body, and the body of the answer is made into another one.
    Changed { body: Vec<u8>, answer: Box<dyn FnOnce(Vec<u8>) -> Vec<u8>> },
}

/// An answer in place of the endpoint's.
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

/// A server before the one of `url`, for as long as the process lives. `decide` is asked about each call.
pub fn before(url: &str, decide: impl Fn(&Call) -> Fate + Send + Sync + 'static) -> String {
    let behind: Arc<str> = url.trim_start_matches("http://").into();
    let decide = Arc::new(decide);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (behind, decide) = (behind.clone(), decide.clone());
            // A client that is gone is nothing to this one.
            std::thread::spawn(move || carry(client, &behind, &*decide).ok());
        }
    });
    format!("http://127.0.0.1:{port}")
}

impl Call {
    /// The service: by the target that a call names, by its address, or S3.
    pub fn service(&self) -> &'static str {
        match self.header("x-amz-target").and_then(|target| target.split_once('.')) {
            Some(("DynamoDB_20120810", _)) => "DynamoDB",
            Some(("Kinesis_20131202", _)) => "Kinesis",
            Some(("AmazonSQS", _)) => "SQS",
            _ if self.path.starts_with("/v2/email/") => "SES",
            _ if self.action().is_some() => "SNS",
            _ => "S3",
        }
    }

    /// The operation; of S3, the method.
    pub fn operation(&self) -> &str {
        let target = self.header("x-amz-target").and_then(|target| target.split_once('.'));
        target.map(|(_, operation)| operation).or(self.action()).unwrap_or(&self.method)
    }

    /// Whether the SDK sends it for the first time.
    pub fn is_first_attempt(&self) -> bool {
        self.header("amz-sdk-request").is_some_and(|request| request.contains("attempt=1"))
    }

    /// The operation in a body of form fields.
    fn action(&self) -> Option<&str> {
        self.header("content-type").filter(|kind| kind.starts_with("application/x-www-form-urlencoded"))?;
        let mut fields = std::str::from_utf8(&self.body).ok()?.split('&');
        fields.find_map(|field| field.strip_prefix("Action="))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// One call and its answer, over a connection of their own.
fn carry(mut client: TcpStream, behind: &str, decide: &impl Fn(&Call) -> Fate) -> io::Result<()> {
    let Some(call) = read(&client)? else { return Ok(()) };
    match decide(&call) {
        Fate::Carried => client.write_all(&exchange(behind, &call, &call.body)?),
        Fate::AnswerLost => exchange(behind, &call, &call.body).map(drop),
        Fate::Answered(Answer { status, content_type, body }) => {
            write(&mut client, status, content_type, body.as_bytes())
        }
        Fate::Changed { body, answer } => {
            let (status, content_type, body) = parts(&exchange(behind, &call, &body)?)?;
            let body = if status == 200 { answer(body) } else { body };
            write(&mut client, status, &content_type, &body)
        }
    }
}

fn read(client: &TcpStream) -> io::Result<Option<Call>> {
    let mut reader = BufReader::new(client);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let mut call = Call { method, path, headers, body: Vec::new() };
    let length = call.header("content-length").map_or(Ok(0), str::parse).map_err(io::Error::other)?;
    call.body = vec![0; length];
    reader.read_exact(&mut call.body)?;
    Ok(Some(call))
}

/// Carries a call with this body; the whole answer.
fn exchange(behind: &str, call: &Call, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut head = format!("{} {} HTTP/1.1\r\n", call.method, call.path);
    for (name, value) in &call.headers {
        if !matches!(name.as_str(), "content-length" | "connection") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()));
    let mut server = TcpStream::connect(behind)?;
    server.write_all(&[head.as_bytes(), body].concat())?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(answer)
}

/// Status, content type and body of an answer.
fn parts(answer: &[u8]) -> io::Result<(u16, String, Vec<u8>)> {
    let wrong = || io::Error::other("an answer that can't be read");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(wrong)?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(wrong)?;
    let field = |name: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    if field("transfer-encoding").is_some() {
        return Err(wrong());
    }
    Ok((status, field("content-type").unwrap_or_default(), answer[end + 4..].to_vec()))
}

fn write(client: &mut TcpStream, status: u16, content_type: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    client.write_all(&[head.as_bytes(), body].concat())
}
