//! Against a server of Debian's, where one is installed (`apt-get install redis-server`); skipped with a message where none
//! is. Faults: it is killed, hangs, holds what was not written here, or something of another kind.

use event::{Identifier, IdentifierKind, Key, Pseudonymizer};
use person::{Found, SharedProfiles};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;
use valkey::{SealedProfiles, Valkey};

/// A server of its own, which ends with the value.
struct Server {
    child: Child,
    port: u16,
    folder: TempDir,
    program: &'static str,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Server {
    /// Starts one; none where neither Valkey nor Redis is installed.
    async fn start() -> Option<Server> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        for program in ["valkey-server", "redis-server"] {
            match spawn(program, port, &folder) {
                Ok(child) => {
                    let server = Server { child, port, folder, program };
                    server.answers().await;
                    return Some(server);
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{program}: {error}"),
            }
        }
        eprintln!("skipped: neither valkey-server nor redis-server is installed");
        None
    }

    fn address(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    async fn again(&mut self) {
        self.child = spawn(self.program, self.port, &self.folder).unwrap();
        self.answers().await;
    }

    async fn answers(&self) {
        for _ in 0..400 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            sleep(Duration::from_millis(25)).await;
        }
        panic!("{} did not start", self.program);
    }

    /// Has it do a command, as whoever else may reach it can; returns its answer.
    fn command(&self, parts: &[&[u8]]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut bytes = format!("*{}\r\n", parts.len()).into_bytes();
        for part in parts {
            bytes.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
            bytes.extend_from_slice(part);
            bytes.extend_from_slice(b"\r\n");
        }
        stream.write_all(&bytes).unwrap();
        let mut answer = [0; 4_096];
        let length = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }
}

fn spawn(program: &str, port: u16, folder: &TempDir) -> std::io::Result<Child> {
    let port = port.to_string();
    Command::new(program)
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

fn id(n: u8) -> Identifier {
    Identifier { kind: IdentifierKind::User, key: Key([n; 16]) }
}

fn found(person: u8, version: u64) -> Found {
    Found { person: Key([person; 16]), version, blob: vec![person; 40].into() }
}

fn name(n: u8) -> String {
    format!("rondo:profile:user_id:{}", Key([n; 16]))
}

fn profiles(valkey: &Valkey) -> SealedProfiles<'_> {
    valkey.sealed(&Pseudonymizer::new(b"the deployment's key"))
}

