//! [`ProfileStore`] and [`IdentityStore`].

use crate::samples::{blob, event, identifier, key};
use event::{Identifier, IdentifierKind, Key};
use person::{Blob, IdentityStore, Merged, Owner, ProfileStore, ProfileWrite};

const ANN: u8 = 1;
const BEN: u8 = 2;
const VISITOR: u8 = 3;

pub fn owner(kind: IdentifierKind, n: u8) -> Owner {
    Owner { kind, person: key(n) }
}

/// The write of the user `n` after so many events.
pub fn write(n: u8, version: u64, events: usize) -> ProfileWrite<'static> {
    let events: Vec<_> = (0..events).map(|k| event(&format!("{n}-{k}"), n)).collect();
    ProfileWrite {
        person: key(n),
        version,
        blob: blob(&events).into(),
        fresh: Vec::new(),
        merged: Vec::new(),
        links: Vec::new(),
        owner: owner(IdentifierKind::User, n),
        log: Vec::new(),
    }
}

pub async fn stored(store: &impl ProfileStore, n: u8) -> Option<(u64, Vec<u8>)> {
    let stored = store.load(&[key(n)]).await.unwrap().remove(0);
    stored.map(|stored| (stored.version, stored.blob.to_vec()))
}

/// `conditional` says whether writes are checked by version.
pub async fn suite<S: ProfileStore + IdentityStore>(store: &S, conditional: bool) {
    // Nobody is there; answers stand in the order of the question.
    assert_eq!(store.load(&[]).await.unwrap(), []);
    assert_eq!(store.load(&[key(ANN), key(BEN)]).await.unwrap(), [None, None]);
    assert_eq!(store.write(vec![write(ANN, 0, 1), write(BEN, 0, 2)]).await.unwrap(), []);
    let loaded = store.load(&[key(BEN), key(9), key(ANN), key(BEN)]).await.unwrap();
    let blobs: Vec<Option<&[u8]>> = loaded.iter().map(|s| s.as_ref().map(|s| &s.blob[..])).collect();
    let (ann, ben) = (write(ANN, 0, 1).blob, write(BEN, 0, 2).blob);
    assert_eq!(blobs, [Some(&ben[..]), None, Some(&ann[..]), Some(&ben[..])]);

    // The next write names the version that was loaded, and the version moves with each write.
    let (version, _) = stored(store, ANN).await.unwrap();
    assert!(version > 0, "0 is for a person who is not there");
    assert_eq!(store.write(vec![write(ANN, version, 3)]).await.unwrap(), []);
    let (next, second) = stored(store, ANN).await.unwrap();
    assert!(next > version && second == write(ANN, 0, 3).blob[..]);
    if conditional {
        // Somebody else wrote in between: nothing of that person is written, others are.
        let (ben_version, _) = stored(store, BEN).await.unwrap();
        let mut late = write(ANN, version, 4);
        late.links = vec![identifier(IdentifierKind::Email, 77)];
        let conflicts = store.write(vec![late, write(BEN, ben_version, 3), write(9, 4, 1)]).await.unwrap();
        assert_eq!(conflicts, [key(ANN), key(9)]);
        assert_eq!(stored(store, ANN).await.unwrap(), (next, second));
        assert_eq!(store.owners(&[identifier(IdentifierKind::Email, 77)]).await.unwrap(), [None]);
        assert_eq!(stored(store, BEN).await.unwrap().1, write(BEN, 0, 3).blob[..]);
        assert_eq!(stored(store, 9).await, None);
    }

    links_and_merges(store).await;
}

async fn links_and_merges<S: ProfileStore + IdentityStore>(store: &S) {
    use IdentifierKind::{Anonymous, Device, Email};
    // The same key under another kind is another identifier.
    let (browser, device) = (identifier(Anonymous, VISITOR), identifier(Device, VISITOR));
    let mut visitor = write(VISITOR, 0, 1);
    (visitor.links, visitor.owner) = (vec![browser], owner(Anonymous, VISITOR));
    assert_eq!(store.write(vec![visitor]).await.unwrap(), []);
    let owners = store.owners(&[device, browser, identifier(Email, 5)]).await.unwrap();
    assert_eq!(owners, [None, Some(owner(Anonymous, VISITOR)), None]);

    // The visitor turns out to be Ann: one write moves the profile's state, the links, and leaves a pointer.
    let (version, _) = stored(store, ANN).await.unwrap();
    let (visitor_version, _) = stored(store, VISITOR).await.unwrap();
    let mut merged = write(ANN, version, 4);
    merged.merged = vec![Merged { owner: owner(Anonymous, VISITOR), version: visitor_version }];
    merged.links = vec![browser, identifier(Email, 5)];
    assert_eq!(store.write(vec![merged]).await.unwrap(), []);
    holds_what_the_suite_left(store).await;
}

