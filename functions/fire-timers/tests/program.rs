//! The program that Lambda runs, between a scripted runtime API and an empty stand-in for AWS.
#![cfg(feature = "aws")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, Sender};
use std::{fs, thread};

const SETTINGS: [(&str, &str); 5] = [
    ("TIMERS_TABLE", "timers"),
    ("HELD_TABLE", "held"),
    ("DUE_QUEUE", "http://127.0.0.1/due"),
    ("SERVICE_QUEUE", "http://127.0.0.1/service"),
    ("MARKETING_QUEUE", "http://127.0.0.1/marketing"),
];

fn program(settings: &[(&str, &str)], api: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_fire-timers"));
    program.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program.envs(settings.iter().copied()).envs([
        ("AWS_LAMBDA_RUNTIME_API", api),
        ("AWS_LAMBDA_FUNCTION_NAME", "fire-timers"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_ENDPOINT_URL", &format!("http://{api}")),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]);
    program
}

/// Invokes the program with samples; what it posted for each, and what it wrote.
fn invoke(samples: &[&str]) -> (Vec<(String, Value)>, Output) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let read = |sample: &&str| fs::read_to_string(format!("{folder}/{sample}.json")).unwrap();
    let events: Vec<String> = samples.iter().map(read).collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (posted, received) = mpsc::channel();
    thread::spawn(move || {
        let events = std::sync::Arc::new(std::sync::Mutex::new(events.into_iter().enumerate()));
        for stream in listener.incoming() {
            let (events, posted) = (events.clone(), posted.clone());
            let next = move || events.lock().unwrap().next();
            thread::spawn(move || serve(stream.unwrap(), next, &posted));
        }
    });
    let mut child = program(&SETTINGS, &address).spawn().unwrap();
    let answers = samples.iter().map(|_| received.recv().unwrap()).collect();
    child.kill().unwrap();
    (answers, child.wait_with_output().unwrap())
}

/// Answers on one connection: the runtime API below `/2018-06-01/`, and tables without an item.
fn serve(stream: TcpStream, next: impl Fn() -> Option<(usize, String)>, posted: &Sender<(String, Value)>) {
    let mut reader = BufReader::new(&stream);
    while let Some((path, body)) = request(&mut reader) {
        let (head, body) = match path.strip_prefix("/2018-06-01/runtime/invocation/") {
            Some("next") => match next() {
                Some((id, event)) => (format!("Lambda-Runtime-Aws-Request-Id: {id}\r\n"), event),
                None => return thread::park(),
            },
            Some(answered) => {
                posted.send((answered.to_owned(), serde_json::from_slice(&body).unwrap())).unwrap();
                (String::new(), "{}".to_owned())
            }
            None => (String::new(), json!({"Count": 0, "Items": [], "ScannedCount": 0}).to_string()),
        };
        let head = format!("HTTP/1.1 200 OK\r\n{head}Lambda-Runtime-Deadline-Ms: 9999999999999\r\n");
        let length = body.len();
        write!(&stream, "{head}Content-Length: {length}\r\n\r\n{body}").unwrap();
    }
}

/// The path and body of a request; nothing where the other side hung up.
fn request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line).ok()? {
            0 => return None,
            2 => break,
            _ => lines.push(line.trim().to_ascii_lowercase()),
        }
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((lines[0].split(' ').nth(1)?.to_owned(), body))
}

#[test]
fn it_moves_what_is_due_and_refuses_other_events() {
    let (answers, output) = invoke(&["fire-timers/schedule", "update-profiles/sqs"]);
    assert_eq!(answers[0], ("0/response".to_owned(), json!({"moved": 0})));
    assert_eq!(answers[1].0, "1/error");
    let message = "the event comes from an SQS queue; this function takes a schedule's event";
    assert_eq!(answers[1].1, json!({"errorType": "InvocationError", "errorMessage": message}));

    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // A line of the log for the error, and none of metrics, since nothing was moved.
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["level"], &lines[0]["message"]), (&json!("ERROR"), &json!(message)));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn a_missing_setting_is_named() {
    let output = program(&SETTINGS[..2], "127.0.0.1:9").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("SERVICE_QUEUE is not set; it holds the URL"), "{told}");
}
