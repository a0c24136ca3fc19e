//! Sample invocations of fire-timers over timers and a queue in memory, and their faults.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use campaign::{Action, ActionQueue, DueQueue, Held, HeldStore, Timer, TimerStore};
use event::{Key, PortError};
use pollster::block_on;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// 2026-11-22T10:05:00Z, the time of the samples, as a minute and in ms.
const MINUTE: u32 = 29_922_365;
const TIME: i64 = MINUTE as i64 * 60_000;

#[derive(Default)]
struct Memory {
    timers: RefCell<BTreeSet<Timer>>,
    queue: RefCell<Vec<Key>>,
    queue_down: Cell<u32>,
    removal_down: Cell<u32>,
    held: RefCell<Vec<Held>>,
    actions: RefCell<Vec<Action>>,
}

fn available(down: &Cell<u32>) -> Result<(), PortError> {
    let left = down.get();
    down.set(left.saturating_sub(1));
    match left {
        0 => Ok(()),
        _ => Err(PortError::Unavailable { what: "the queue", reason: "throttled".into() }),
    }
}

impl TimerStore for Memory {
    async fn due(&self, minute: u32, limit: usize) -> Result<Vec<Timer>, PortError> {
        Ok(self.timers.borrow().iter().filter(|timer| timer.minute <= minute).take(limit).copied().collect())
    }

    async fn remove(&self, timers: &[Timer]) -> Result<(), PortError> {
        available(&self.removal_down)?;
        let mut left = self.timers.borrow_mut();
        for timer in timers {
            left.remove(timer);
        }
        Ok(())
    }
}

impl DueQueue for Memory {
    async fn put(&self, people: &[Key]) -> Result<(), PortError> {
        available(&self.queue_down)?;
        self.queue.borrow_mut().extend_from_slice(people);
        Ok(())
    }
}

impl HeldStore for Memory {
    async fn due(&self, now: i64, limit: usize) -> Result<Vec<Held>, PortError> {
        let held = self.held.borrow();
        Ok(held.iter().filter(|held| held.until <= now).take(limit).cloned().collect())
    }

    async fn remove(&self, held: &[Held]) -> Result<(), PortError> {
        available(&self.removal_down)?;
        self.held.borrow_mut().retain(|kept| !held.contains(kept));
        Ok(())
    }
}

impl ActionQueue for Memory {
    async fn put(&self, actions: &[Action]) -> Result<(), PortError> {
        available(&self.queue_down)?;
        self.actions.borrow_mut().extend_from_slice(actions);
        Ok(())
    }
}

impl Memory {
    fn with(timers: &[(u32, Key)]) -> Memory {
        let memory = Memory::default();
        memory
            .timers
            .borrow_mut()
            .extend(timers.iter().map(|(minute, person)| Timer { minute: *minute, person: *person }));
        memory
    }

    fn minutes_left(&self) -> Vec<u32> {
        self.timers.borrow().iter().map(|timer| timer.minute).collect()
    }
}

fn person(n: u32) -> Key {
    Key(u128::from(n).to_be_bytes())
}

/// A timer before the samples' time, one at it, and one after it.
fn three() -> Memory {
    Memory::with(&[(MINUTE - 9, person(1)), (MINUTE, person(2)), (MINUTE + 1, person(3))])
}

fn fire(memory: &Memory, now: i64, case: &str) -> Result<u64, PortError> {
    let path = format!("{}/../../events/fire-timers/{case}.json", env!("CARGO_MANIFEST_DIR"));
    let event: EventBridgeEvent<serde_json::Value> =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let deps = fire_timers::Deps { timers: memory, due: memory, held: memory, actions: memory };
    block_on(fire_timers::handle(&deps, now, &event))
}

#[test]
fn what_is_due_moves_to_the_queue() {
    assert_eq!(event::parse_time("2026-11-22T10:05:00Z"), Some(TIME));
    let memory = three();
    assert_eq!(fire(&memory, TIME + 2_000, "schedule").unwrap(), 2);
    assert_eq!(*memory.queue.borrow(), [person(1), person(2)]);
    assert_eq!(memory.minutes_left(), [MINUTE + 1]);
}

