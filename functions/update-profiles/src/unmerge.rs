//! Undoing a merge: what everybody's profiles would be had the two never been joined.

use crate::component::Components;
use crate::run::{Deps, run};
use crate::scratch::{Replayed, Scratch};
use event::wire::Damaged;
use event::{Event, Identifier, IdentifierKind, Key, PortError};
use person::{
    Blob, EventHistory, IdentityLog, IdentityRewrite, IdentityRules, IdentityStore, Limits, LogEntry, Owner,
    ProfileStore, Rewrite, RewrittenIdentity, RewrittenProfile, Separation, Stored,
};
use std::collections::BTreeSet;

/// How many events are replayed at once.
const BATCH: usize = 2_048;

/// What undoing a merge came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmerged {
    /// Whose the identifier of the one that went is now, and whose that of the other.
    pub gone: Key,
    pub into: Key,
    /// How many events were replayed, and how many profiles and pointers and identifiers changed.
    pub events: u64,
    pub profiles: usize,
    pub identities: usize,
}

/// Why a merge was not undone; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NotUnmerged {
    #[error(transparent)]
    Port(#[from] PortError),
    #[error("the lake holds no event of the person that went; restore its files, then try again")]
    Unknown,
    #[error(
        "the lake holds {found} of the {counted} events of these people, and their profiles can only be made anew from \
         all; restore its files, then try again"
    )]
    Missing { counted: u64, found: u64 },
    #[error("a stored profile is damaged; restore it from a copy")]
    Damaged,
    #[error("somebody wrote one of these people meanwhile; try again")]
    Conflict,
}

impl From<Damaged> for NotUnmerged {
    fn from(_: Damaged) -> NotUnmerged {
        NotUnmerged::Damaged
    }
}

/// Undoes the merge of `gone` into `into`, as of `now` (UTC ms), and keeps the two apart from then on.
///
/// Who was merged by mistake may have drawn others in: with the two apart, an identifier may belong to somebody else
/// altogether. So everybody is replayed whom events tie to the two, in the order in which the events were accepted,
/// with the separation in force: profiles, owners and pointers become those of a replay of everything, byte for byte.
/// Journeys and the ledger stay with the person who has them.
pub async fn unmerge<S, H>(
    store: &S,
    history: &H,
    limits: Limits,
    (gone, into): (Owner, Owner),
    now: i64,
) -> Result<Unmerged, NotUnmerged>
where
    S: ProfileStore + IdentityStore + IdentityLog + IdentityRewrite,
    H: EventHistory,
{
    let two = [Identifier::from(gone), Identifier::from(into)];
    let mut components = Components::default();
    history.each_identifiers(|identifiers| components.tie(identifiers)).await?;
    let concerned = components.of(&two);
    if concerned.binary_search(&two[0]).is_err() {
        return Err(NotUnmerged::Unknown);
    }

    let live = Live::load(store, concerned).await?;
    let mut separations: Vec<Separation> = live.log.iter().filter_map(LogEntry::separation).collect();
    separations.push(Separation { one: two[0], other: two[1] });
    let rules = IdentityRules { limits, separations };
    let (replayed, found) = replay(history, &live.concerned, &rules).await?;
    let counted = live.events()?;
    if counted > found {
        return Err(NotUnmerged::Missing { counted, found });
    }

    let current = |identifier: Identifier| {
        let owner = replayed.owners.get(&identifier).copied().unwrap_or(Owner::from(identifier));
        owner.person
    };
    let (gone_now, into_now) = (current(two[0]), current(two[1]));
    let rewrite = live.differences(&replayed, LogEntry::Unmerged { gone, into, at: now });
    let unmerged = Unmerged {
        gone: gone_now,
        into: into_now,
        events: found,
        profiles: rewrite.profiles.len(),
        identities: rewrite.identities.iter().filter(|changed| changed.before != changed.after).count(),
    };
    if !store.rewrite(rewrite).await? {
        return Err(NotUnmerged::Conflict);
    }
    Ok(unmerged)
}

