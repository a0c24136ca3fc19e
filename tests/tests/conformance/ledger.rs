//! [`Ledger`].

use crate::samples::key;
use campaign::{Cap, Caps, Claim, Claimed, Ledger, LedgerEntry, LedgerState, Reason, Rolling, SendsStore};
use event::Key;
use futures_util::future::{join, join_all};

const DAY: i32 = 20_000;

fn caps() -> Caps {
    let channel = Cap { per_day: Some(2), per_week: Some(3), ..Cap::default() };
    Caps { channel, ..Caps::default() }
}

fn entry(n: u8, person: u8, state: LedgerState, capped_on: Option<i32>) -> LedgerEntry {
    LedgerEntry {
        action: key(n),
        person: key(person),
        campaign: "browse".to_owned(),
        step: "coupon".to_owned(),
        channel: "email".to_owned(),
        state,
        reason: None,
        at: 1_000 + i64::from(n),
        due_at: 500,
        capped_on,
        receipt: String::new(),
        detail: String::new(),
        creative: Box::default(),
    }
}

fn claim(n: u8, person: u8, day: i32) -> Claim {
    Claim { entry: entry(n, person, LedgerState::Claimed, Some(day)), caps: caps() }
}

fn refused(n: u8, person: u8, reason: Reason) -> LedgerEntry {
    LedgerEntry { reason: Some(reason), ..entry(n, person, LedgerState::Refused, None) }
}

/// What counts on a day, and in the seven that end with it.
async fn counts<L: Ledger>(ledger: &L, person: u8, channel: &str, day: i32) -> (u32, u32) {
    let sends = ledger.sends(key(person)).await.unwrap();
    let since = |first| sends.on_days(|of| of == channel, first, day);
    (since(day), since(day - 6))
}

pub async fn suite<L: Ledger>(ledger: &L) {
    claims(ledger).await;
    settlements(ledger).await;
    crashes(ledger).await;
}

async fn claims<L: Ledger>(ledger: &L) {
    assert_eq!(ledger.get(key(1)).await.unwrap(), None);
    assert_eq!(ledger.claim(&[]).await.unwrap(), []);
    // In order, each seeing those before it: the third of a day is over the cap, another person's is not.
    let claims = [claim(1, 50, DAY), claim(2, 50, DAY), claim(3, 50, DAY), claim(4, 51, DAY)];
    let answers = ledger.claim(&claims).await.unwrap();
    assert_eq!(answers, [Claimed::Yes, Claimed::Yes, Claimed::OverCap(Reason::CapDay), Claimed::Yes]);
    assert_eq!(ledger.get(key(1)).await.unwrap(), Some(claims[0].entry.clone()));
    let over = ledger.get(key(3)).await.unwrap().unwrap();
    assert_eq!((over.state, over.reason), (LedgerState::Refused, Some(Reason::CapDay)));
    assert_eq!(counts(ledger, 50, "email", DAY).await, (2, 2));
    // The same again, or twice in one call, changes nothing.
    let again = ledger.claim(&[claim(1, 50, DAY), claim(3, 50, DAY)]).await.unwrap();
    assert_eq!(again, [Claimed::AlreadyThere(claims[0].entry.clone()), Claimed::AlreadyThere(over)]);
    let twice = ledger.claim(&[claim(5, 52, DAY), claim(5, 52, DAY)]).await.unwrap();
    assert_eq!(twice, [Claimed::Yes, Claimed::AlreadyThere(claim(5, 52, DAY).entry)]);
    assert_eq!(counts(ledger, 52, "email", DAY).await, (1, 1));

    // A week is seven days with today; channels and people are counted apart.
    assert_eq!(counts(ledger, 50, "email", DAY + 6).await, (0, 2));
    assert_eq!(counts(ledger, 50, "email", DAY + 7).await, (0, 0));
    assert_eq!(counts(ledger, 50, "sms", DAY).await, (0, 0));
    let week =
        ledger.claim(&[claim(6, 50, DAY + 6), claim(7, 50, DAY + 6), claim(8, 50, DAY + 7)]).await.unwrap();
    assert_eq!(week, [Claimed::Yes, Claimed::OverCap(Reason::CapWeek), Claimed::Yes]);

    // What is refused or held from the start is written and counted nowhere; a held one is decided on again.
    let decided = [refused(9, 53, Reason::Unsubscribed), entry(10, 53, LedgerState::Held, None)];
    let claims = decided.clone().map(|entry| Claim { entry, caps: caps() });
    assert_eq!(ledger.claim(&claims).await.unwrap(), [Claimed::Yes, Claimed::Yes]);
    assert_eq!(ledger.get(key(9)).await.unwrap(), Some(decided[0].clone()));
    assert_eq!(counts(ledger, 53, "email", DAY).await, (0, 0));
    assert_eq!(ledger.claim(&[claim(10, 53, DAY)]).await.unwrap(), [Claimed::Yes]);
    assert_eq!(counts(ledger, 53, "email", DAY).await, (1, 1));
}

