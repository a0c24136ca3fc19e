//! [`Quarantine`].

use event::{Code, Quarantine, Quarantined, Rejection};

/// What no file may show: records may hold personal data.
pub const PLAIN: &str = "ben.quarantine@example.com";

fn record(at: i64, source: &str, original: &[u8]) -> Quarantined {
    let rejection = Rejection::new(Code::MissingIdentifier, "userId", "no usable identifier");
    Quarantined { at, source: source.to_owned(), rejection, original: original.to_vec() }
}

/// `kept` tells everything that is in quarantine, by time and source.
pub async fn suite<Q: Quarantine>(quarantine: &Q, kept: impl Fn() -> Vec<Quarantined>) {
    assert_eq!(kept(), []);
    quarantine.put(&[]).await.unwrap();
    let original = format!(r#"{{"type":"track","email":"{PLAIN}"}}"#);
    let a = record(5, "shop.ndjson:1", original.as_bytes());
    // Neither text nor JSON, and empty.
    let b = record(6, "shop.ndjson:2", b"\xff\xfe\0\n");
    let c = record(7, "web", b"");
    quarantine.put(&[a.clone(), b.clone()]).await.unwrap();
    assert_eq!(kept(), [a.clone(), b.clone()]);
    // Putting the same again does not double it, in the same call or later.
    quarantine.put(&[b.clone(), c.clone(), c.clone()]).await.unwrap();
    quarantine.put(std::slice::from_ref(&a)).await.unwrap();
    assert_eq!(kept(), [a.clone(), b.clone(), c.clone()]);
    // The same record by another way is another one.
    let d = record(8, "shop.ndjson:9", original.as_bytes());
    quarantine.put(std::slice::from_ref(&d)).await.unwrap();
    assert_eq!(kept(), [a, b, c, d]);
}
