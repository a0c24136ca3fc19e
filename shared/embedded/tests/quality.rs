//! Counts by hour and source: added up, read in order, bounded.

use embedded::{Sealer, Store};
use event::{Code, Measure, QualityCount, QualitySource};
use pollster::block_on;

fn count(hour: i64, source: &str, measure: Measure, count: u64) -> QualityCount {
    QualityCount { hour, source: source.into(), measure, count }
}

#[test]
fn counts_add_up_and_are_read_by_hours() {
    let store = store();
    let refused = Measure::Rejected(Code::InvalidJson);
    store.add_quality(&[count(5, "web", refused, 2), count(-1, "web", Measure::Duplicate, 1)]).unwrap();
    store.add_quality(&[count(5, "web", refused, 3), count(6, "till", Measure::Withheld, 1)]).unwrap();
    assert_eq!(
        block_on(store.between(-1, 5)).unwrap(),
        [count(-1, "web", Measure::Duplicate, 1), count(5, "web", refused, 5)]
    );
    assert_eq!(block_on(store.between(6, i64::MAX)).unwrap(), [count(6, "till", Measure::Withheld, 1)]);
}

#[test]
fn an_hour_of_many_sources_stays_small() {
    let store = store();
    let counts: Vec<_> = (0..1_500).map(|n| count(7, &format!("s{n}"), Measure::Duplicate, 1)).collect();
    store.add_quality(&counts).unwrap();
    store.add_quality(&counts[1_400..]).unwrap();
    let read = block_on(store.between(7, 7)).unwrap();
    assert_eq!(read.len(), 1_001);
    assert_eq!(read.iter().map(|count| count.count).sum::<u64>(), 1_600);
}

fn store() -> Store {
    Store::in_memory(Sealer::new(&[7; 32])).unwrap()
}