/// Puts until it is there: a busy machine may take longer than a page waits.
async fn put(profiles: &SealedProfiles<'_>, identifier: Identifier, profile: &Found) {
    for _ in 0..400 {
        if profiles.put(identifier, profile).await.is_ok()
            && let Ok(Some(kept)) = profiles.get(identifier).await
            && kept.person == profile.person
            && kept.version >= profile.version
        {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("it can't be put");
}

async fn eventually(profiles: &SealedProfiles<'_>, identifier: Identifier, wanted: Option<&Found>) {
    let mut last = None;
    for _ in 0..400 {
        match profiles.get(identifier).await {
            Ok(kept) if kept.as_ref() == wanted => return,
            other => last = Some(other),
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{last:?} in the place of {wanted:?}");
}

#[tokio::test]
async fn what_one_process_kept_another_reads_until_it_is_old() {
    let Some(server) = Server::start().await else { return };
    let (one, other) =
        (Valkey::new(&server.address(), 600_000).unwrap(), Valkey::new(&server.address(), 600_000).unwrap());
    let (one, other) = (profiles(&one), profiles(&other));
    put(&one, id(1), &found(1, 5)).await;
    eventually(&other, id(1), Some(&found(1, 5))).await;
    eventually(&other, id(2), None).await;

    // A read that lagged does not take the place of a newer one; 16 is more than 5 in any digits.
    put(&other, id(1), &found(1, 16)).await;
    put(&one, id(1), &found(1, 9)).await;
    eventually(&one, id(1), Some(&found(1, 16))).await;
    // Merged meanwhile: another person has versions of their own.
    put(&one, id(1), &found(2, 3)).await;
    eventually(&other, id(1), Some(&found(2, 3))).await;
    let shown = server.command(&[b"GET", name(1).as_bytes()]);
    assert!(shown.contains("RSV") && !shown.contains('\u{2}'), "it is sealed: {shown:?}");

    let brief = Valkey::new(&server.address(), 30).unwrap();
    let brief = profiles(&brief);
    for n in 0..40 {
        let _ = brief.put(id(3), &found(3, n)).await;
        sleep(Duration::from_millis(10)).await;
    }
    eventually(&one, id(3), None).await;
}

#[tokio::test]
async fn one_that_dies_fails_once_and_is_left_alone_until_it_is_back() {
    let Some(mut server) = Server::start().await else { return };
    let valkey = Valkey::new(&server.address(), 600_000).unwrap();
    let profiles = profiles(&valkey);
    put(&profiles, id(1), &found(1, 5)).await;
    server.kill();
    let mut failed = 0;
    for _ in 0..50 {
        match profiles.get(id(1)).await {
            Ok(kept) => assert_eq!(kept, None),
            Err(error) => {
                assert!(error.to_string().contains("left alone"), "{error}");
                failed += 1;
            }
        }
        assert!(profiles.put(id(1), &found(1, 6)).await.is_ok(), "nobody is asked any more");
    }
    assert_eq!(failed, 1);
    server.again().await;
    put(&profiles, id(1), &found(1, 7)).await;
    eventually(&profiles, id(1), Some(&found(1, 7))).await;
}

#[tokio::test]
async fn one_that_hangs_or_is_not_there_keeps_nobody() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for address in [silent.local_addr().unwrap(), gone] {
        let valkey = Valkey::new(&format!("redis://{address}/0"), 1_000).unwrap();
        let profiles = profiles(&valkey);
        // No request waits for a connection, and none is ever there.
        for _ in 0..100 {
            assert_eq!(profiles.get(id(1)).await.unwrap(), None);
            profiles.put(id(1), &found(1, 1)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn one_that_stops_answering_fails_once() {
    let Some(server) = Server::start().await else { return };
    let valkey = Valkey::new(&server.address(), 600_000).unwrap();
    let profiles = profiles(&valkey);
    put(&profiles, id(1), &found(1, 5)).await;
    assert_eq!(server.command(&[b"CLIENT", b"PAUSE", b"60000", b"ALL"]), "+OK\r\n");
    let answers: Vec<bool> =
        [profiles.get(id(1)).await, profiles.get(id(1)).await, profiles.get(id(1)).await]
            .map(|answer| answer.is_err())
            .into();
    assert_eq!(answers, [true, false, false]);
}

#[tokio::test]
async fn what_was_not_written_here_is_as_good_as_nothing_and_is_replaced() {
    let Some(server) = Server::start().await else { return };
    let valkey = Valkey::new(&server.address(), 600_000).unwrap();
    let profiles = profiles(&valkey);
    put(&profiles, id(1), &found(1, 5)).await;

    let place = name(2);
    let newest = format!("{}{:016x}not sealed", Key([2; 16]), 0);
    let garbage: [&[u8]; 5] = [
        b"",
        b"garbage",
        &[0xff; 300],
        newest.as_bytes(),
        b"0000000000000000000000000000000000000000000000000000000",
    ];
    for value in garbage {
        assert_eq!(server.command(&[b"SET", place.as_bytes(), value]), "+OK\r\n");
        eventually(&profiles, id(2), None).await;
        put(&profiles, id(2), &found(2, 3)).await;
    }
    // Another's sealed value, copied into the place.
    assert_eq!(server.command(&[b"COPY", name(1).as_bytes(), name(4).as_bytes()]), ":1\r\n");
    eventually(&profiles, id(4), None).await;
    // A list.
    assert_eq!(server.command(&[b"RPUSH", name(3).as_bytes(), b"one", b"two"]), ":2\r\n");
    eventually(&profiles, id(3), None).await;
    put(&profiles, id(3), &found(3, 1)).await;
    assert_eq!(server.command(&[b"TYPE", name(3).as_bytes()]), "+string\r\n");
}
