//! By which channels a person may be, and was, reached; and their answers to purposes, which stand beside the channels.

use crate::consent::Proof;
use event::wire::{Damaged, Reader, put_bytes, put_varint};

/// How many channels are kept: the first in alphabetical order.
pub(crate) const MAX_CHANNELS: usize = 16;

/// The channel whose consent stands for every channel that has none of its own.
pub(crate) const ANY_CHANNEL: &str = "marketing";

/// One channel (`email`, `sms`, …), or a purpose (`analytics`, `marketing`, …).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelState<'a> {
    pub name: &'a str,
    /// When consent was last given or withdrawn, UTC ms, and whether it was given. Of two answers in the
    /// same millisecond the refusal stands.
    pub consent: Option<(i64, bool)>,
    /// By what that answer is proved; none where an earlier release took it.
    pub proof: Option<Proof<'a>>,
    /// When a message last went out by it, UTC ms.
    pub last_reached: Option<i64>,
    /// When a mailbox or carrier last said that there is nobody to take messages, UTC ms.
    pub bounced: Option<i64>,
    /// When the person last called a message spam, UTC ms.
    pub complained: Option<i64>,
}

impl<'a> ChannelState<'a> {
    pub(crate) fn new(name: &'a str) -> Self {
        ChannelState { name, consent: None, proof: None, last_reached: None, bounced: None, complained: None }
    }

    pub(crate) fn answer(&mut self, at: i64, granted: bool, proof: Option<Proof<'a>>) {
        let newer = self.consent.is_none_or(|(since, was)| (since, !was, self.proof) < (at, !granted, proof));
        if newer {
            self.consent = Some((at, granted));
            self.proof = proof;
        }
    }

    pub(crate) fn reached(&mut self, at: i64) {
        self.last_reached = self.last_reached.max(Some(at));
    }

    pub(crate) fn bounced(&mut self, at: i64) {
        self.bounced = self.bounced.max(Some(at));
    }

    pub(crate) fn complained(&mut self, at: i64) {
        self.complained = self.complained.max(Some(at));
    }

    /// Whether nothing may go out by it: a message came back for good, or was called spam, and the person has not
    /// agreed to the channel anew since.
    pub fn is_suppressed(&self) -> bool {
        let Some(since) = self.bounced.max(self.complained) else { return false };
        !self.consent.is_some_and(|(at, granted)| granted && at > since)
    }

    pub(crate) fn merge(&mut self, other: &ChannelState<'a>) {
        if let Some((at, granted)) = other.consent {
            self.answer(at, granted, other.proof);
        }
        self.last_reached = self.last_reached.max(other.last_reached);
        self.bounced = self.bounced.max(other.bounced);
        self.complained = self.complained.max(other.complained);
    }
}

pub(crate) fn encode(channels: &[ChannelState<'_>], out: &mut Vec<u8>, base: i64) {
    for channel in channels {
        put_bytes(out, channel.name.as_bytes());
        let granted = channel.consent.is_some_and(|(_, granted)| granted);
        let flags = u8::from(channel.consent.is_some())
            | u8::from(granted) << 1
            | u8::from(channel.last_reached.is_some()) << 2
            | u8::from(channel.bounced.is_some()) << 3
            | u8::from(channel.complained.is_some()) << 4;
        out.push(flags);
        let answered = channel.consent.map(|(at, _)| at);
        for at in [answered, channel.last_reached, channel.bounced, channel.complained].into_iter().flatten()
        {
            put_varint(out, (base - at) as u64);
        }
    }
}

pub(crate) fn decode<'a>(
    channels: &mut Vec<ChannelState<'a>>,
    mut reader: Reader<'a>,
    base: i64,
) -> Result<(), Damaged> {
    while !reader.is_empty() {
        let mut channel = ChannelState::new(reader.text()?);
        let flags = reader.byte()?;
        if flags & 1 != 0 {
            channel.consent = Some((base.wrapping_sub(reader.varint()? as i64), flags & 2 != 0));
        }
        if flags & 4 != 0 {
            channel.last_reached = Some(base.wrapping_sub(reader.varint()? as i64));
        }
        if flags & 8 != 0 {
            channel.bounced = Some(base.wrapping_sub(reader.varint()? as i64));
        }
        if flags & 16 != 0 {
            channel.complained = Some(base.wrapping_sub(reader.varint()? as i64));
        }
        channels.push(channel);
    }
    Ok(())
}
