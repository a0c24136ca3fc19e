//! What every adapter of the ports has to do. Each suite takes any implementation of its ports; here they run
//! against the embedded ones, in memory and in a file, and in the modules `aws_*` against those on AWS.

mod action_queue;
mod aws_buckets;
mod aws_changes;
mod aws_journal;
mod aws_people;
mod aws_pipes;
mod aws_privacy;
mod aws_seals;
mod bus;
mod change_stream;
mod creatives;
mod held;
mod identity_log;
mod journeys;
mod lake_store;
mod ledger;
mod other_client;
mod privacy;
mod profile_conflicts;
mod profiles;
mod quality;
mod quarantine;
mod runs;
mod samples;
mod vault;

use embedded::{BusLog, Intake, LakeFolder, Outbox, PrivacyFolder, Sealer, Store};
use event::Quarantined;
use pollster::block_on;
use std::fs;
use tempfile::TempDir;

/// Whether a write is refused whose version is not the stored one. On one machine one thread writes, and versions
/// are not looked at.
const CONDITIONAL: bool = false;

const KEY: [u8; 32] = [7; 32];

fn in_memory() -> Store {
    Store::in_memory(Sealer::new(&KEY)).unwrap()
}

/// A store in a file, which lives as long as the folder.
fn in_file(folder: &TempDir) -> Store {
    Store::open(&folder.path().join("store.redb"), Sealer::new(&KEY)).unwrap()
}

/// Runs a suite against a store in memory, and against one in a file before and after it was opened again.
fn each(suite: impl Fn(&Store)) {
    suite(&in_memory());
    let folder = tempfile::tempdir().unwrap();
    suite(&in_file(&folder));
}

#[test]
fn profiles_and_identities() {
    each(|store| block_on(profiles::suite(store, CONDITIONAL)));
    each(|store| block_on(profiles::chains_of_merges(store)));
    each(|store| block_on(profiles::many(store, CONDITIONAL)));
    // All of it is there when the store is opened again, and nothing of what was not committed.
    let folder = tempfile::tempdir().unwrap();
    let store = in_file(&folder);
    block_on(profiles::suite(&store, CONDITIONAL));
    store.commit().unwrap();
    block_on(profiles::write_one_more(&store));
    drop(store);
    block_on(profiles::holds_what_the_suite_left(&in_file(&folder)));
}

#[test]
fn identity_logs() {
    each(|store| block_on(identity_log::suite(store, CONDITIONAL)));
}

#[test]
fn journeys_and_timers() {
    each(|store| block_on(journeys::suite(store, CONDITIONAL)));
    // The same where rows are in the file, and not only about to be.
    let folder = tempfile::tempdir().unwrap();
    let store = in_file(&folder);
    block_on(journeys::timers(&store, || store.commit().unwrap()));
    block_on(journeys::timers(&in_memory(), || ()));
    each(|store| block_on(journeys::many(store)));
    each(|store| block_on(journeys::each_write_once(store)));
}

#[test]
fn runs_and_scans_of_profiles() {
    each(|store| block_on(runs::rows(store)));
    each(|store| block_on(runs::scan(store)));
    // All of it is there when the store is opened again.
    let folder = tempfile::tempdir().unwrap();
    let store = in_file(&folder);
    block_on(runs::rows(&store));
    store.commit().unwrap();
    drop(store);
    let row = block_on(campaign::RunStore::load(&in_file(&folder), "weekly")).unwrap().unwrap();
    assert_eq!((row.version, &*row.blob), (2, b"two".as_slice()));
}

#[test]
fn held_actions() {
    each(|store| {
        let brought = async |now| {
            let lane = |lane| store.deliverable(lane, now, usize::MAX).unwrap();
            let all = [campaign::Lane::Service, campaign::Lane::Marketing].map(lane).concat();
            all.into_iter().map(|queued| queued.action).collect()
        };
        block_on(held::holding(store, brought));
    });
}

#[test]
fn action_queues() {
    each(|store| {
        let queued = || {
            let all = [campaign::Lane::Service, campaign::Lane::Marketing]
                .map(|lane| store.deliverable(lane, i64::MAX, usize::MAX).unwrap());
            all.concat().into_iter().map(|queued| queued.action).collect()
        };
        block_on(action_queue::suite(store, queued));
    });
}

#[test]
fn ledgers() {
    each(|store| block_on(ledger::suite(store)));
    each(|store| block_on(ledger::races(store)));
    each(|store| block_on(ledger::windows(store)));
    each(|store| block_on(ledger::merges(store, store)));
    each(|store| block_on(ledger::each_write_once(store)));
    // A claim is durable by itself: nobody is messaged twice after a crash.
    let folder = tempfile::tempdir().unwrap();
    let store = in_file(&folder);
    block_on(ledger::claim_one(&store));
    drop(store);
    block_on(ledger::holds_the_claim(&in_file(&folder)));
}

