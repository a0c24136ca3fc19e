//! The ledger's rules and its wire form.

use campaign::{CapCounts, Caps, Claim, Claimed, LedgerEntry, LedgerState, Reason};
use event::Key;

fn entry(state: LedgerState) -> LedgerEntry {
    LedgerEntry {
        action: Key([1; 16]),
        person: Key([2; 16]),
        campaign: "c".to_owned(),
        step: "s".to_owned(),
        channel: "email".to_owned(),
        state,
        reason: None,
        at: 1,
        due_at: -1,
        capped_on: Some(3),
        receipt: String::new(),
        detail: String::new(),
    }
}

const ONE_A_DAY: Caps = Caps { per_day: Some(1), per_week: None };
const NONE_YET: CapCounts = CapCounts { day: 0, week: 0 };
const ONE_ALREADY: CapCounts = CapCounts { day: 1, week: 1 };

#[test]
fn golden_entry() {
    let refused = LedgerEntry {
        reason: Some(Reason::CapDay),
        receipt: "r".to_owned(),
        detail: "d".to_owned(),
        ..entry(LedgerState::Refused)
    };
    let mut golden = vec![1, 16];
    golden.extend([1; 16]);
    golden.extend([2, 16]);
    golden.extend([2; 16]);
    golden.extend(
        b"\x03\x01c\x04\x01s\x05\x05email\x06\x01\x03\x07\x07cap_day\x08\x02\x02\x01\x09\x01\x06\x0a\x01r\x0b\x01d",
    );
    assert_eq!(refused.encode(), golden);
    assert_eq!(LedgerEntry::decode(&golden), Ok(refused.clone()));

    let mut later = golden.clone();
    later.extend(b"\x63\x03new");
    assert_eq!(LedgerEntry::decode(&later), Ok(refused), "a field of a later release is passed over");
    assert!(LedgerEntry::decode(&golden[..golden.len() - 1]).is_err());
    assert!(LedgerEntry::decode(b"\x06\x01\x09").is_err(), "a state of a later release is not guessed at");
}

#[test]
fn an_action_is_claimed_once() {
    let claim = Claim { entry: entry(LedgerState::Claimed), caps: ONE_A_DAY };
    assert_eq!(claim.admit(None, NONE_YET), (Claimed::Yes, Some(claim.entry.clone())));
    for state in [LedgerState::Claimed, LedgerState::Sent, LedgerState::Refused, LedgerState::Unknown] {
        let stored = entry(state);
        assert_eq!(claim.admit(Some(&stored), NONE_YET), (Claimed::AlreadyThere(stored), None));
    }
    let held = entry(LedgerState::Held);
    assert_eq!(claim.admit(Some(&held), NONE_YET).0, Claimed::Yes);
}

#[test]
fn a_cap_refuses_and_counts_nothing() {
    let claim = Claim { entry: entry(LedgerState::Claimed), caps: ONE_A_DAY };
    let (answer, written) = claim.admit(None, ONE_ALREADY);
    let written = written.unwrap();
    assert_eq!(answer, Claimed::OverCap(Reason::CapDay));
    assert_eq!(
        (written.state, written.reason, written.counts()),
        (LedgerState::Refused, Some(Reason::CapDay), false)
    );
    // What is refused anyhow, or is not counted, meets no cap.
    for state in [LedgerState::Refused, LedgerState::Held] {
        let claim = Claim { entry: entry(state), caps: ONE_A_DAY };
        assert_eq!(claim.admit(None, ONE_ALREADY).0, Claimed::Yes);
    }
    let uncounted = LedgerEntry { capped_on: None, ..entry(LedgerState::Claimed) };
    let claim = Claim { entry: uncounted, caps: ONE_A_DAY };
    assert_eq!(claim.admit(None, ONE_ALREADY).0, Claimed::Yes);
}

#[test]
fn settling_goes_one_way_and_gives_back_what_was_not_sent() {
    let claimed = entry(LedgerState::Claimed);
    let settled = |from: &LedgerEntry, to| from.settled_by(&entry(to)).map(|s| (s.entry.state, s.give_back));
    assert_eq!(settled(&claimed, LedgerState::Sent), Some((LedgerState::Sent, None)));
    assert_eq!(settled(&claimed, LedgerState::Unknown), Some((LedgerState::Unknown, None)));
    assert_eq!(settled(&claimed, LedgerState::Refused), Some((LedgerState::Refused, Some(3))));
    assert_eq!(settled(&claimed, LedgerState::Held), Some((LedgerState::Held, Some(3))));
    let unknown = entry(LedgerState::Unknown);
    assert_eq!(settled(&unknown, LedgerState::Sent), Some((LedgerState::Sent, None)));
    assert_eq!(settled(&unknown, LedgerState::Refused), Some((LedgerState::Refused, Some(3))));
    assert_eq!(settled(&unknown, LedgerState::Held), None, "what may have been sent is not sent again");
    for last in [LedgerState::Sent, LedgerState::Refused] {
        assert_eq!(settled(&entry(last), LedgerState::Unknown), None);
        assert_eq!(settled(&entry(last), LedgerState::Sent), None);
    }
}
