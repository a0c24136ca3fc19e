//! From the bytes of a record to a clean event, or the reason why not.

use crate::contact::{is_contact, normalise_email, normalise_phone};
use crate::event::{Event, EventType, MessageHash, TimeMark, names};
use crate::identifier::{Identifier, IdentifierKind, Identifiers, Pseudonymizer, is_junk};
use crate::json::{Fault, FaultKind};
use crate::money::Currency;
use crate::pii::{self, Secret};
use crate::raw::{RawContext, RawEvent, Text};
use crate::rejection::{Code, Rejection};
use crate::text::{clean, normalise, trim, truncate};
use crate::time::{MAX_FUTURE_MS, parse_time};
use crate::{Campaign, Context, Device, Facts};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// How records reach us, which decides what "received" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Over the network, at this moment (UTC ms): the receive time, against which the sender's clock is
    /// corrected.
    Live { now: i64 },
    /// From a file or a log read at this moment (UTC ms). A record's receive time is its own
    /// `receivedAt`, else its `sentAt`, else its `timestamp`; a record with none is received now.
    Recorded { now: i64 },
}

/// What a deployment's records mean where they don't say.
#[derive(Debug, Clone)]
pub struct ParserSettings {
    /// ISO 3166 code of the country in which national phone numbers are read.
    pub region: String,
    /// The currency of amounts that name none.
    pub currency: Currency,
}

impl Default for ParserSettings {
    fn default() -> Self {
        ParserSettings { region: "CN".into(), currency: Currency::parse("USD").expect("three letters") }
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
struct Envelope<'a> {
    #[serde(borrow)]
    batch: Option<Vec<&'a RawValue>>,
    #[serde(borrow, alias = "sent_at")]
    sent_at: Text<'a>,
}

/// Parses and cleans records. Holds the deployment's key, so it is made once.
#[derive(Debug, Clone)]
pub struct Parser {
    hasher: Pseudonymizer,
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
        Parser { hasher, settings }
    }

