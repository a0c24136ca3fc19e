//! What happens where somebody else wrote between load and write: nothing of that person is written, and they come back.

use crate::profiles::{owner, stored, write};
use crate::samples::{identifier, key};
use event::IdentifierKind::{Anonymous, Email, Phone, User};
use person::{IdentityStore, Merged, ProfileStore, ProfileWrite};

pub async fn suite<S: ProfileStore + IdentityStore>(store: &S) {
    somebody_merged_changed(store).await;
    somebody_merged_came_to_be(store).await;
    an_identifier_was_linked(store).await;
    a_person_came_to_be(store).await;
}

/// A visitor, met under a browser's id alone.
fn visitor(n: u8, version: u64, events: usize) -> ProfileWrite<'static> {
    ProfileWrite {
        owner: owner(Anonymous, n),
        links: vec![identifier(Anonymous, n)],
        ..write(n, version, events)
    }
}

async fn written(store: &impl ProfileStore, write: ProfileWrite<'_>) {
    assert_eq!(store.write(vec![write]).await.unwrap(), []);
}

async fn somebody_merged_changed<S: ProfileStore + IdentityStore>(store: &S) {
    written(store, visitor(21, 0, 1)).await;
    let (loaded, _) = stored(store, 21).await.unwrap();
    written(store, visitor(21, loaded, 2)).await;
    let mut winner = write(20, 0, 3);
    winner.merged = vec![Merged { owner: owner(Anonymous, 21), version: loaded }];
    winner.links = vec![identifier(Anonymous, 21), identifier(Email, 22)];
    // Others in the same call are written.
    assert_eq!(store.write(vec![winner, write(19, 0, 1)]).await.unwrap(), [key(20)]);
    assert!(stored(store, 19).await.is_some());
    assert_eq!(stored(store, 20).await, None);
    assert_eq!(stored(store, 21).await.unwrap().1, visitor(21, 0, 2).blob[..]);
    let owners = store.owners(&[identifier(Anonymous, 21), identifier(Email, 22)]).await.unwrap();
    assert_eq!(owners, [Some(owner(Anonymous, 21)), None]);
}

async fn somebody_merged_came_to_be<S: ProfileStore + IdentityStore>(store: &S) {
    // Nothing was stored of the visitor when they were loaded.
    written(store, visitor(32, 0, 1)).await;
    let mut winner = write(31, 0, 2);
    winner.merged = vec![Merged { owner: owner(Anonymous, 32), version: 0 }];
    assert_eq!(store.write(vec![winner]).await.unwrap(), [key(31)]);
    assert_eq!(stored(store, 31).await, None);
    assert_eq!(stored(store, 32).await.unwrap().1, visitor(32, 0, 1).blob[..]);
}

async fn an_identifier_was_linked<S: ProfileStore + IdentityStore>(store: &S) {
    let (email, phone) = (identifier(Email, 24), identifier(Phone, 26));
    let linked = |n: u8| {
        let mut linked = write(n, 0, 1);
        linked.links = vec![email, phone];
        linked
    };
    let mut first = write(23, 0, 1);
    first.links = vec![email];
    written(store, first).await;
    assert_eq!(store.write(vec![linked(25)]).await.unwrap(), [key(25)]);
    assert_eq!(stored(store, 25).await, None);
    assert_eq!(store.owners(&[email, phone]).await.unwrap(), [Some(owner(User, 23)), None]);

    // One that is a person by itself meanwhile is somebody else's too.
    let alone = ProfileWrite { owner: owner(Phone, 26), links: vec![phone], ..write(26, 0, 1) };
    written(store, alone).await;
    let mut late = linked(25);
    late.links = vec![phone];
    assert_eq!(store.write(vec![late]).await.unwrap(), [key(25)]);
    assert_eq!(store.owners(&[phone]).await.unwrap(), [Some(owner(Phone, 26))]);
    assert_eq!(stored(store, 26).await.unwrap().1, write(26, 0, 1).blob[..]);

    // Linking again what is the person's already changes nothing.
    let (version, _) = stored(store, 23).await.unwrap();
    let mut again = write(23, version, 2);
    again.links = vec![email, identifier(Email, 27), email];
    written(store, again).await;
    let ann = Some(owner(User, 23));
    assert_eq!(store.owners(&[email, identifier(Email, 27)]).await.unwrap(), [ann, ann]);
}

async fn a_person_came_to_be<S: ProfileStore + IdentityStore>(store: &S) {
    written(store, write(28, 0, 1)).await;
    let mut late = write(28, 0, 2);
    assert_eq!(store.write(vec![write(28, 0, 2)]).await.unwrap(), [key(28)]);
    late.links = vec![identifier(Email, 33)];
    assert_eq!(store.write(vec![late]).await.unwrap(), [key(28)]);
    assert_eq!(stored(store, 28).await.unwrap().1, write(28, 0, 1).blob[..]);
    assert_eq!(store.owners(&[identifier(Email, 33)]).await.unwrap(), [None]);

    // Whose own identifier was linked to somebody else is no person any more.
    let mut first = write(29, 0, 1);
    first.links = vec![identifier(Anonymous, 30)];
    written(store, first).await;
    assert_eq!(store.write(vec![visitor(30, 0, 1)]).await.unwrap(), [key(30)]);
    assert_eq!(stored(store, 30).await, None);
    assert_eq!(store.owners(&[identifier(Anonymous, 30)]).await.unwrap(), [Some(owner(User, 29))]);
}
