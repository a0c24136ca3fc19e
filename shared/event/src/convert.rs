//! From the text of one record to an event.

use crate::Facts;
use crate::arrival::{Arrival, moment, times};
use crate::consent::Answers;
use crate::event::{Event, EventType, MessageHash, TimeMark, names};
use crate::fault::{fault_rejection, json_rejection, object_text};
use crate::identifier::Identifiers;
use crate::identify::PUSH_TOKEN;
use crate::marks::Marks;
use crate::parse::{Envelope, Parsed, Parser};
use crate::pii;
use crate::plan::{self, Checked};
use crate::raw::RawEvent;
use crate::rejection::{Code, Rejection};
use crate::text::{bounded, clean, normalise, trim};
use serde_json::{Map, Value};
use std::borrow::Cow;

impl Parser {
    pub(crate) fn convert<'a>(
        &self,
        record: &'a str,
        implied: Option<EventType>,
        batch: &Envelope<'a>,
        source: &'a str,
        arrival: Arrival,
    ) -> Result<Parsed<'a>, Rejection> {
        let mut raw = RawEvent::default();
        let survey = self.masker().survey(record);
        raw.read(record, &survey).map_err(fault_rejection)?;
        if let Some(context) = batch.context {
            raw.inherit(context.get()).map_err(fault_rejection)?;
        }
        raw.take_merge()?;
        let answers = raw.context.as_ref().and_then(|context| {
            Answers::read(&self.settings().consent, context.consent, context.consent_management)
        });
        // Before anything else can refuse the record, and have it kept.
        if self.settings().consent.withholds(answers.as_ref(), source) {
            return self.withheld(raw, answers, &batch.sent_at, source, arrival);
        }
        let composed = raw.composed;
        let clean = |text| clean(text, composed);
        let kind = match raw.kind.as_deref() {
            Some(name) => EventType::of_call(trim(name)).ok_or_else(|| {
                Rejection::new(
                    Code::InvalidType,
                    "type",
                    "not one of identify, track, page, screen, group, alias, merge",
                )
            })?,
            None => implied.ok_or_else(|| {
                Rejection::new(Code::InvalidType, "type", "missing; say identify, track, page, …")
            })?,
        };
        // Most records hold nothing personal anywhere: one look spares a look at each of their texts.
        let address = raw.context.as_ref().and_then(|context| context.ip);
        let suspect = self.masker().finds_in(record, &survey, [address, raw.anonymous_id.as_deref()])
            || batch.context.is_some_and(|context| self.masker().finds(context.get(), address));
        let name = bounded(self.masked(event_name(kind, raw.event.0.take().map(clean))?, suspect), MAX_NAME);
        let (received_at, happened_at, time_mark) = times(&raw, &batch.sent_at, arrival);

        let mut secrets = Vec::new();
        let mut context_traits = raw.context.as_mut().and_then(|context| context.traits.take());
        // RudderStack's clients say what an identify call tells in the context alone.
        if kind == EventType::Identify && matches!(raw.traits, None | Some("null" | "{}")) {
            raw.traits = context_traits.take();
        }
        let mut identifiers = Identifiers::default();
        let user_id = self.identify(&mut raw, &mut identifiers, &mut secrets);
        let is_person = kind != EventType::Group;
        let added = added_properties(&raw, kind);
        // What it comes to counts only further on: there may be stronger reasons to refuse the record.
        let checked = match &self.settings().plan {
            None => Ok(Checked::default()),
            Some(plan) => plan::check(plan.as_ref(), &name, kind, &raw, &added),
        };
        let traits = match checked.as_ref().ok().and_then(Checked::traits_text).filter(|_| is_person) {
            None => self.traits(raw.traits.filter(|_| is_person), true, &mut identifiers, &mut secrets)?,
            Some(mended) => {
                let traits = self.traits(Some(&mended), true, &mut identifiers, &mut secrets)?;
                Cow::Owned(traits.into_owned())
            }
        };
        // What the context says of the person identifies them; only identify and group change traits.
        self.traits(context_traits, false, &mut identifiers, &mut secrets)?;
        if identifiers.is_empty() {
            return Err(Rejection::new(
                Code::MissingIdentifier,
                "userId",
                "no usable identifier: send a userId, an anonymousId, an e-mail or a phone number \
                 (placeholders such as null, 0 or unknown do not count)",
            ));
        }
        self.check_privacy(&identifiers, happened_at, time_mark, arrival)?;
        let owner = identifiers[0];
        for secret in
            secrets.iter_mut().filter(|s| !matches!(s.field.as_str(), "email" | "phone" | PUSH_TOKEN))
        {
            secret.identifier = owner;
        }

        let message_id = match raw.message_id.0.take().map(clean).filter(|id| !id.is_empty()) {
            Some(id) => bounded(self.masked(id, suspect), 256),
            None => Cow::Owned(derived_id(record, source, moment(&raw, arrival))),
        };
        let Checked { violations, properties: mended, .. } = checked?;
        let (properties, facts) = self.properties(&mut raw, added, mended, suspect)?;
        let vaulted = secrets.iter().map(|secret| Cow::Owned(secret.field.clone())).collect();
        Ok(Parsed {
            event: Event {
                hash: MessageHash::of(&message_id),
                message_id,
                kind,
                name,
                happened_at,
                received_at,
                time_mark,
                identifiers,
                user_id,
                properties,
                traits,
                context: raw
                    .context
                    .map(|context| self.context(context, answers.as_ref(), composed, suspect))
                    .unwrap_or_default(),
                facts,
                source: Cow::Borrowed(source),
                marks: Marks::new(violations, vaulted),
            },
            secrets,
        })
    }

    /// Refuses what is about somebody who was erased since it happened, or who is restricted.
    #[inline]
    pub(crate) fn check_privacy(
        &self,
        identifiers: &Identifiers,
        happened_at: i64,
        mark: TimeMark,
        arrival: Arrival,
    ) -> Result<(), Rejection> {
        // A recorded event that tells no time of its own happened nobody knows when.
        let known = mark == TimeMark::Given || matches!(arrival, Arrival::Live { .. });
        match self.settings().privacy.refusal(identifiers, known.then_some(happened_at)) {
            None => Ok(()),
            Some(code) => Err(listed(code)),
        }
    }

    /// The properties' text without personal data, and the facts in them.
    fn properties<'a>(
        &self,
        raw: &mut RawEvent<'a>,
        added: Vec<(&'static str, String)>,
        mended: Option<Value>,
        suspect: bool,
    ) -> Result<(Cow<'a, str>, Facts<'a>), Rejection> {
        let text = object_text(raw.properties, "properties")?.unwrap_or_default();
        let currency = self.settings().currency;
        let same = raw.composed || matches!(normalise(text), Cow::Borrowed(_));
        if same
            && mended.is_none()
            && added.is_empty()
            && !(raw.facts.suspicious || suspect && self.masker().finds(text, None))
        {
            let facts = match text {
                "" => Facts::default(),
                _ => std::mem::take(&mut raw.facts).into_facts(currency),
            };
            return Ok((Cow::Borrowed(text), facts));
        }
        let mended = mended.map(|value| value.to_string());
        let mut value = match mended.as_deref().unwrap_or(text) {
            "" => Value::Object(Map::new()),
            text => serde_json::from_str(&normalise(text)).map_err(|e| json_rejection(&e))?,
        };
        if let Value::Object(fields) = &mut value {
            for (name, value) in added {
                fields.entry(name).or_insert(Value::String(value));
            }
        }
        pii::redact(&mut value, self.masker());
        let text = value.to_string();
        let facts = Facts::of(&text, Some(currency)).into_owned();
        Ok((Cow::Owned(text), facts))
    }
}