async fn settlements<L: Ledger>(ledger: &L) {
    let sent = LedgerEntry { receipt: "r-1".to_owned(), ..entry(1, 50, LedgerState::Sent, Some(DAY)) };
    for _ in 0..2 {
        ledger.settle(std::slice::from_ref(&sent)).await.unwrap();
        assert_eq!(ledger.get(key(1)).await.unwrap(), Some(sent.clone()));
        assert_eq!(counts(ledger, 50, "email", DAY).await, (2, 2));
    }
    // What was certainly not sent gives its count back, once; what was sent stays sent.
    let failed = LedgerEntry { capped_on: Some(DAY), ..refused(2, 50, Reason::ChannelError) };
    for _ in 0..2 {
        ledger.settle(std::slice::from_ref(&failed)).await.unwrap();
        assert_eq!(counts(ledger, 50, "email", DAY).await, (1, 1));
    }
    ledger.settle(&[refused(1, 50, Reason::ChannelError)]).await.unwrap();
    assert_eq!(ledger.get(key(1)).await.unwrap(), Some(sent));
    // A claim that another attempt could bring through is held, and may be claimed again.
    ledger.settle(&[entry(4, 51, LedgerState::Held, Some(DAY))]).await.unwrap();
    assert_eq!(counts(ledger, 51, "email", DAY).await, (0, 0));
    assert_eq!(ledger.claim(&[claim(4, 51, DAY)]).await.unwrap(), [Claimed::Yes]);
    // Nothing comes of settling what was never claimed.
    ledger.settle(&[entry(99, 51, LedgerState::Sent, None)]).await.unwrap();
    assert_eq!(ledger.get(key(99)).await.unwrap(), None);
}

/// Claims that nothing followed.
async fn crashes<L: Ledger>(ledger: &L) {
    let open = async |at: i64| {
        let mut open: Vec<_> = ledger.claimed_before(at).await.unwrap().iter().map(|e| e.action).collect();
        open.sort();
        open
    };
    assert_eq!(open(1_004).await, [], "a claim of that very moment may still be at work");
    assert_eq!(open(i64::MAX).await, [key(4), key(5), key(6), key(8), key(10)]);
    assert_eq!(open(1_006).await, [key(4), key(5)]);
    // Nobody knows whether it was sent: it counts, and is not claimed again; who finds out may settle it.
    let unknown = entry(5, 52, LedgerState::Unknown, Some(DAY));
    ledger.settle(std::slice::from_ref(&unknown)).await.unwrap();
    assert_eq!(open(1_006).await, [key(4)]);
    assert_eq!(counts(ledger, 52, "email", DAY).await, (1, 1));
    assert_eq!(ledger.claim(&[claim(5, 52, DAY)]).await.unwrap(), [Claimed::AlreadyThere(unknown)]);
    ledger.settle(&[refused(5, 52, Reason::ChannelError)]).await.unwrap();
    assert_eq!(counts(ledger, 52, "email", DAY).await, (0, 0));
}

/// Claims at one time by several senders.
pub async fn races<L: Ledger>(ledger: &L) {
    // Under a cap of two a day: two, whoever they are.
    let claims: Vec<Claim> = (100..120).map(|n| claim(n, 60, DAY)).collect();
    let answers = join_all(claims.iter().map(|claim| ledger.claim(std::slice::from_ref(claim)))).await;
    let answers: Vec<Claimed> = answers.into_iter().map(|answer| answer.unwrap().remove(0)).collect();
    let count_of = |wanted: &Claimed| answers.iter().filter(|answer| *answer == wanted).count();
    assert_eq!((count_of(&Claimed::Yes), count_of(&Claimed::OverCap(Reason::CapDay))), (2, 18));
    assert_eq!(counts(ledger, 60, "email", DAY).await, (2, 2));
    for (claim, answer) in claims.iter().zip(&answers) {
        let stored = ledger.get(claim.entry.action).await.unwrap().unwrap();
        let expected = if *answer == Claimed::Yes { LedgerState::Claimed } else { LedgerState::Refused };
        assert_eq!(stored.state, expected);
    }
    // One action: one.
    let same = claim(130, 61, DAY);
    let answers = join_all((0..10).map(|_| ledger.claim(std::slice::from_ref(&same)))).await;
    let mut answers: Vec<Claimed> = answers.into_iter().map(|answer| answer.unwrap().remove(0)).collect();
    answers.retain(|answer| *answer != Claimed::AlreadyThere(same.entry.clone()));
    assert_eq!(answers, [Claimed::Yes]);
    assert_eq!(counts(ledger, 61, "email", DAY).await, (1, 1));
    // What was not sent is given back once, and leaves room for one more.
    let failed = LedgerEntry { capped_on: Some(DAY), ..refused(130, 61, Reason::ChannelError) };
    join_all((0..10).map(|_| ledger.settle(std::slice::from_ref(&failed)))).await;
    assert_eq!(ledger.get(key(130)).await.unwrap().unwrap().state, LedgerState::Refused);
    assert_eq!(counts(ledger, 61, "email", DAY).await, (0, 0));

    // Several people in one call: each has their own, in the order of the claims.
    let claims: Vec<Claim> = (140..200).map(|n| claim(n, 70 + n % 20, DAY)).collect();
    let answers = ledger.claim(&claims).await.unwrap();
    let over = Claimed::OverCap(Reason::CapDay);
    let expected: Vec<Claimed> = (0..60).map(|n| if n < 40 { Claimed::Yes } else { over.clone() }).collect();
    assert_eq!(answers, expected);
}

