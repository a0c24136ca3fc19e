//! Taking events over HTTP.

use crate::rondo::{Run, command, output, run, write};
use crate::server::{KEY, Server, arguments, basic, eventually};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use tempfile::tempdir;

fn profile(data: &Path, id: &str) -> Value {
    serde_json::from_str(&output(data, &["profile", id, "--json"])).unwrap()
}

#[test]
fn a_gzip_batch_becomes_a_profile() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path());
    let batch = json!({"batch": [
        {"type": "identify", "userId": "ann-1", "traits": {"email": "Ann@Example.com", "plan": "gold"}},
        {"type": "track", "userId": "ann-1", "event": "Product Viewed", "properties": {"product_id": "p-1"}},
        {"type": "track", "event": "Product Viewed"},
    ]});
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(batch.to_string().as_bytes()).unwrap();
    let headers = [("Authorization", &*basic(KEY)), ("Content-Encoding", "gzip")];
    let answer = server.request("POST", "/v1/batch", &headers, &packed.finish().unwrap());
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&body["accepted"], &body["rejectedCount"]), (&json!(2), &json!(1)));
    assert_eq!(body["rejected"][0]["code"], "missing_identifier");

    // While it runs it answers for its data folder: every answer has what was taken before it.
    let known = profile(data.path(), "ann@example.com");
    assert_eq!((&known["events"], &known["traits"]["plan"]), (&json!(2), &json!("gold")));
    assert_eq!(known["counters"]["Product Viewed"]["total"], 1);
    let listed = output(data.path(), &["quarantine"]);
    assert!(listed.contains("app  missing_identifier (userId): "), "{listed}");
    assert!(listed.ends_with("1 in quarantine: 1 missing_identifier\n"), "{listed}");

    let stopped = server.stop();
    assert_eq!(stopped.code, 0, "{}", stopped.err);
    assert!(stopped.out.ends_with(
        "Stopped: 1 requests (0 failed), 2 events taken in (0 duplicates), 0 messages sent, 0 refused, 0 held.\n"
    ), "{}", stopped.out);
    // The same from the data folder itself.
    let stored = profile(data.path(), "ann-1");
    for field in ["person", "version", "events", "identifiers", "traits", "recent"] {
        assert_eq!(stored[field], known[field], "{field}");
    }
}

#[test]
fn what_is_refused_is_told() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path());
    let event = r#"{"userId":"u-1","event":"Signed Up"}"#;
    let status = |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        server.request(method, path, headers, body).status
    };
    let key = basic(KEY);
    let right = [("Authorization", &*key)];
    assert_eq!(status("POST", "/v1/track", &[("X-Write-Key", KEY)], event.as_bytes()), 200);
    assert_eq!(status("POST", "/v1/track", &[("X-Write-Key", "app-key-2")], event.as_bytes()), 401);
    assert_eq!(status("POST", "/v1/track", &[], event.as_bytes()), 401);
    assert_eq!(status("POST", "/v1/track", &right, b"{\"userId\""), 400);
    assert_eq!(status("POST", "/v1/purchase", &right, b"{}"), 404);
    assert_eq!(status("GET", "/v1/track", &right, b""), 405);
    assert_eq!(status("GET", "/health", &[], b""), 200);
    let preflight = server.request("OPTIONS", "/v1/batch", &[("Origin", "https://shop.example.com")], b"");
    assert_eq!(preflight.status, 204);
    assert!(
        preflight.head.contains("access-control-allow-origin: https://shop.example.com"),
        "{}",
        preflight.head
    );

    // Longer than a body may be: its sender gets to read why, and the server goes on.
    let large = vec![b'x'; 2_000_000];
    let answer = server.request("POST", "/v1/batch", &right, &large);
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("too_large"), "{}", answer.body);
    assert_eq!(server.post("/v1/track", event).status, 200);
}

#[test]
fn a_key_can_be_changed_and_taken_away_while_it_serves() {
    let data = tempdir().unwrap();
    let new_key = || {
        let made = run(None, &["key", "pos"]).out;
        let (key, line) = made.split_once('\n').unwrap();
        (key.to_owned(), line.split('"').nth(1).unwrap().to_owned())
    };
    let ((old, old_digest), (new, new_digest)) = (new_key(), new_key());
    let settings = |keys: &str| {
        write(data.path(), &[("config/settings.yaml", &format!("write_keys: {{ pos: {keys} }}\n"))])
    };
    settings(&format!("\"{old_digest}\""));
    let server = Server::start(data.path());
    let status = |key: &str| {
        let event = br#"{"userId":"u-1","event":"Signed Up"}"#;
        server.request("POST", "/v1/track", &[("X-Write-Key", key)], event).status
    };
    assert_eq!((status(&old), status(&new), status(KEY)), (200, 401, 200));
    settings(&format!("[\"{old_digest}\", \"{new_digest}\"]"));
    eventually("the new key", || status(&new) == 200);
    assert_eq!(status(&old), 200);
    settings(&format!("\"{new_digest}\""));
    eventually("the end of the old key", || status(&old) == 401);
    assert_eq!((status(&new), status(KEY)), (200, 200));
    assert_eq!(server.stop().code, 0);
}

