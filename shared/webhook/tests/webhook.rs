//! The channel, against a small web server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campaign::{
    Action, Channel, ChannelKind, Lane, Outgoing, Receipt, SendError, Sender, WebhookForm, WebhookSettings,
};
use event::{Key, parse_time};
use hmac::{Hmac, KeyInit, Mac};
use pollster::block_on;
use serde_json::json;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use webhook::Webhook;

fn send(webhook: &Webhook, settings: &WebhookSettings) -> Result<Receipt, SendError> {
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
        kind: ChannelKind::Webhook,
        channel: "sms",
        to: &settings.url,
        sender: &Sender { name: "茶 Shop".to_owned(), address: "hello@shop.example".to_owned() },
        subject: "Hi",
        html: "<p>您好</p>",
        text: "您好\n",
        unsubscribe_url: Some("https://shop.example/unsubscribe?m=abab"),
        unsubscribe_mailto: None,
        token: None,
        personal: &BTreeMap::from([("phone".to_owned(), "+8613800138000".to_owned())]),
        webhook: Some(settings),
    }))
}

/// A webhook on this machine.
fn local(url: &str) -> WebhookSettings {
    WebhookSettings { url: url.to_owned(), http: true, private_network: true, ..WebhookSettings::default() }
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
    post_as(answer, WebhookForm::Json, &[])
}

fn post_as(
    answer: Option<&'static str>,
    form: WebhookForm,
    secrets: &[&str],
) -> (Result<Receipt, SendError>, String) {
    let (url, server) = serve(answer);
    let secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    let settings = WebhookSettings { form, secrets, ..local(&url) };
    let result = send(&Webhook::new(Duration::from_millis(300)), &settings);
    (result, server.join().unwrap())
}

/// An answer of status 200 with a body.
fn ok(body: &str) -> Option<&'static str> {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    Some(Box::leak(answer.into_boxed_str()))
}

fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    let (head, _) = request.split_once("\r\n\r\n").unwrap();
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    headers.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn body(request: &str) -> serde_json::Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
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
        send(&webhook, &local(&format!("http://{free}/"))),
        Err(SendError::NotDelivered { retry: true, .. })
    ));
    for url in ["ftp://shop.example/", "file:///etc/passwd", "", "http://"] {
        let result = send(&webhook, &local(url));
        assert!(matches!(result, Err(SendError::NotDelivered { retry: false, .. })), "{url}: {result:?}");
    }
}

/// The moment that [`send`] sends at, in seconds, by `date -d 2026-11-22T10:00:00Z +%s`.
const SECONDS: &str = "1795341600";

