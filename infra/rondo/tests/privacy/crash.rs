//! An erasure that ends at any point goes on where it stopped.

use crate::search::search;
use crate::shop::Shop;
use ::rondo::{Installation, OneMachine};
use event::PortError;
use honor_privacy::{Action, Deps, Request, Who, begin, erase};
use pollster::block_on;
use serde_json::Value;
use std::cell::Cell;
use std::fs;

/// How many steps an erasure has at least; the last may have several parts.
const STEPS: usize = 8;

#[test]
fn an_erasure_survives_a_crash_after_every_step() {
    let mut is_through = false;
    let mut survived = 0;
    while !is_through {
        let shop = Shop::open();
        let request = Request {
            action: Action::Erase,
            identifier: Some(Who::Any { any: "ann-1".into() }),
            by: "dana".into(),
            reason: String::new(),
            receipt: None,
            request: None,
        };
        let mut installation = Installation::open(&shop.data).unwrap();
        installation.pump.flush_lake().unwrap();
        installation.pump.commit().unwrap();
        let store = &installation.pump.store;
        let left = Cell::new(survived);
        let settle = || {
            if left.get() == 0 {
                return Err(PortError::Unavailable { what: "the store", reason: "the power went".into() });
            }
            left.set(left.get() - 1);
            store.commit()
        };
        let ended = installation.with_deps(|deps| {
            let deps: Deps<'_, OneMachine> = Deps { settle: &settle, ..*deps };
            let mut job = block_on(begin(&deps, &request, 1_900_000_000_000))?;
            Ok(block_on(erase(&deps, &mut job)))
        });
        is_through = ended.unwrap().is_ok();
        assert!(!is_through || survived >= STEPS, "{survived}");
        // What was not committed is lost, as in a crash.
        drop(installation);

        Installation::open(&shop.data).unwrap().close().unwrap();
        assert_eq!(search(&shop.data), Vec::<String>::new(), "after {survived} steps");
        let receipts: Vec<_> = fs::read_dir(shop.data.join("privacy/receipts")).unwrap().collect();
        assert_eq!(receipts.len(), 1);
        let receipt = fs::read(receipts[0].as_ref().unwrap().path()).unwrap();
        let receipt: Value = serde_json::from_slice(&receipt).unwrap();
        assert_eq!(receipt["removed"]["quarantine"], 3, "after {survived} steps: {receipt}");
        assert!(receipt["removed"]["lake_rows"].as_u64() >= Some(10), "after {survived} steps: {receipt}");
        assert!(fs::read_dir(shop.data.join("privacy/jobs")).unwrap().next().is_none());
        survived += 1;
    }
}
