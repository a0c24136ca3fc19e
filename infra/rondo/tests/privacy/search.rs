//! A search for a person over every store: bytes of every file, and rows of those whose bytes are packed.

use crate::shop::RAW;
use embedded::{Keys, LakeFolder, Sealer, Store};
use event::{Identifier, IdentifierKind, Key, Pseudonymizer, QuarantineStore, VaultStore};
use lake::LakeStore;
use memchr::memmem;
use pollster::block_on;
use std::fs;
use std::path::Path;

/// Where something of a person was found.
pub type Found = Vec<String>;

/// Ann's identifiers, as the installation hashes them.
pub fn identifiers(data: &Path) -> Vec<Identifier> {
    let hasher = Pseudonymizer::new(&Keys::open(&data.join("keys")).unwrap().hash);
    [
        (IdentifierKind::User, "ann-1"),
        (IdentifierKind::Email, "ann.one@example.com"),
        (IdentifierKind::Email, "ann.two@example.com"),
        (IdentifierKind::Phone, "+4915112345678"),
        (IdentifierKind::Anonymous, "anon-ann-1"),
        (IdentifierKind::Anonymous, "anon-ann-2"),
        (IdentifierKind::MemberCard, "card-ann-9"),
    ]
    .map(|(kind, value)| hasher.identifier(kind, value))
    .to_vec()
}

/// Looks everywhere but in `privacy/`, where the list and the receipt are.
pub fn search(data: &Path) -> Found {
    let identifiers = identifiers(data);
    let mut needles: Vec<(String, Vec<u8>)> =
        RAW.iter().map(|raw| ((*raw).to_owned(), raw.as_bytes().to_vec())).collect();
    for more in ["ann-visit", "ann-gold", "order-of-ann", "case-of-ann"] {
        needles.push((more.to_owned(), more.as_bytes().to_vec()));
    }
    for Identifier { kind, key } in &identifiers {
        needles.push((format!("{} as hex", kind.as_str()), key.to_string().into_bytes()));
        needles.push((format!("{} as bytes", kind.as_str()), key.0.to_vec()));
    }
    let mut found = Found::new();
    files(data, &mut |path| {
        let bytes = fs::read(path).unwrap();
        look(&path.display().to_string(), &bytes, &needles, &mut found);
    });
    rows(data, &needles, &mut found);
    snapshots(data, &needles, &mut found);
    sealed(data, &identifiers, &mut found);
    found
}

fn files(folder: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("privacy") || path.ends_with("rondo.sock") {
            continue;
        }
        if path.is_dir() { files(&path, visit) } else { visit(&path) }
    }
}

/// The rows of the lake, decoded.
fn rows(data: &Path, needles: &[(String, Vec<u8>)], found: &mut Found) {
    let lake = LakeFolder::new(data.join("lake"));
    for path in block_on(lake.list(lake::EVENTS)).unwrap() {
        lake::replay(&path, block_on(lake.open(&path)).unwrap(), |row| {
            look(&format!("a row of {path}"), format!("{:?}", row.event).as_bytes(), needles, found);
        })
        .unwrap();
    }
}

/// The profiles of snapshots.
fn snapshots(data: &Path, needles: &[(String, Vec<u8>)], found: &mut Found) {
    let lake = LakeFolder::new(data.join("lake"));
    for path in block_on(lake.list(lake::PROFILES)).unwrap() {
        if lake::Snapshot::taken_at_of(&path).is_some() {
            lake::scan_snapshot(&path, block_on(lake.open(&path)).unwrap(), |person, _, blob| {
                look(&format!("a row of {path}"), &[&person.0, blob].concat(), needles, found);
            })
            .unwrap();
        }
    }
}

/// What is sealed, opened.
fn sealed(data: &Path, identifiers: &[Identifier], found: &mut Found) {
    let store = store(data);
    for identifier in identifiers {
        for secret in block_on(store.fields(*identifier)).unwrap() {
            found.push(format!("{} in the vault", secret.field));
        }
    }
    let text: Vec<(String, Vec<u8>)> =
        RAW.iter().map(|raw| ((*raw).to_owned(), raw.to_ascii_lowercase().into_bytes())).collect();
    block_on(store.each(|_, record| {
        let original = record.original.to_ascii_lowercase();
        look("the quarantine", &original, &text, found);
    }))
    .unwrap();
}

/// The installation's store; nobody else may have it.
pub fn store(data: &Path) -> Store {
    let keys = Keys::open(&data.join("keys")).unwrap();
    Store::open(&data.join("store.redb"), sealer(&keys)).unwrap()
}

fn sealer(keys: &Keys) -> Sealer {
    Sealer::new(&keys.vault)
}

fn look(place: &str, bytes: &[u8], needles: &[(String, Vec<u8>)], found: &mut Found) {
    for (name, needle) in needles {
        if memmem::find(bytes, needle).is_some() {
            found.push(format!("{name} in {place}"));
        }
    }
}

/// The key of a user id.
pub fn person(data: &Path, user: &str) -> Key {
    Pseudonymizer::new(&Keys::open(&data.join("keys")).unwrap().hash)
        .identifier(IdentifierKind::User, user)
        .key
}