/// Caps that look at more than a day of one channel: a window, and all channels together.
pub async fn windows<L: Ledger>(ledger: &L) {
    let all_channels = Cap { rolling: Rolling([(60_000, 2)].into()), ..Cap::default() };
    let caps =
        Caps { channel: Cap { rolling: Rolling([(60_000, 1)].into()), ..Cap::default() }, all_channels };
    let claim = |n: u8, channel: &str, day: i32, at: i64| {
        let entry = entry(n, 96, LedgerState::Claimed, Some(day));
        Claim { entry: LedgerEntry { channel: channel.to_owned(), at, ..entry }, caps: caps.clone() }
    };
    let claims = [
        claim(220, "email", DAY, 1_000),
        // Another day of the person's, and the same minute.
        claim(221, "email", DAY + 1, 60_999),
        claim(222, "sms", DAY + 1, 60_999),
        claim(223, "push", DAY + 1, 60_999),
        claim(224, "email", DAY + 1, 61_000),
    ];
    let answers = ledger.claim(&claims).await.unwrap();
    let over = Claimed::OverCap;
    let expected =
        [Claimed::Yes, over(Reason::CapRolling), Claimed::Yes, over(Reason::CapRollingAll), Claimed::Yes];
    assert_eq!(answers, expected);
    // Two at once, on two days and through two channels: both count by then.
    let claims = [claim(225, "push", DAY + 1, 121_100), claim(226, "sms", DAY + 2, 121_100)];
    for answer in join_all(claims.iter().map(|claim| ledger.claim(std::slice::from_ref(claim)))).await {
        assert_eq!(answer.unwrap(), [Claimed::Yes]);
    }
    assert_eq!(
        ledger.claim(&[claim(227, "email", DAY + 2, 121_100)]).await.unwrap(),
        [over(Reason::CapRollingAll)]
    );
}

