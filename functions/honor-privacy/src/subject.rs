//! Whom a request is about: every key and identifier under which the stores know one person.

use crate::{Deps, PrivacyError, Request, Stores, Who};
use event::{Arrival, Identifier, IdentifierKind, Key, Parser};
use person::{Blob, IdentityStore, PeopleErasure, PersonRow, Profile, ProfileStore};
use serde_json::json;
use std::collections::BTreeSet;

/// How many merges one after the other are followed.
const MAX_HOPS: usize = 16;

/// One person, as the stores know them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// The key they go by now; nothing for somebody without a profile.
    pub person: Option<Key>,
    /// That key, and those of everybody who was merged into them.
    pub people: BTreeSet<Key>,
    /// Every identifier that is theirs.
    pub identifiers: BTreeSet<Identifier>,
}

/// How an event relates to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Theirs,
    /// Somebody else's, though it carries an identifier of theirs.
    Anothers,
    Unrelated,
}

impl Subject {
    /// Finds the person of a request in all that the store of people holds.
    ///
    /// # Errors
    /// Nobody is known by it, where it does not name an identifier of a kind: one that does may stand in the vault,
    /// the lake or the quarantine without a person.
    pub async fn find<S: Stores>(deps: &Deps<'_, S>, request: &Request) -> Result<Subject, PrivacyError> {
        let who = request.identifier.as_ref().ok_or_else(|| PrivacyError::refused("name the person"))?;
        let candidates = candidates(deps.parser, who)?;
        let mut subject = Subject::default();
        for candidate in &candidates {
            if let Some(person) = person_of(deps, *candidate).await? {
                subject.person = Some(person);
                subject.people.insert(person);
                // A key may be of any kind: which, the profile tells.
                if !is_key(who) {
                    subject.identifiers.insert(*candidate);
                }
                break;
            }
        }
        match who {
            _ if subject.person.is_some() => {}
            // What was named stands for somebody, known or not.
            Who::Named { .. } | Who::Keys { .. } => subject.identifiers.extend(&candidates),
            _ => return Err(nobody(deps, &candidates)),
        }
        subject.complete(deps).await?;
        // Somebody who is named by several: what stands for nobody else is theirs too.
        if let Who::Keys { .. } = who {
            for candidate in candidates {
                if person_of(deps, candidate).await?.is_none_or(|person| subject.people.contains(&person)) {
                    subject.identifiers.insert(candidate);
                }
            }
        }
        Ok(subject)
    }

    /// Adds everybody who was merged into the person, and everything that points to one of them.
    async fn complete<S: Stores>(&mut self, deps: &Deps<'_, S>) -> Result<(), PrivacyError> {
        if self.person.is_none() {
            return Ok(());
        }
        loop {
            let before = (self.people.len(), self.identifiers.len());
            let (people, identifiers) = (&mut self.people, &mut self.identifiers);
            deps.people
                .each_row(|row| match row {
                    PersonRow::Profile { person, blob, .. } => {
                        if let Ok(Some(target)) = Blob::forward_of(blob)
                            && people.contains(&target)
                        {
                            people.insert(person);
                        }
                    }
                    PersonRow::Identity { identifier, owner } => {
                        if people.contains(&owner.person) {
                            identifiers.insert(identifier);
                        }
                    }
                })
                .await?;
            if before == (self.people.len(), self.identifiers.len()) {
                break;
            }
        }
        self.add_listed(deps).await
    }

    /// Adds what the profiles list and nobody else owns: a user id has no entry of its own, for one.
    async fn add_listed<S: Stores>(&mut self, deps: &Deps<'_, S>) -> Result<(), PrivacyError> {
        let people: Vec<Key> = self.people.iter().copied().collect();
        let mut listed = BTreeSet::new();
        for stored in deps.people.load(&people).await?.into_iter().flatten() {
            if let Ok(Blob::Profile(profile)) = Blob::decode(&stored.blob) {
                listed.extend(profile.identifiers);
            }
        }
        let (users, others): (Vec<Identifier>, Vec<Identifier>) =
            listed.into_iter().partition(|identifier| identifier.kind == IdentifierKind::User);
        self.identifiers.extend(users.into_iter().filter(|user| self.people.contains(&user.key)));
        let owners = deps.people.owners(&others).await?;
        for (identifier, owner) in others.into_iter().zip(owners) {
            if owner.is_none_or(|owner| self.people.contains(&owner.person)) {
                self.identifiers.insert(identifier);
            }
        }
        Ok(())
    }

    /// Every key of theirs, for lookups.
    pub fn keys(&self) -> BTreeSet<Key> {
        self.identifiers.iter().map(|identifier| identifier.key).chain(self.people.iter().copied()).collect()
    }

    /// Whose an event with these identifiers is. One with a user id is that user's; one without is of whoever an
    /// identifier for a person names; one with neither of whoever has one of its devices.
    pub fn whose(&self, identifiers: &[Identifier]) -> Whose {
        let mut theirs = identifiers.iter().filter(|identifier| self.identifiers.contains(identifier));
        if theirs.clone().next().is_none() {
            return Whose::Unrelated;
        }
        let own = match identifiers.first().map(|strongest| strongest.kind) {
            Some(IdentifierKind::User) => theirs.any(|identifier| identifier.kind == IdentifierKind::User),
            Some(kind) if kind.is_personal() => theirs.any(|identifier| identifier.kind.is_personal()),
            _ => true,
        };
        if own { Whose::Theirs } else { Whose::Anothers }
    }

