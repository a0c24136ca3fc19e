//! What is due is begun once, whoever is cut short where.

use bytes::Bytes;
use campaign::{Campaign, Campaigns, RunStore, StartQueue, Starts, Stored, Templates};
use event::{Arrival, DAY, HOUR, Identifier, IdentifierKind, Key, MINUTE, Parser, ParserSettings, PortError};
use event::{Privacy, PrivacyList, Pseudonymizer};
use jiff::tz::TimeZone;
use lake::{LakeErasure, LakeFile, LakeStore};
use person::{Blob, Profile, ProfileScan};
use pollster::block_on;
use run_campaigns::{Deps, Outcome, RunError, begin, next_due, run, step};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// 2026-11-22T10:00:00Z, a Sunday.
const T0: i64 = 1_795_341_600_000;
/// 2026-11-23T08:00:00Z: nine o'clock on Monday in Berlin.
const MONDAY: i64 = T0 + 22 * HOUR;

const WEEKLY: &str = "
name: weekly
entry: { schedule: { cron: \"0 9 * * MON\", time_zone: Europe/Berlin } }
audience: has(profile.traits.plan) && profile.traits.plan == 'gold'
steps: [ { send: hello, template: t.txt } ]
";

/// All that run-campaigns works with, in memory; it fails once as many calls were made as it is told.
struct World {
    profiles: RefCell<BTreeMap<Key, Vec<u8>>>,
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    runs: RefCell<BTreeMap<String, Stored>>,
    queue: RefCell<Vec<Starts>>,
    campaigns: Campaigns,
    zone: TimeZone,
    privacy: Privacy,
    calls_left: Cell<u32>,
}

impl World {
    fn of(yaml: &str) -> World {
        World {
            profiles: RefCell::default(),
            files: RefCell::default(),
            runs: RefCell::default(),
            queue: RefCell::default(),
            campaigns: Campaigns::new(vec![campaign(yaml)]),
            zone: TimeZone::UTC,
            privacy: Privacy::default(),
            calls_left: Cell::new(u32::MAX),
        }
    }

    fn person(self, user: &str, traits: &str) -> World {
        self.profiles.borrow_mut().insert(key_of(user), profile(user, traits, T0 - DAY));
        self
    }

    fn call(&self) -> Result<(), PortError> {
        match self.calls_left.get() {
            0 => Err(PortError::Unavailable { what: "the world", reason: "cut short".into() }),
            left => {
                self.calls_left.set(left - 1);
                Ok(())
            }
        }
    }

    fn deps(&self) -> Deps<'_, World, World, World, World> {
        Deps {
            profiles: self,
            lake: self,
            runs: self,
            queue: self,
            campaigns: &self.campaigns,
            zone: &self.zone,
            privacy: &self.privacy,
        }
    }

    fn run(&self, now: i64) -> Outcome {
        block_on(run(&self.deps(), now, || true)).unwrap()
    }

    /// Who was to begin when, each once.
    fn starts(&self) -> BTreeSet<(i64, Key)> {
        let queue = self.queue.borrow();
        let groups = queue.iter().flat_map(|message| &message.starts);
        groups.flat_map(|group| group.people.iter().map(|person| (group.at, *person))).collect()
    }

    fn snapshots(&self) -> BTreeSet<i64> {
        self.files.borrow().keys().filter_map(|path| lake::Snapshot::taken_at_of(path)).collect()
    }
}

impl ProfileScan for World {
    /// Seven at a time, so that a snapshot has several parts.
    async fn page(
        &self,
        after: &[u8],
        people: usize,
        mut visit: impl FnMut(Key, u64, &[u8]),
    ) -> Result<Option<Vec<u8>>, PortError> {
        self.call()?;
        let profiles = self.profiles.borrow();
        let after: Option<Key> = after.try_into().ok().map(Key);
        let behind = profiles.iter().filter(|(person, _)| after.is_none_or(|after| **person > after));
        let page: Vec<_> = behind.take(people.min(7)).collect();
        page.iter().for_each(|(person, blob)| visit(**person, 1, blob));
        Ok((page.len() == 7).then(|| page[6].0.0.to_vec()))
    }
}

impl LakeStore for World {
    type File = Bytes;

    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        self.call()?;
        self.files.borrow_mut().insert(file.path.clone(), file.bytes.clone());
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.call()?;
        Ok(self.files.borrow().keys().filter(|path| path.starts_with(prefix)).cloned().collect())
    }

    async fn open(&self, path: &str) -> Result<Bytes, PortError> {
        self.call()?;
        Ok(Bytes::from(self.files.borrow()[path].clone()))
    }
}

