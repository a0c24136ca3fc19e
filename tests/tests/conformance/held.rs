//! [`Holding`] and [`HeldStore`].

use crate::samples::key;
use campaign::{Action, Held, HeldStore, Holding, Lane};

fn action(n: u8) -> Action {
    Action {
        id: key(n),
        person: key(200),
        campaign: "browse".to_owned(),
        step: "coupon".to_owned(),
        key: "sku-1".to_owned(),
        entered_at: 1_700_000_000_000,
        due_at: 1_700_000_000_000 + i64::from(n),
        lane: if n.is_multiple_of(2) { Lane::Service } else { Lane::Marketing },
        kept: r#"{"name":"Kettle"}"#.to_owned(),
        ..Action::default()
    }
}

fn held(until: i64, n: u8) -> Held {
    Held { until, action: action(n) }
}

/// `brought` tells which actions come back, by themselves or by fire-timers, at a time.
pub async fn holding<H: Holding>(holding: &H, brought: impl AsyncFn(i64) -> Vec<Action>) {
    let at = async |now| {
        let mut actions = brought(now).await;
        actions.sort_by_key(|action| action.id);
        actions
    };
    assert_eq!(at(i64::MAX).await, []);
    let noon = 1_700_000_000_000;
    for (n, until) in [(1, noon), (2, noon + 1), (3, noon - 1), (1, noon)] {
        holding.hold(&action(n), until).await.unwrap();
    }
    assert_eq!(at(noon - 2).await, []);
    assert_eq!(at(noon - 1).await, [action(3)], "whole");
    assert_eq!(at(noon).await, [action(1), action(3)], "one that is held twice is one");
    assert_eq!(at(noon + 1).await, [action(1), action(2), action(3)]);
}

/// A store that fire-timers empties.
pub async fn suite<H: Holding + HeldStore>(store: &H) {
    assert_eq!(store.due(i64::MAX, 10).await.unwrap(), []);
    let all: Vec<Held> = [(50, 4), (100, 2), (100, 3), (150, 9), (5_000_000_000_000, 1)]
        .map(|(until, n)| held(until, n))
        .to_vec();
    for held in all.iter().rev() {
        store.hold(&held.action, held.until).await.unwrap();
    }
    for limit in 0..=all.len() {
        assert_eq!(
            store.due(i64::MAX, limit).await.unwrap(),
            all[..limit],
            "the longest first, at most {limit}"
        );
    }
    assert_eq!(store.due(99, 10).await.unwrap(), all[..1]);
    store.remove(&[all[1].clone(), all[0].clone(), all[1].clone(), held(7, 7)]).await.unwrap();
    assert_eq!(store.due(i64::MAX, 10).await.unwrap(), all[2..]);
    // The same action for another time is another wait.
    store.hold(&action(3), 200).await.unwrap();
    store.remove(&all[2..3]).await.unwrap();
    assert_eq!(store.due(200, 10).await.unwrap(), [held(150, 9), held(200, 3)]);
    store.remove(&store.due(i64::MAX, 10).await.unwrap()).await.unwrap();

    let many: Vec<Held> = (0..=255).map(|n| held(1_000 + i64::from(n), n)).collect();
    for held in &many {
        store.hold(&held.action, held.until).await.unwrap();
    }
    assert_eq!(store.due(1_200, 1_000).await.unwrap(), many[..=200]);
    store.remove(&many).await.unwrap();
    assert_eq!(store.due(i64::MAX, 10).await.unwrap(), []);
}
