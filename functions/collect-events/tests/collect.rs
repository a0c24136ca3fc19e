//! Intake over HTTP, from a request to what the ports were given.

#[path = "../../../shared/event/tests/ports/mod.rs"]
mod ports;

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use collect_events::{Deps, Request, Response, WriteKeys, handle, run};
use event::{Measure, Parser, ParserSettings, PortError, Pseudonymizer};
use flate2::Compression;
use flate2::write::GzEncoder;
use pollster::block_on;
use ports::Memory;
use serde_json::{Value, json};
use std::io::Write;

const NOW: i64 = 1_795_341_600_000;

fn with_deps<T>(memory: &Memory, work: impl FnOnce(&Deps<'_, Memory, Memory, Memory, Memory>) -> T) -> T {
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let write_keys = WriteKeys::new([("shop".into(), "demo-key".into())]);
    work(&Deps {
        bus: memory,
        vault: memory,
        quarantine: memory,
        requests: memory,
        parser: &parser,
        write_keys: &write_keys,
    })
}

fn send(memory: &Memory, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    with_deps(memory, |deps| {
        block_on(run(deps, &Request { method, path, query: "", headers, body, now: NOW }))
    })
}

fn post(memory: &Memory, path: &str, body: &[u8]) -> (u16, Value) {
    let response = send(memory, "POST", path, &[("x-write-key", "demo-key")], body);
    (response.status, serde_json::from_str(response.text()).unwrap())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn invoke(memory: &Memory, case: &str) -> (i64, Value) {
    let request: LambdaFunctionUrlRequest = serde_json::from_str(case).unwrap();
    let response = with_deps(memory, |deps| block_on(handle(deps, &request, NOW)));
    assert!(!response.headers.contains_key("access-control-allow-origin"), "the function URL's part");
    (response.status_code, serde_json::from_str(&response.body.unwrap()).unwrap())
}

#[test]
fn a_gzip_batch_through_the_function_url() {
    let memory = Memory::default();
    let (status, answer) = invoke(&memory, include_str!("../../../events/collect-events/gzip-batch.json"));
    assert_eq!(status, 200);
    assert_eq!(answer, json!({"success": true, "accepted": 3, "rejectedCount": 0, "rejected": []}));
    assert_eq!(
        memory.events(|e| (e.name.to_string(), e.source.to_string())),
        [
            ("Identified".into(), "shop".into()),
            ("Page Viewed".into(), "shop".into()),
            ("Product Viewed".into(), "shop".into()),
        ]
    );
    // Sent 500 ms before it was received, at which its clock showed 1500 ms after the event.
    assert_eq!(memory.events(|e| NOW - e.happened_at), [1500, 1000, 500]);
    assert_eq!(*memory.calls.borrow(), ["vault", "bus"]);
    let secrets = memory.secrets.borrow();
    let fields: Vec<_> = secrets.iter().map(|s| (s.field.as_str(), s.value.as_str())).collect();
    assert!(fields.contains(&("email", "ann.lee@example.com")), "{fields:?}");
    assert!(fields.contains(&("first_name", "Ann")), "{fields:?}");
}

#[test]
fn bad_records_of_a_batch_are_quarantined_and_the_rest_accepted() {
    let memory = Memory::default();
    let (status, answer) =
        invoke(&memory, include_str!("../../../events/collect-events/batch-with-bad-records.json"));
    assert_eq!((status, &answer["accepted"], &answer["rejectedCount"]), (200, &json!(1), &json!(3)));
    let named: Vec<_> = answer["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["index"].as_u64().unwrap(), r["code"].as_str().unwrap(), r["field"].as_str().unwrap()))
        .collect();
    assert_eq!(
        named,
        [(1, "missing_identifier", "userId"), (2, "invalid_type", "type"), (3, "missing_event", "event")]
    );
    assert_eq!(memory.events(|e| e.message_id.to_string()), ["m-4"]);
    let quarantined = memory.quarantined.borrow();
    assert_eq!(quarantined.len(), 3);
    assert_eq!((quarantined[1].at, quarantined[1].source.as_str()), (NOW, "shop"));
    let original: Value = serde_json::from_slice(&quarantined[1].original).unwrap();
    assert_eq!(original["messageId"], "m-6");
    assert_eq!(*memory.calls.borrow(), ["quarantine", "bus"]);
}

#[test]
fn a_wrong_key_writes_nothing() {
    let memory = Memory::default();
    let (status, answer) = invoke(&memory, include_str!("../../../events/collect-events/wrong-key.json"));
    assert_eq!((status, &answer["code"]), (401, &json!("wrong_key")));
    assert!(memory.calls.borrow().is_empty());
    let body = br#"{"event":"Seen","userId":"u-1","writeKey":"demo-key"}"#;
    assert_eq!(send(&memory, "POST", "/v1/track", &[], b"{}").status, 401);
    assert_eq!(send(&memory, "POST", "/v1/track", &[("x-write-key", "no")], body).status, 401);
    assert_eq!(send(&memory, "POST", "/v1/track", &[], body).status, 200);
    assert_eq!(
        send(&memory, "POST", "/v1/track", &[("authorization", "Basic ZGVtby1rZXk6")], body).status,
        200
    );
}

#[test]
fn without_a_write_key_the_operator_is_told_what_to_do() {
    let memory = Memory::default();
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let write_keys = WriteKeys::default();
    let (bus, vault, quarantine) = (&memory, &memory, &memory);
    let deps = Deps {
        bus,
        vault,
        quarantine,
        requests: &event::NoRequests,
        parser: &parser,
        write_keys: &write_keys,
    };
    let headers = &[("x-write-key", "demo-key")];
    let (method, path, query, body) = ("POST", "/v1/track", "", &br#"{"userId":"u","event":"E"}"#[..]);
    let response = block_on(run(&deps, &Request { method, path, query, headers, body, now: NOW }));
    assert_eq!(response.status, 503);
    assert!(response.text().contains("no_write_keys") && response.cause.unwrap().contains("write_keys"));
    assert!(memory.calls.borrow().is_empty());
}

#[test]
fn every_call_has_its_address() {
    for (call, name) in [
        ("identify", "Identified"),
        ("track", "Seen"),
        ("page", "Page Viewed"),
        ("screen", "Screen Viewed"),
        ("group", "Group Joined"),
        ("alias", "Aliased"),
    ] {
        let memory = Memory::default();
        let body = br#"{"event":"Seen","userId":"u-1","previousId":"a-1","groupId":"g-1"}"#;
        let (status, answer) = post(&memory, &format!("/v1/{call}"), body);
        assert_eq!((status, &answer["accepted"]), (200, &json!(1)), "{call}");
        assert_eq!(memory.events(|e| (e.kind.as_str(), e.name.to_string())), [(call, name.to_owned())]);
    }
}

#[test]
fn an_import_keeps_its_own_receive_time() {
    let body =
        br#"{"batch":[{"type":"track","event":"Seen","userId":"u-1","timestamp":"2020-01-01T00:00:00Z"}]}"#;
    let memory = Memory::default();
    post(&memory, "/v1/import", body);
    post(&memory, "/v1/batch", body);
    assert_eq!(
        memory.events(|e| (e.happened_at, e.received_at)),
        [(1_577_836_800_000, 1_577_836_800_000), (1_577_836_800_000, NOW)]
    );
}

#[test]
fn a_refused_event_is_named_without_its_values() {
    for (body, status, code) in [
        (&b"{\"event\":\"Seen\",\"userId\":\"secret-"[..], 400, "invalid_json"),
        (b"secret-", 400, "invalid_json"),
        (b"", 400, "invalid_json"),
        (b"{\"event\":\"secret-\xff\"}", 400, "invalid_utf8"),
        (br#"{"type":"secret-","userId":"u-1"}"#, 400, "invalid_type"),
        (br#"{"event":"secret-"}"#, 400, "missing_identifier"),
        (br#"{"event":"E","userId":"u-1","properties":"secret-"}"#, 400, "invalid_field"),
        (br#"{"event":"E","userId":{"secret-":1}}"#, 400, "invalid_field"),
    ] {
        let memory = Memory::default();
        let (answered, answer) = post(&memory, "/v1/track", body);
        assert_eq!(
            (answered, &answer["code"], &answer["success"]),
            (status, &json!(code), &json!(false)),
            "{answer}"
        );
        assert!(!answer["reason"].as_str().unwrap().is_empty());
        assert!(!answer.to_string().contains("secret-"), "{answer}");
        assert_eq!(memory.quarantined.borrow()[0].original, body);
        assert_eq!(*memory.calls.borrow(), ["quarantine"]);
    }
}

#[test]
fn a_batch_that_is_no_batch() {
    for body in [&br#"{"batch":{}}"#[..], b"{}", b"[]", br#"{"batch":[{"type":"track""#] {
        let memory = Memory::default();
        assert_eq!(post(&memory, "/v1/batch", body).0, 400, "{}", String::from_utf8_lossy(body));
    }
    let (status, answer) = post(&Memory::default(), "/v1/batch", br#"{"batch":[]}"#);
    assert_eq!((status, &answer["accepted"]), (200, &json!(0)));
}

#[test]
fn depth_and_size_are_matters_of_each_record() {
    let memory = Memory::default();
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let long = "x".repeat(33 * 1024);
    let body = format!(
        r#"{{"batch":[{{"type":"track","event":"A","userId":"u-1","properties":{{"deep":{deep}}}}},
            {{"type":"track","event":"B","userId":"u-1","properties":{{"long":"{long}"}}}},
            17, {{"type":"track","event":"C","userId":"u-1"}}]}}"#
    );
    let (status, answer) = post(&memory, "/v1/batch", body.as_bytes());
    assert_eq!(status, 200);
    let codes: Vec<_> =
        answer["rejected"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["too_deep", "too_large", "invalid_field"]);
    assert_eq!(memory.events(|e| e.name.to_string()), ["C"]);
    assert_eq!(memory.quarantined.borrow()[1].original.len(), Parser::MAX_BYTES);
}

#[test]
fn too_much_is_refused() {
    let memory = Memory::default();
    let event = format!(r#"{{"event":"E","userId":"u-1","properties":{{"long":"{}"}}}}"#, "x".repeat(40_000));
    let (status, answer) = post(&memory, "/v1/track", event.as_bytes());
    assert_eq!((status, &answer["code"]), (400, &json!("too_large")));
    // In a batch it is named; with others beside it, it stops none of them.
    let large = event.replacen('{', r#"{"type":"track","#, 1);
    let (status, answer) = post(&memory, "/v1/batch", format!(r#"{{"batch":[{large}]}}"#).as_bytes());
    assert_eq!((status, &answer["field"]), (400, &json!("batch[0]")));
    let long = |library: &str| {
        let event = format!(
            r#"{{"type":"track","event":"E","userId":"u-1","messageId":"m","properties":{{"long":"{}"}}}}"#,
            "x".repeat(20_000)
        );
        let events = vec![event; 40].join(",");
        format!(r#"{{"batch":[{events}],"context":{{"library":{{"name":"{library}"}}}}}}"#).into_bytes()
    };
    assert_eq!(post(&memory, "/v1/batch", &long("analytics-node")).0, 413);
    for (path, library) in
        [("/v1/batch", "rudder-sdk-node"), ("/v1/import", "analytics-node"), ("/beacon", "x")]
    {
        assert_eq!(post(&Memory::default(), path, &long(library)).0, 200, "{path}");
        let mut more = long(library);
        more.resize((4 << 20) + 1, b' ');
        assert_eq!(post(&memory, path, &more).0, 413, "{path}");
    }
    let many = format!("{{\"batch\":[{}0]}}", "0,".repeat(10_000));
    assert_eq!(post(&memory, "/v1/batch", many.as_bytes()).0, 413);
    // 100 MB of zeros in 100 KB.
    assert_eq!(post(&memory, "/v1/batch", &gzip(&vec![0; 100_000_000])).0, 413);
    assert!(memory.published.borrow().is_empty());
}

#[test]
fn many_refused_records_are_counted_and_the_first_named() {
    let body = format!("{{\"batch\":[{}0]}}", "0,".repeat(999));
    let (status, answer) = post(&Memory::default(), "/v1/batch", body.as_bytes());
    assert_eq!((status, &answer["rejectedCount"]), (200, &json!(1000)));
    assert_eq!(answer["rejected"].as_array().unwrap().len(), 100);
}

#[test]
fn encodings() {
    let body = br#"{"event":"Seen","userId":"u-1"}"#;
    let sent = |headers: &[(&str, &str)], body: &[u8]| {
        let headers: Vec<_> = headers.iter().copied().chain([("X-WRITE-KEY", "demo-key")]).collect();
        send(&Memory::default(), "POST", "/v1/track", &headers, body).status
    };
    assert_eq!(sent(&[("Content-Encoding", "GZIP")], &gzip(body)), 200);
    assert_eq!(sent(&[], &gzip(body)), 200);
    assert_eq!(sent(&[("content-encoding", "gzip")], body), 200);
    assert_eq!(sent(&[("content-encoding", "br")], b"\x0b\x02\x80"), 400);
    assert_eq!(sent(&[], &gzip(body)[..20]), 400);
    assert_eq!(sent(&[("content-type", "text/plain;charset=UTF-8")], body), 200);
}

#[test]
fn addresses_and_methods() {
    let memory = Memory::default();
    let missing = send(&memory, "POST", "/v1/purchase", &[], b"");
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("/v1/track"));
    let wrong = send(&memory, "GET", "/v1/track", &[], b"");
    assert_eq!((wrong.status, wrong.header("Allow")), (405, Some("POST, OPTIONS")));
    assert!(wrong.text().contains("/v1/track"));
    let health = send(&memory, "GET", "/health", &[], b"");
    assert_eq!((health.status, health.text()), (200, r#"{"status":"ok"}"#));
    let preflight = send(&memory, "OPTIONS", "/v1/batch", &[("Origin", "https://shop.example.com")], b"");
    assert_eq!((preflight.status, preflight.text()), (204, ""));
    assert_eq!(preflight.header("access-control-allow-origin"), Some("https://shop.example.com"));
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("X-Write-Key"));
    assert!(memory.calls.borrow().is_empty());
}

#[test]
fn nothing_is_promised_while_a_port_is_down() {
    let body =
        br#"{"batch":[{"type":"identify","userId":"u-1","traits":{"email":"a@b.cn"}},{"type":"track"}]}"#;
    for port in ["vault", "quarantine", "bus"] {
        let memory = Memory::default();
        memory.broken.set(Some((port, || PortError::Unavailable { what: "it", reason: "throttled".into() })));
        let response = send(&memory, "POST", "/v1/batch", &[("x-write-key", "demo-key")], body);
        assert_eq!((response.status, response.header("retry-after")), (503, Some("5")), "{port}");
        assert!(!response.text().contains("throttled"));
        assert_eq!(response.cause.as_deref(), Some("it is not available now: throttled"));
        assert!(memory.published.borrow().is_empty());
    }
    let memory = Memory::default();
    memory.broken.set(Some(("bus", || PortError::Failed { what: "the log", reason: "disk full".into() })));
    let response = send(&memory, "POST", "/v1/batch", &[("x-write-key", "demo-key")], body);
    assert_eq!((response.status, response.header("retry-after")), (500, None));
}

#[test]
fn without_consent_to_analytics_nothing_but_the_answer_is_kept() {
    let memory = Memory::default();
    let body = json!({"batch": [
        {"type": "track", "event": "Seen", "userId": "u-1", "properties": {"note": "CONTENT"},
            "context": {"consent": {"categoryPreferences": {"analytics": false, "email": true}}, "traits": {"email": "a@b.example"}}},
        {"type": "track", "event": "Seen", "userId": "null", "properties": {"note": "CONTENT"},
            "context": {"consent": {"categoryPreferences": {"analytics": false}}}},
        {"type": "track", "event": "Seen", "userId": "u-2"},
    ]});
    let (status, answer) = post(&memory, "/v1/batch", body.to_string().as_bytes());
    assert_eq!((status, &answer["accepted"], &answer["withheld"]), (200, &json!(2), &json!(2)));
    assert_eq!(answer["rejectedCount"], 0);
    assert_eq!(memory.events(|e| e.name.to_string()), ["Consent Changed", "Seen"]);
    assert_eq!(memory.events(|e| e.properties.contains("CONTENT")), [false, false]);
    assert!(memory.secrets.borrow().is_empty() && !memory.calls.borrow().contains(&"quarantine"));
    let single = json!({"userId": "null", "event": "Seen", "context": {"consent": {"categoryPreferences": {"analytics": false}}}});
    let (status, answer) = post(&memory, "/v1/track", single.to_string().as_bytes());
    assert_eq!((status, &answer["accepted"], &answer["withheld"]), (200, &json!(0), &json!(1)));
    // What left nothing at all is counted; a count that fails fails nothing.
    let counts = memory.counts.take();
    assert_eq!(
        counts.iter().map(|count| (count.source.as_str(), count.measure, count.count)).collect::<Vec<_>>(),
        [("shop", Measure::Withheld, 1), ("shop", Measure::Withheld, 1),]
    );
    memory
        .broken
        .set(Some(("counts", || PortError::Failed { what: "the counts", reason: "throttled".into() })));
    assert_eq!(post(&memory, "/v1/track", single.to_string().as_bytes()).0, 200);
}
