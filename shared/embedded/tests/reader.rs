//! People read beside the thread that writes them.

use embedded::{Sealer, Store};
use event::{Identifier, IdentifierKind, Key};
use person::{Merged, Owner, PersonSource, ProfileStore, ProfileWrite};
use pollster::block_on;
use std::thread;

fn id(kind: IdentifierKind, n: u8) -> Identifier {
    Identifier { kind, key: Key([n; 16]) }
}

fn write(store: &Store, person: u8, version: u64, blob: &[u8], links: &[Identifier], merged: Vec<Merged>) {
    let owner = Owner { kind: IdentifierKind::User, person: Key([person; 16]) };
    let write = ProfileWrite {
        person: owner.person,
        version,
        blob: blob.into(),
        fresh: Vec::new(),
        merged,
        links: links.to_vec(),
        owner,
        log: Vec::new(),
    };
    assert!(block_on(store.write(vec![write])).unwrap().is_empty());
}

#[test]
fn what_was_committed_is_seen_also_after_the_file_was_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("store.redb"), Sealer::new(&[7; 32])).unwrap();
    let reader = store.reader();
    let (user, browser) = (id(IdentifierKind::User, 1), id(IdentifierKind::Anonymous, 9));
    let look = |ids: &[Identifier]| {
        let found =
            thread::scope(|scope| scope.spawn(|| block_on(reader.find(ids)).unwrap()).join().unwrap());
        found.map(|found| (found.person.0[0], found.version, found.blob.to_vec()))
    };
    let profile = |n: u8| {
        let mut blob = Vec::new();
        let mut profile = person::Profile::default();
        profile.events = u64::from(n);
        profile.encode(&mut blob);
        blob
    };
    // An empty store, and what is not committed yet.
    assert_eq!(look(&[user]), None);
    write(&store, 1, 0, &profile(1), &[browser], Vec::new());
    assert_eq!(look(&[user]), None);
    store.commit().unwrap();
    assert_eq!(look(&[user]), Some((1, 1, profile(1))));
    assert_eq!(look(&[browser]), Some((1, 1, profile(1))));
    assert_eq!(look(&[id(IdentifierKind::Email, 8), browser]), Some((1, 1, profile(1))));
    assert_eq!(look(&[id(IdentifierKind::Anonymous, 1)]), None, "of another kind");

    // Merged into another person: the pointer is followed.
    let merged = Merged { owner: Owner { kind: IdentifierKind::User, person: Key([1; 16]) }, version: 1 };
    write(&store, 2, 0, &profile(2), &[], vec![merged]);
    store.commit().unwrap();
    assert_eq!(look(&[browser]), Some((2, 1, profile(2))));

    store.rewrite().unwrap();
    write(&store, 2, 1, &profile(3), &[], Vec::new());
    store.commit().unwrap();
    assert_eq!(look(&[user]), Some((2, 2, profile(3))));
}
