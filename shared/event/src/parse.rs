//! The parser: from the bytes of a record to a clean event, or the reason why not.

use crate::arrival::Arrival;
use crate::blocked::BlockedIdentifiers;
use crate::consent::ConsentRules;
use crate::event::{Event, EventType};
use crate::fault::{check_size, json_rejection, utf8};
use crate::identifier::Pseudonymizer;
use crate::mask::Masker;
use crate::money::Currency;
use crate::pii::Secret;
use crate::plan::TrackingPlan;
use crate::privacy::Privacy;
use crate::raw::Text;
use crate::rejection::{Code, Rejection};
use serde::Deserialize;
use serde_json::value::RawValue;
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
}
