//! What a token says.

use event::wire::{Damaged, Reader, put_field, put_signed, put_text};
use event::{DAY, Identifier, IdentifierKind, Key};

/// A message, as a token names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageToken {
    /// The strongest identifier of the person it was sent to.
    pub person: Identifier,
    /// The action that it was sent for.
    pub action: Key,
    /// The name that consent goes by: `email`, or a webhook's name.
    pub channel: String,
    /// The campaign's name; empty where it is too long to travel ([`MessageToken::MAX_NAMES`]).
    pub campaign: String,
    /// When it was sent, UTC ms.
    pub sent_at: i64,
}

impl MessageToken {
    /// Bytes of the names of channel and campaign together, beyond which that of the campaign is left out: a token then
    /// is within the 256 characters that SES takes as the value of a tag.
    pub const MAX_NAMES: usize = 90;

    /// How long after its message a token is taken, ms: 400 days, since people look through old mail.
    pub const LIFETIME: i64 = 400 * DAY;

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        put_field(&mut out, 1, |out| {
            out.push(self.person.kind as u8);
            out.extend_from_slice(&self.person.key.0);
        });
        put_field(&mut out, 2, |out| out.extend_from_slice(&self.action.0));
        put_field(&mut out, 3, |out| put_signed(out, self.sent_at));
        put_text(&mut out, 4, &self.channel);
        if self.channel.len() + self.campaign.len() <= MessageToken::MAX_NAMES {
            put_text(&mut out, 5, &self.campaign);
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<MessageToken, Damaged> {
        let (mut person, mut action, mut sent_at) = (None, None, None);
        let (mut channel, mut campaign) = (String::new(), String::new());
        let mut reader = Reader::new(bytes);
        while let Some((tag, mut field)) = reader.field()? {
            match tag {
                1 => {
                    let code = field.byte()?;
                    let kind = IdentifierKind::all().find(|kind| *kind as u8 == code).ok_or(Damaged)?;
                    person = Some(Identifier { kind, key: Key(field.array()?) });
                }
                2 => action = Some(Key(field.array()?)),
                3 => sent_at = Some(field.signed()?),
                4 => channel = field.rest_text()?.to_owned(),
                5 => campaign = field.rest_text()?.to_owned(),
                _ => {}
            }
        }
        let (person, action) = (person.ok_or(Damaged)?, action.ok_or(Damaged)?);
        Ok(MessageToken { person, action, channel, campaign, sent_at: sent_at.ok_or(Damaged)? })
    }
}
