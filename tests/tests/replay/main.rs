//! Whatever happens to events on their way, profiles equal a replay of the lake.

mod machine;
mod people;
mod records;

use machine::{Kept, Machine};
use people::People;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use records::{Record, record};

/// What happens on the way of events into profiles and lake.
#[derive(Debug, Clone)]
enum Step {
    /// A batch of some of the records is accepted; one may be in it twice, or have been in another.
    Deliver(Vec<Index>),
    /// What was accepted as one of the batches before is accepted again.
    Redeliver(Index),
    Commit,
    FlushLake,
    /// The process dies, and starts again.
    Die,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => vec(any::<Index>(), 1..30).prop_map(Step::Deliver),
        2 => any::<Index>().prop_map(Step::Redeliver),
        2 => Just(Step::Commit),
        1 => Just(Step::FlushLake),
        2 => Just(Step::Die),
    ]
}

/// Plays the steps, delivers what never came, and compares with replays of the lake.
fn play(kept: Kept, records: &[Record], steps: &[Step], order: u64) -> Result<(), TestCaseError> {
    let mut machine = Machine::new(kept);
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for step in steps {
        match step {
            Step::Deliver(indices) => batches.push(indices.iter().map(|i| i.index(records.len())).collect()),
            Step::Redeliver(_) if batches.is_empty() => continue,
            Step::Redeliver(index) => batches.push(batches[index.index(batches.len())].clone()),
            Step::Commit => machine.pump().commit().unwrap(),
            Step::FlushLake => machine.pump().flush_lake().unwrap(),
            Step::Die => machine.die(),
        }
        if matches!(step, Step::Deliver(_) | Step::Redeliver(_)) {
            machine.deliver(batches.last().unwrap().iter().map(|i| &records[*i]));
        }
    }
    machine.deliver(records);
    machine.pump().flush_lake().unwrap();
    machine.pump().commit().unwrap();

    let lake = machine.lake();
    let mut ids: Vec<&str> = lake.iter().map(|event| event.message_id.as_ref()).collect();
    ids.sort_unstable();
    let mut expected: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
    expected.sort_unstable();
    prop_assert_eq!(ids, expected, "each event is in the lake once");

    let people = People::of(&machine.pump().store);
    prop_assert_eq!(people.live.len(), expected_people(records));
    // As it lies there in one batch, in small ones, and in another order.
    let mut shuffled: Vec<_> = lake.iter().collect();
    shuffled.sort_by_key(|event| event.hash.0.wrapping_mul(order | 1));
    let straight: Vec<_> = lake.iter().collect();
    for (events, batch) in [(&straight, straight.len()), (&straight, 3), (&shuffled, 5)] {
        let replayed = People::replay(events, batch);
        prop_assert!(replayed.live == people.live, "profiles differ from a replay in batches of {}", batch);
        prop_assert!(people.agrees(&replayed), "merged people differ from a replay in batches of {}", batch);
    }
    Ok(())
}

/// How many people there are: everybody who was ever met by their user id, and each browser and address that was
/// met, but never beside a user id.
fn expected_people(records: &[Record]) -> usize {
    let known = |person: u8, as_whom: &[u8]| {
        records.iter().any(|record| record.person == person && as_whom.contains(&record.as_whom))
    };
    // What was met, and what would have joined it to its person (see `record`).
    let met: [(&[u8], &[u8]); 4] = [(&[3, 4, 5], &[]), (&[0], &[4]), (&[1], &[5]), (&[2], &[5])];
    let people =
        (0..4).flat_map(|person| met.map(|(met, joined)| known(person, met) && !known(person, joined)));
    people.filter(|live| *live).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn profiles_in_memory_equal_a_replay(
        records in records(120), steps in vec(step(), 0..14), order in any::<u64>(),
    ) {
        play(Kept::InMemory, &records, &steps, order)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn profiles_in_a_file_equal_a_replay(
        records in records(120), steps in vec(step(), 0..14), order in any::<u64>(),
    ) {
        play(Kept::InFolder, &records, &steps, order)?;
    }
}

/// Up to `most` records, each with an id of its own.
fn records(most: usize) -> impl Strategy<Value = Vec<Record>> {
    vec(record(), 1..most).prop_map(|mut records| {
        for (n, record) in records.iter_mut().enumerate() {
            record.number(n);
        }
        records
    })
}
