//! No second has more messages than its provider takes.

use campaign::Throttle;
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_second_has_too_many(rate in 1u32..200, gaps in prop::collection::vec(0i64..400, 1..400)) {
        let (throttle, mut now) = (Throttle::default(), 1_795_341_600_000i64);
        let mut sent = Vec::new();
        for gap in gaps {
            now += gap;
            // Whoever sends waits for the place, and comes with the next message after that.
            now += throttle.place("email", rate, now);
            sent.push(now);
        }
        for (n, at) in sent.iter().enumerate() {
            // Times are whole ms: a message may show up to one later than its place.
            let second = sent[n..].iter().take_while(|other| **other < at + 999).count();
            prop_assert!(second <= rate as usize, "{second} messages in the second from {at}, of {rate}");
        }
    }

    #[test]
    fn whoever_is_slow_never_waits(rate in 1u32..100) {
        let throttle = Throttle::default();
        let gap = i64::from(1_000_u32.div_ceil(rate)) + 1;
        for n in 0..50 {
            prop_assert_eq!(throttle.place("sms", rate, n * gap), 0);
        }
    }
}

#[test]
fn places_are_a_channels_own_and_evenly_spaced() {
    let throttle = Throttle::default();
    let waits: Vec<i64> = (0..5).map(|_| throttle.place("sms", 4, 1_000)).collect();
    assert_eq!(waits, [0, 250, 500, 750, 1_000]);
    assert_eq!(throttle.place("email", 4, 1_000), 0);
    assert_eq!(throttle.place("sms", 4, 10_000), 0, "a pause saves nothing up, and costs nothing");
    assert_eq!(throttle.place("sms", 4, 10_000), 250);
}
