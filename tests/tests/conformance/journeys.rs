//! [`JourneyStore`] and [`TimerStore`].

use crate::samples::key;
use campaign::{JourneyStore, JourneyWrite, Timer, TimerStore};
use event::Key;

fn write(n: u8, version: u64, blob: &[u8], timer: Option<u32>) -> JourneyWrite {
    JourneyWrite { person: key(n), version, blob: blob.to_vec(), timer }
}

fn timer(minute: u32, n: u8) -> Timer {
    Timer { minute, person: key(n) }
}

async fn stored(store: &impl JourneyStore, n: u8) -> Option<(u64, Vec<u8>)> {
    let stored = store.load(&[key(n)]).await.unwrap().remove(0);
    stored.map(|stored| (stored.version, stored.blob.to_vec()))
}

/// `conditional` says whether writes are checked by version. A timer is there where its journey is written; where
/// that comes back, it may be there or not.
pub async fn suite<S: JourneyStore + TimerStore>(store: &S, conditional: bool) {
    assert_eq!(store.load(&[key(1), key(2)]).await.unwrap(), [None, None]);
    let writes = vec![write(1, 0, b"one", Some(50)), write(2, 0, b"two", None)];
    assert_eq!(store.write(writes).await.unwrap(), []);
    let loaded = store.load(&[key(2), key(3), key(1)]).await.unwrap();
    let blobs: Vec<Option<&[u8]>> = loaded.iter().map(|s| s.as_ref().map(|s| &s.blob[..])).collect();
    assert_eq!(blobs, [Some(&b"two"[..]), None, Some(b"one")]);
    assert_eq!(store.due(50, 10).await.unwrap(), [timer(50, 1)], "a journey and its timer are one write");

    let (version, _) = stored(store, 1).await.unwrap();
    assert_eq!(store.write(vec![write(1, version, b"next", Some(60))]).await.unwrap(), []);
    let (next, blob) = stored(store, 1).await.unwrap();
    assert!(next > version && blob == b"next");
    if conditional {
        let conflicts = store.write(vec![write(1, version, b"late", Some(61))]).await.unwrap();
        assert_eq!(conflicts, [key(1)]);
        assert_eq!(stored(store, 1).await.unwrap(), (next, b"next".to_vec()));
        // Whatever was deleted by others may be begun anew by them: one that was loaded before is old even so.
        assert_eq!(store.write(vec![write(2, 0, b"other", None)]).await.unwrap(), [key(2)]);
        let (old, _) = stored(store, 2).await.unwrap();
        assert_eq!(store.write(vec![write(2, old, b"", None)]).await.unwrap(), []);
        assert_eq!(store.write(vec![write(2, 0, b"new", None)]).await.unwrap(), []);
        assert_eq!(store.write(vec![write(2, old, b"late", None)]).await.unwrap(), [key(2)]);
        assert_eq!(store.write(vec![write(2, old, b"", None)]).await.unwrap(), [key(2)]);
        let (new, blob) = stored(store, 2).await.unwrap();
        assert_eq!(blob, b"new");
        // Who was merged is not gone before they are part of who they were merged into.
        let merge = vec![write(2, new, b"", None), write(1, version, b"one and two", None)];
        let mut conflicts = store.write(merge).await.unwrap();
        conflicts.sort();
        assert_eq!(conflicts, [key(1), key(2)]);
        assert_eq!(stored(store, 2).await.unwrap(), (new, b"new".to_vec()));
    }
    // An empty one is gone; who writes again begins anew.
    assert_eq!(store.write(vec![write(1, next, b"", None)]).await.unwrap(), []);
    assert!(stored(store, 1).await.is_none_or(|(_, blob)| blob.is_empty()));
    let version = stored(store, 1).await.map_or(0, |(version, _)| version);
    assert_eq!(store.write(vec![write(1, version, b"again", None)]).await.unwrap(), []);
    assert_eq!(stored(store, 1).await.unwrap().1, b"again");
}

/// Each kind of write, by one writer alone: none of them meets another.
pub async fn each_write_once<S: JourneyStore>(store: &S) {
    assert_eq!(
        store.write(vec![write(1, 0, b"one", Some(50)), write(2, 0, b"two", None)]).await.unwrap(),
        []
    );
    let (version, blob) = stored(store, 1).await.unwrap();
    assert_eq!(blob, b"one");
    let (other, _) = stored(store, 2).await.unwrap();
    assert_eq!(
        store.write(vec![write(1, version, b"next", None), write(2, other, b"", None)]).await.unwrap(),
        []
    );
    assert_eq!(stored(store, 1).await.unwrap().1, b"next");
    assert!(stored(store, 2).await.is_none_or(|(_, blob)| blob.is_empty()));
}

