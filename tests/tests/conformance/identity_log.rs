//! [`IdentityLog`] and [`IdentityRewrite`]: merges are recorded with the write that makes them, and undone in one step.

use crate::profiles::{owner, stored, write};
use crate::samples::{identifier, key};
use event::IdentifierKind::{Anonymous, Email, User};
use event::{Key, MessageHash};
use person::{
    Blob, IdentityLog, IdentityRewrite, IdentityStore, LogEntry, Merged, ProfileStore, ProfileWrite, Rewrite,
    RewrittenIdentity, RewrittenProfile,
};

const ANN: u8 = 51;
const VISITOR: u8 = 52;
const EMAIL: u8 = 53;
const BEN: u8 = 54;

fn merged() -> LogEntry {
    LogEntry::Merged {
        gone: owner(Anonymous, VISITOR),
        into: owner(User, ANN),
        by: identifier(Anonymous, VISITOR),
        at: 1_795_341_960_000,
        message: MessageHash(7),
        source: "web".into(),
    }
}

fn unmerged() -> LogEntry {
    LogEntry::Unmerged { gone: owner(Anonymous, VISITOR), into: owner(User, ANN), at: 1_795_341_970_000 }
}

/// Whether a write is refused whose version is not the stored one is `conditional`.
pub async fn suite<S>(store: &S, conditional: bool)
where
    S: ProfileStore + IdentityStore + IdentityLog + IdentityRewrite,
{
    let (visitor, email) = (identifier(Anonymous, VISITOR), identifier(Email, EMAIL));
    let met = ProfileWrite { owner: owner(Anonymous, VISITOR), links: vec![visitor], ..write(VISITOR, 0, 1) };
    assert_eq!(store.write(vec![met, write(ANN, 0, 1)]).await.unwrap(), []);
    assert_eq!(store.log(&[key(ANN), key(VISITOR)]).await.unwrap(), [[], []]);
    let (ann_version, _) = stored(store, ANN).await.unwrap();
    let (visitor_version, _) = stored(store, VISITOR).await.unwrap();
    let joined = |visitor_version| ProfileWrite {
        merged: vec![Merged { owner: owner(Anonymous, VISITOR), version: visitor_version }],
        links: vec![visitor, email],
        log: vec![merged()],
        ..write(ANN, ann_version, 3)
    };
    if conditional {
        // What is not written is not recorded.
        assert_eq!(store.write(vec![joined(visitor_version + 1)]).await.unwrap(), [key(ANN)]);
        assert_eq!(store.log(&[key(ANN)]).await.unwrap(), [[]]);
    }
    assert_eq!(store.write(vec![joined(visitor_version)]).await.unwrap(), []);
    assert_eq!(store.log(&[key(ANN), key(VISITOR)]).await.unwrap(), [vec![merged()], vec![]]);

    // The visitor turns out to be Ben, and the address to be nobody's.
    let (ann_version, joint) = stored(store, ANN).await.unwrap();
    let (pointer_version, pointer) = stored(store, VISITOR).await.unwrap();
    let profile = |n: u8, version, events| RewrittenProfile {
        person: key(n),
        owner: owner(User, n),
        version,
        blob: Some(write(n, 0, events).blob),
    };
    let apart = |ann_version| {
        let pointer = RewrittenProfile {
            person: key(VISITOR),
            owner: owner(Anonymous, VISITOR),
            version: pointer_version,
            blob: Some(Blob::forward(key(BEN)).into()),
        };
        let identity =
            |identifier, after| RewrittenIdentity { identifier, before: Some(owner(User, ANN)), after };
        Rewrite {
            profiles: vec![profile(ANN, ann_version, 1), profile(BEN, 0, 2), pointer],
            identities: vec![identity(visitor, Some(owner(User, BEN))), identity(email, None)],
            log: vec![(key(ANN), unmerged())],
        }
    };
    if conditional {
        assert!(!store.rewrite(apart(ann_version + 1)).await.unwrap());
        assert_eq!(stored(store, ANN).await.unwrap(), (ann_version, joint));
        assert_eq!(stored(store, VISITOR).await.unwrap(), (pointer_version, pointer));
        assert_eq!(stored(store, BEN).await, None);
    }
    assert!(store.rewrite(apart(ann_version)).await.unwrap());
    holds_what_the_suite_left(store).await;

    // Who is left by nobody is nobody, and may come to be again.
    let (version, _) = stored(store, BEN).await.unwrap();
    let (pointer_version, _) = stored(store, VISITOR).await.unwrap();
    let gone = |n: u8, kind, version| RewrittenProfile {
        person: key(n),
        owner: owner(kind, n),
        version,
        blob: None,
    };
    let nothing = RewrittenIdentity { identifier: visitor, before: Some(owner(User, BEN)), after: None };
    let forgotten = Rewrite {
        profiles: vec![gone(BEN, User, version), gone(VISITOR, Anonymous, pointer_version)],
        identities: vec![nothing],
        log: Vec::new(),
    };
    assert!(store.rewrite(forgotten).await.unwrap());
    assert_eq!(store.load(&[key(BEN), key(VISITOR)]).await.unwrap(), [None, None]);
    assert_eq!(store.owners(&[visitor]).await.unwrap(), [None]);
    let again =
        ProfileWrite { owner: owner(Anonymous, VISITOR), links: vec![visitor], ..write(VISITOR, 0, 1) };
    assert_eq!(store.write(vec![again]).await.unwrap(), []);
    assert_eq!(store.owners(&[visitor]).await.unwrap(), [Some(owner(Anonymous, VISITOR))]);
}

async fn holds_what_the_suite_left<S: ProfileStore + IdentityStore + IdentityLog>(store: &S) {
    let (_, ann) = stored(store, ANN).await.unwrap();
    let (_, ben) = stored(store, BEN).await.unwrap();
    assert_eq!((&ann[..], &ben[..]), (&write(ANN, 0, 1).blob[..], &write(BEN, 0, 2).blob[..]));
    let (_, pointer) = stored(store, VISITOR).await.unwrap();
    assert_eq!(Blob::forward_of(&pointer).unwrap(), Some(key(BEN)));
    let asked = [identifier(Anonymous, VISITOR), identifier(Email, EMAIL)];
    assert_eq!(store.owners(&asked).await.unwrap(), [Some(owner(User, BEN)), None]);
    let logs: Vec<Vec<LogEntry>> = store.log(&[key(ANN), Key([0; 16])]).await.unwrap();
    assert_eq!(logs, [vec![merged(), unmerged()], vec![]]);
}