    /// Makes keyed hashes under the same key as the parser's.
    pub fn hasher(&self) -> &Pseudonymizer {
        &self.hasher
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
        self.convert(record, implied, &Text::default(), source, arrival)
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
        let envelope: Envelope = serde_json::from_str(text).map_err(|e| json_rejection(&e))?;
        let Some(batch) = envelope.batch else {
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
                    .and_then(|()| self.convert(record, None, &envelope.sent_at, source, arrival))
                    .map_err(|rejection| (rejection, record))
            })
            .collect())
    }

    fn convert<'a>(
        &self,
        record: &'a str,
        implied: Option<EventType>,
        batch_sent_at: &Text<'_>,
        source: &'a str,
        arrival: Arrival,
    ) -> Result<Parsed<'a>, Rejection> {
        let mut raw = RawEvent::default();
        raw.read(record).map_err(rejection)?;
        let composed = raw.composed;
        let clean = |text| clean(text, composed);
        let kind = match raw.kind.as_deref() {
            Some(name) => EventType::parse(trim(name)).ok_or_else(|| {
                Rejection::new(
                    Code::InvalidType,
                    "type",
                    "not one of identify, track, page, screen, group, alias",
                )
            })?,
            None => implied.ok_or_else(|| {
                Rejection::new(Code::InvalidType, "type", "missing; say identify, track, page, …")
            })?,
        };
        // Most records hold nothing like an e-mail address anywhere: one look spares a look at each of their texts.
        let suspect = pii::may_hold_address(record);
        let name = self.masked(event_name(kind, raw.event.0.take().map(clean))?, suspect);
        let (received_at, happened_at, time_mark) = times(&raw, batch_sent_at, arrival);

        let mut secrets = Vec::new();
        let context_traits = raw.context.as_mut().and_then(|context| context.traits.take());
        let mut identifiers = Identifiers::default();
        let user_id = self.identify(&mut raw, &mut identifiers, &mut secrets);
        let is_person = kind != EventType::Group;
        let traits = self.traits(raw.traits.filter(|_| is_person), true, &mut identifiers, &mut secrets)?;
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
        let owner = identifiers[0];
        for secret in secrets.iter_mut().filter(|s| !matches!(s.field.as_str(), "email" | "phone")) {
            secret.identifier = owner;
        }

        let message_id = match raw.message_id.0.take().map(clean).filter(|id| !id.is_empty()) {
            Some(id) => self.masked(bounded(id, 256), suspect),
            None => Cow::Owned(derived_id(record, source, moment(&raw, arrival))),
        };
        let (properties, facts) = self.properties(&mut raw, kind, suspect)?;
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
                    .map(|context| self.context(context, composed, suspect))
                    .unwrap_or_default(),
                facts,
                source: Cow::Borrowed(source),
            },
            secrets,
        })
    }

    /// Hashes the identifiers of the record's own fields; returns the user id where it may stay readable.
    fn identify<'a>(
        &self,
        raw: &mut RawEvent<'a>,
        identifiers: &mut Identifiers,
        secrets: &mut Vec<Secret>,
    ) -> Option<Cow<'a, str>> {
        let composed = raw.composed;
        let clean = |text| clean(text, composed);
        let user_id = raw.user_id.0.take().map(clean).filter(|id| !is_junk(id)).map(|id| bounded(id, 256));
        // That one is known not to be junk.
        if let Some(id) = &user_id {
            identifiers.insert(self.hasher.identifier(IdentifierKind::User, id));
        }
        let mut add = |kind: IdentifierKind, value: &str| {
            if !is_junk(value) {
                identifiers.insert(self.hasher.identifier(kind, value));
            }
        };
        for anonymous in [raw.anonymous_id.0.take(), raw.previous_id.0.take()].into_iter().flatten() {
            add(IdentifierKind::Anonymous, truncate(&clean(anonymous), 256));
        }
        if let Some(context) = &mut raw.context {
            if let Some(id) = context.device.as_mut().and_then(|device| device.id.0.take()) {
                add(IdentifierKind::Device, truncate(&clean(id), 256));
            }
            for external in std::mem::take(&mut context.external_ids) {
                let kind = external.kind.as_deref().and_then(IdentifierKind::parse);
                let Some(id) = external.id.0.map(clean) else { continue };
                match kind {
                    Some(IdentifierKind::User) | None => {
                        let scope = external.kind.as_deref().unwrap_or_default();
                        add(IdentifierKind::External, &format!("{scope}:{}", truncate(&id, 256)));
                    }
                    Some(IdentifierKind::Email) => self.add_email(&id, identifiers_of(&mut add), secrets),
                    Some(IdentifierKind::Phone) => self.add_phone(&id, identifiers_of(&mut add), secrets),
                    Some(kind) => add(kind, truncate(&id, 256)),
                }
            }
        }
        let user_id = user_id?;
        if is_contact(&user_id, &self.settings.region) {
            self.add_email(&user_id, identifiers_of(&mut add), secrets);
            self.add_phone(&user_id, identifiers_of(&mut add), secrets);
            return None;
        }
        (!pii::may_hold_address(&user_id)).then_some(user_id)
    }

    fn add_email(&self, text: &str, add: &mut dyn FnMut(IdentifierKind, &str), secrets: &mut Vec<Secret>) {
        if let Some(email) = normalise_email(text) {
            add(IdentifierKind::Email, &email);
            self.keep(IdentifierKind::Email, email, secrets);
        }
    }

    fn add_phone(&self, text: &str, add: &mut dyn FnMut(IdentifierKind, &str), secrets: &mut Vec<Secret>) {
        if let Some(phone) = normalise_phone(text, &self.settings.region) {
            add(IdentifierKind::Phone, &phone);
            self.keep(IdentifierKind::Phone, phone, secrets);
        }
    }

    fn keep(&self, kind: IdentifierKind, value: String, secrets: &mut Vec<Secret>) {
        let identifier = self.hasher.identifier(kind, &value);
        let secret = Secret { identifier, field: kind.as_str().to_owned(), value };
        if !secrets.contains(&secret) {
            secrets.push(secret);
        }
    }

    /// Splits traits into identifiers, secrets and the rest, which is returned as JSON text.
    fn traits<'a>(
        &self,
        traits: Option<&'a str>,
        keep_secrets: bool,
        identifiers: &mut Identifiers,
        secrets: &mut Vec<Secret>,
    ) -> Result<Cow<'a, str>, Rejection> {
        let Some(text) = object_text(traits, "traits")? else { return Ok(Cow::Borrowed("")) };
        let mut fields: Map<String, Value> = serde_json::from_str(text).map_err(|e| json_rejection(&e))?;
        let mut add = |kind, value: &str| identifiers.insert(self.hasher.identifier(kind, value));
        for (field, value) in pii::take_personal(&mut fields) {
            match field {
                "email" => self.add_email(&value, &mut add, secrets),
                "phone" => self.add_phone(&value, &mut add, secrets),
                field if keep_secrets => {
                    let value = truncate(&value, 1024).to_owned();
                    // The owner is known only once all identifiers are.
                    let identifier = Identifier { kind: IdentifierKind::User, key: Default::default() };
                    secrets.push(Secret { identifier, field: field.to_owned(), value });
                }
                _ => {}
            }
        }
        let mut rest = Value::Object(fields);
        pii::redact(&mut rest, &self.hasher, &self.settings.region);
        let text = if rest.as_object().is_some_and(Map::is_empty) { String::new() } else { rest.to_string() };
        Ok(Cow::Owned(normalise(&text).into_owned()))
    }

    /// The properties' text without personal data, and the facts in them.
    fn properties<'a>(
        &self,
        raw: &mut RawEvent<'a>,
        kind: EventType,
        suspect: bool,
    ) -> Result<(Cow<'a, str>, Facts<'a>), Rejection> {
        let text = object_text(raw.properties, "properties")?.unwrap_or_default();
        let currency = self.settings.currency;
        let added = added_properties(raw, kind);
        let same = raw.composed || matches!(normalise(text), Cow::Borrowed(_));
        if same && added.is_empty() && !(raw.facts.suspicious || suspect && pii::may_hold_address(text)) {
            let facts = match text {
                "" => Facts::default(),
                _ => std::mem::take(&mut raw.facts).into_facts(currency),
            };
            return Ok((Cow::Borrowed(text), facts));
        }
        let mut value = match text {
            "" => Value::Object(Map::new()),
            text => serde_json::from_str(&normalise(text)).map_err(|e| json_rejection(&e))?,
        };
        if let Value::Object(fields) = &mut value {
            for (name, value) in added {
                fields.entry(name).or_insert(Value::String(value));
            }
        }
        pii::redact(&mut value, &self.hasher, &self.settings.region);
        let text = value.to_string();
        let facts = Facts::of(&text, Some(currency)).into_owned();
        Ok((Cow::Owned(text), facts))
    }

    fn context<'a>(&self, raw: RawContext<'a>, composed: bool, suspect: bool) -> Context<'a> {
        let plain = |text| tidy(text, composed).map(|text| self.masked(text, suspect));
        let address = |text| {
            let masked = |url| if suspect { self.masked(without_personal_query(url), true) } else { url };
            tidy(text, composed).map(masked)
        };
        let (os, app_version) = (plain(raw.os_name), plain(raw.app_version));
        let device = raw.device.map(|device| *device);
        let (model, kind) = device.map_or((None, None), |device| (plain(device.model), plain(device.kind)));
        let device = Device { model, kind, os, app_version };
        let campaign = raw.campaign.map(|campaign| {
            let [source, medium, name, term, content] = campaign.map(plain);
            Campaign { source, medium, name, term, content }
        });
        let [url, path, title, referrer] = raw.page;
        Context {
            url: address(url).or_else(|| address(path)),
            title: plain(title),
            referrer: address(referrer),
            user_agent: plain(raw.user_agent),
            locale: plain(raw.locale),
            timezone: plain(raw.timezone),
            campaign: campaign.filter(|c| *c != Campaign::default()).map(Box::new),
            device: (device != Device::default()).then(|| Box::new(device)),
            consent: raw.consent.and_then(|preferences| self.consent(preferences)),
            rest: self.rest(raw.rest),
        }
    }

    fn consent<'a>(&self, preferences: &'a str) -> Option<Cow<'a, str>> {
        if !preferences.starts_with('{') {
            return None;
        }
        if !pii::may_hold_address(preferences) {
            return Some(Cow::Borrowed(preferences));
        }
        let mut value = serde_json::from_str(preferences).ok()?;
        pii::redact(&mut value, &self.hasher, &self.settings.region);
        Some(Cow::Owned(value.to_string()))
    }

    /// Context keys that have no field of their own, as one object without personal data.
    fn rest<'a>(&self, rest: Vec<(Cow<'a, str>, &'a str)>) -> Option<Cow<'a, str>> {
        if rest.is_empty() {
            return None;
        }
        let fields = rest
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_owned(), serde_json::from_str(value).ok()?)));
        let mut value = Value::Object(fields.collect());
        pii::redact(&mut value, &self.hasher, &self.settings.region);
        Some(Cow::Owned(normalise(&value.to_string()).into_owned()))
    }

    #[inline]
    fn masked<'a>(&self, text: Cow<'a, str>, suspect: bool) -> Cow<'a, str> {
        match suspect && pii::may_hold_address(&text) {
            true => Cow::Owned(pii::mask_emails(&text, &self.hasher)),
            false => text,
        }
    }
}

