//! From the bytes of a record to a clean event, or the reason why not.

use crate::Facts;
use crate::arrival::{Arrival, moment, times};
use crate::blocked::BlockedIdentifiers;
use crate::consent::{Answers, ConsentRules};
use crate::event::{Event, EventType, MessageHash, TimeMark, names};
use crate::identifier::{Identifiers, Pseudonymizer};
use crate::json::{Fault, FaultKind};
use crate::marks::Marks;
use crate::mask::Masker;
use crate::money::Currency;
use crate::pii::{self, Secret};
use crate::plan::{self, Checked, TrackingPlan};
use crate::privacy::Privacy;
use crate::raw::{RawEvent, Text};
use crate::rejection::{Code, Rejection};
use crate::text::{clean, normalise, trim, truncate};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// What a deployment's records mean where they don't say.
#[derive(Debug, Clone)]
pub struct ParserSettings {
    /// ISO 3166 code of the country in which national phone numbers are read.
    pub region: String,
    /// The currency of amounts that name none.
    pub currency: Currency,
    /// Whose events are refused, since they were erased or restricted.
    pub privacy: Arc<Privacy>,
    /// What consent is needed, and what categories of consent stand for.
    pub consent: ConsentRules,
    /// What events should look like, where that was planned.
    pub plan: Option<Arc<dyn TrackingPlan>>,
    /// Identifiers that are taken as not given.
    pub blocked: BlockedIdentifiers,
}

impl Default for ParserSettings {
    fn default() -> Self {
        ParserSettings {
            region: "CN".into(),
            currency: Currency::parse("USD").expect("three letters"),
            privacy: Arc::default(),
            consent: ConsentRules::default(),
            plan: None,
            blocked: BlockedIdentifiers::default(),
        }
    }
}

/// An event, and the personal data that was taken out of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed<'a> {
    pub event: Event<'a>,
    pub secrets: Vec<Secret>,
}

/// What a batch's envelope says for all of its records.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Envelope<'a> {
    #[serde(borrow)]
    pub batch: Option<Vec<&'a RawValue>>,
    #[serde(borrow, alias = "sent_at")]
    pub sent_at: Text<'a>,
    /// What the records' own contexts leave open.
    #[serde(borrow)]
    pub context: Option<&'a RawValue>,
}

/// Parses and cleans records. Holds the deployment's key, so it is made once.
#[derive(Debug, Clone)]
pub struct Parser {
    masker: Masker,
    settings: ParserSettings,
}

impl Parser {
    /// Longest record that is taken, in bytes (the Segment spec's limit).
    pub const MAX_BYTES: usize = 32 * 1024;
    /// Deepest nesting of objects and arrays that is taken.
    pub const MAX_DEPTH: usize = 64;
    /// Most records of one batch.
    pub const MAX_BATCH: usize = 10_000;

    pub fn new(hasher: Pseudonymizer, settings: ParserSettings) -> Self {
        Parser { masker: Masker::new(hasher, &settings.region), settings }
    }

    /// Makes keyed hashes under the same key as the parser's.
    pub fn hasher(&self) -> &Pseudonymizer {
        self.masker.hasher()
    }