#[test]
fn quality_counts() {
    each(|store| block_on(quality::suite(store)));
}

#[test]
fn vaults() {
    each(|store| block_on(vault::suite(store)));
    each(|store| block_on(vault::many(store)));
    each(|store| block_on(vault::whole(store)));
    // What intake puts arrives by way of the log.
    let folder = tempfile::tempdir().unwrap();
    let (store, log) = (in_file(&folder), BusLog::open(&folder.path().join("bus")).unwrap());
    let intake = Intake::new(log.clone(), Sealer::new(&KEY));
    block_on(event::Vault::put(&intake, &vault::secrets())).unwrap();
    take_all(&log, &store);
    block_on(vault::holds_secrets(&store));
    assert!(block_on(event::Vault::get(&intake, vault::secrets()[0].identifier, "email")).is_err());
    block_on(event::Vault::put(&store, &vault::secrets())).unwrap();
    store.commit().unwrap();
    drop(store);
    // Nothing of it can be read without the key.
    for file in files(&folder) {
        let bytes = fs::read(&file).unwrap();
        for plain in vault::PLAIN {
            assert!(
                !bytes.windows(plain.len()).any(|w| w == plain.as_bytes()),
                "{plain} in {}",
                file.display()
            );
        }
    }
    block_on(vault::holds_secrets(&in_file(&folder)));
    let wrong = Store::open(&folder.path().join("store.redb"), Sealer::new(&[8; 32])).unwrap();
    assert!(block_on(event::Vault::get(&wrong, vault::secrets()[0].identifier, "email")).is_err());
}

#[test]
fn quarantines() {
    each(|store| block_on(quarantine::store(store)));
    each(|store| {
        let folder = tempfile::tempdir().unwrap();
        let log = BusLog::open(folder.path()).unwrap();
        let intake = Intake::new(log.clone(), Sealer::new(&KEY));
        let kept = || -> Vec<Quarantined> {
            take_all(&log, store);
            store.quarantined().unwrap()
        };
        block_on(quarantine::suite(&intake, kept));
        for file in files(&folder) {
            let bytes = fs::read(&file).unwrap();
            let plain = quarantine::PLAIN.as_bytes();
            assert!(!bytes.windows(plain.len()).any(|w| w == plain), "{}", file.display());
        }
    });
}

#[test]
fn privacy_files() {
    let folder = tempfile::tempdir().unwrap();
    block_on(privacy::files(&PrivacyFolder::new(folder.path().join("privacy"))));
}

#[test]
fn a_person_goes_from_every_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_file(&folder);
    let deps: honor_privacy::Deps<'_, rondo::OneMachine> = honor_privacy::Deps {
        erases_unasked: false,
        people: &store,
        journeys: &store,
        campaigns: &store,
        lake: &LakeFolder::new(folder.path().join("lake")),
        vault: &store,
        quarantine: &store,
        copies: &Outbox::new(folder.path().join("outbox")).unwrap(),
        files: &PrivacyFolder::new(folder.path().join("privacy")),
        parser: &privacy::parser(),
        settle: &|| store.commit(),
    };
    block_on(privacy::suite(&deps, &store, &store, async |_| ()));
}

#[test]
fn buses() {
    let folder = tempfile::tempdir().unwrap();
    let log = BusLog::open(folder.path()).unwrap();
    let intake = Intake::new(log.clone(), Sealer::new(&KEY));
    let carried = || {
        let mut reader = log.read_from(0).unwrap();
        let frames = std::iter::from_fn(|| reader.next_frame().unwrap());
        frames.flat_map(|frame| bus::wires(&frame.events().unwrap())).collect()
    };
    block_on(bus::suite(&intake, carried, true));
}

#[test]
fn lakes() {
    let folder = tempfile::tempdir().unwrap();
    block_on(lake_store::suite(&LakeFolder::new(folder.path().join("lake"))));
}

#[test]
fn learned_creatives() {
    let folder = tempfile::tempdir().unwrap();
    block_on(creatives::suite(&LakeFolder::new(folder.path())));
}

/// Takes what intake put into the log to its tables.
fn take_all(log: &BusLog, store: &Store) {
    let mut reader = log.read_from(0).unwrap();
    while let Some(frame) = reader.next_frame().unwrap() {
        store.take_sealed(&frame).unwrap();
    }
}

/// All files below a folder.
fn files(folder: &TempDir) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    assert!(!found.is_empty());
    found
}