/// More people in one call than a service takes, some of them twice.
pub async fn many<S: JourneyStore + TimerStore>(store: &S) {
    let person =
        |n: u32| Key(u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes());
    let people: Vec<Key> = (0..230).map(person).collect();
    let written = people[..130].iter().enumerate().map(|(n, person)| JourneyWrite {
        person: *person,
        version: 0,
        blob: n.to_string().into_bytes(),
        timer: Some(1_000 + n as u32 % 7),
    });
    assert_eq!(store.write(written.collect()).await.unwrap(), []);
    let asked: Vec<Key> = people.iter().rev().chain(&people[..3]).copied().collect();
    let loaded = store.load(&asked).await.unwrap();
    let numbers: Vec<Option<usize>> = loaded
        .iter()
        .map(|stored| stored.as_ref().map(|s| std::str::from_utf8(&s.blob).unwrap().parse().unwrap()))
        .collect();
    let expected = (0..230).rev().chain(0..3).map(|n| (n < 130).then_some(n));
    assert_eq!(numbers, expected.collect::<Vec<_>>());

    let mut timers: Vec<Timer> =
        (0..130).map(|n| Timer { minute: 1_000 + n as u32 % 7, person: people[n] }).collect();
    timers.sort();
    assert_eq!(store.due(2_000, 1_000).await.unwrap(), timers);
    assert_eq!(store.due(2_000, 77).await.unwrap(), timers[..77]);
    // One of them twice, and one that is not there.
    let gone = [&timers[..90], &timers[..1], &[timer(1, 1)]].concat();
    store.remove(&gone).await.unwrap();
    assert_eq!(store.due(2_000, 1_000).await.unwrap(), timers[90..]);
}

/// Timers by minute; `between` is called between steps, where a store may move what it holds.
pub async fn timers<S: JourneyStore + TimerStore>(store: &S, between: impl Fn()) {
    let set = async |timers: &[(u32, u8)]| {
        let mut writes = Vec::new();
        for (minute, n) in timers {
            let version = stored(store, *n).await.map_or(0, |(version, _)| version);
            writes.push(write(*n, version, b"j", Some(*minute)));
        }
        assert_eq!(store.write(writes).await.unwrap(), []);
        between();
    };
    assert_eq!(store.due(u32::MAX, 10).await.unwrap(), []);
    set(&[(300, 1), (100, 2), (100, 3), (200, 4)]).await;
    // Two on each side of a store's own border between what is written and what is not yet.
    set(&[(150, 5), (100, 2), (99, 6)]).await;
    assert_eq!(store.due(98, 10).await.unwrap(), []);
    assert_eq!(store.due(100, 10).await.unwrap(), [timer(99, 6), timer(100, 2), timer(100, 3)]);
    let all = [(99, 6), (100, 2), (100, 3), (150, 5), (200, 4), (300, 1)].map(|(minute, n)| timer(minute, n));
    assert_eq!(store.due(u32::MAX, 10).await.unwrap(), all, "one that is set twice is one");
    // The oldest first, however many there are.
    for limit in 0..=all.len() {
        assert_eq!(store.due(u32::MAX, limit).await.unwrap(), all[..limit], "at most {limit}");
    }

    store.remove(&[timer(100, 2), timer(99, 6), timer(7, 7)]).await.unwrap();
    assert_eq!(store.due(150, 10).await.unwrap(), [timer(100, 3), timer(150, 5)]);
    between();
    assert_eq!(store.due(150, 10).await.unwrap(), [timer(100, 3), timer(150, 5)]);
    // One person may have several, and one that was removed may be set again.
    set(&[(100, 2), (160, 5)]).await;
    let expected = [timer(100, 2), timer(100, 3), timer(150, 5), timer(160, 5)];
    assert_eq!(store.due(199, 10).await.unwrap(), expected);
    store.remove(&expected).await.unwrap();
    between();
    assert_eq!(store.due(u32::MAX, 10).await.unwrap(), [timer(200, 4), timer(300, 1)]);
}
