//! Whose data was erased, or may be kept but not worked with: what intake refuses.

use crate::identifier::{Identifier, IdentifierKind, Key};
use crate::rejection::Code;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// What holds for one identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    pub identifier: Identifier,
    /// When its person was erased last, UTC ms: what happened until then is refused.
    pub erased_at: Option<i64>,
    /// Whether what happens to its person is kept in quarantine for the time being.
    pub restricted: bool,
}

/// The identifiers, as keyed hashes, of people who were erased or restricted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrivacyList {
    /// Sorted by key.
    entries: Vec<Listed>,
}

/// Why a stored list can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the privacy list can't be read: {reason}; restore it from a copy")]
pub struct DamagedList {
    pub reason: String,
}

const FORMAT: &str = "rondo-privacy-list/1";

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    entries: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    kind: String,
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    erased_at: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    restricted: bool,
}

impl PrivacyList {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// All entries, in the order of their keys.
    pub fn entries(&self) -> &[Listed] {
        &self.entries
    }

    /// What holds for an identifier.
    #[inline]
    pub fn get(&self, key: Key) -> Option<&Listed> {
        self.entries.binary_search_by_key(&key, |entry| entry.identifier.key).ok().map(|at| &self.entries[at])
    }

    /// Notes that the person of these identifiers is erased as of `at` (UTC ms). A restriction ends with it: there is
    /// nothing left to restrict.
    pub fn erase(&mut self, identifiers: &[Identifier], at: i64) {
        self.change(identifiers, |entry| {
            entry.erased_at = Some(entry.erased_at.map_or(at, |before| before.max(at)));
            entry.restricted = false;
        });
    }

    /// Notes that the person of these identifiers is restricted, or is no longer.
    pub fn restrict(&mut self, identifiers: &[Identifier], restricted: bool) {
        self.change(identifiers, |entry| entry.restricted = restricted);
    }

    fn change(&mut self, identifiers: &[Identifier], change: impl Fn(&mut Listed)) {
        for identifier in identifiers {
            let found = self.entries.binary_search_by_key(&identifier.key, |entry| entry.identifier.key);
            let at = found.unwrap_or_else(|at| {
                let entry = Listed { identifier: *identifier, erased_at: None, restricted: false };
                self.entries.insert(at, entry);
                at
            });
            change(&mut self.entries[at]);
        }
        self.entries.retain(|entry| entry.erased_at.is_some() || entry.restricted);
    }

    /// Whether an event about these identifiers is refused, and by which code. `happened_at` (UTC ms) is when it
    /// happened; `None` where nothing tells, and then it is taken to have been before an erasure.
    ///
    /// What an event says of a person goes by what is personal in it: a device or browser that somebody shares with
    /// a person on the list decides only where the event names nobody.
    pub fn refusal(&self, identifiers: &[Identifier], happened_at: Option<i64>) -> Option<Code> {
        let mut refusal = None;
        for entry in self.about(identifiers) {
            if entry.erased_at.is_some_and(|erased| happened_at.is_none_or(|at| at <= erased)) {
                return Some(Code::Erased);
            }
            if self.restricts(entry, identifiers) {
                refusal = Some(Code::Restricted);
            }
        }
        refusal
    }

    /// Whether a person with these identifiers is restricted.
    pub fn is_restricted(&self, identifiers: &[Identifier]) -> bool {
        self.about(identifiers).any(|entry| self.restricts(entry, identifiers))
    }

    /// Whether an entry restricts what is about these identifiers: somebody with a user id of their own is not whom
    /// they share an address with.
    fn restricts(&self, entry: &Listed, identifiers: &[Identifier]) -> bool {
        let known = identifiers.iter().any(|identifier| identifier.kind == IdentifierKind::User);
        entry.restricted && (!known || entry.identifier.kind == IdentifierKind::User)
    }

    fn about<'l>(&'l self, identifiers: &'l [Identifier]) -> impl Iterator<Item = &'l Listed> {
        let personal = identifiers.iter().any(|identifier| identifier.kind.is_personal());
        identifiers
            .iter()
            .filter(move |identifier| identifier.kind.is_personal() == personal)
            .filter_map(|identifier| self.get(identifier.key))
    }

    /// The list as it is stored.
    pub fn to_json(&self) -> Vec<u8> {
        let row = |entry: &Listed| Row {
            kind: entry.identifier.kind.as_str().to_owned(),
            key: entry.identifier.key.to_string(),
            erased_at: entry.erased_at,
            restricted: entry.restricted,
        };
        let file = File { format: FORMAT.to_owned(), entries: self.entries.iter().map(row).collect() };
        serde_json::to_vec(&file).unwrap_or_default()
    }

    /// Reads what [`PrivacyList::to_json`] wrote.
    ///
    /// # Errors
    /// Anything that is not understood: an entry that is passed over would let data in that must stay out.
    pub fn parse(json: &[u8]) -> Result<PrivacyList, DamagedList> {
        let damaged = |reason: String| DamagedList { reason };
        let file: File =
            serde_json::from_slice(json).map_err(|error| damaged(format!("line {}", error.line())))?;
        if file.format != FORMAT {
            return Err(damaged("it is of another format, perhaps of a later release".into()));
        }
        let mut entries = Vec::with_capacity(file.entries.len());
        for (at, row) in file.entries.into_iter().enumerate() {
            let identifier = IdentifierKind::parse(&row.kind).zip(Key::parse(&row.key));
            let (kind, key) = identifier.ok_or_else(|| damaged(format!("entry {at}")))?;
            let identifier = Identifier { kind, key };
            entries.push(Listed { identifier, erased_at: row.erased_at, restricted: row.restricted });
        }
        entries.sort_by_key(|entry| entry.identifier.key);
        Ok(PrivacyList { entries })
    }
}

