//! The template, deployed with the real programs onto an endpoint that stands in for AWS: the same events give the
//! same profiles, lake, ledger and mail as on one machine, by either bus.
//!
//! It takes some minutes, since a campaign's step waits by the wall clock. `.ci/run` runs it:
//! `cargo test --workspace --test deployment -- --ignored`, after a build of the workspace.

mod stack;

use rondo_tests::{Endpoint, Machine, Workload, mail, now};
use stack::Stack;
use std::time::{Duration, Instant};

/// How long all event sources may take to bring everything.
const PATIENCE: Duration = Duration::from_secs(600);

#[test]
#[ignore = "takes minutes: run it with --ignored after a build of the workspace"]
fn either_bus_comes_to_what_one_machine_comes_to() {
    let endpoint = Endpoint::ministack();
    mail::verify_domains(endpoint, &["shop.example", "people.example"]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut runs = Vec::new();
    for bus in ["kinesis", "sqs"] {
        let stack = Stack::deploy(endpoint, bus);
        runtime.block_on(stack.put_config());
        let workload = Workload::ending(now(), 10_000, stack::PEOPLE);
        let begun = Instant::now();
        stack.send(&workload);
        eprintln!("{bus}: {} records sent in {:.1} s", workload.len(), begun.elapsed().as_secs_f64());
        runs.push((bus, stack, workload, begun));
    }
    for (bus, stack, workload, begun) in runs {
        let expected = Machine::take(&runtime.block_on(stack.hash_key()), &workload, now());
        let actions = expected.actions().len();
        let decided = stack.wait(&runtime, begun + PATIENCE, |state| state.decided() == actions);
        eprintln!("{bus}: {actions} messages decided on after {:.0} s", begun.elapsed().as_secs_f64());
        let expected = expected.deliver(&decided.ledger, now());
        // What became of the messages goes round once more.
        let state = stack.wait(&runtime, Instant::now() + PATIENCE, |state| {
            state.events() >= expected.events() && state.lake.len() >= expected.lake.len()
        });
        state.assert_equal(&expected);
        assert_eq!(mail::sent(endpoint, &state.ledger), expected.mail, "{bus}");
        let (mails, profiles) = (expected.mail.len(), expected.profiles.len());
        eprintln!(
            "{bus}: equal: {profiles} profiles, {} events in the lake, {mails} mails",
            state.lake.len()
        );
    }
}