#[test]
fn nothing_acknowledged_is_lost_when_it_is_killed() {
    let data = tempdir().unwrap();
    let (sent, acknowledged) = (AtomicU64::new(0), AtomicU64::new(0));
    for round in 0..3 {
        let server = Server::start(data.path());
        thread::scope(|scope| {
            for worker in 0..4 {
                let (server, sent, acknowledged) = (&server, &sent, &acknowledged);
                scope.spawn(move || {
                    for n in 0.. {
                        let event = json!({
                            "userId": "ann-1", "event": "Product Viewed", "messageId": format!("m-{round}-{worker}-{n}"),
                            "properties": {"product_id": "p-1"},
                        });
                        sent.fetch_add(1, Ordering::SeqCst);
                        let headers = [("X-Write-Key", KEY)];
                        match server.try_request("POST", "/v1/track", &headers, event.to_string().as_bytes()) {
                            Some(answer) if answer.status == 200 => acknowledged.fetch_add(1, Ordering::SeqCst),
                            _ => return,
                        };
                    }
                });
            }
            let goal = (round + 1) * 60;
            eventually("events that were acknowledged", || acknowledged.load(Ordering::SeqCst) >= goal);
            server.signal("KILL");
        });
        drop(server);
    }
    let (sent, acknowledged) = (sent.into_inner(), acknowledged.into_inner());
    let counted = profile(data.path(), "ann-1")["counters"]["Product Viewed"]["total"].as_u64().unwrap();
    assert!(
        (acknowledged..=sent).contains(&counted),
        "{acknowledged} acknowledged, {sent} sent, {counted} counted"
    );

    // The lake has them too, each once.
    assert_eq!(run(Some(data.path()), &["report"]).code, 0);
    let report = fs::read_to_string(data.path().join("reports/latest/report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["totals"]["events"], counted);
}

#[test]
fn the_report_is_a_page() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path());
    for n in 0..3 {
        let order = json!({
            "userId": format!("u-{n}"), "event": "Order Completed",
            "properties": {"order_id": format!("o-{n}"), "revenue": 10, "currency": "EUR"},
        });
        assert_eq!(server.post("/v1/track", &order.to_string()).status, 200);
    }
    let page = server.request("GET", "/", &[], b"");
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-type: text/html") && page.body.contains("30.00"), "{}", page.body);
    let json = server.request("GET", "/reports/latest/report.json", &[], b"");
    let report: Value = serde_json::from_str(&json.body).unwrap();
    assert_eq!(report["totals"]["orders"], 3);
    for outside in
        ["/reports/../keys/hash.key", "/reports/%2e%2e/keys/hash.key", "/reports/none", "/store.redb"]
    {
        assert_eq!(server.request("GET", outside, &[], b"").status, 404, "{outside}");
    }
}

fn refused(arguments: &[String]) -> String {
    let Run { code, out, err } = run(None, arguments);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.starts_with("rondo: "), "{err}");
    err
}

#[test]
fn it_says_why_it_does_not_start() {
    let data = tempdir().unwrap();
    let folder = data.path().display().to_string();
    let without_key = refused(&["serve", "--data", &folder].map(str::to_owned));
    assert!(without_key.contains("a write key is needed"), "{without_key}");
    let odd_key = refused(&["serve", "--data", &folder, "--write-key", "a b"].map(str::to_owned));
    assert!(odd_key.contains("source `web`") && !odd_key.contains("a b"), "{odd_key}");
    let public = ["serve", "--data", &folder, "--write-key", "k", "--listen", "0.0.0.0:0"].map(str::to_owned);
    assert!(refused(&public).contains("--public"));
    assert!(!data.path().join("store.redb").exists(), "nothing was made so far");

    let server = Server::start(data.path());
    let err = refused(&arguments(data.path()));
    assert!(err.lines().count() == 1 && err.contains("in use by another process"), "{err}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listener = TcpListener::bind(taken).unwrap();
    let busy =
        ["serve", "--data", &folder, "--write-key", "k", "--listen", &taken.to_string()].map(str::to_owned);
    let err = refused(&busy);
    assert!(err.lines().count() == 1 && err.contains("is it in use?"), "{err}");
    drop((listener, server));

    let mut from_environment = command();
    from_environment
        .args(["serve", "--listen", "127.0.0.1:0", "--data", &folder])
        .env("RONDO_WRITE_KEY", "k-1,pos=k-2");
    let run = Server::from(from_environment).stop();
    assert!(run.code == 0 && run.out.contains("(sources: web, pos)"), "{}{}", run.out, run.err);
}