    /// A text with what is personal in it (e-mail addresses, telephone, identity and card numbers, IP addresses)
    /// replaced by `hmac:` and its keyed hash, as in every text of an event.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.masker.mask(Cow::Borrowed(text))
    }

    pub(crate) fn masker(&self) -> &Masker {
        &self.masker
    }

    /// A parser that cleans and hashes as this one does and refuses nothing by rule: for looking people up.
    pub fn without_rules(&self) -> Parser {
        let (region, currency) = (self.settings.region.clone(), self.settings.currency);
        let settings = ParserSettings { region, currency, ..ParserSettings::default() };
        Parser::new(self.hasher().clone(), settings)
    }

    pub fn settings(&self) -> &ParserSettings {
        &self.settings
    }

    /// One record with a `type`.
    pub fn parse<'a>(
        &self,
        record: &'a [u8],
        source: &'a str,
        arrival: Arrival,
    ) -> Result<Parsed<'a>, Rejection> {
        self.parse_call(record, None, source, arrival)
    }

    /// One record whose `type` may be given by the address it was sent to; its own wins.
    pub fn parse_call<'a>(
        &self,
        record: &'a [u8],
        implied: Option<EventType>,
        source: &'a str,
        arrival: Arrival,
    ) -> Result<Parsed<'a>, Rejection> {
        check_size(record.len())?;
        let record = utf8(record)?;
        self.convert(record, implied, &Envelope::default(), source, arrival)
    }

    /// The records of a body `{"batch": […], "sentAt": …}`, each parsed on its own: one that is refused
    /// comes back with its text and stops none of the others. The error is for a body that is no batch.
    #[allow(clippy::type_complexity)]
    pub fn parse_batch<'a>(
        &self,
        body: &'a [u8],
        source: &'a str,
        arrival: Arrival,
    ) -> Result<Vec<Result<Parsed<'a>, (Rejection, &'a str)>>, Rejection> {
        let text = utf8(body)?;
        // Depth is a matter of each record: what is read here is only passed over, without recursion.
        let mut envelope: Envelope = serde_json::from_str(text).map_err(|e| json_rejection(&e))?;
        let Some(batch) = envelope.batch.take() else {
            return Err(Rejection::new(
                Code::InvalidField,
                "batch",
                "there is no batch array; send {\"batch\": [ … ]}",
            ));
        };
        if batch.len() > Self::MAX_BATCH {
            let reason = format!("{} records; a batch may have {}", batch.len(), Self::MAX_BATCH);
            return Err(Rejection::new(Code::TooLarge, "batch", reason));
        }
        Ok(batch
            .into_iter()
            .map(|record| {
                let record = record.get();
                check_size(record.len())
                    .and_then(|()| self.convert(record, None, &envelope, source, arrival))
                    .map_err(|rejection| (rejection, record))
            })
            .collect())
    }

    pub(crate) fn convert<'a>(
        &self,
        record: &'a str,
        implied: Option<EventType>,
        batch: &Envelope<'a>,
        source: &'a str,
        arrival: Arrival,
    ) -> Result<Parsed<'a>, Rejection> {
        let mut raw = RawEvent::default();
        raw.read(record).map_err(rejection)?;
        if let Some(context) = batch.context {
            raw.inherit(context.get()).map_err(rejection)?;
        }
        raw.take_merge()?;
        let answers = raw.context.as_ref().and_then(|context| {
            Answers::read(&self.settings.consent, context.consent, context.consent_management)
        });
        // Before anything else can refuse the record, and have it kept.
        if self.settings.consent.withholds(answers.as_ref(), source) {
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
        let suspect = self.masker.finds(record, address)
            || batch.context.is_some_and(|context| self.masker.finds(context.get(), address));
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
        let checked = match &self.settings.plan {
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
        for secret in secrets.iter_mut().filter(|s| !matches!(s.field.as_str(), "email" | "phone")) {
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
        match self.settings.privacy.refusal(identifiers, known.then_some(happened_at)) {
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
        let currency = self.settings.currency;
        let same = raw.composed || matches!(normalise(text), Cow::Borrowed(_));
        if same
            && mended.is_none()
            && added.is_empty()
            && !(raw.facts.suspicious || suspect && self.masker.finds(text, None))
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
        pii::redact(&mut value, &self.masker);
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

pub(crate) fn check_size(len: usize) -> Result<(), Rejection> {
    if len > Parser::MAX_BYTES {
        let reason = format!("{len} bytes; an event may have {}", Parser::MAX_BYTES);
        return Err(Rejection::new(Code::TooLarge, "", reason));
    }
    Ok(())
}

pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Rejection> {
    simdutf8::compat::from_utf8(bytes).map_err(|error| {
        let reason = format!("not UTF-8 from byte {}; convert the source to UTF-8", error.valid_up_to() + 1);
        Rejection::new(Code::InvalidUtf8, "", reason)
    })
}

/// What a fault means to whoever sent the record.
fn rejection(fault: Fault) -> Rejection {
    let place = format!("column {}", fault.at + 1);
    let (code, reason) = match fault.kind {
        FaultKind::Early => (Code::InvalidJson, format!("the JSON ends too early, at {place}")),
        FaultKind::Syntax => (Code::InvalidJson, format!("not JSON from {place} on")),
        FaultKind::Type => (
            Code::InvalidField,
            format!("a field has the wrong type or is given twice at {place}; compare with the Segment spec"),
        ),
        FaultKind::Deep => {
            (Code::TooDeep, format!("nested more than {} deep at {place}; flatten it", Parser::MAX_DEPTH))
        }
    };
    Rejection::new(code, "", reason)
}

pub(crate) fn json_rejection(error: &serde_json::Error) -> Rejection {
    let place = format!("column {}", error.column());
    match error.classify() {
        serde_json::error::Category::Syntax if error.to_string().starts_with("recursion limit") => {
            let reason = format!("nested more than {} deep at {place}; flatten it", Parser::MAX_DEPTH);
            Rejection::new(Code::TooDeep, "", reason)
        }
        // serde_json's data errors name types and positions, never values, but for `invalid type: string "…"`.
        serde_json::error::Category::Data => Rejection::new(
            Code::InvalidField,
            "",
            format!("a field has the wrong type at {place}; compare with the Segment spec"),
        ),
        serde_json::error::Category::Eof => {
            Rejection::new(Code::InvalidJson, "", format!("the JSON ends too early, at {place}"))
        }
        _ => Rejection::new(Code::InvalidJson, "", format!("not JSON from {place} on")),
    }
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

/// The text of a JSON object; nothing for `null`, none and `{}`.
pub(crate) fn object_text<'a>(value: Option<&'a str>, field: &str) -> Result<Option<&'a str>, Rejection> {
    match value {
        None | Some("null" | "{}") => Ok(None),
        Some(text) if text.starts_with('{') => Ok(Some(text)),
        Some(_) => Err(Rejection::new(Code::InvalidField, field, "must be an object")),
    }
}

#[inline]
pub(crate) fn bounded(text: Cow<'_, str>, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return text;
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(truncate(text, max)),
        Cow::Owned(text) => Cow::Owned(truncate(&text, max).to_owned()),
    }
}

/// A message id for a record that has none: the same record from the same source gets the same one.
fn derived_id(record: &str, source: &str, moment: i64) -> String {
    let seed = xxhash_rust::xxh3::xxh3_64(source.as_bytes()) ^ moment as u64;
    format!("derived-{:032x}", xxhash_rust::xxh3::xxh3_128_with_seed(record.as_bytes(), seed))
}