/// Two people turn out to be one, who has the caps of one.
pub async fn merges<L: Ledger, S: SendsStore>(ledger: &L, sends: &S) {
    let become_one = async |merges: &[(u8, u8)]| {
        let merges: Vec<(Key, Key)> =
            merges.iter().map(|(merged, into)| (key(*merged), key(*into))).collect();
        sends.join_sends(&merges).await.unwrap();
    };
    become_one(&[(97, 98)]).await;
    assert_eq!(counts(ledger, 98, "email", DAY).await, (0, 0), "nothing was sent");
    let claims = [claim(230, 97, DAY), claim(231, 98, DAY - 1)];
    assert_eq!(ledger.claim(&claims).await.unwrap(), [Claimed::Yes, Claimed::Yes]);
    for _again in 0..2 {
        become_one(&[(97, 98)]).await;
        assert_eq!(counts(ledger, 98, "email", DAY).await, (1, 2));
        assert_eq!(counts(ledger, 97, "email", DAY).await, (1, 2), "under the name from before, too");
    }
    // Whoever did not hear of it yet claims for both as well.
    let claims = [claim(232, 97, DAY), claim(233, 97, DAY)];
    let over = Claimed::OverCap;
    assert_eq!(ledger.claim(&claims).await.unwrap(), [Claimed::Yes, over(Reason::CapDay)]);
    assert_eq!(ledger.claim(&[claim(234, 98, DAY + 1)]).await.unwrap(), [over(Reason::CapWeek)]);
    // What was not sent after all is given back where it counts.
    ledger.settle(&[refused(230, 97, Reason::ChannelError)]).await.unwrap();
    assert_eq!(counts(ledger, 98, "email", DAY).await, (1, 2));
    // One merge after the other, in whatever order they are heard of.
    assert_eq!(ledger.claim(&[claim(235, 100, DAY)]).await.unwrap(), [Claimed::Yes]);
    become_one(&[(98, 99), (100, 98)]).await;
    for person in [97, 98, 99, 100] {
        assert_eq!(counts(ledger, person, "email", DAY).await, (2, 3));
    }
    assert_eq!(ledger.claim(&[claim(236, 99, DAY + 1)]).await.unwrap(), [over(Reason::CapWeek)]);

    // Both are written to while they become one: no message is counted for nobody.
    let first = [claim(240, 101, DAY), claim(241, 102, DAY)];
    assert_eq!(ledger.claim(&first).await.unwrap(), [Claimed::Yes, Claimed::Yes]);
    let claims: Vec<Claim> = (242..252).map(|n| claim(n, 101 + n % 2, DAY - 1)).collect();
    let claiming = join_all(claims.iter().map(|claim| ledger.claim(std::slice::from_ref(claim))));
    let (answers, ()) = join(claiming, become_one(&[(101, 102)])).await;
    let claimed = answers.into_iter().filter(|answer| answer.as_ref().unwrap()[0] == Claimed::Yes).count();
    let expected = (2, 2 + claimed as u32);
    assert_eq!(counts(ledger, 101, "email", DAY).await, expected);
    assert_eq!(counts(ledger, 102, "email", DAY).await, expected);
    // No more than each was allowed while they were two.
    assert!((1..=4).contains(&claimed), "{claimed}");
}

/// Each kind of write, by one sender alone: none of them meets another.
pub async fn each_write_once<L: Ledger>(ledger: &L) {
    let uncapped = Claim { entry: entry(204, 91, LedgerState::Claimed, None), caps: Caps::default() };
    let claims = [
        claim(201, 90, DAY),
        claim(202, 90, DAY),
        claim(203, 90, DAY),
        uncapped.clone(),
        claim(205, 92, DAY),
    ];
    let answers = ledger.claim(&claims).await.unwrap();
    let over = Claimed::OverCap(Reason::CapDay);
    assert_eq!(answers, [Claimed::Yes, Claimed::Yes, over, Claimed::Yes, Claimed::Yes]);
    assert_eq!(counts(ledger, 90, "email", DAY).await, (2, 2));
    let sent = entry(204, 91, LedgerState::Sent, None);
    let outcomes = [refused(201, 90, Reason::ChannelError), sent, entry(205, 92, LedgerState::Held, None)];
    ledger.settle(&outcomes).await.unwrap();
    for outcome in outcomes {
        assert_eq!(ledger.get(outcome.action).await.unwrap(), Some(outcome));
    }
    assert_eq!(counts(ledger, 90, "email", DAY).await, (1, 1));
    assert_eq!(counts(ledger, 92, "email", DAY).await, (0, 0));
    assert_eq!(ledger.claim(&[claim(205, 92, DAY)]).await.unwrap(), [Claimed::Yes]);
    assert_eq!(counts(ledger, 92, "email", DAY).await, (1, 1));
}

/// Claims beside one with a detail that the store does not take.
pub async fn beside_a_failure<L: Ledger>(ledger: &L, detail: &str) {
    let mut failing = claim(212, 94, DAY);
    detail.clone_into(&mut failing.entry.detail);
    let held = Claim { entry: entry(214, 95, LedgerState::Held, None), caps: caps() };
    let mut claims = vec![claim(210, 93, DAY), claim(211, 94, DAY), failing, claim(213, 94, DAY), held];
    ledger.claim(&claims).await.unwrap_err();
    assert_eq!(ledger.claimed_before(i64::MAX).await.unwrap(), []);
    assert_eq!(counts(ledger, 94, "email", DAY).await, (0, 0));
    claims.remove(2);
    assert_eq!(ledger.claim(&claims).await.unwrap(), vec![Claimed::Yes; 4]);
    assert_eq!(counts(ledger, 94, "email", DAY).await, (2, 2));
}

pub async fn claim_one<L: Ledger>(ledger: &L) {
    assert_eq!(ledger.claim(&[claim(1, 50, DAY)]).await.unwrap(), [Claimed::Yes]);
}

/// What [`claim_one`] leaves, whatever happened since.
pub async fn holds_the_claim<L: Ledger>(ledger: &L) {
    assert_eq!(ledger.claimed_before(i64::MAX).await.unwrap(), [claim(1, 50, DAY).entry]);
    assert_eq!(counts(ledger, 50, "email", DAY).await, (1, 1));
}