/// Merges of people of whom nothing was stored, one after another, and what leads to the last of them.
pub async fn chains_of_merges<S: ProfileStore + IdentityStore>(store: &S) {
    use IdentifierKind::{Anonymous, Email, Phone};
    // A visitor who is met and known in one batch was never stored, and leaves a pointer all the same.
    let (visitor, email, phone) = (identifier(Anonymous, 41), identifier(Email, 40), identifier(Phone, 42));
    let mut met = write(40, 0, 1);
    met.owner = owner(Email, 40);
    met.merged = vec![Merged { owner: owner(Anonymous, 41), version: 0 }];
    met.links = vec![visitor, email, phone];
    assert_eq!(store.write(vec![met]).await.unwrap(), []);
    let (_, pointer) = stored(store, 41).await.unwrap();
    assert_eq!(Blob::forward_of(&pointer).unwrap(), Some(key(40)));
    let met = Some(owner(Email, 40));
    assert_eq!(store.owners(&[visitor, email, phone]).await.unwrap(), [met, met, met]);

    // Who they went into goes on into a known person; all that led to the one leads to the other.
    let (version, _) = stored(store, 40).await.unwrap();
    let mut known = write(43, 0, 2);
    known.merged = vec![Merged { owner: owner(Email, 40), version }];
    known.links = vec![visitor, email, phone];
    assert_eq!(store.write(vec![known]).await.unwrap(), []);
    let known = Some(owner(IdentifierKind::User, 43));
    assert_eq!(store.owners(&[visitor, email, phone]).await.unwrap(), [known, known, known]);
    assert_eq!(stored(store, 43).await.unwrap().1, write(43, 0, 2).blob[..]);
    let (mut at, mut hops) = (key(41), 0);
    while at != key(43) {
        let stored = store.load(&[at]).await.unwrap().remove(0).unwrap();
        at = Blob::forward_of(&stored.blob).unwrap().unwrap();
        hops += 1;
        assert!(hops <= 2);
    }
}

/// More people, and more identifiers of one, than one call of a service takes.
pub async fn many<S: ProfileStore + IdentityStore>(store: &S, conditional: bool) {
    let wide = |n: u16| Key(std::array::from_fn(|at| if at < 2 { n.to_be_bytes()[at] } else { 77 }));
    let user = |n: u16| Owner { kind: IdentifierKind::User, person: wide(n) };
    let people: Vec<Key> = (0..120).map(wide).collect();
    let writes =
        (0..120).map(|n| ProfileWrite { person: wide(n), owner: user(n), ..write(1, 0, n as usize % 3) });
    assert_eq!(store.write(writes.collect()).await.unwrap(), []);
    for (n, stored) in store.load(&people).await.unwrap().into_iter().enumerate() {
        assert_eq!(stored.unwrap().blob, write(1, 0, n % 3).blob);
    }

    let links: Vec<Identifier> =
        (1_000..1_120).map(|n| Identifier { kind: IdentifierKind::Device, key: wide(n) }).collect();
    let linked = |n: u16, version: u64| {
        let mut linked = write(1, version, 5);
        (linked.person, linked.owner, linked.links) = (wide(n), user(n), links.clone());
        linked
    };
    let mut first = linked(500, 0);
    first.merged = vec![Merged { owner: user(7), version: 1 }];
    assert_eq!(store.write(vec![first]).await.unwrap(), []);
    let owners = store.owners(&links).await.unwrap();
    assert!(owners.iter().all(|owner| *owner == Some(user(500))));
    if conditional {
        assert_eq!(store.write(vec![linked(501, 0)]).await.unwrap(), [wide(501)]);
        assert_eq!(store.load(&[wide(501)]).await.unwrap(), [None]);
        assert_eq!(store.owners(&links).await.unwrap(), owners);
    }
}

/// A write that is not committed where the store has commits.
pub async fn write_one_more<S: ProfileStore + IdentityStore>(store: &S) {
    let mut more = write(9, 0, 1);
    more.links = vec![Identifier { kind: IdentifierKind::Phone, key: Key([9; 16]) }];
    assert_eq!(store.write(vec![more]).await.unwrap(), []);
    assert!(stored(store, 9).await.is_some());
}

/// What [`suite`] leaves behind.
pub async fn holds_what_the_suite_left<S: ProfileStore + IdentityStore>(store: &S) {
    let (_, ann) = stored(store, ANN).await.unwrap();
    assert_eq!(ann, write(ANN, 0, 4).blob[..]);
    assert!(stored(store, BEN).await.is_some());
    let (_, pointer) = stored(store, VISITOR).await.unwrap();
    assert_eq!(Blob::forward_of(&pointer).unwrap(), Some(key(ANN)));
    let asked = [
        identifier(IdentifierKind::Anonymous, VISITOR),
        identifier(IdentifierKind::Email, 5),
        identifier(IdentifierKind::Phone, 9),
    ];
    let ann = Some(owner(IdentifierKind::User, ANN));
    assert_eq!(store.owners(&asked).await.unwrap(), [ann, ann, None]);
    assert_eq!(stored(store, 9).await, None);
}

/// Two users of one store, of which `one` may keep what it has read until it writes.
pub async fn reads_again_after_a_conflict<S: ProfileStore + IdentityStore>(one: &S, two: &S) {
    const SOMEBODY: u8 = 40;
    let browser = identifier(IdentifierKind::Anonymous, SOMEBODY);
    let seen = |version, events| {
        let owner = owner(IdentifierKind::Anonymous, SOMEBODY);
        ProfileWrite { links: vec![browser], owner, ..write(SOMEBODY, version, events) }
    };
    assert_eq!(one.write(vec![seen(0, 1)]).await.unwrap(), []);
    let owners = one.owners(&[browser]).await.unwrap();
    assert_eq!(owners, [Some(owner(IdentifierKind::Anonymous, SOMEBODY))]);
    // The other one comes in between.
    let (version, _) = stored(two, SOMEBODY).await.unwrap();
    assert_eq!(two.write(vec![seen(version, 2)]).await.unwrap(), []);
    assert_eq!(stored(one, SOMEBODY).await.unwrap().0, version, "what was read with the owners");
    assert_eq!(one.write(vec![seen(version, 3)]).await.unwrap(), [key(SOMEBODY)]);
    let (next, blob) = stored(one, SOMEBODY).await.unwrap();
    assert!(next > version && blob == seen(0, 2).blob[..]);
    assert_eq!(one.write(vec![seen(next, 3)]).await.unwrap(), []);
    assert_eq!(stored(two, SOMEBODY).await.unwrap().1, seen(0, 3).blob[..]);
}
