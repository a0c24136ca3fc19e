//! Several workers on one table at the same time: whatever order their calls take, the profiles are those of
//! one worker.

use event::{Event, Identifier, IdentifierKind, Identifiers, Key, PortError};
use person::{Blob, IdentityRules, IdentityStore, Owner, ProfileStore, ProfileWrite, Stored};
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use update_profiles::{Deps, run};

/// An item under an identifier's hash: the profile whose id it is, or where it went.
#[derive(Clone, Default)]
struct Item {
    version: u64,
    blob: Option<Vec<u8>>,
    owner: Option<Owner>,
}

/// A table with conditional writes, of which every call lets others go first.
#[derive(Default)]
struct Table {
    items: RefCell<BTreeMap<Key, Item>>,
    conflicts: Cell<u32>,
}

/// Gives way once.
async fn give_way() {
    let mut given = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut given, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl ProfileStore for Table {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        give_way().await;
        let items = self.items.borrow();
        let stored = |item: &Item| Some(Stored { version: item.version, blob: item.blob.clone()?.into() });
        Ok(people.iter().map(|person| items.get(person).and_then(stored)).collect())
    }

    async fn write(&self, writes: Vec<ProfileWrite<'_>>) -> Result<Vec<Key>, PortError> {
        let mut conflicts = Vec::new();
        for write in writes {
            // Each person in one step, others in between.
            give_way().await;
            let mut items = self.items.borrow_mut();
            let version = |key: &Key| items.get(key).map_or(0, |item| item.version);
            let merged: Vec<Key> = write.merged.iter().map(|merged| merged.owner.person).collect();
            let links: Vec<Identifier> = write
                .links
                .iter()
                .copied()
                .filter(|link| link.key != write.person && !merged.contains(&link.key))
                .collect();
            let holds = version(&write.person) == write.version
                && write.merged.iter().all(|merged| version(&merged.owner.person) == merged.version)
                && links.iter().all(|link| match items.get(&link.key) {
                    None => true,
                    Some(item) => item
                        .owner
                        .is_some_and(|owner| owner.person == write.person || merged.contains(&owner.person)),
                });
            if !holds {
                self.conflicts.set(self.conflicts.get() + 1);
                conflicts.push(write.person);
                continue;
            }
            let profile = Item { version: write.version + 1, blob: Some(write.blob.to_vec()), owner: None };
            items.insert(write.person, profile);
            for gone in write.merged {
                let blob = Some(Blob::forward(write.person));
                let pointer = Item { version: gone.version + 1, blob, owner: Some(write.owner) };
                items.insert(gone.owner.person, pointer);
            }
            for link in links {
                let version = items.get(&link.key).map_or(0, |item| item.version);
                items.insert(link.key, Item { version: version + 1, blob: None, owner: Some(write.owner) });
            }
        }
        Ok(conflicts)
    }
}

impl IdentityStore for Table {
    async fn owners(&self, identifiers: &[Identifier]) -> Result<Vec<Option<Owner>>, PortError> {
        give_way().await;
        let items = self.items.borrow();
        let owner = |id: &Identifier| items.get(&id.key).map(|item| item.owner.unwrap_or(Owner::from(*id)));
        Ok(identifiers.iter().map(owner).collect())
    }
}

impl Table {
    /// Profiles by person, without pointers.
    fn profiles(&self) -> BTreeMap<Key, Vec<u8>> {
        let items = self.items.borrow();
        let profiles = items.iter().filter(|(_, item)| item.owner.is_none());
        profiles.filter_map(|(person, item)| Some((*person, item.blob.clone()?))).collect()
    }
}

/// Works through batches, one after the other; what was not applied comes again, as a queue would bring it.
async fn work(table: &Table, batches: &[Vec<&Event<'_>>]) {
    let rules = IdentityRules::default();
    let deps = Deps { store: table, wanted: &|_| false, rules: &rules };
    for batch in batches {
        let mut left: Vec<Event<'_>> = batch.iter().map(|event| (*event).clone()).collect();
        let mut deliveries = 0;
        while !left.is_empty() {
            deliveries += 1;
            assert!(deliveries < 20, "never applied: {left:?}");
            let outcome = run(&deps, &left).await.unwrap();
            let failed: Vec<usize> = outcome.failed.iter().map(|index| *index as usize).collect();
            left = failed.into_iter().map(|index| left[index].clone()).collect();
        }
    }
}

/// Runs workers to their end, each time going on with the one that `choices` names.
fn interleave<'f>(mut workers: Vec<Pin<Box<dyn Future<Output = ()> + 'f>>>, choices: &[u8]) {
    let mut context = Context::from_waker(Waker::noop());
    let mut choices = choices.iter().cycle();
    while !workers.is_empty() {
        let index = usize::from(*choices.next().expect("a cycle")) % workers.len();
        if workers[index].as_mut().poll(&mut context).is_ready() {
            drop(workers.swap_remove(index));
        }
    }
}