impl LakeErasure for World {
    async fn remove(&self, path: &str) -> Result<(), PortError> {
        self.call()?;
        self.files.borrow_mut().remove(path);
        Ok(())
    }
}

impl RunStore for World {
    async fn load(&self, name: &str) -> Result<Option<Stored>, PortError> {
        self.call()?;
        Ok(self.runs.borrow().get(name).cloned())
    }

    async fn write(&self, name: &str, version: u64, row: &[u8]) -> Result<bool, PortError> {
        self.call()?;
        let mut runs = self.runs.borrow_mut();
        if runs.get(name).map_or(0, |stored| stored.version) != version {
            return Ok(false);
        }
        runs.insert(name.to_owned(), Stored { version: version + 1, blob: row.into() });
        Ok(true)
    }
}

impl StartQueue for World {
    async fn put(&self, starts: &[Starts]) -> Result<(), PortError> {
        self.call()?;
        self.queue.borrow_mut().extend_from_slice(starts);
        Ok(())
    }
}

fn campaign(yaml: &str) -> Campaign {
    let templates = Templates::new([("t.txt".to_owned(), "Hello".to_owned())]).unwrap();
    Campaign::parse(yaml.trim_start(), &templates).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

fn hasher() -> Pseudonymizer {
    Pseudonymizer::new(b"test")
}

fn key_of(user: &str) -> Key {
    hasher().key(IdentifierKind::User.as_str(), user)
}

/// The stored profile of somebody who identified themselves once.
fn profile(user: &str, traits: &str, at: i64) -> Vec<u8> {
    let time = event::iso_time(at);
    let record = format!(r#"{{"type":"identify","userId":"{user}","timestamp":"{time}","traits":{traits}}}"#);
    let parser = Parser::new(hasher(), ParserSettings::default());
    let parsed = parser.parse(record.as_bytes(), "web", Arrival::Recorded { now: at }).unwrap();
    let (mut profile, mut blob) = (Profile::default(), Vec::new());
    profile.apply(&parsed.event);
    profile.encode(&mut blob);
    blob
}

/// Thirty people, every third of them gold.
fn shop() -> World {
    (0..30).fold(World::of(WEEKLY), |world, n| {
        let plan = if n % 3 == 0 { "gold" } else { "free" };
        world.person(&format!("user-{n}"), &format!(r#"{{"plan":"{plan}"}}"#))
    })
}

fn gold() -> BTreeSet<(i64, Key)> {
    (0..30).step_by(3).map(|n| (MONDAY, key_of(&format!("user-{n}")))).collect()
}

#[test]
fn a_schedule_selects_its_audience_once_at_its_time() {
    let shop = shop();
    assert_eq!(shop.run(T0), Outcome::default(), "nothing is due when it is first looked at");
    assert_eq!(block_on(next_due(&shop.deps(), T0)).unwrap(), Some(MONDAY));
    assert_eq!(shop.run(MONDAY - 1), Outcome::default());
    let done = shop.run(MONDAY);
    assert_eq!(done, Outcome { snapshot: 30, looked_at: 30, selected: 10, finished: 1 });
    assert_eq!(shop.starts(), gold());
    assert_eq!(shop.run(MONDAY + MINUTE), Outcome::default());
    assert_eq!(block_on(next_due(&shop.deps(), MONDAY + MINUTE)).unwrap(), Some(MONDAY + 7 * DAY));
    // A week later another snapshot takes the place of the first.
    assert_eq!(shop.run(MONDAY + 7 * DAY + MINUTE).selected, 10);
    assert_eq!(shop.snapshots(), BTreeSet::from([MONDAY + 7 * DAY + MINUTE]));
}

#[test]
fn a_run_that_is_cut_short_at_any_call_goes_on_and_begins_the_same() {
    let mut cut = 0;
    for calls in 0.. {
        let shop = shop();
        shop.run(T0);
        shop.calls_left.set(calls);
        if block_on(run(&shop.deps(), MONDAY, || true)).is_ok() {
            break;
        }
        cut += 1;
        // Cut short once more after three calls, then left alone.
        shop.calls_left.set(3);
        let _ = block_on(run(&shop.deps(), MONDAY + MINUTE, || true));
        shop.calls_left.set(u32::MAX);
        shop.run(MONDAY + 2 * MINUTE);
        assert_eq!(shop.starts(), gold(), "cut after {calls} calls");
        assert_eq!(shop.run(MONDAY + 3 * MINUTE), Outcome::default());
        assert_eq!(shop.snapshots().len(), 1);
    }
    assert!(cut > 30, "{cut} calls");
}

#[test]
fn of_two_that_run_at_once_one_goes_on() {
    let shop = shop();
    shop.run(T0);
    block_on(step(&shop.deps(), MONDAY)).unwrap();
    // Another finished a step between this one's look and its write.
    struct Slow<'w>(&'w World);
    impl RunStore for Slow<'_> {
        async fn load(&self, name: &str) -> Result<Option<Stored>, PortError> {
            let stored = RunStore::load(self.0, name).await?;
            block_on(step(&self.0.deps(), MONDAY)).unwrap();
            Ok(stored)
        }

        async fn write(&self, name: &str, version: u64, row: &[u8]) -> Result<bool, PortError> {
            RunStore::write(self.0, name, version, row).await
        }
    }
    while !shop.runs.borrow().contains_key("weekly")
        || !String::from_utf8_lossy(&shop.runs.borrow()["weekly"].blob).contains("\"part\":1")
    {
        block_on(step(&shop.deps(), MONDAY)).unwrap();
    }
    let slow = Slow(&shop);
    let World { campaigns, zone, privacy, .. } = &shop;
    let deps = Deps { profiles: &shop, lake: &shop, runs: &slow, queue: &shop, campaigns, zone, privacy };
    let error = block_on(step(&deps, MONDAY)).unwrap_err();
    assert!(matches!(error, RunError::Elsewhere { ref name } if name == "weekly"), "{error}");
    shop.run(MONDAY);
    assert_eq!(shop.starts(), gold());
}

#[test]
fn birthdays_begin_at_each_persons_own_morning() {
    let yaml = "
name: birthday
entry: { date: { of: profile.traits.birthday, every: year, at: \"09:00\" } }
steps: [ { send: hello, template: t.txt } ]
";
    let world = World::of(yaml)
        .person("ann", r#"{"birthday":"1990-11-23","timezone":"Asia/Shanghai"}"#)
        .person("bob", r#"{"birthday":"1985-11-23"}"#)
        .person("cid", r#"{"birthday":"1985-11-25"}"#)
        .person("dan", "{}");
    let midnight = T0 + 14 * HOUR;
    assert_eq!(world.run(T0).selected, 2, "for the day to come");
    let ann = (midnight + HOUR, key_of("ann"));
    let bob = (midnight + 9 * HOUR, key_of("bob"));
    assert_eq!(world.starts(), BTreeSet::from([ann, bob]));
    assert_eq!(world.run(T0 + DAY - 1), Outcome::default());
    // The day after, those of the day before are named once more: they begin nothing twice.
    assert_eq!(world.run(T0 + DAY).selected, 2);
    assert_eq!(world.starts().len(), 2);
    assert_eq!(world.run(T0 + 2 * DAY + HOUR).selected, 1);
    assert_eq!(world.starts().len(), 3);
}

#[test]
fn what_is_long_past_or_out_of_its_run_is_not_begun() {
    let shop = shop();
    shop.run(T0);
    // Down for ten days: Monday is older than a week, the next one is not.
    let now = T0 + 10 * DAY;
    assert_eq!(shop.run(now).selected, 10);
    assert_eq!(
        shop.starts().iter().map(|(at, _)| *at).collect::<BTreeSet<_>>(),
        BTreeSet::from([MONDAY + 7 * DAY])
    );
    let ended = World::of(&WEEKLY.replace("steps:", "ends: 2026-11-23\nsteps:"));
    ended.run(T0);
    assert_eq!(ended.run(MONDAY), Outcome::default());
    let from_file = World::of(&WEEKLY.replace("steps:", "starts: 2026-11-22\nsteps:"))
        .person("ann", r#"{"plan":"gold"}"#);
    assert_eq!(from_file.run(MONDAY + HOUR).selected, 1, "its file says from when on it runs");
}

#[test]
fn who_was_erased_or_is_restricted_or_went_into_another_is_left_out() {
    let shop = shop();
    shop.run(T0);
    shop.profiles.borrow_mut().insert(key_of("user-0"), Blob::forward(key_of("user-3")));
    let user = |n: u32| Identifier { kind: IdentifierKind::User, key: key_of(&format!("user-{n}")) };
    let mut list = PrivacyList::default();
    list.erase(&[user(3), user(6)], T0);
    list.restrict(&[user(9)], true);
    shop.privacy.replace(list);
    // Who came back is somebody new.
    shop.profiles.borrow_mut().insert(key_of("user-6"), profile("user-6", r#"{"plan":"gold"}"#, T0 + HOUR));
    shop.run(MONDAY);
    let mut expected = gold();
    for n in [0, 3, 9] {
        expected.remove(&(MONDAY, key_of(&format!("user-{n}"))));
    }
    assert_eq!(shop.starts(), expected);
    assert!(!shop.files.borrow().is_empty());
}

#[test]
fn somebody_may_begin_one_by_hand() {
    let shop = shop();
    shop.run(T0);
    let at = T0 - HOUR;
    block_on(begin(&shop.deps(), "weekly", at, T0)).unwrap();
    let again = block_on(begin(&shop.deps(), "weekly", at, T0)).unwrap_err().to_string();
    assert!(again.contains("is under way already"), "{again}");
    assert_eq!(shop.run(T0).selected, 10);
    assert_eq!(shop.starts(), gold().into_iter().map(|(_, person)| (at, person)).collect());
    // Its own times go on as if nothing had been.
    assert_eq!(shop.run(MONDAY).selected, 10);
    let refused = |name: &str, at: i64| block_on(begin(&shop.deps(), name, at, T0)).unwrap_err().to_string();
    assert!(refused("monthly", T0).contains("there is no campaign `monthly`; campaigns are: weekly"));
    assert!(refused("weekly", T0 - 8 * DAY).contains("so long ago"));
    let by_event = World::of(
        "
name: viewed
entry: { event: Product Viewed }
steps: [ { send: hello, template: t.txt } ]
",
    );
    let error = block_on(begin(&by_event.deps(), "viewed", T0, T0)).unwrap_err().to_string();
    assert!(error.contains("lets people in by what they do"), "{error}");
}

#[test]
fn a_snapshot_that_was_removed_is_taken_anew() {
    let shop = shop();
    shop.run(T0);
    while shop.starts().is_empty() {
        block_on(step(&shop.deps(), MONDAY)).unwrap();
    }
    shop.files.borrow_mut().clear();
    shop.run(MONDAY + MINUTE);
    assert_eq!(shop.starts(), gold());
}