#[test]
fn the_same_invocation_again_moves_nothing() {
    let memory = three();
    fire(&memory, TIME, "schedule").unwrap();
    // However late: its own time says what is due.
    assert_eq!(fire(&memory, TIME + 3_600_000, "schedule").unwrap(), 0);
    assert_eq!(memory.queue.borrow().len(), 2);
}

#[test]
fn without_a_time_of_its_own_it_is_now() {
    let memory = three();
    assert_eq!(fire(&memory, TIME - 60_000, "schedule-without-time").unwrap(), 1);
    assert_eq!(fire(&memory, TIME + 59_999, "schedule-without-time").unwrap(), 1);
    assert_eq!(fire(&memory, TIME + 60_000, "schedule-without-time").unwrap(), 1);
    assert!(memory.minutes_left().is_empty());
}

#[test]
fn a_time_in_the_future_is_now() {
    let memory = three();
    assert_eq!(fire(&memory, TIME, "schedule-in-the-future").unwrap(), 2);
    assert_eq!(memory.minutes_left(), [MINUTE + 1]);
}

#[test]
fn a_queue_that_is_down_leaves_all_timers_where_they_are() {
    let memory = three();
    memory.queue_down.set(1);
    assert!(matches!(fire(&memory, TIME, "schedule"), Err(PortError::Unavailable { .. })));
    assert_eq!(memory.minutes_left().len(), 3);
    assert_eq!(fire(&memory, TIME, "schedule").unwrap(), 2);
}

#[test]
fn timers_that_could_not_be_removed_are_moved_again() {
    let memory = three();
    memory.removal_down.set(1);
    assert!(fire(&memory, TIME, "schedule").is_err());
    assert_eq!(fire(&memory, TIME, "schedule").unwrap(), 2);
    assert_eq!(*memory.queue.borrow(), [person(1), person(2), person(1), person(2)]);
    assert_eq!(memory.minutes_left(), [MINUTE + 1]);
}

#[test]
fn a_person_with_several_timers_is_queued_once() {
    let memory = Memory::with(&[(MINUTE - 3, person(1)), (MINUTE - 2, person(1)), (MINUTE - 1, person(1))]);
    assert_eq!(fire(&memory, TIME, "schedule").unwrap(), 3);
    assert_eq!(*memory.queue.borrow(), [person(1)]);
}

#[test]
fn more_than_a_batch_is_moved_whole() {
    let timers: Vec<(u32, Key)> = (0..10_500).map(|n| (MINUTE - n % 7, person(n))).collect();
    let memory = Memory::with(&timers);
    assert_eq!(block_on(fire_timers::run(&memory, &memory, TIME)).unwrap(), 10_500);
    assert_eq!(memory.queue.borrow().iter().collect::<BTreeSet<_>>().len(), 10_500);
}

#[test]
fn a_clock_before_1970_moves_nothing() {
    assert_eq!(block_on(fire_timers::run(&three(), &three(), i64::MIN)).unwrap(), 0);
}

fn held(n: u8, until: i64) -> Held {
    let action = Action {
        id: person(u32::from(n)),
        person: person(7),
        campaign: "welcome".into(),
        step: "mail".into(),
        key: String::new(),
        entered_at: 0,
        due_at: until,
        lane: campaign::Lane::Marketing,
        kept: String::new(),
        ..Action::default()
    };
    Held { until, action }
}

#[test]
fn held_actions_go_back_to_their_queue_when_their_time_has_come() {
    let memory = Memory::default();
    memory.held.borrow_mut().extend([held(1, TIME - 1), held(2, TIME), held(3, TIME + 1)]);
    // The queue is down, then the removal: nothing is lost, and one is queued twice.
    for (down, queued, left) in [(&memory.queue_down, 0, 3), (&memory.removal_down, 2, 3)] {
        down.set(1);
        assert!(block_on(fire_timers::run_held(&memory, &memory, TIME)).is_err());
        assert_eq!((memory.actions.borrow().len(), memory.held.borrow().len()), (queued, left));
    }
    assert_eq!(block_on(fire_timers::run_held(&memory, &memory, TIME)).unwrap(), 2);
    assert_eq!((memory.actions.borrow().len(), memory.held.borrow().len()), (4, 1));
    assert_eq!(memory.held.borrow()[0].until, TIME + 1);
}
