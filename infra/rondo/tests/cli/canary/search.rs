//! Where traces are looked for.

use super::{ADDRESS, EMAIL, FIRST_NAME, TRACES};
use embedded::{Keys, Sealer, Store};
use event::{Identifier, IdentifierKind, Pseudonymizer, Vault};
use flate2::read::GzDecoder;
use pollster::block_on;
use std::fs;
use std::io::Read;
use std::path::Path;

/// Notes where any trace stands.
pub fn search(place: &str, bytes: &[u8], found: &mut Vec<String>) {
    let lower: Vec<u8> = bytes.iter().map(u8::to_ascii_lowercase).collect();
    for trace in TRACES {
        if let Some(at) = memmem(&lower, trace.as_bytes()) {
            let around = String::from_utf8_lossy(&bytes[at.saturating_sub(120)..(at + 60).min(bytes.len())]);
            found.push(format!("{trace:?} is in {place}, byte {at}: …{around}…"));
        }
    }
}

fn memmem(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == wanted[0]);
    starts.map(|(at, _)| at).find(|at| bytes[*at..].starts_with(wanted))
}

/// Every file below a folder, and what is in it if it is compressed.
pub fn visit(folder: &Path, look: &mut impl FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            visit(&path, look);
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap();
            look(&path, &bytes);
            let mut plain = Vec::new();
            if bytes.starts_with(&[0x1f, 0x8b]) && GzDecoder::new(&bytes[..]).read_to_end(&mut plain).is_ok()
            {
                look(&path, &plain);
            }
        }
    }
}

/// Looks at the rows of the lake, whose files are compressed; how many there are.
pub fn rows(data: &Path, found: &mut Vec<String>) -> usize {
    let mut rows = 0;
    visit(&data.join("lake"), &mut |path, bytes| {
        if path.extension().is_some_and(|ending| ending == "parquet") {
            let place = path.display().to_string();
            lake::replay(&place, bytes::Bytes::copy_from_slice(bytes), |row| {
                rows += 1;
                let mut wire = Vec::new();
                row.event.encode(&mut wire);
                search(&place, &wire, found);
            })
            .unwrap();
        }
    });
    rows
}

/// Looks at mails: an address may stand in their `To:`.
pub fn mails(outbox: &Path, found: &mut Vec<String>) {
    let mut addressed = 0;
    visit(outbox, &mut |path, bytes| {
        let mail = String::from_utf8_lossy(bytes);
        let (to, rest): (Vec<&str>, Vec<&str>) = mail.lines().partition(|line| line.starts_with("To: "));
        assert_eq!(to.len(), 1, "{mail}");
        addressed += usize::from(to[0].to_lowercase().contains(&EMAIL.to_lowercase()));
        // As it is sent, lines are broken and signs escaped.
        let plain = rest.join("\n").replace("=\n", "").replace("=40", "@").replace("=3A", ":");
        search(&path.display().to_string(), plain.as_bytes(), found);
    });
    assert!(addressed > 0, "no mail was sent");
}

/// The vault has what it should, so that the search was for what did come in.
pub fn vaulted(data: &Path) {
    let keys = Keys::open(&data.join("keys")).unwrap();
    let store = Store::open(&data.join("store.redb"), Sealer::new(&keys.vault)).unwrap();
    let hasher = Pseudonymizer::new(&keys.hash);
    let get = |identifier: Identifier, field: &str| block_on(store.get(identifier, field)).unwrap();
    let user = hasher.identifier(IdentifierKind::User, "u-0");
    assert_eq!(get(user, "first_name").as_deref(), Some(FIRST_NAME));
    assert!(get(user, "address").is_some_and(|address| address.contains(ADDRESS)));
    let email = hasher.identifier(IdentifierKind::Email, "canary.bird@nest.example");
    assert_eq!(get(email, "email").as_deref(), Some("canary.bird@nest.example"));
    let phone = hasher.identifier(IdentifierKind::Phone, "+8613912345678");
    assert_eq!(get(phone, "phone").as_deref(), Some("+8613912345678"));
    // So has the quarantine, sealed.
    let kept = store.quarantined().unwrap();
    assert!(kept.iter().any(|record| String::from_utf8_lossy(&record.original).contains(EMAIL)));
}
