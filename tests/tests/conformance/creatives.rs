//! [`CreativeStore`], which keeps what was learned of creatives.

use campaign::{Bandit, CreativeStore, Creatives, Shown};
use event::{Identifiers, Key};

/// What is learned of so many messages.
pub fn lessons(messages: u8) -> Creatives {
    let shown = |n: u8| Shown {
        action: Key([n; 16]),
        identifiers: Identifiers::default(),
        at: 1_000,
        levels: [("title".to_owned(), "plain".to_owned())].into(),
        circumstances: Vec::new(),
    };
    let mut bandit = Bandit::default();
    let shown: Vec<Shown> = (1..=messages).map(shown).collect();
    assert_eq!(bandit.learn(&shown, &[], 1_000, 9_000), u64::from(messages));
    Creatives::new([("welcome/hello".to_owned(), bandit)].into())
}

/// From how many messages `welcome/hello` was learned.
pub fn messages(creatives: &Creatives) -> u64 {
    creatives.learned().get("welcome/hello").map_or(0, |bandit| bandit.learned().0)
}

pub async fn suite<S: CreativeStore>(store: &S) {
    assert_eq!(messages(&store.load().await.unwrap()), 0, "before the first lesson there is none");
    for count in [3, 7] {
        let written = lessons(count);
        store.save(&written).await.unwrap();
        let read = store.load().await.unwrap();
        assert_eq!((messages(&read), read.learned()), (u64::from(count), written.learned()));
    }
}
