//! Tokens come back as they were made, or not at all.

use event::{Identifier, IdentifierKind, Key, Pseudonymizer};
use proptest::prelude::*;
use token::{MessageToken, TokenError, TokenKey};

fn key(secret: &[u8]) -> TokenKey {
    TokenKey::of(&Pseudonymizer::new(secret))
}

fn message() -> MessageToken {
    MessageToken {
        person: Identifier { kind: IdentifierKind::Email, key: Key([7; 16]) },
        action: Key([9; 16]),
        channel: "email".to_owned(),
        campaign: "browse-coupon".to_owned(),
        sent_at: 1_000,
    }
}

#[test]
fn a_token_says_what_it_was_made_of_and_nothing_to_others() {
    let ours = key(b"ours");
    let token = ours.seal(&message());
    assert_eq!(ours.open(&token, 1_000 + MessageToken::LIFETIME), Ok(message()));
    assert_eq!(ours.seal(&message()), token, "the same message has the same token");
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{token}");
    assert_eq!(ours.open(&token, 1_001 + MessageToken::LIFETIME), Err(TokenError::Expired));
    assert_eq!(key(b"theirs").open(&token, 0), Err(TokenError::Forged));
    // The same person by the same channel: nothing of the two tokens is alike.
    let other = ours.seal(&MessageToken { action: Key([8; 16]), ..message() });
    assert_ne!(token[..8], other[..8]);
}

#[test]
fn no_bit_of_a_token_can_be_changed() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let ours = key(b"ours");
    let bytes = URL_SAFE_NO_PAD.decode(ours.seal(&message())).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(ours.open(&URL_SAFE_NO_PAD.encode(&changed), 0), Err(TokenError::Forged), "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert_eq!(ours.open(&URL_SAFE_NO_PAD.encode(&bytes[..length]), 0), Err(TokenError::Forged));
    }
    let zeros = "A".repeat(120);
    for forged in ["", "x", "%", "../../etc/passwd", zeros.as_str(), &"A".repeat(100_000)] {
        assert_eq!(ours.open(forged, 0), Err(TokenError::Forged));
    }
}

proptest! {
    #[test]
    fn every_token_fits_a_tag_of_ses(channel in "[a-z]{1,30}", campaign in "\\PC{0,120}", sent_at: i64) {
        let sealed = message();
        let sealed = MessageToken { channel, campaign, sent_at, ..sealed };
        let token = key(b"ours").seal(&sealed);
        prop_assert!(token.len() <= 256, "{}", token.len());
        let opened = key(b"ours").open(&token, sent_at).unwrap();
        let fits = sealed.channel.len() + sealed.campaign.len() <= MessageToken::MAX_NAMES;
        prop_assert_eq!(&opened.campaign, if fits { &sealed.campaign } else { "" });
        prop_assert_eq!(opened, MessageToken { campaign: if fits { sealed.campaign.clone() } else { String::new() }, ..sealed });
    }
}