fn identifiers_of(add: &mut dyn FnMut(IdentifierKind, &str)) -> &mut dyn FnMut(IdentifierKind, &str) {
    add
}

fn check_size(len: usize) -> Result<(), Rejection> {
    if len > Parser::MAX_BYTES {
        let reason = format!("{len} bytes; an event may have {}", Parser::MAX_BYTES);
        return Err(Rejection::new(Code::TooLarge, "", reason));
    }
    Ok(())
}

fn utf8(bytes: &[u8]) -> Result<&str, Rejection> {
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

fn json_rejection(error: &serde_json::Error) -> Rejection {
    let place = format!("column {}", error.column());
    match error.classify() {
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

fn event_name(kind: EventType, event: Option<Cow<'_, str>>) -> Result<Cow<'_, str>, Rejection> {
    Ok(Cow::Borrowed(match kind {
        EventType::Track => {
            let name = event.filter(|name| !name.is_empty());
            return name.map(|name| bounded(name, 128)).ok_or_else(|| {
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

/// Receive time, event time, and what had to be done to it.
///
/// A client's clock is corrected as the Segment spec has it:
/// `timestamp = receivedAt − (sentAt − originalTimestamp)`. A record that carries all of `receivedAt`,
/// `originalTimestamp` and `timestamp` was corrected by whoever received it.
fn times(raw: &RawEvent<'_>, batch_sent_at: &Text<'_>, arrival: Arrival) -> (i64, i64, TimeMark) {
    let read = |text: &Text<'_>| text.as_deref().and_then(parse_time);
    let sent = read(&raw.sent_at).or_else(|| read(batch_sent_at));
    let stamp = read(&raw.timestamp);
    let original = read(&raw.original_timestamp);
    let (received, corrected) = match arrival {
        Arrival::Live { now } => (now, false),
        Arrival::Recorded { now } => {
            let given = read(&raw.received_at);
            let corrected = given.is_some() && original.is_some() && stamp.is_some();
            let received = given.or(sent).or(stamp).or(original).unwrap_or(now);
            (if received > now.saturating_add(MAX_FUTURE_MS) { now } else { received }, corrected)
        }
    };
    let happened = if corrected {
        stamp
    } else {
        let original = original.or(stamp);
        match (original, sent) {
            (Some(original), Some(sent)) => Some(received.saturating_sub(sent.saturating_sub(original))),
            (original, _) => original,
        }
    };
    match happened {
        None => (received, received, TimeMark::Missing),
        Some(at) if at > received.saturating_add(MAX_FUTURE_MS) => (received, received, TimeMark::Future),
        Some(at) => (received, at, TimeMark::Given),
    }
}

/// The text of a JSON object; nothing for `null`, none and `{}`.
fn object_text<'a>(value: Option<&'a str>, field: &str) -> Result<Option<&'a str>, Rejection> {
    match value {
        None | Some("null" | "{}") => Ok(None),
        Some(text) if text.starts_with('{') => Ok(Some(text)),
        Some(_) => Err(Rejection::new(Code::InvalidField, field, "must be an object")),
    }
}

#[inline]
fn tidy(text: Text<'_>, composed: bool) -> Option<Cow<'_, str>> {
    text.0.map(|text| clean(text, composed)).filter(|text| !text.is_empty()).map(|text| bounded(text, 1024))
}

/// A query that holds an e-mail address is dropped whole.
fn without_personal_query(url: Cow<'_, str>) -> Cow<'_, str> {
    match url.find(['?', '#']) {
        Some(query) if pii::may_hold_address(&url) => Cow::Owned(url[..query].to_owned()),
        _ => url,
    }
}

#[inline]
fn bounded(text: Cow<'_, str>, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return text;
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(truncate(text, max)),
        Cow::Owned(text) => Cow::Owned(truncate(&text, max).to_owned()),
    }
}

/// What tells a live record without any time of its own from an equal one: the moment it came.
fn moment(raw: &RawEvent<'_>, arrival: Arrival) -> i64 {
    let timed = [&raw.timestamp, &raw.original_timestamp].iter().any(|text| text.as_deref().is_some());
    match arrival {
        Arrival::Live { now } if !timed => now,
        _ => 0,
    }
}

/// A message id for a record that has none: the same record from the same source gets the same one.
fn derived_id(record: &str, source: &str, moment: i64) -> String {
    let seed = xxhash_rust::xxh3::xxh3_64(source.as_bytes()) ^ moment as u64;
    format!("derived-{:032x}", xxhash_rust::xxh3::xxh3_128_with_seed(record.as_bytes(), seed))
}
