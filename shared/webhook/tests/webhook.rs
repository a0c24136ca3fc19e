//! The channel, against a small web server.

use campaign::{Action, Channel, Lane, Outgoing, Receipt, SendError, Sender};
use event::{Key, parse_time};
use pollster::block_on;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use webhook::Webhook;

fn send(webhook: &Webhook, to: &str) -> Result<Receipt, SendError> {
    let action = Action {
        id: Key([0xab; 16]),
        person: Key([2; 16]),
        campaign: "browse".to_owned(),
        step: "coupon".to_owned(),
        key: "p1".to_owned(),
        entered_at: 0,
        due_at: 0,
        lane: Lane::Marketing,
        kept: r#"{"price":12.5}"#.to_owned(),
        ..Action::default()
    };
    block_on(webhook.send(&Outgoing {
        action: &action,
        at: parse_time("2026-11-22T10:00:00Z").unwrap(),
        channel: "sms",
        to,
        sender: &Sender { name: "茶 Shop".to_owned(), address: "hello@shop.example".to_owned() },
        subject: "Hi",
        html: "<p>您好</p>",
        text: "您好\n",
        unsubscribe_url: Some("https://shop.example/unsubscribe?m=abab"),
        personal: &BTreeMap::from([("phone".to_owned(), "+8613800138000".to_owned())]),
    }))
}

const NAME: &str = "abababababababababababababababab";

/// A server that takes one request, answers with these bytes (or hangs up on none), and returns the request.
fn serve(answer: Option<&'static str>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let request = read_request(&mut stream).unwrap();
        match answer {
            // Until the client hangs up.
            Some("") => drop(stream.read(&mut [0])),
            Some(answer) => stream.write_all(answer.as_bytes()).unwrap(),
            None => stream.shutdown(Shutdown::Both).unwrap(),
        }
        request
    });
    (url, server)
}

fn read_request(stream: &mut impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.unwrap().parse::<usize>().unwrap() {
                return Ok(text);
            }
        }
        match stream.read(&mut chunk)? {
            0 => return Ok(text),
            read => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

fn post(answer: Option<&'static str>) -> (Result<Receipt, SendError>, String) {
    let (url, server) = serve(answer);
    let result = send(&Webhook::new(Duration::from_millis(300)), &url);
    (result, server.join().unwrap())
}

#[test]
fn a_webhook_gets_the_message_as_json() {
    let (result, request) = post(Some("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"));
    assert_eq!(result, Ok(Receipt { id: NAME.to_owned() }));
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook HTTP/1.1"), "{head}");
    assert!(head.to_ascii_lowercase().contains(&format!("idempotency-key: {NAME}")), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["action_id"], NAME);
    assert_eq!(body["kept"]["price"], 12.5);
    assert_eq!(body["person"]["phone"], "+8613800138000");
    assert_eq!(body["text"], "您好\n");
    assert_eq!(body["sent_at"], "2026-11-22T10:00:00.000Z");
}

#[test]
fn what_an_answer_says_of_the_message() {
    let retry = |answer| match post(answer).0 {
        Err(SendError::NotDelivered { retry, .. }) => Some(retry),
        Err(SendError::Unknown { .. }) => None,
        Ok(receipt) => panic!("{receipt:?}"),
    };
    assert_eq!(retry(Some("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")), Some(false));
    assert_eq!(retry(Some("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n")), Some(true));
    let redirect =
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(retry(Some(redirect)), Some(false));
    assert_eq!(retry(Some("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")), None);
    assert_eq!(retry(Some("nonsense\r\n\r\n")), None);
    assert_eq!(retry(Some("")), None, "no answer in time");
    assert_eq!(retry(None), None, "hung up after the request");
}

#[test]
fn what_never_reached_the_receiver_was_not_delivered() {
    let webhook = Webhook::default();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(matches!(
        send(&webhook, &format!("http://{free}/")),
        Err(SendError::NotDelivered { retry: true, .. })
    ));
    for url in ["ftp://shop.example/", "file:///etc/passwd", "", "http://"] {
        let result = send(&webhook, url);
        assert!(matches!(result, Err(SendError::NotDelivered { retry: false, .. })), "{url}: {result:?}");
    }
}
