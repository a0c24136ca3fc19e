//! Everything that fuzzing found worth keeping, sent to every address: there is always an answer.

#[path = "../../../shared/event/tests/ports/mod.rs"]
mod ports;

use collect_events::{Deps, Request, WriteKeys, run};
use event::{Parser, ParserSettings, Pseudonymizer};
use flate2::Compression;
use flate2::write::GzEncoder;
use pollster::block_on;
use ports::Memory;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;

const ADDRESSES: [&str; 21] = [
    "/v1/identify",
    "/v1/track",
    "/v1/page",
    "/v1/screen",
    "/v1/group",
    "/v1/alias",
    "/v1/merge",
    "/v1/batch",
    "/v1/import",
    "/beacon",
    "/batch/",
    "/capture/",
    "/e/",
    "/i/v0/e/",
    "/api/s/track",
    "/api/s/batch",
    "/api/public/apps/batch",
    "/mp/collect",
    "/debug/mp/collect",
    "/ce",
    "/pixel.gif",
];

/// Sends a request; its answer is never the server's fault, and says why where nothing was taken.
fn answered(
    parser: &Parser,
    keys: &WriteKeys,
    line: (&str, &str, &str),
    headers: &[(&str, &str)],
    body: &[u8],
    what: &str,
) {
    let (method, path, query) = line;
    let memory = Memory::default();
    let deps = Deps { bus: &memory, vault: &memory, quarantine: &memory, parser, write_keys: keys };
    let request = Request { method, path, query, headers, body, now: 1_795_341_600_000 };
    let response = block_on(run(&deps, &request));
    assert!((200..500).contains(&response.status), "{method} {path} {what}: {}", response.status);
    if response.status == 204 || response.header("content-type") == Some("image/gif") {
        return;
    }
    let answer: Value = serde_json::from_slice(&response.body)
        .unwrap_or_else(|_| panic!("{method} {path} {what}: the answer is no JSON"));
    let reason = answer["reason"].as_str().unwrap_or_default();
    assert!(response.status < 300 || !reason.is_empty(), "{method} {path} {what}: {answer}");
}

#[test]
fn whatever_comes_is_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let keys = WriteKeys::new([("shop".into(), "demo-key".into())]);
    let key = ("x-write-key", "demo-key");
    let mut inputs = 0;
    for target in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().path()) {
            let (body, what) = (fs::read(&file).unwrap(), file.display().to_string());
            inputs += 1;
            for path in ADDRESSES {
                answered(&parser, &keys, ("POST", path, ""), &[key], &body, &what);
            }
            let binary =
                [key, ("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "T")];
            answered(&parser, &keys, ("POST", "/ce", ""), &binary, &body, &what);
            // Also where it is packed, and where it stands in the address or its key is looked for in it.
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&body).unwrap();
            let packed = encoder.finish().unwrap();
            for encoding in ["gzip", "deflate", "br", "identity"] {
                answered(
                    &parser,
                    &keys,
                    ("POST", "/v1/batch", ""),
                    &[key, ("content-encoding", encoding)],
                    &packed,
                    &what,
                );
                answered(
                    &parser,
                    &keys,
                    ("POST", "/e/", ""),
                    &[key, ("content-encoding", encoding)],
                    &body,
                    &what,
                );
            }
            if let Ok(text) = std::str::from_utf8(&body) {
                let query = text.split('\n').next().unwrap_or_default();
                answered(&parser, &keys, ("GET", "/pixel.gif", query), &[key], b"", &what);
                answered(&parser, &keys, ("GET", "/e/", &format!("data={query}")), &[key], b"", &what);
            }
            answered(&parser, &keys, ("POST", "/v1/batch", ""), &[], &body, &what);
        }
    }
    assert!(inputs > 50, "only {inputs} in {}", folder.display());
}

#[test]
fn five_hundred_brackets_are_refused_wherever_they_stand() {
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let keys = WriteKeys::new([("shop".into(), "demo-key".into())]);
    let arrays = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let objects = format!("{}1{}", "{\"a\":".repeat(500), "}".repeat(500));
    let within = |deep: &str| {
        [
            deep.to_owned(),
            format!(
                r#"{{"type":"track","event":"E","name":"E","userId":"u","distinct_id":"u","properties":{deep}}}"#
            ),
            format!(r#"{{"batch":[{deep}],"events":[{deep}],"client_id":"c","api_key":"demo-key"}}"#),
            format!(r#"{{"batch":{deep},"events":{deep},"context":{deep},"writeKey":{deep}}}"#),
            format!(
                r#"{{"specversion":"1.0","id":"1","source":"s","type":"T","subject":"u","data":{deep}}}"#
            ),
        ]
    };
    for body in [within(&arrays), within(&objects)].concat() {
        for path in ADDRESSES {
            for headers in [&[("x-write-key", "demo-key")][..], &[]] {
                answered(&parser, &keys, ("POST", path, ""), headers, body.as_bytes(), "deep");
            }
        }
        let memory = Memory::default();
        let deps =
            Deps { bus: &memory, vault: &memory, quarantine: &memory, parser: &parser, write_keys: &keys };
        for path in ADDRESSES {
            let (method, query, headers) = ("POST", "", &[("x-write-key", "demo-key")][..]);
            let request = Request { method, path, query, headers, body: body.as_bytes(), now: 1 };
            block_on(run(&deps, &request));
        }
        assert!(memory.published.borrow().is_empty(), "{}", &body[..60]);
    }
}