#[test]
fn a_body_is_signed_with_each_secret() {
    let accepted = Some("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    // printf old | base64; printf new | base64
    let (result, request) = post_as(accepted, WebhookForm::Json, &["whsec_bmV3", "whsec_b2xk"]);
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(header(&request, "webhook-id"), Some(NAME));
    assert_eq!(header(&request, "webhook-timestamp"), Some(SECONDS));
    let signatures = header(&request, "webhook-signature").unwrap();
    let text = request.split_once("\r\n\r\n").unwrap().1;
    let of = |key: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(format!("{NAME}.{SECONDS}.{text}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    assert_eq!(signatures, format!("{} {}", of(b"new"), of(b"old")));
    let (_, request) = post(accepted);
    assert_eq!(header(&request, "webhook-signature"), None);
    // A secret that is none: nothing unsigned is sent.
    let settings = WebhookSettings { secrets: vec!["s3cret".to_owned()], ..local("http://127.0.0.1:9/") };
    let error = send(&Webhook::default(), &settings).unwrap_err().to_string();
    assert!(error.contains("whsec_") && !error.contains("s3cret"), "{error}");
}

#[test]
fn robots_get_bodies_that_they_read() {
    let (result, request) = post_as(ok(r#"{"errcode":0,"errmsg":"ok"}"#), WebhookForm::WeCom, &[]);
    assert_eq!(result, Ok(Receipt { id: NAME.to_owned() }));
    assert_eq!(body(&request), json!({"msgtype": "text", "text": {"content": "Hi\n您好"}}));

    let (result, request) = post_as(ok(r#"{"errcode":0,"errmsg":"ok"}"#), WebhookForm::DingTalk, &["SECabc"]);
    assert!(result.is_ok(), "{result:?}");
    assert!(request.starts_with(DINGTALK), "{request}");
    assert_eq!(body(&request), json!({"msgtype": "text", "text": {"content": "Hi\n您好"}}));

    let (result, request) = post_as(ok(r#"{"code":0,"msg":"success"}"#), WebhookForm::Feishu, &["demo"]);
    assert!(result.is_ok(), "{result:?}");
    let expected =
        json!({"msg_type": "text", "content": {"text": "Hi\n您好"}, "timestamp": SECONDS, "sign": FEISHU});
    assert_eq!(body(&request), expected);
    assert_eq!(header(&request, "webhook-id"), None);
}

#[test]
fn robots_refuse_in_the_body() {
    let retry = |answer: &str, form| match post_as(ok(answer), form, &[]).0 {
        Err(SendError::NotDelivered { retry, .. }) => Some(retry),
        Err(SendError::Unknown { .. }) => None,
        Ok(receipt) => panic!("{receipt:?}"),
    };
    let too_many = r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#;
    assert_eq!(retry(too_many, WebhookForm::WeCom), Some(true));
    assert_eq!(retry(r#"{"errcode":130101,"errmsg":"send too fast"}"#, WebhookForm::DingTalk), Some(true));
    assert_eq!(retry(r#"{"errcode":310000,"errmsg":"sign not match"}"#, WebhookForm::DingTalk), Some(false));
    assert_eq!(retry(r#"{"code":11232,"msg":"frequency limited"}"#, WebhookForm::Feishu), Some(true));
    assert_eq!(retry(r#"{"code":19021,"msg":"sign match fail"}"#, WebhookForm::Feishu), Some(false));
    assert_eq!(retry("<html>", WebhookForm::Feishu), None);
}

/// A server that counts who comes, for as long as the test runs.
fn counted() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream.unwrap();
            let _ = read_request(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    (port, seen)
}

#[test]
fn hostile_urls_reach_nobody() {
    let (port, seen) = counted();
    let webhook = Webhook::new(Duration::from_millis(500));
    // Whoever reads `http: true` as "anything goes" still reaches no private network.
    let public = |url: &str| WebhookSettings { private_network: false, ..local(url) };
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "shop.example@127.0.0.1",
        "127.0.0.1#@shop.example",
    ] {
        let result = send(&webhook, &public(&format!("http://{host}:{port}/")));
        // `#` ends the address before the port.
        assert!(matches!(result, Err(SendError::NotDelivered { .. })), "{host}: {result:?}");
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0, "somebody was reached");
    // The server is there for those who may.
    assert!(send(&webhook, &local(&format!("http://127.0.0.1:{port}/"))).is_ok());
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[test]
fn metadata_and_link_local_addresses_are_never_posted_to() {
    let webhook = Webhook::new(Duration::from_millis(500));
    for host in [
        "169.254.169.254",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "169.254.170.2",
        "192.0.0.192",
        "[fe80::1]",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "224.0.0.1",
        "255.255.255.255",
        "0xa9fea9fe",
        "2852039166",
    ] {
        let error = send(&webhook, &local(&format!("http://{host}/latest/meta-data/"))).unwrap_err();
        let SendError::NotDelivered { reason, retry: false } = &error else { panic!("{host}: {error}") };
        assert!(reason.contains("nowhere that a webhook may be"), "{host}: {reason}");
    }
    for host in ["10.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1", "[fc00::1]"] {
        let settings = WebhookSettings { private_network: false, ..local(&format!("http://{host}/")) };
        let error = send(&webhook, &settings).unwrap_err();
        assert!(
            matches!(&error, SendError::NotDelivered { reason, retry: false } if reason.contains("private_network"))
        );
    }
}

#[test]
fn plain_http_has_to_be_allowed() {
    let (port, seen) = counted();
    let settings =
        WebhookSettings { http: false, ..local(&format!("http://127.0.0.1:{port}/?token=s3cret")) };
    let error = send(&Webhook::default(), &settings).unwrap_err().to_string();
    assert!(error.contains("https://") && !error.contains("s3cret"), "{error}");
    let settings = WebhookSettings { url: String::new(), ..settings };
    assert!(send(&Webhook::default(), &settings).is_err());
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[test]
fn no_redirect_is_followed() {
    let (port, seen) = counted();
    for status in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n"
        );
        let (result, _) = post(Some(Box::leak(answer.into_boxed_str())));
        assert!(matches!(result, Err(SendError::NotDelivered { retry: false, .. })), "{status}: {result:?}");
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

// By Python's hmac, base64 and urllib.parse.quote, for the moment above.
const DINGTALK: &str =
    "POST /hook?timestamp=1795341600000&sign=FA7XDvw6QL1boxT7l0W9Zdee6uQeNfrTDiPIOg%2BZ4JA%3D HTTP/1.1";
const FEISHU: &str = "e57No8q89oTpQxi/J/Wgr/SbzQb81z/32iJGVAR0HPk=";
