//! [`Quarantine`].

use event::{Came, Code, EventType, Quarantine, QuarantineStore, Quarantined, Rejection};
use std::collections::BTreeMap;

/// What no file may show: records may hold personal data.
pub const PLAIN: &str = "ben.quarantine@example.com";

fn record(at: i64, source: &str, original: &[u8]) -> Quarantined {
    let rejection = Rejection::new(Code::MissingIdentifier, "userId", "no usable identifier");
    Quarantined {
        at,
        source: source.to_owned(),
        rejection,
        original: original.to_vec(),
        came: Came::default(),
    }
}

/// `kept` tells everything that is in quarantine, by time and source.
pub async fn suite<Q: Quarantine>(quarantine: &Q, kept: impl Fn() -> Vec<Quarantined>) {
    assert_eq!(kept(), []);
    quarantine.put(&[]).await.unwrap();
    let original = format!(r#"{{"type":"track","email":"{PLAIN}"}}"#);
    let a = record(5, "shop.ndjson:1", original.as_bytes());
    // Neither text nor JSON, and empty.
    let b = record(6, "shop.ndjson:2", b"\xff\xfe\0\n");
    let came = Came {
        call: Some(EventType::Track),
        around: Some(r#"{"sentAt":"2026-11-01T10:00:00Z"}"#.into()),
        recorded: true,
    };
    let c = Quarantined { came, ..record(7, "web", b"") };
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

/// What whoever looks into it does. The store is empty.
pub async fn store<Q: QuarantineStore>(quarantine: &Q) {
    // More than a page of any store.
    let records: Vec<Quarantined> =
        (0..300).map(|n| record(n, &format!("shop.ndjson:{n}"), format!("line {n}").as_bytes())).collect();
    quarantine.put(&records).await.unwrap();
    let mut found = kept(quarantine).await;
    let shown: Vec<&Quarantined> = found.values().collect();
    assert_eq!(shown.len(), 300);
    assert!(records.iter().all(|record| shown.contains(&record)));
    // An id stays what it is, and finds its record; what is no id finds nothing.
    quarantine.put(&records[..3]).await.unwrap();
    assert_eq!(kept(quarantine).await, found);
    let (id, first) = found.pop_first().unwrap();
    assert!(!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic()), "{id}");
    assert_eq!(quarantine.find(&id).await.unwrap(), Some(first));
    for unknown in ["", "none", "../x", "0000000000000000", &"0".repeat(64)] {
        assert_eq!(quarantine.find(unknown).await.unwrap(), None);
        quarantine.remove(&[unknown.to_owned()]).await.unwrap();
    }
    let (other, _) = found.pop_last().unwrap();
    let both = [id.clone(), other];
    quarantine.remove(&both).await.unwrap();
    quarantine.remove(&both).await.unwrap();
    assert_eq!(quarantine.find(&id).await.unwrap(), None);
    assert_eq!(kept(quarantine).await, found, "all others stay");
}

/// All records by id.
async fn kept<Q: QuarantineStore>(quarantine: &Q) -> BTreeMap<String, Quarantined> {
    let mut found = BTreeMap::new();
    quarantine.each(|id, record| drop(found.insert(id.to_owned(), record))).await.unwrap();
    found
}
