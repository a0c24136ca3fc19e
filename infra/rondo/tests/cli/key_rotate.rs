//! Changing the key of the vault and the quarantine.

use crate::rondo::{command, output, run};
use crate::server::Server;
use embedded::{Keyring, Keys, Sealer, Store};
use event::{IdentifierKind, PortError, Pseudonymizer, Vault};
use pollster::block_on;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use tempfile::tempdir;

/// People whose address is in the vault; more than one page of a change of keys.
const PEOPLE: usize = 5_000;

fn email(n: usize) -> String {
    format!("person.{n}@example.com")
}

/// Imports the people, and two lines that are refused.
fn fill(data: &Path) {
    let mut lines: String = (0..PEOPLE)
        .map(|n| {
            format!(
                "{{\"type\":\"identify\",\"userId\":\"u-{n}\",\"traits\":{{\"email\":\"{}\"}}}}\n",
                email(n)
            )
        })
        .collect();
    lines += "{\"type\":\"track\",\"event\":\"From bad.one@example.com\"}\nbad.two@example.com\n";
    let file = data.with_extension("ndjson");
    fs::write(&file, lines).unwrap();
    output(data, &["import", file.to_str().unwrap()]);
}

fn keys(data: &Path) -> Keys {
    Keys::open(&data.join("keys")).unwrap()
}

/// How many addresses open, of how many, and how many refused records do, under these keys.
fn opened(data: &Path, ring: &Keyring) -> (usize, Result<usize, PortError>) {
    let store = Store::open(&data.join("store.redb"), Sealer::new(ring)).unwrap();
    let hasher = Pseudonymizer::new(&keys(data).hash);
    let address = |n: &usize| {
        let identifier = hasher.identifier(IdentifierKind::Email, &email(*n));
        matches!(block_on(store.get(identifier, "email")), Ok(Some(value)) if value == email(*n))
    };
    ((0..PEOPLE).filter(address).count(), store.quarantined().map(|records| records.len()))
}

#[test]
fn everything_is_sealed_under_the_new_key_alone() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    fill(&data);
    let old = keys(&data).vault;
    let said = output(&data, &["key", "rotate"]);
    assert!(
        said.starts_with("The vault has a new key: 5002 values and records are sealed under it."),
        "{said}"
    );
    let new = keys(&data).vault;
    assert!(new != old && new.old_keys() == 0);
    assert!(matches!(opened(&data, &new), (PEOPLE, Ok(2))));
    let (addresses, records) = opened(&data, &old);
    assert!(addresses == 0 && records.is_err());
    // A key of a folder's copy, brought back by mistake, is found out rather than read around.
    Keys::write_vault(&data.join("keys"), &old).unwrap();
    let listed = run(Some(&data), &["quarantine"]);
    assert!(listed.code == 1 && listed.err.contains("sealed under another key"), "{}", listed.err);
}

#[test]
fn a_change_that_is_killed_loses_nothing_and_goes_on() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    fill(&data);
    for delay in [1, 5, 10, 15, 20, 30, 50] {
        let mut rotate = command();
        rotate.args(["key", "rotate", "--data"]).arg(&data).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = rotate.spawn().unwrap();
        thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(matches!(opened(&data, &keys(&data).vault), (PEOPLE, Ok(2))), "killed after {delay} ms");
    }
    // Whatever became of those is ended first; then a change that was begun, with not a value under its key yet.
    output(&data, &["key", "rotate"]);
    assert_eq!(keys(&data).vault.old_keys(), 0);
    let begun = keys(&data).vault.with_new_key().unwrap();
    Keys::write_vault(&data.join("keys"), &begun).unwrap();
    output(&data, &["quarantine"]);
    let said = output(&data, &["key", "rotate"]);
    assert!(said.starts_with("The change of keys that was under way is done: 5002 values"), "{said}");
    assert!(keys(&data).vault == begun.without_old_keys());
    assert!(matches!(opened(&data, &keys(&data).vault), (PEOPLE, Ok(2))));
}

#[test]
fn a_running_server_changes_its_key() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    fill(&data);
    let old = keys(&data).vault;
    let server = Server::start(&data);
    let said = output(&data, &["key", "rotate"]);
    assert!(
        said.contains("5002 values and records are sealed under it. The server throws the old key away"),
        "{said}"
    );
    // What it takes from now on is under the new one.
    let late = r#"{"userId":"late","traits":{"email":"late@example.com"}}"#;
    assert_eq!(server.post("/v1/identify", late).status, 200);
    assert_eq!(server.post("/v1/track", r#"{"userId":"late"}"#).status, 400);
    assert!(output(&data, &["quarantine"]).contains("3 in quarantine"));
    assert_eq!(server.stop().code, 0);
    let both = keys(&data).vault;
    assert_eq!(both.old_keys(), 1);
    let new = both.without_old_keys();
    assert!(matches!(opened(&data, &new), (PEOPLE, Ok(3))));
    assert_eq!(opened(&data, &old).0, 0);
    let said = output(&data, &["key", "rotate"]);
    assert!(said.starts_with("The change of keys that was under way is done: 5004 values"), "{said}");
    assert!(keys(&data).vault == new);
}
