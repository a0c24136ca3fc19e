//! What a person agreed to, with proof of each answer.

use crate::channels::ChannelState;
use crate::profile::Profile;
use event::wire::{Damaged, Reader, put_bytes, put_varint};
use event::{MessageHash, Purpose};

/// By what an answer can be shown to have been given. Ordered, so that of two events with the same answer at the same
/// time it is always the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof<'a> {
    /// The hash of the message id of the event that told it.
    pub message: MessageHash,
    /// The source that sent the event.
    pub source: &'a str,
    /// How the person answered: the tool's or form's name, `opt_in` for a trait, `subscription` for an event that is one.
    pub method: &'a str,
    /// The version of the text that they were shown; empty where nobody told it.
    pub version: &'a str,
}

impl Profile<'_> {
    /// The person's last answer to a purpose, `None` where they were never asked.
    pub fn agreed_to(&self, purpose: Purpose) -> Option<bool> {
        self.answer_of(purpose.as_str()).map(|(_, granted)| granted)
    }

    /// Whether the person said no to being counted and having a profile, which then serves for nothing but service.
    pub fn refuses_analytics(&self) -> bool {
        self.agreed_to(Purpose::Analytics) == Some(false)
    }

    /// Whether the person agreed to be reached by a channel for a purpose: their last answer for one of the two,
    /// whichever is newer; of two in the same millisecond the refusal. `None` where they were never asked.
    pub fn agreed_by(&self, channel: &str, purpose: Purpose) -> Option<bool> {
        let answers = [self.answer_of(channel), self.answer_of(purpose.as_str())];
        let newest = answers.into_iter().flatten().max_by_key(|(at, granted)| (*at, !granted));
        newest.map(|(_, granted)| granted)
    }

    /// Whether nothing may go out by a channel: a message came back for good, or was called spam.
    pub fn is_suppressed(&self, channel: &str) -> bool {
        self.channels.iter().any(|state| state.name == channel && state.is_suppressed())
    }

    fn answer_of(&self, name: &str) -> Option<(i64, bool)> {
        self.channels.iter().find(|channel| channel.name == name)?.consent
    }
}

pub(crate) fn encode(channels: &[ChannelState<'_>], out: &mut Vec<u8>) {
    for (place, channel) in channels.iter().enumerate() {
        let Some(proof) = &channel.proof else { continue };
        put_varint(out, place as u64);
        out.extend_from_slice(&proof.message.0.to_le_bytes());
        for text in [proof.source, proof.method, proof.version] {
            put_bytes(out, text.as_bytes());
        }
    }
}

/// Reads the proofs of channels that were read before.
pub(crate) fn decode<'a>(channels: &mut [ChannelState<'a>], mut reader: Reader<'a>) -> Result<(), Damaged> {
    while !reader.is_empty() {
        let place = reader.varint()? as usize;
        let message = MessageHash(u64::from_le_bytes(reader.array()?));
        let proof =
            Proof { message, source: reader.text()?, method: reader.text()?, version: reader.text()? };
        channels.get_mut(place).ok_or(Damaged)?.proof = Some(proof);
    }
    Ok(())
}
