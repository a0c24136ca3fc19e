//! Records that must not become events, since the person did not agree: only their answers go on.

use crate::arrival::{Arrival, times};
use crate::consent::Answers;
use crate::event::{Event, EventType, MessageHash, names};
use crate::identifier::Identifiers;
use crate::pii;
use crate::raw::{RawEvent, Text};
use crate::rejection::{Code, Rejection};
use crate::text::{bounded, clean};
use crate::{Context, Facts, Parsed, Parser};
use serde_json::{Map, Value};
use std::borrow::Cow;

impl Parser {
    /// The event that is left of a record without consent to analytics: who, when, what they answered, and nothing
    /// else. A record that answers nothing leaves none.
    pub(crate) fn withheld<'a>(
        &self,
        mut raw: RawEvent<'a>,
        answers: Option<Answers>,
        batch_sent_at: &Text<'_>,
        source: &'a str,
        arrival: Arrival,
    ) -> Result<Parsed<'a>, Rejection> {
        let mut answers = answers.unwrap_or_default();
        self.other_answers(&raw, &mut answers);
        let none = || {
            Err(Rejection::new(
                Code::NoConsent,
                "context.consent",
                "the person did not agree to analytics, so that nothing of the record was kept",
            ))
        };
        if answers.is_empty() {
            return none();
        }
        let mut identifiers = Identifiers::default();
        // What would go to the vault is dropped.
        let mut dropped = Vec::new();
        let group = raw.kind.as_deref() == Some(EventType::Group.as_str());
        let context_traits = raw.context.as_mut().and_then(|context| context.traits.take());
        self.identify(&mut raw, &mut identifiers, &mut dropped);
        for traits in [raw.traits.filter(|_| !group), context_traits] {
            // Traits of another shape identify nobody.
            _ = self.traits(traits, false, &mut identifiers, &mut dropped);
        }
        if identifiers.is_empty() {
            return none();
        }
        let (received_at, happened_at, time_mark) = times(&raw, batch_sent_at, arrival);
        self.check_privacy(&identifiers, happened_at, time_mark, arrival)?;
        let composed = raw.composed;
        let text = self.consent_text(&answers);
        let message_id = raw.message_id.0.take().map(|id| clean(id, composed)).filter(|id| !id.is_empty());
        let message_id = match message_id {
            Some(id) => bounded(self.masked(id, true), 256),
            None => Cow::Owned(format!(
                "consent-{}-{happened_at}-{:016x}",
                identifiers[0].key,
                MessageHash::of(&text).0
            )),
        };
        Ok(Parsed {
            event: Event {
                hash: MessageHash::of(&message_id),
                message_id,
                kind: EventType::Track,
                name: Cow::Borrowed(names::CONSENT_CHANGED),
                happened_at,
                received_at,
                time_mark,
                identifiers,
                user_id: None,
                properties: Cow::Borrowed(""),
                traits: Cow::Borrowed(""),
                context: Context { consent: Some(Cow::Owned(text)), ..Context::default() },
                facts: Facts::default(),
                source: Cow::Borrowed(source),
                marks: Default::default(),
            },
            secrets: Vec::new(),
        })
    }

    /// The answers that a record gives otherwise than in its context: `email_opt_in` and the like among its traits,
    /// and being a subscription or the end of one.
    fn other_answers(&self, raw: &RawEvent<'_>, answers: &mut Answers) {
        let traits = raw.traits.and_then(|traits| serde_json::from_str::<Map<String, Value>>(traits).ok());
        for (name, value) in traits.iter().flatten() {
            if let (Some(channel), Value::Bool(granted)) = (name.strip_suffix("_opt_in"), value) {
                answers.insert(channel, *granted);
            }
        }
        let subscribed = match raw.event.as_deref().map(str::trim) {
            Some(names::SUBSCRIBED) => true,
            Some(names::UNSUBSCRIBED) => false,
            _ => return,
        };
        answers.insert(raw.facts.channel().unwrap_or("marketing"), subscribed);
    }

    /// The answers' JSON text, without personal data in any name or note.
    pub(crate) fn consent_text(&self, answers: &Answers) -> String {
        let mut value = answers.to_json();
        // The version of a text is masked too, which that of a program would not be.
        for note in value.as_object_mut().into_iter().flatten().filter_map(|(_, note)| match note {
            Value::String(note) => Some(note),
            _ => None,
        }) {
            *note = self.masker().mask(Cow::Borrowed(note)).into_owned();
        }
        pii::redact(&mut value, self.masker());
        value.to_string()
    }
}
