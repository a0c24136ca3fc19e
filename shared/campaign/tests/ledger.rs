//! The ledger's rules and its wire form.

use campaign::{Cap, Caps, Claim, Claimed, LedgerEntry, LedgerState, Reason, Rolling, Sends};
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
        creative: Box::default(),
    }
}

fn one_a_day() -> Caps {
    Caps { channel: Cap { per_day: Some(1), ..Cap::default() }, ..Caps::default() }
}

/// What was sent to somebody after this many messages on the entries' day.
fn sent(number: u8) -> Sends {
    let mut sends = Sends::default();
    for n in 0..number {
        let entry = LedgerEntry { action: Key([100 + n; 16]), ..entry(LedgerState::Claimed) };
        assert_eq!(Claim { entry, caps: Caps::default() }.admit(None, &mut sends).0, Claimed::Yes);
    }
    sends
}

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

    let chosen = LedgerEntry { creative: "{}".into(), ..refused.clone() };
    assert_eq!(LedgerEntry::decode(&chosen.encode()), Ok(chosen.clone()));
    assert_eq!(chosen.encode(), [golden.as_slice(), b"\x0c\x02{}"].concat());
    let mut later = golden.clone();
    later.extend(b"\x63\x03new");
    assert_eq!(LedgerEntry::decode(&later), Ok(refused), "a field of a later release is passed over");
    assert!(LedgerEntry::decode(&golden[..golden.len() - 1]).is_err());
    assert!(LedgerEntry::decode(b"\x06\x01\x09").is_err(), "a state of a later release is not guessed at");
}

#[test]
fn an_action_is_claimed_once() {
    let claim = Claim { entry: entry(LedgerState::Claimed), caps: one_a_day() };
    let mut sends = Sends::default();
    assert_eq!(claim.admit(None, &mut sends), (Claimed::Yes, Some(claim.entry.clone())));
    assert_eq!(sends.on_days(|channel| channel == "email", 3, 3), 1);
    for state in [LedgerState::Claimed, LedgerState::Sent, LedgerState::Refused, LedgerState::Unknown] {
        let stored = entry(state);
        let mut sends = Sends::default();
        assert_eq!(claim.admit(Some(&stored), &mut sends), (Claimed::AlreadyThere(stored), None));
        assert!(sends.is_empty());
    }
    let held = entry(LedgerState::Held);
    assert_eq!(claim.admit(Some(&held), &mut Sends::default()).0, Claimed::Yes);
}

#[test]
fn a_cap_refuses_and_counts_nothing() {
    let claim = Claim { entry: entry(LedgerState::Claimed), caps: one_a_day() };
    let mut sends = sent(1);
    let (answer, written) = claim.admit(None, &mut sends);
    let written = written.unwrap();
    assert_eq!(answer, Claimed::OverCap(Reason::CapDay));
    assert_eq!(
        (written.state, written.reason, written.counts()),
        (LedgerState::Refused, Some(Reason::CapDay), false)
    );
    assert_eq!(sends, sent(1));
    // What is refused anyhow, or is not counted, meets no cap.
    for state in [LedgerState::Refused, LedgerState::Held] {
        let claim = Claim { entry: entry(state), caps: one_a_day() };
        assert_eq!(claim.admit(None, &mut sent(1)).0, Claimed::Yes);
    }
    let uncounted = LedgerEntry { capped_on: None, ..entry(LedgerState::Claimed) };
    let claim = Claim { entry: uncounted, caps: one_a_day() };
    assert_eq!(claim.admit(None, &mut sent(1)).0, Claimed::Yes);
}

