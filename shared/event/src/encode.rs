//! The wire form of an event: what travels on the bus and lies in its log.

use crate::event::{Event, EventType, MessageHash, TimeMark};
use crate::identifier::{Identifier, IdentifierKind, Identifiers, Key};
use crate::wire::{Damaged, Reader, put_field, put_signed, put_text};
use crate::{Campaign, Context, Currency, Device, Facts, Marks};
use std::borrow::Cow;

mod tag {
    pub const MESSAGE_ID: u8 = 1;
    pub const KIND: u8 = 2;
    pub const NAME: u8 = 3;
    pub const TIMES: u8 = 4;
    pub const IDENTIFIERS: u8 = 5;
    pub const USER_ID: u8 = 6;
    pub const PROPERTIES: u8 = 7;
    pub const TRAITS: u8 = 8;
    pub const SOURCE: u8 = 9;
    pub const CURRENCY: u8 = 10;
    pub const URL: u8 = 20;
    pub const TITLE: u8 = 21;
    pub const REFERRER: u8 = 22;
    pub const USER_AGENT: u8 = 23;
    pub const LOCALE: u8 = 24;
    pub const TIMEZONE: u8 = 25;
    pub const CONSENT: u8 = 26;
    pub const REST: u8 = 27;
    pub const CAMPAIGN: u8 = 28;
    pub const DEVICE: u8 = 29;
    pub const MARKS: u8 = 40;
}

impl<'a> Event<'a> {
    /// Appends the event in wire form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let context = &self.context;
        put_text(out, tag::MESSAGE_ID, &self.message_id);
        put_field(out, tag::KIND, |out| out.extend_from_slice(&[self.kind as u8, self.time_mark as u8]));
        put_text(out, tag::NAME, &self.name);
        put_field(out, tag::TIMES, |out| {
            put_signed(out, self.happened_at);
            put_signed(out, self.received_at - self.happened_at);
        });
        put_field(out, tag::IDENTIFIERS, |out| {
            for identifier in self.identifiers.iter() {
                out.push(identifier.kind as u8);
                out.extend_from_slice(&identifier.key.0);
            }
        });
        put_text(out, tag::USER_ID, self.user_id.as_deref().unwrap_or_default());
        put_text(out, tag::PROPERTIES, &self.properties);
        put_text(out, tag::TRAITS, &self.traits);
        put_text(out, tag::SOURCE, &self.source);
        // Facts are read again from the properties; only the currency may have come from elsewhere.
        put_text(out, tag::CURRENCY, self.facts.currency.as_ref().map_or("", Currency::as_str));
        for (tag, text) in [
            (tag::URL, &context.url),
            (tag::TITLE, &context.title),
            (tag::REFERRER, &context.referrer),
            (tag::USER_AGENT, &context.user_agent),
            (tag::LOCALE, &context.locale),
            (tag::TIMEZONE, &context.timezone),
            (tag::CONSENT, &context.consent),
            (tag::REST, &context.rest),
        ] {
            put_text(out, tag, text.as_deref().unwrap_or_default());
        }
        if let Some(c) = &context.campaign {
            put_texts(out, tag::CAMPAIGN, [&c.source, &c.medium, &c.name, &c.term, &c.content]);
        }
        if let Some(d) = &context.device {
            put_texts(out, tag::DEVICE, [&d.model, &d.kind, &d.os, &d.app_version]);
        }
        if let Some(marks) = &self.marks {
            put_field(out, tag::MARKS, |out| marks.encode(out));
        }
    }

    /// Reads what [`Event::encode`] wrote; borrows from it.
    pub fn decode(bytes: &'a [u8]) -> Result<Event<'a>, Damaged> {
        let mut event = Event {
            message_id: Cow::Borrowed(""),
            hash: MessageHash::default(),
            kind: EventType::Track,
            name: Cow::Borrowed(""),
            happened_at: 0,
            received_at: 0,
            time_mark: TimeMark::Given,
            identifiers: Identifiers::default(),
            user_id: None,
            properties: Cow::Borrowed(""),
            traits: Cow::Borrowed(""),
            context: Context::default(),
            facts: Facts::default(),
            source: Cow::Borrowed(""),
            marks: None,
        };
        let mut currency = None;
        let mut properties = "";
        let mut reader = Reader::new(bytes);
        while let Some((tag, mut field)) = reader.field()? {
            let context = &mut event.context;
            let text = |field: Reader<'a>| field.rest_text().map(Cow::Borrowed);
            match tag {
                tag::MESSAGE_ID => event.message_id = text(field)?,
                tag::KIND => {
                    event.kind = EventType::from_code(field.byte()?).ok_or(Damaged)?;
                    event.time_mark = TimeMark::from_code(field.byte()?);
                }
                tag::NAME => event.name = text(field)?,
                tag::TIMES => {
                    event.happened_at = field.signed()?;
                    event.received_at = event.happened_at.wrapping_add(field.signed()?);
                }
                tag::IDENTIFIERS => {
                    while !field.is_empty() {
                        let kind = field.byte()?;
                        let key = Key(field.array()?);
                        // A kind of a later release is passed over.
                        if let Some(kind) = IdentifierKind::from_code(kind) {
                            event.identifiers.insert(Identifier { kind, key });
                        }
                    }
                }
                tag::USER_ID => event.user_id = Some(text(field)?),
                tag::PROPERTIES => {
                    properties = field.rest_text()?;
                    event.properties = Cow::Borrowed(properties);
                }
                tag::TRAITS => event.traits = text(field)?,
                tag::SOURCE => event.source = text(field)?,
                tag::CURRENCY => currency = Currency::parse(field.rest_text()?),
                tag::URL => context.url = Some(text(field)?),
                tag::TITLE => context.title = Some(text(field)?),
                tag::REFERRER => context.referrer = Some(text(field)?),
                tag::USER_AGENT => context.user_agent = Some(text(field)?),
                tag::LOCALE => context.locale = Some(text(field)?),
                tag::TIMEZONE => context.timezone = Some(text(field)?),
                tag::CONSENT => context.consent = Some(text(field)?),
                tag::REST => context.rest = Some(text(field)?),
                tag::CAMPAIGN => {
                    let [source, medium, name, term, content] = texts(field)?;
                    context.campaign = Some(Box::new(Campaign { source, medium, name, term, content }));
                }
                tag::DEVICE => {
                    let [model, kind, os, app_version] = texts(field)?;
                    context.device = Some(Box::new(Device { model, kind, os, app_version }));
                }
                tag::MARKS => event.marks = Marks::decode(field)?,
                _ => {}
            }
        }
        event.hash = MessageHash::of(&event.message_id);
        event.facts = Facts::of(properties, currency);
        Ok(event)
    }
}

/// A field of texts by position: tag `n + 1` is the nth.
fn put_texts<const N: usize>(out: &mut Vec<u8>, tag: u8, texts: [&Option<Cow<'_, str>>; N]) {
    put_field(out, tag, |out| {
        for (n, text) in texts.iter().enumerate() {
            put_text(out, n as u8 + 1, text.as_deref().unwrap_or_default());
        }
    });
}

fn texts<'a, const N: usize>(mut reader: Reader<'a>) -> Result<[Option<Cow<'a, str>>; N], Damaged> {
    let mut texts = [const { None }; N];
    while let Some((tag, field)) = reader.field()? {
        if let Some(slot) = texts.get_mut(usize::from(tag).wrapping_sub(1)) {
            *slot = Some(Cow::Borrowed(field.rest_text()?));
        }
    }
    Ok(texts)
}