    /// Whether an identifier is theirs and names a person rather than a device, which others may share.
    pub fn is_personal(&self, identifier: Identifier) -> bool {
        identifier.kind.is_personal() && self.identifiers.contains(&identifier)
    }
}

/// Whether a person is named by a key rather than by a value.
fn is_key(who: &Who) -> bool {
    match who {
        Who::Person { .. } => true,
        Who::Any { any } => Key::parse(any.trim()).is_some(),
        Who::Named { .. } | Who::Keys { .. } => false,
    }
}

/// Every identifier that a request may mean, strongest first, cleaned and hashed as intake does it.
fn candidates(parser: &Parser, who: &Who) -> Result<Vec<Identifier>, PrivacyError> {
    let record = match who {
        Who::Person { person } => {
            let key = Key::parse(person.trim())
                .ok_or_else(|| PrivacyError::refused("a person's key has 32 hexadecimal digits"))?;
            return Ok(IdentifierKind::all().map(|kind| Identifier { kind, key }).collect());
        }
        Who::Keys { keys } => {
            let damaged = || PrivacyError::damaged("the request's identifiers", "one is of no known kind");
            return keys.iter().map(|named| named.identifier().ok_or_else(damaged)).collect();
        }
        Who::Any { any } => {
            if let Some(key) = Key::parse(any.trim()) {
                return Ok(IdentifierKind::all().map(|kind| Identifier { kind, key }).collect());
            }
            let mut external: Vec<_> = ["unionId", "openId", "memberCard", "email", "phone"]
                .map(|kind| json!({"type": kind, "id": any}))
                .into();
            external.extend(any.split_once(':').map(|(scope, id)| json!({"type": scope, "id": id})));
            json!({"userId": any, "anonymousId": any,
                   "context": {"device": {"id": any}, "externalIds": external}})
        }
        Who::Named { kind, value } => {
            let known = IdentifierKind::parse(kind).ok_or_else(|| {
                let kinds: Vec<&str> = IdentifierKind::all().map(IdentifierKind::as_str).collect();
                PrivacyError::refused(format!(
                    "there is no kind of identifier of that name; kinds are {}",
                    kinds.join(", ")
                ))
            })?;
            match known {
                IdentifierKind::User => json!({"userId": value}),
                IdentifierKind::Anonymous => json!({"anonymousId": value}),
                IdentifierKind::Device => json!({"context": {"device": {"id": value}}}),
                IdentifierKind::External => {
                    let (scope, id) = value.split_once(':').unwrap_or(("", value));
                    json!({"context": {"externalIds": [{"type": scope, "id": id}]}})
                }
                kind => json!({"context": {"externalIds": [{"type": kind.as_str(), "id": value}]}}),
            }
        }
    };
    let mut record = record;
    record["type"] = json!("track");
    record["event"] = json!("Looked Up");
    let record = record.to_string();
    let parsed = parser.without_rules().parse(record.as_bytes(), "", Arrival::Live { now: 0 });
    match parsed {
        Ok(parsed) => Ok(parsed.event.identifiers.to_vec()),
        Err(_) => Err(PrivacyError::refused("the value is none of its kind: nobody can be known by it")),
    }
}

/// The person of an identifier, as they are known now.
async fn person_of<S: Stores>(
    deps: &Deps<'_, S>,
    identifier: Identifier,
) -> Result<Option<Key>, PrivacyError> {
    let mut person = identifier.key;
    if identifier.kind != IdentifierKind::User {
        let owner = deps.people.owners(&[identifier]).await?;
        if let Some(owner) = owner.into_iter().flatten().next() {
            person = owner.person;
        }
    }
    for _ in 0..MAX_HOPS {
        let stored = deps.people.load(&[person]).await?.pop().flatten();
        let Some(stored) = stored else { return Ok(None) };
        match Blob::forward_of(&stored.blob).map_err(|error| PrivacyError::damaged("the profile", error))? {
            Some(next) => person = next,
            None => return Ok(Some(person)),
        }
    }
    Err(PrivacyError::damaged("the profile", "its merges go in a circle; replay their events"))
}

/// What to say where nobody is known.
fn nobody<S: Stores>(deps: &Deps<'_, S>, candidates: &[Identifier]) -> PrivacyError {
    let list = deps.parser.settings().privacy.list();
    let erased = candidates.iter().filter_map(|candidate| list.get(candidate.key)?.erased_at).max();
    match erased {
        Some(at) => PrivacyError::refused(format!(
            "nobody is known by that now; their data was erased at {}",
            event::iso_time(at)
        )),
        None => PrivacyError::refused(
            "nobody is known by that: not as a user id, anonymous id, e-mail address, phone number, other identifier, \
             or person's key",
        ),
    }
}

/// The profile of a stored blob.
pub(crate) fn profile_of(blob: &[u8]) -> Result<Profile<'_>, PrivacyError> {
    let mut profile = Profile::default();
    profile.decode(blob).map_err(|error| PrivacyError::damaged("the profile", error))?;
    Ok(profile)
}