/// Each of a few people has a user id, an e-mail address and two browsers, and events carry some of them.
fn event_of(id: usize, person: u8, carries: u8) -> Event<'static> {
    use IdentifierKind::{Anonymous, Email, User};
    let mut identifiers = Identifiers::default();
    let all = [(User, 1), (Email, 2), (Anonymous, 3), (Anonymous, 4)];
    for (place, (kind, n)) in all.into_iter().enumerate() {
        if carries & 1 << place != 0 {
            let mut key = [person; 16];
            key[0] = n;
            identifiers.insert(Identifier { kind, key: Key(key) });
        }
    }
    let at = 1_700_000_000_000 + id as i64 * 1_000;
    Event::reported(format!("m-{id}"), "Seen", identifiers, at, r#"{"n":1}"#.to_owned(), "test")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn profiles_are_those_of_one_worker(
        seen in prop::collection::vec((0u8..3, 1u8..16, 0usize..3, any::<bool>()), 1..40),
        choices in prop::collection::vec(any::<u8>(), 64),
    ) {
        let mut events: Vec<Event<'_>> =
            seen.iter().enumerate().map(|(id, (person, carries, ..))| event_of(id, *person, *carries)).collect();
        // At the end somebody logs in with all they have, so that whatever came before is one person's.
        let last = events.len();
        events.extend((0..3).map(|person| event_of(last + usize::from(person), person, 0b1111)));
        let alone = Table::default();
        pollster::block_on(work(&alone, &[events.iter().collect()]));

        let table = Table::default();
        let mut shards = shards(&events, seen.iter().map(|(.., worker, joins)| (*worker, *joins)));
        for event in &events[last..] {
            shards[last % 3].push(vec![event]);
        }
        interleave(shards.iter().map(|batches| Box::pin(work(&table, batches)) as _).collect(), &choices);
        prop_assert_eq!(table.profiles(), alone.profiles());
    }

    /// Where people share what they are known by, it matters who came first; but each event counts once.
    #[test]
    fn every_event_counts_once_however_people_share_browsers(
        seen in prop::collection::vec((0u8..3, 0u8..16, 0u8..3, 0u8..16, 0usize..3, any::<bool>()), 1..40),
        choices in prop::collection::vec(any::<u8>(), 64),
    ) {
        let events: Vec<Event<'_>> = seen
            .iter()
            .enumerate()
            .map(|(id, (person, carries, other, theirs, ..))| {
                let mut event = event_of(id, *person, carries | 8);
                let others = event_of(id, *other, *theirs).identifiers;
                others.iter().for_each(|identifier| event.identifiers.insert(*identifier));
                event
            })
            .collect();
        let table = Table::default();
        let shards = shards(&events, seen.iter().map(|(.., worker, joins)| (*worker, *joins)));
        interleave(shards.iter().map(|batches| Box::pin(work(&table, batches)) as _).collect(), &choices);
        let counted: u64 = table.profiles().values().map(|blob| match Blob::decode(blob).unwrap() {
            Blob::Profile(profile) => profile.events,
            Blob::Forward(_) => 0,
        }).sum();
        prop_assert_eq!(counted, events.len() as u64);
    }
}

/// The batches of three workers: each event's worker, and whether it joins the batch before it.
fn shards<'e>(
    events: &'e [Event<'e>],
    places: impl Iterator<Item = (usize, bool)>,
) -> Vec<Vec<Vec<&'e Event<'e>>>> {
    let mut shards: Vec<Vec<Vec<&Event<'_>>>> = vec![Vec::new(); 3];
    for (event, (worker, joins)) in events.iter().zip(places) {
        match shards[worker].last_mut() {
            Some(batch) if joins => batch.push(event),
            _ => shards[worker].push(vec![event]),
        }
    }
    shards
}

#[test]
fn workers_do_meet() {
    let table = Table::default();
    let (a, b) = (event_of(0, 0, 0b0001), event_of(1, 0, 0b0001));
    let (one, two) = ([vec![&a]], [vec![&b]]);
    interleave(vec![Box::pin(work(&table, &one)), Box::pin(work(&table, &two))], &[0, 1]);
    assert!(table.conflicts.get() > 0);
    let profiles = table.profiles();
    let blob = profiles.values().next().unwrap();
    let Blob::Profile(profile) = Blob::decode(blob).unwrap() else { panic!("a profile") };
    assert_eq!((profiles.len(), profile.events), (1, 2));
}

#[test]
fn an_old_identifier_follows_its_owner_through_merges() {
    let table = Table::default();
    let event = |id, carries| event_of(id, 0, carries);
    // The browser is the e-mail's; then the e-mail becomes the user's, whose profile forgets the browser.
    pollster::block_on(work(&table, &[vec![&event(0, 0b0110)], vec![&event(1, 0b0011)]]));
    let owner = Owner { kind: IdentifierKind::Email, person: event(9, 0b0010).identifiers[0].key };
    let browser = event(9, 0b0100).identifiers[0].key;
    table.items.borrow_mut().insert(browser, Item { version: 1, blob: None, owner: Some(owner) });
    pollster::block_on(work(&table, &[vec![&event(2, 0b0100)]]));
    let profiles = table.profiles();
    assert_eq!(profiles.len(), 1, "no second profile");
    let Blob::Profile(profile) = Blob::decode(profiles.values().next().unwrap()).unwrap() else { panic!() };
    assert_eq!(profile.events, 3);
}
