//! Write keys, and who may send under them.

use crate::rondo::{Run, command, output, run, write};
use crate::server::Server;
use tempfile::tempdir;

#[test]
fn a_new_key_lets_its_source_in() {
    let Run { code, out, .. } = run(None, &["key", "web"]);
    assert_eq!(code, 0);
    let [key, line] = out.lines().collect::<Vec<_>>()[..] else { panic!("{out}") };
    assert!(key.len() == 40 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{out}");
    assert_ne!(run(None, &["key", "web"]).out, out);

    // The line alone, in the configuration, is enough for a server.
    let data = tempdir().unwrap();
    write(data.path(), &[("config/settings.yaml", &format!("name: Shop\n{line}\n"))]);
    let mut serve = command();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data.path());
    let server = Server::from(serve);
    let event = br#"{"userId":"u-1","event":"Signed Up"}"#;
    let status = |key: &str| server.request("POST", "/v1/track", &[("X-Write-Key", key)], event).status;
    assert_eq!((status(key), status(&key.to_uppercase()), status("web")), (200, 401, 401));
    let stopped = server.stop();
    assert!(stopped.out.contains("(sources: web)") && !stopped.out.contains(key), "{}", stopped.out);
    assert!(output(data.path(), &["profile", "u-1"]).contains("Signed Up"));
}

#[test]
fn a_source_has_a_plain_name() {
    let ran = run(None, &["key", "my shop: {"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("`my shop: {` is no name of a source"), "{}", ran.err);
}