/// What is stored of everybody who is concerned.
struct Live {
    /// In order.
    concerned: Vec<Identifier>,
    /// By the hash of each of them.
    stored: Vec<Option<Stored>>,
    owners: Vec<Option<Owner>>,
    /// All of their logs.
    log: Vec<LogEntry>,
}

impl Live {
    async fn load<S>(store: &S, concerned: Vec<Identifier>) -> Result<Live, PortError>
    where
        S: ProfileStore + IdentityStore + IdentityLog,
    {
        let keys: Vec<Key> = concerned.iter().map(|identifier| identifier.key).collect();
        let stored = store.load(&keys).await?;
        let owners = store.owners(&concerned).await?;
        let log = store.log(&keys).await?.into_iter().flatten().collect();
        Ok(Live { concerned, stored, owners, log })
    }

    /// How many events their profiles count.
    fn events(&self) -> Result<u64, Damaged> {
        let mut events = 0;
        for stored in self.stored.iter().flatten() {
            if let Blob::Profile(profile) = Blob::decode(&stored.blob)? {
                events += profile.events;
            }
        }
        Ok(events)
    }

    /// What has to be written for all to be as it was replayed.
    fn differences(&self, replayed: &Replayed, entry: LogEntry) -> Rewrite {
        let mut rewrite = Rewrite::default();
        for ((identifier, stored), before) in self.concerned.iter().zip(&self.stored).zip(&self.owners) {
            let after = replayed.profiles.get(&identifier.key);
            let changed = stored.as_ref().map(|stored| &stored.blob) != after.map(|(_, blob)| blob);
            if changed {
                rewrite.profiles.push(RewrittenProfile {
                    person: identifier.key,
                    owner: after.map_or(Owner::from(*identifier), |(owner, _)| *owner),
                    version: stored.as_ref().map_or(0, |stored| stored.version),
                    blob: after.map(|(_, blob)| blob.clone()),
                });
            }
            let after = replayed.owners.get(identifier).copied();
            // A user id needs no entry, and where one is kept as somebody's profile it says so by itself.
            if (changed || *before != after) && identifier.kind != IdentifierKind::User {
                rewrite.identities.push(RewrittenIdentity {
                    identifier: *identifier,
                    before: *before,
                    after,
                });
            }
        }
        // Merges that would not have been, had the two not been joined, are told; those that were, stand there already.
        let known: BTreeSet<(Owner, Owner)> = self.log.iter().map(LogEntry::pair).collect();
        rewrite.log.push((entry.pair().1.person, entry));
        let new = replayed.log.iter().filter(|(_, entry)| !known.contains(&entry.pair()));
        rewrite.log.extend(new.cloned());
        rewrite
    }
}

/// Replays the events of these identifiers into an empty store; also says how many there were.
async fn replay<H: EventHistory>(
    history: &H,
    concerned: &[Identifier],
    rules: &IdentityRules,
) -> Result<(Replayed, u64), NotUnmerged> {
    let mut wires: Vec<Vec<u8>> = Vec::new();
    history
        .each_event(|event| {
            if event.identifiers.iter().any(|identifier| concerned.binary_search(identifier).is_ok()) {
                let mut wire = Vec::new();
                event.encode(&mut wire);
                wires.push(wire);
            }
        })
        .await?;
    let scratch = Scratch::default();
    let deps = Deps { store: &scratch, wanted: &|_| false, rules };
    let mut duplicates = 0;
    for wires in wires.chunks(BATCH) {
        let events = wires.iter().map(|wire| Event::decode(wire)).collect::<Result<Vec<_>, _>>()?;
        let outcome = run(&deps, &events).await?;
        if !outcome.failed.is_empty() {
            return Err(NotUnmerged::Damaged);
        }
        duplicates += outcome.duplicates.len() as u64;
    }
    Ok((scratch.into_replayed(), wires.len() as u64 - duplicates))
}
