//! [`ActionQueue`].

use crate::samples::key;
use campaign::{Action, ActionQueue, Lane};

fn action(n: u8, lane: Lane) -> Action {
    Action {
        id: key(n),
        person: key(100),
        campaign: "browse".to_owned(),
        step: "coupon".to_owned(),
        key: "sku-1".to_owned(),
        entered_at: 1_700_000_000_000,
        due_at: 1_700_000_000_000 + i64::from(n),
        lane,
        kept: r#"{"name":"Kettle"}"#.to_owned(),
        ..Action::default()
    }
}

/// `queued` tells everything that is queued, service before marketing.
pub async fn suite<Q: ActionQueue>(queue: &Q, queued: impl Fn() -> Vec<Action>) {
    assert_eq!(queued(), []);
    let (a, b, c) = (action(1, Lane::Marketing), action(2, Lane::Service), action(3, Lane::Marketing));
    queue.put(&[]).await.unwrap();
    queue.put(&[a.clone(), b.clone()]).await.unwrap();
    // One that is there already changes nothing.
    queue.put(&[a.clone(), c.clone(), c.clone()]).await.unwrap();
    assert_eq!(queued(), [b, a, c], "whole, each on its lane, once");
}
