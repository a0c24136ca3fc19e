//! [`EventBus`].

use crate::samples::event;
use event::{Event, EventBus};

/// Events in wire form.
pub fn wires(events: &[Event<'_>]) -> Vec<Vec<u8>> {
    let wire = |event: &Event<'_>| {
        let mut wire = Vec::new();
        event.encode(&mut wire);
        wire
    };
    events.iter().map(wire).collect()
}

/// `carried` tells everything that the bus has delivered, in its order. `in_order` says whether that is the order of
/// publishing: a standard queue keeps none.
pub async fn suite<B: EventBus>(bus: &B, carried: impl Fn() -> Vec<Vec<u8>>, in_order: bool) {
    bus.publish(&[]).await.unwrap();
    assert_eq!(carried(), Vec::<Vec<u8>>::new());
    let events: Vec<Event<'_>> = (0..300u16).map(|n| event(&format!("m-{n}"), n as u8)).collect();
    for events in events.chunks(70) {
        bus.publish(events).await.unwrap();
    }
    let (mut arrived, mut published) = (carried(), wires(&events));
    if !in_order {
        arrived.sort();
        published.sort();
    }
    assert_eq!(arrived, published, "each event whole, in the order in which they were published");
    // The same again is carried again: consumers know repeats.
    bus.publish(&events[..2]).await.unwrap();
    assert_eq!(carried().len(), 302);
}
