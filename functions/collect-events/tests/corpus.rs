//! Everything that fuzzing found worth keeping, sent to every address: there is always an answer.

#[path = "../../../shared/event/tests/ports/mod.rs"]
mod ports;

use collect_events::{Deps, Request, WriteKeys, run};
use event::{Parser, ParserSettings, Pseudonymizer};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use pollster::block_on;
use ports::Memory;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
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
    let deps = Deps {
        bus: &memory,
        vault: &memory,
        quarantine: &memory,
        requests: &memory,
        parser,
        write_keys: keys,
    };
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

/// The inputs that are kept, with the names of their files.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let mut inputs = Vec::new();
    for target in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().path()) {
            inputs.push((file.display().to_string(), fs::read(&file).unwrap()));
        }
    }
    inputs.sort();
    assert!(inputs.len() > 30, "only {} in {}", inputs.len(), folder.display());
    inputs
}

/// Sends a body to every address, packed and not, and as the query of those that take one.
fn send_everywhere(parser: &Parser, keys: &WriteKeys, body: &[u8], what: &str) {
    let key = ("x-write-key", "demo-key");
    for path in ADDRESSES {
        answered(parser, keys, ("POST", path, ""), &[key], body, what);
    }
    let binary = [key, ("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "T")];
    answered(parser, keys, ("POST", "/ce", ""), &binary, body, what);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    let packed = encoder.finish().unwrap();
    for encoding in ["gzip", "deflate", "zstd", "br", "identity"] {
        let headers = [key, ("content-encoding", encoding)];
        answered(parser, keys, ("POST", "/v1/batch", ""), &headers, &packed, what);
        answered(parser, keys, ("POST", "/e/", ""), &headers, body, what);
    }
    let dense = zstd::encode_all(body, 1).unwrap();
    answered(parser, keys, ("POST", "/v1/batch", ""), &[key], &dense, what);
    answered(parser, keys, ("POST", "/e/", "compression=lz64"), &[key], body, what);
    if let Ok(text) = std::str::from_utf8(body) {
        let query = text.split('\n').next().unwrap_or_default();
        answered(parser, keys, ("GET", "/pixel.gif", query), &[key], b"", what);
        answered(parser, keys, ("GET", "/e/", &format!("data={query}")), &[key], b"", what);
    }
    answered(parser, keys, ("POST", "/v1/batch", ""), &[], body, what);
}

#[test]
fn whatever_comes_is_answered() {
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let keys = WriteKeys::new([("shop".into(), "demo-key".into())]);
    for (what, body) in corpus() {
        send_everywhere(&parser, &keys, &body, &what);
        // What stands behind the head of a whole request.
        if let Some(end) = body.windows(2).position(|two| two == b"\n\n") {
            send_everywhere(&parser, &keys, &body[end + 2..], &what);
        }
    }
}

/// What a fuzzer found that reaches code which nothing else does, as it is.
#[test]
fn what_a_fuzzer_found_is_answered() {
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let keys = WriteKeys::new([("shop".into(), "demo-key".into())]);
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/found.tar.gz");
    let mut found = tar::Archive::new(GzDecoder::new(fs::File::open(packed).unwrap()));
    let mut inputs = 0;
    for entry in found.entries().unwrap() {
        let mut entry = entry.unwrap();
        let what = entry.path().unwrap().display().to_string();
        let mut body = Vec::new();
        entry.read_to_end(&mut body).unwrap();
        if entry.header().entry_type().is_file() {
            inputs += 1;
            send_everywhere(&parser, &keys, &body, &what);
        }
    }
    assert!(inputs > 3_000, "only {inputs}");
}

/// The same numbers each time (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

#[test]
fn so_is_what_is_damaged_on_its_way() {
    const PIECES: [&[u8]; 12] =
        [b"null", b"{}", b"[]", b"\"", b"\\u", b"\\ud800", b"1e999", b"-", b"\0", b"\xff", b"%", b"[[[[[[[["];
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let keys = WriteKeys::new([("shop".into(), "demo-key".into())]);
    let mut random = Random(0x5eed);
    for (what, body) in corpus() {
        for nth in 0..6 {
            let mut body = body.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(body.len() + 1);
                match random.below(4) {
                    0 => body.truncate(at),
                    1 if at < body.len() => body[at] ^= 1 << random.below(8),
                    2 => {
                        let end = (at + random.below(16)).min(body.len());
                        drop(body.drain(at..end));
                    }
                    _ => drop(body.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
                }
            }
            send_everywhere(&parser, &keys, &body, &format!("{what}, damaged {nth}"));
        }
    }
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
        let deps = Deps {
            bus: &memory,
            vault: &memory,
            quarantine: &memory,
            requests: &memory,
            parser: &parser,
            write_keys: &keys,
        };
        for path in ADDRESSES {
            let (method, query, headers) = ("POST", "", &[("x-write-key", "demo-key")][..]);
            let request = Request { method, path, query, headers, body: body.as_bytes(), now: 1 };
            block_on(run(&deps, &request));
        }
        assert!(memory.events(|event| event.kind).is_empty(), "{}", &body[..60]);
    }
}