#[test]
fn each_cap_has_its_reason() {
    const HOUR: i64 = 3_600_000;
    let cap = |day, week, hours: Option<(i64, u32)>| Cap {
        per_day: day,
        per_week: week,
        rolling: Rolling(hours.map(|(hours, most)| (hours * HOUR, most)).into_iter().collect()),
    };
    // Day 3: an e-mail at 10:00 and a text at 20:00.
    let mut sends = Sends::default();
    for (n, hour, channel) in [(1, 10, "email"), (2, 20, "sms")] {
        let entry = LedgerEntry {
            action: Key([n; 16]),
            at: (3 * 24 + hour) * HOUR,
            channel: channel.to_owned(),
            ..entry(LedgerState::Claimed)
        };
        Claim { entry, caps: Caps::default() }.admit(None, &mut sends);
    }
    let none = Cap::default();
    let broken = |channel: &Cap, all: &Cap, day: i32, hour: i64| {
        let caps = Caps { channel: channel.clone(), all_channels: all.clone() };
        caps.broken_by(&sends, "email", day, (i64::from(day) * 24 + hour) * HOUR).map(Reason::as_str)
    };
    assert_eq!(broken(&cap(Some(1), None, None), &none, 3, 23), Some("cap_day"));
    assert_eq!(broken(&cap(Some(1), None, None), &none, 4, 1), None);
    assert_eq!(broken(&cap(None, Some(1), None), &none, 9, 0), Some("cap_week"));
    assert_eq!(broken(&cap(None, Some(1), None), &none, 10, 0), None);
    assert_eq!(broken(&cap(None, None, Some((24, 1))), &none, 4, 9), Some("cap_rolling"));
    assert_eq!(broken(&cap(None, None, Some((24, 1))), &none, 4, 10), None);
    assert_eq!(broken(&cap(Some(2), None, None), &cap(Some(2), None, None), 3, 23), Some("cap_day_all"));
    assert_eq!(broken(&none, &cap(None, Some(2), None), 9, 0), Some("cap_week_all"));
    assert_eq!(broken(&none, &cap(None, None, Some((24, 2))), 4, 9), Some("cap_rolling_all"));
    assert_eq!(broken(&none, &cap(None, None, Some((24, 2))), 4, 10), None);
    assert_eq!(broken(&none, &cap(None, None, Some((24, 1))), 4, 19), Some("cap_rolling_all"));
}

#[test]
fn golden_row_of_sends() {
    let mut sends = sent(1);
    // A field of 1 + 15 bytes: eight of the action, 1 and 3 as zigzag numbers, the channel.
    let mut golden = vec![1, 15];
    golden.extend([100; 8]);
    golden.extend(b"\x02\x06email");
    assert_eq!(sends.encode(), golden);
    assert_eq!(Sends::decode(&golden), Ok(sends.clone()));
    let later = [golden.as_slice(), b"\x63\x03new"].concat();
    assert_eq!(Sends::decode(&later), Ok(sends.clone()), "a field of a later release is passed over");
    assert!(Sends::decode(&golden[..golden.len() - 6]).is_err());
    // Given back once; one that only its number is known of goes by day and channel.
    let own = LedgerEntry { action: Key([100; 16]), ..entry(LedgerState::Claimed) };
    sends.add_counted("email", 3, 1);
    assert_eq!(Sends::decode(&sends.encode()), Ok(sends.clone()));
    assert!(sends.give_back(&own) && sends.give_back(&entry(LedgerState::Claimed)));
    assert!(!sends.give_back(&own) && sends.is_empty());
}

#[test]
fn what_no_window_reaches_is_forgotten() {
    let mut sends = sent(2);
    let later =
        LedgerEntry { at: Rolling::MAX_WINDOW + 1, capped_on: Some(40), ..entry(LedgerState::Claimed) };
    Claim { entry: later, caps: Caps::default() }.admit(None, &mut sends);
    assert_eq!((sends.on_days(|_| true, 0, 39), sends.on_days(|_| true, 40, 40)), (0, 1));
    for n in 0..2_000u32 {
        let mut action = [0; 16];
        action[..4].copy_from_slice(&n.to_be_bytes());
        let one = LedgerEntry { action: Key(action), ..entry(LedgerState::Claimed) };
        Claim { entry: one, caps: Caps::default() }.admit(None, &mut sends);
    }
    assert_eq!(sends.after(|_| true, 0), Sends::MAX as u32);
}

#[test]
fn settling_goes_one_way_and_gives_back_what_was_not_sent() {
    let claimed = entry(LedgerState::Claimed);
    let settled = |from: &LedgerEntry, to| from.settled_by(&entry(to)).map(|s| (s.entry.state, s.gives_back));
    assert_eq!(settled(&claimed, LedgerState::Sent), Some((LedgerState::Sent, false)));
    assert_eq!(settled(&claimed, LedgerState::Unknown), Some((LedgerState::Unknown, false)));
    assert_eq!(settled(&claimed, LedgerState::Refused), Some((LedgerState::Refused, true)));
    assert_eq!(settled(&claimed, LedgerState::Held), Some((LedgerState::Held, true)));
    let unknown = entry(LedgerState::Unknown);
    assert_eq!(settled(&unknown, LedgerState::Sent), Some((LedgerState::Sent, false)));
    assert_eq!(settled(&unknown, LedgerState::Refused), Some((LedgerState::Refused, true)));
    assert_eq!(settled(&unknown, LedgerState::Held), None, "what may have been sent is not sent again");
    for last in [LedgerState::Sent, LedgerState::Refused] {
        assert_eq!(settled(&entry(last), LedgerState::Unknown), None);
        assert_eq!(settled(&entry(last), LedgerState::Sent), None);
    }
}
