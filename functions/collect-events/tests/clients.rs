//! What the clients of other tools send, and what they are told.

#[path = "../../../shared/event/tests/ports/mod.rs"]
mod ports;

use collect_events::{Deps, RateLimits, Request, Response, WriteKeys, run};
use event::{Parser, ParserSettings, Pseudonymizer};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use pollster::block_on;
use ports::Memory;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;

const NOW: i64 = 1_795_341_600_000;
const KEY: &str = "demo-key";

/// A request as a client writes it: `POST /path?query`.
struct Sent<'s> {
    line: &'s str,
    headers: &'s [(&'s str, &'s str)],
    body: &'s [u8],
}

fn answer_with(memory: &Memory, keys: &WriteKeys, sent: &Sent<'_>, now: i64) -> Response {
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let deps = Deps {
        bus: memory,
        vault: memory,
        quarantine: memory,
        requests: memory,
        parser: &parser,
        write_keys: keys,
    };
    let (method, address) = sent.line.split_once(' ').unwrap();
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    block_on(run(&deps, &Request { method, path, query, headers: sent.headers, body: sent.body, now }))
}

fn answered(memory: &Memory, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let keys = WriteKeys::new([("shop".into(), KEY.into())]);
    answer_with(memory, &keys, &Sent { line, headers, body }, NOW)
}