/// Why an event about somebody on the privacy list is refused.
#[cold]
fn listed(code: Code) -> Rejection {
    let reason = match code {
        Code::Erased => "it is about somebody whose data was erased after it happened; it is kept nowhere",
        _ => "it is about somebody whose data may not be worked with for now; it waits in quarantine",
    };
    Rejection::new(code, "", reason)
}

/// What a call's own fields add to the properties.
fn added_properties(raw: &RawEvent<'_>, kind: EventType) -> Vec<(&'static str, String)> {
    let fields: &[_] = match kind {
        EventType::Page | EventType::Screen => &[("name", &raw.name), ("category", &raw.category)],
        EventType::Group => &[("group_id", &raw.group_id)],
        _ => &[],
    };
    let texts = fields.iter().filter_map(|(field, text)| Some((*field, text.as_deref()?.trim().to_owned())));
    texts.collect()
}

/// Longest name of an event, in bytes.
const MAX_NAME: usize = 128;

fn event_name(kind: EventType, event: Option<Cow<'_, str>>) -> Result<Cow<'_, str>, Rejection> {
    Ok(Cow::Borrowed(match kind {
        EventType::Track => {
            let name = event.filter(|name| !name.is_empty());
            return name.ok_or_else(|| {
                Rejection::new(Code::MissingEvent, "event", "a track call needs the event's name")
            });
        }
        EventType::Page => names::PAGE_VIEWED,
        EventType::Screen => names::SCREEN_VIEWED,
        EventType::Identify => names::IDENTIFIED,
        EventType::Group => names::GROUP_JOINED,
        EventType::Alias => names::ALIASED,
    }))
}

/// A message id for a record that has none: the same record from the same source gets the same one.
fn derived_id(record: &str, source: &str, moment: i64) -> String {
    let seed = xxhash_rust::xxh3::xxh3_64(source.as_bytes()) ^ moment as u64;
    format!("derived-{:032x}", xxhash_rust::xxh3::xxh3_128_with_seed(record.as_bytes(), seed))
}