/// The list in force, shared by all that intake and delivery run at once. Replacing it reaches all of them.
#[derive(Debug, Default)]
pub struct Privacy {
    /// Whether there is anything on the list: the usual answer is no, and costs one look.
    listed: AtomicBool,
    list: RwLock<Arc<PrivacyList>>,
}

impl Privacy {
    pub fn new(list: PrivacyList) -> Privacy {
        let privacy = Privacy::default();
        privacy.replace(list);
        privacy
    }

    /// Puts another list in force.
    pub fn replace(&self, list: PrivacyList) {
        let listed = !list.is_empty();
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(list);
        self.listed.store(listed, Ordering::Release);
    }

    /// The list in force now.
    pub fn list(&self) -> Arc<PrivacyList> {
        Arc::clone(&self.list.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn is_empty(&self) -> bool {
        !self.listed.load(Ordering::Acquire)
    }

    /// As [`PrivacyList::refusal`].
    #[inline]
    pub fn refusal(&self, identifiers: &[Identifier], happened_at: Option<i64>) -> Option<Code> {
        if self.is_empty() { None } else { self.list().refusal(identifiers, happened_at) }
    }

    /// As [`PrivacyList::is_restricted`].
    pub fn is_restricted(&self, identifiers: &[Identifier]) -> bool {
        !self.is_empty() && self.list().is_restricted(identifiers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentifierKind::{Anonymous, Device, Email, User};

    fn id(kind: IdentifierKind, n: u8) -> Identifier {
        Identifier { kind, key: Key([n; 16]) }
    }

    #[test]
    fn what_happened_before_an_erasure_is_refused() {
        let mut list = PrivacyList::default();
        let (user, email, browser) = (id(User, 1), id(Email, 2), id(Anonymous, 3));
        list.erase(&[user, email, browser], 1_000);
        for theirs in [&[user][..], &[email], &[user, browser], &[browser], &[id(User, 9), email]] {
            assert_eq!(list.refusal(theirs, Some(1_000)), Some(Code::Erased), "{theirs:?}");
            assert_eq!(list.refusal(theirs, None), Some(Code::Erased), "{theirs:?}");
            assert_eq!(list.refusal(theirs, Some(1_001)), None, "{theirs:?}");
        }
        assert_eq!(list.refusal(&[id(User, 9)], Some(0)), None);
        // Erased again later: what was let in between is refused from then on too.
        list.erase(&[user], 2_000);
        assert_eq!(list.refusal(&[user], Some(1_500)), Some(Code::Erased));
        assert_eq!(list.refusal(&[email], Some(1_500)), None);
    }

    #[test]
    fn who_shares_a_device_with_somebody_on_the_list_is_let_in() {
        let mut list = PrivacyList::default();
        list.erase(&[id(User, 1), id(Device, 4)], 1_000);
        assert_eq!(list.refusal(&[id(User, 2), id(Device, 4)], Some(1)), None);
        assert_eq!(list.refusal(&[id(Device, 4)], Some(1)), Some(Code::Erased));
        list.restrict(&[id(Device, 4)], true);
        assert!(!list.is_restricted(&[id(User, 2), id(Device, 4)]));
        assert!(list.is_restricted(&[id(Device, 4)]));
        list.restrict(&[id(User, 1), id(Email, 5)], true);
        assert!(!list.is_restricted(&[id(User, 2), id(Email, 5)]) && list.is_restricted(&[id(Email, 5)]));
    }

    #[test]
    fn a_restriction_ends() {
        let mut list = PrivacyList::default();
        list.restrict(&[id(User, 1)], true);
        assert_eq!(list.refusal(&[id(User, 1)], Some(5)), Some(Code::Restricted));
        list.restrict(&[id(User, 1)], false);
        assert!(list.is_empty());
        list.restrict(&[id(User, 1)], true);
        list.erase(&[id(User, 1)], 9);
        assert_eq!(list.refusal(&[id(User, 1)], Some(10)), None);
    }

    #[test]
    fn a_stored_list_is_read_whole_or_not_at_all() {
        let mut list = PrivacyList::default();
        list.erase(&[id(User, 7), id(Email, 2)], 1_000);
        list.restrict(&[id(Anonymous, 5)], true);
        assert_eq!(PrivacyList::parse(&list.to_json()), Ok(list.clone()));
        let stored = br#"{"format":"rondo-privacy-list/1","entries":[
            {"kind":"user_id","key":"07070707070707070707070707070707","erased_at":1000},
            {"kind":"email","key":"02020202020202020202020202020202","erased_at":1000,"since":"a later release"},
            {"kind":"anonymous_id","key":"05050505050505050505050505050505","restricted":true}]}"#;
        assert_eq!(PrivacyList::parse(stored), Ok(list));
        let other = |text: &str| PrivacyList::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(other(r#"{"format":"rondo-privacy-list/2","entries":[]}"#).contains("later release"));
        let unknown = r#"{"format":"rondo-privacy-list/1","entries":[{"kind":"face","key":"00"}]}"#;
        assert!(other(unknown).contains("entry 0"), "{}", other(unknown));
    }

    #[test]
    fn the_list_in_force_is_replaced_for_all() {
        let privacy = Arc::new(Privacy::default());
        let other = Arc::clone(&privacy);
        assert_eq!(other.refusal(&[id(User, 1)], Some(5)), None);
        let mut list = PrivacyList::default();
        list.erase(&[id(User, 1)], 10);
        privacy.replace(list);
        assert_eq!(other.refusal(&[id(User, 1)], Some(5)), Some(Code::Erased));
        privacy.replace(PrivacyList::default());
        assert!(other.is_empty());
    }
}