/// The answer's JSON, and the names of the events that came of it.
fn taken(line: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value, Vec<String>) {
    let memory = Memory::default();
    let response = answered(&memory, line, headers, body);
    let names = memory.events(|event| event.name.to_string());
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default(), names)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_tool_has_its_address_its_key_and_its_answer() {
    let event = br#"{"type":"track","event":"Seen","userId":"u-1","anonymousId":null,"originalTimestamp":"2026-01-01T00:00:00Z"}"#;
    let batch = [&br#"{"batch":["#[..], event, b"]}"].concat();
    let basic: &[_] = &[("Authorization", "Basic ZGVtby1rZXk6")];
    let pair: &[_] = &[("X-Write-Key", "demo-key:a-secret")];
    let raw: &[_] = &[("authorization", "Basic ZGVtby1rZXk6c2VjcmV0")];
    for (line, headers, body) in [
        ("POST /v1/track", basic, &event[..]),
        ("POST /v1/t", basic, event),
        ("POST /v1/b?writeKey=demo-key", &[], &batch),
        ("POST /beacon/v1/batch?writeKey=demo-key", &[("content-type", "text/plain")], &batch),
        ("POST /beacon?writeKey=demo-key", &[("content-type", "text/plain;charset=UTF-8")], event),
        ("POST /v1/beacon?writeKey=demo-key", &[], &batch),
        ("POST /api/s/track", pair, event),
        ("POST /api/s/s2s/event", pair, event),
        ("POST /api/s/batch", pair, &batch),
        ("POST /api/public/apps/track", raw, event),
        ("POST /api/public/apps/batch", raw, &batch),
        ("POST /pixel.gif?writeKey=demo-key", &[], event),
    ] {
        let (status, answer, names) = taken(line, headers, body);
        assert_eq!((status, names), (200, vec!["Seen".to_owned()]), "{line}");
        let is_jitsu = line.contains("/api/s/");
        assert_eq!(answer["ok"] == true, is_jitsu, "{line} {answer}");
        assert!(answer["success"] == true || line.contains("pixel"), "{line} {answer}");
    }
}

#[test]
fn posthog() {
    let event = json!({"event": "Seen", "distinct_id": "u-1", "properties": {"token": KEY}}).to_string();
    let batch = json!({"api_key": KEY, "batch": [{"event": "Seen", "distinct_id": "u-1"}]}).to_string();
    let form = {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(&event);
        format!(
            "data={}&compression=base64",
            text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
        )
    };
    let packed = gzip(event.as_bytes());
    let is_form: &[_] = &[("content-type", "application/x-www-form-urlencoded")];
    let is_gzip: &[_] = &[("content-encoding", "gzip")];
    let query = format!("GET /e/?{}", form.replace("&compression", "&token=demo-key&compression"));
    for (line, headers, body) in [
        ("POST /batch/", &[][..], batch.as_bytes()),
        ("POST /batch/", is_gzip, &gzip(batch.as_bytes())),
        ("POST /capture/", &[], event.as_bytes()),
        ("POST /i/v0/e/?_=1795341600000", &[], format!("[{event}]").as_bytes()),
        ("POST /e/?compression=gzip-js", &[("content-type", "text/plain")], &packed),
        ("POST /e/", is_form, form.as_bytes()),
        (&query, &[], b""),
    ] {
        let (status, answer, names) = taken(line, headers, body);
        assert_eq!(
            (status, &answer["status"], names),
            (200, &json!(1), vec!["Seen".to_owned()]),
            "{line} {answer}"
        );
    }
    // Older clients compress by lz-string, in a form, a body or an address.
    let packed = include_str!("lz-string/batch.txt");
    let escaped = packed.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let form = format!("data={escaped}&compression=lz64&ver=1.6");
    let address = format!("GET /e/?compression=lz64&data={escaped}");
    for (line, headers, body) in [
        ("POST /e/", is_form, form.as_bytes()),
        ("POST /e/?compression=lz64", is_form, &form.as_bytes()[..form.len() - 25]),
        ("POST /batch/?compression=lz-string", &[], packed.as_bytes()),
        (&address, &[("x-write-key", KEY)], b""),
    ] {
        let (status, answer, names) = taken(line, headers, body);
        assert_eq!((status, names.len()), (200, 60), "{line} {answer}");
    }
    let spaces = include_str!("lz-string/spaces.txt").as_bytes();
    assert_eq!(taken("POST /e/?compression=lz64", &[("x-write-key", KEY)], spaces).0, 413);
    assert_eq!(taken("POST /e/?compression=lz64", &[("x-write-key", KEY)], b"no lz-string").0, 400);
    assert_eq!(taken("POST /batch/", &[], br#"{"api_key":"x","batch":[]}"#).0, 401);
    assert_eq!(taken("POST /capture/?token=demo-key", &[], b"{\"event\":7").0, 400);
    for line in ["POST /flags/?v=2", "POST /decide?v=3", "GET /array/demo-key/config"] {
        let (status, answer, _) = taken(line, &[], b"{}");
        assert_eq!(
            (status, &answer["featureFlags"], &answer["sessionRecording"]),
            (200, &json!({}), &json!(false))
        );
    }
    assert_eq!(taken("GET /api/feature_flag/local_evaluation?token=x", &[], b"").1["flags"], json!([]));
}

#[test]
fn the_measurement_protocol() {
    let body = br#"{"client_id":"c-1","events":[{"name":"purchase","params":{"value":1}},{"name":""}]}"#;
    let line = "POST /mp/collect?measurement_id=G-1&api_secret=demo-key";
    let (status, answer, names) = taken(line, &[], body);
    assert_eq!((status, &answer["accepted"], names), (200, &json!(1), vec!["Order Completed".to_owned()]));
    assert_eq!(answer["rejected"][0]["code"], "missing_event");
    let (status, answer, names) = taken(&line.replace("/mp", "/debug/mp"), &[], body);
    assert_eq!((status, names.len()), (200, 0));
    assert_eq!(answer["validationMessages"][0]["validationCode"], "NAME_INVALID");
    assert_eq!(taken("POST /mp/collect?api_secret=x", &[], body).0, 401);
}

#[test]
fn cloud_events() {
    let key = ("X-Write-Key", KEY);
    let event = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "Seen", "subject": "u-1"});
    let structured: &[_] = &[key, ("Content-Type", "application/cloudevents+json")];
    assert_eq!(taken("POST /ce", structured, event.to_string().as_bytes()).2, ["Seen"]);
    let batched: &[_] = &[key, ("Content-Type", "application/cloudevents-batch+json")];
    let (status, answer, names) = taken("POST /ce", batched, json!([event, {}]).to_string().as_bytes());
    assert_eq!((status, names.len(), &answer["rejected"][0]["field"]), (200, 1, &json!("specversion")));
    let binary = [
        key,
        ("Content-Type", "application/json"),
        ("ce-specversion", "1.0"),
        ("Ce-Id", "1"),
        ("CE-Source", "/s"),
        ("ce-type", "Bestellung%20%E2%9C%93"),
        ("ce-subject", "\"u-1\""),
    ];
    assert_eq!(taken("POST /ce", &binary, br#"{"total":1}"#).2, ["Bestellung ✓"]);
    assert_eq!(taken("POST /ce", &binary, b"plain text").2.len(), 1);
    assert_eq!(taken("POST /ce", &binary, b"\xff").1["code"], "invalid_utf8");
    let (status, answer, _) = taken("POST /ce", &binary[..3], b"{}");
    assert_eq!((status, &answer["field"]), (400, &json!("id")));
    let headers = [("WebHook-Request-Origin", "eventemitter.example.com")];
    let asked = answered(&Memory::default(), "OPTIONS /ce", &headers, b"");
    assert_eq!(asked.header("webhook-allowed-origin"), Some("*"));
}

#[test]
fn a_picture_of_one_dot() {
    let memory = Memory::default();
    let headers = [("Referer", "https://shop.example.com/a"), ("User-Agent", "Browser/1")];
    let line = "GET /pixel.gif?writeKey=demo-key&event=Email+Opened&userId=u-1&campaign=may";
    let picture = answered(&memory, line, &headers, b"");
    assert_eq!(
        (picture.status, picture.header("content-type"), picture.header("cache-control")),
        (200, Some("image/gif"), Some("no-store"))
    );
    assert!(picture.body.starts_with(b"GIF89a") && picture.body.len() == 43);
    let seen = memory.events(|e| {
        (
            e.name.to_string(),
            e.properties.to_string(),
            e.context.url.as_deref().map(str::to_owned),
            e.context.user_agent.is_some(),
        )
    });
    assert_eq!(
        seen,
        [(
            "Email Opened".into(),
            r#"{"campaign":"may"}"#.into(),
            Some("https://shop.example.com/a".into()),
            true
        )]
    );
    // Also where nothing is taken there is a picture to be shown.
    for (line, status) in
        [("GET /pixel.gif?writeKey=x&userId=u", 401), ("GET /pixel.gif?writeKey=demo-key", 400)]
    {
        let picture = answered(&memory, line, &[], b"");
        assert_eq!((picture.status, picture.body.len()), (status, 43), "{line}");
    }
    assert_eq!(
        answered(&memory, "GET /v1/pixel/page?writeKey=demo-key&anonymousId=a-1", &[], b"").status,
        200
    );
}

#[test]
fn settings_that_clients_ask_for() {
    let (status, settings, _) =
        taken("GET /v1/projects/demo-key/settings", &[("Host", "in.example.com")], b"");
    assert_eq!(
        (status, &settings["integrations"]["Segment.io"]["apiHost"]),
        (200, &json!("in.example.com/v1"))
    );
    assert_eq!(taken("GET /v1/projects/x/settings", &[], b"").0, 401);
    let (status, settings, _) = taken("GET /sourceConfig?writeKey=demo-key", &[], b"");
    assert_eq!((status, &settings["source"]["destinations"]), (200, &json!([])));
    assert_eq!(taken("POST /v1/m", &[], b"{}").0, 200);
}

#[test]
fn pages_of_every_origin_may_send() {
    let origin = ("Origin", "https://shop.example.com");
    let asked = answered(
        &Memory::default(),
        "OPTIONS /v1/t",
        &[
            origin,
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "x-own-header,content-type"),
        ],
        b"",
    );
    assert_eq!(
        (asked.status, asked.header("access-control-allow-origin")),
        (204, Some("https://shop.example.com"))
    );
    assert_eq!(asked.header("access-control-allow-headers"), Some("x-own-header,content-type"));
    assert_eq!(asked.header("access-control-allow-credentials"), Some("true"));
    let refused = answered(&Memory::default(), "POST /v1/t", &[origin], b"{}");
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (401, Some("https://shop.example.com"))
    );
    assert_eq!(
        answered(&Memory::default(), "POST /v1/t", &[], b"{}").header("access-control-allow-origin"),
        Some("*")
    );
}

#[test]
fn bodies_that_grow() {
    let event = br#"{"event":"Seen","userId":"u-1"}"#;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(event).unwrap();
    let key = ("X-Write-Key", KEY);
    assert_eq!(
        taken("POST /v1/track", &[key, ("Content-Encoding", "deflate")], &zlib.finish().unwrap()).0,
        200
    );
    // A form whose data is a bomb.
    let bomb = gzip(&vec![b' '; 3_000_000]);
    let form = {
        use base64::Engine;
        format!("data={}", base64::engine::general_purpose::URL_SAFE.encode(bomb))
    };
    let (status, answer, _) = taken("POST /e/?token=demo-key", &[], form.as_bytes());
    assert_eq!((status, &answer["code"]), (413, &json!("too_large")));
    assert_eq!(taken("POST /e/?token=demo-key", &[], b"data=!!").1["field"], "data");
}

#[test]
fn a_source_that_sends_too_much_is_told_when_to_come_back() {
    let limits = RateLimits::new(BTreeMap::from([("shop".to_owned(), 1)]));
    let keys =
        WriteKeys::new([("shop".into(), KEY.into()), ("app".into(), "app-key".into())]).limited(limits);
    let memory = Memory::default();
    let body = format!(r#"{{"batch":[{}]}}"#, [r#"{"type":"track","event":"E","userId":"u"}"#; 11].join(","));
    let status = |key: &str, now: i64| {
        let line = format!("POST /v1/batch?writeKey={key}");
        let response =
            answer_with(&memory, &keys, &Sent { line: &line, headers: &[], body: body.as_bytes() }, now);
        (response.status, response.header("retry-after").map(str::to_owned))
    };
    assert_eq!(status(KEY, NOW), (200, None));
    assert_eq!(status(KEY, NOW), (429, Some("3".into())));
    assert_eq!(status("app-key", NOW), (200, None));
    assert_eq!(status(KEY, NOW + 2_000), (200, None));
}

#[test]
fn a_bad_record_is_kept_so_that_it_can_be_put_in_again() {
    let memory = Memory::default();
    let body = json!({"api_key": KEY, "batch": [{"event": "E"}, {"distinct_id": "u-1"}, {"event": "E", "distinct_id": "u-1"}]});
    let response = answered(&memory, "POST /batch/", &[], body.to_string().as_bytes());
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((&answer["accepted"], &answer["rejectedCount"]), (&json!(1), &json!(2)));
    let quarantined = memory.quarantined.borrow();
    let kept: Vec<Value> = quarantined.iter().map(|q| serde_json::from_slice(&q.original).unwrap()).collect();
    // As a record of the spec where it is one, else as it came.
    assert_eq!(kept, [json!({"type": "track", "event": "E"}), json!({"distinct_id": "u-1"})]);
}

#[test]
fn zstd_is_unpacked_within_bounds() {
    let event = br#"{"type":"track","event":"Seen","userId":"u-1"}"#;
    let keyed = |more: &[(&'static str, &'static str)]| [&[("x-write-key", KEY)], more].concat();
    let packed = zstd::encode_all(&event[..], 3).unwrap();
    let says_so = keyed(&[("content-encoding", "zstd")]);
    for headers in [keyed(&[]), says_so.clone()] {
        assert_eq!(taken("POST /v1/track", &headers, &packed).2, ["Seen"]);
    }
    // A proxy unpacked it and left the header.
    assert_eq!(taken("POST /v1/track", &says_so, event).2, ["Seen"]);
    let bomb = zstd::encode_all(&vec![b' '; 3_000_000][..], 19).unwrap();
    assert!(bomb.len() < 1_000, "{}", bomb.len());
    assert_eq!(taken("POST /v1/track", &says_so, &bomb).0, 413);
    // A window larger than any body asks for memory alone.
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(event).unwrap();
    let wide = encoder.finish().unwrap();
    assert_eq!(taken("POST /v1/track", &says_so, &wide).0, 400);
    assert_eq!(taken("POST /v1/track", &says_so, &packed[..packed.len() - 3]).0, 400);
    assert_eq!(taken("POST /v1/track", &says_so, b"zstd it is not").0, 400);
}

#[test]
fn what_posthog_sets_once_is_a_trait_of_its_own() {
    let body = json!({"api_key": KEY, "event": "$identify", "distinct_id": "u-1", "properties": {"$anon_distinct_id": "anon-1"},
        "$set": {"plan": "pro"}, "$set_once": {"$initial_referrer": "https://r.example/", "email": "ann@example.com", "name": "Ann"}});
    let memory = Memory::default();
    let response = answered(&memory, "POST /capture/", &[], body.to_string().as_bytes());
    assert_eq!(response.status, 200);
    let traits = memory.events(|event| event.traits.to_string());
    assert_eq!(traits, [r#"{"plan":"pro","$set_once":{"$initial_referrer":"https://r.example/"}}"#]);
    let fields: Vec<String> = memory.secrets.borrow().iter().map(|secret| secret.field.clone()).collect();
    assert_eq!(fields, ["email", "name"]);
}
