//! [`RunStore`] and [`ProfileScan`], which run-campaigns works with.

use crate::profiles::write;
use campaign::RunStore;
use event::Key;
use person::{ProfileScan, ProfileStore};
use std::collections::BTreeMap;

pub async fn rows<R: RunStore>(store: &R) {
    let row = async |name: &str| {
        store.load(name).await.unwrap().map(|stored| (stored.version, stored.blob.to_vec()))
    };
    assert_eq!(row("weekly").await, None);
    assert!(!store.write("weekly", 1, b"never").await.unwrap(), "there is none of that version");
    assert!(store.write("weekly", 0, b"one").await.unwrap());
    assert_eq!(row("weekly").await, Some((1, b"one".to_vec())));
    assert!(!store.write("weekly", 0, b"another").await.unwrap(), "somebody was quicker");
    assert!(store.write("weekly", 1, b"two").await.unwrap());
    assert!(!store.write("weekly", 1, b"another").await.unwrap());
    assert!(store.write("*snapshot", 0, b"").await.unwrap(), "an empty row is one");
    assert_eq!(row("weekly").await, Some((2, b"two".to_vec())));
    assert_eq!(row("*snapshot").await, Some((1, Vec::new())));
}

/// Reads 60 people in pages of every size, with one written meanwhile.
pub async fn scan<S: ProfileScan + ProfileStore>(store: &S) {
    let nothing = store.page(&[], 10, |_, _, _| panic!("nobody is there")).await.unwrap();
    assert_eq!(nothing, None);
    for n in 0..60 {
        assert_eq!(store.write(vec![write(n, 0, 1)]).await.unwrap(), []);
    }
    let mut whole: BTreeMap<Key, (u64, Vec<u8>)> = BTreeMap::new();
    for people in [1, 7, 60, 1_000] {
        let (mut place, mut seen) = (Vec::new(), BTreeMap::new());
        loop {
            let mut of_page = 0;
            let next = store
                .page(&place, people, |person, version, blob| {
                    of_page += 1;
                    assert_eq!(seen.insert(person, (version, blob.to_vec())), None, "each once");
                })
                .await
                .unwrap();
            assert!(of_page <= people, "{of_page} in a page of {people}");
            match next {
                Some(next) => place = next,
                None => break,
            }
        }
        assert_eq!(seen.len(), 60);
        for (person, (version, blob)) in &seen {
            let stored = store.load(&[*person]).await.unwrap().remove(0).unwrap();
            assert_eq!((stored.version, &*stored.blob), (*version, blob.as_slice()));
        }
        if !whole.is_empty() {
            assert_eq!(seen, whole);
        }
        whole = seen;
    }
}
