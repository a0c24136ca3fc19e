//! Profiles that several servers share.

use crate::rondo::{command, write};
use crate::server::{Server, arguments, eventually};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use tempfile::tempdir;

/// A server of Valkey or Redis on a port; none where neither is installed.
fn shared(port: u16) -> Option<Child> {
    for program in ["valkey-server", "redis-server"] {
        let started = Command::new(program)
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match started {
            Ok(child) => return Some(child),
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{program}: {error}"),
        }
    }
    eprintln!("skipped: neither valkey-server nor redis-server is installed");
    None
}

/// What it answers to a command without arguments that hold spaces; nothing while it does not.
fn asked(port: u16, command: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return String::new() };
    stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
    let mut answer = [0; 8_192];
    let length = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

const HERO: &str = "\
name: home-hero
creatives:
  - { name: kitchen, when: \"profile.affinity.categories.exists(c, c.value == 'Kitchen')\", content: Pans }
";

#[test]
fn what_a_server_read_is_shared_sealed_and_one_that_is_gone_holds_up_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let Some(mut redis) = shared(port) else { return };
    let data = tempdir().unwrap();
    write(
        data.path(),
        &[("config/settings.yaml", "global_holdout: 0\n"), ("config/placements/home-hero.yaml", HERO)],
    );
    let mut serve = command();
    serve.args(arguments(data.path())).args(["--decide", "127.0.0.1:0"]);
    serve.env("REDIS_URL", format!("redis://127.0.0.1:{port}/0"));
    let server = Server::from(serve);
    let event = json!({"type": "track", "event": "Product Viewed", "userId": "ann",
        "properties": {"product_id": "pan", "category": "Kitchen"}});
    assert_eq!(server.post("/v1/track", &event.to_string()).status, 200);
    let creative = || {
        let body = json!({"userId": "ann", "placements": ["home-hero"]}).to_string();
        let answer = server.post("/v1/decide", &body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str::<Value>(&answer.body).unwrap()["placements"]["home-hero"]["creative"].clone()
    };
    let mut kept = String::new();
    eventually("it is shared", || {
        let seen = creative() == "kitchen";
        let keys = asked(port, "KEYS rondo:profile:*");
        let name = keys.lines().find(|line| line.starts_with("rondo:profile:user_id:"));
        kept = name.map(|name| asked(port, &format!("GET {name}"))).unwrap_or_default();
        seen && kept.contains("RSV")
    });
    assert!(!kept.contains("Kitchen") && !kept.contains("pan"), "it is sealed: {kept:?}");

    let _ = redis.kill();
    let _ = redis.wait();
    for _ in 0..20 {
        assert_eq!(creative(), "kitchen");
    }
    assert_eq!(server.stop().code, 0);
}

#[test]
fn an_address_that_is_none_is_told() {
    let data = tempdir().unwrap();
    let mut serve = command();
    let run =
        serve.args(arguments(data.path())).env("REDIS_URL", "cache.example.internal:6379").output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    let told = String::from_utf8(run.stderr).unwrap();
    assert!(told.contains("write one like redis://cache.example.internal:6379/0"), "{told}");
}
