//! From a request to events on the bus.

use crate::given_keys::{Given, of_body, of_head};
use crate::records::{is_batch, translated};
use crate::route::{Form, Route, route};
use crate::{Request, Response, WriteKeys, answer, body, question, unsubscribe, webhooks};
use event::dialect::Translated;
use event::{
    Arrival, Came, Code, Event, EventBus, Parsed, Parser, PortError, PrivacyRequests, QualityCount,
    Quarantine, Quarantined, Rejection, Secret, Vault,
};

/// What intake over HTTP works with.
pub struct Deps<'d, B, V, Q, P> {
    pub bus: &'d B,
    pub vault: &'d V,
    pub quarantine: &'d Q,
    /// What customers ask for by law, through the system of a shop.
    pub requests: &'d P,
    pub parser: &'d Parser,
    pub write_keys: &'d WriteKeys,
}

/// Answers one request. An answer of 200 is given once all accepted events are on the bus, their personal
/// data in the vault, and all refused records in quarantine.
pub async fn run<B: EventBus, V: Vault, Q: Quarantine, P: PrivacyRequests>(
    deps: &Deps<'_, B, V, Q, P>,
    request: &Request<'_>,
) -> Response {
    let response = match route(request.method, request.path) {
        Route::Health => answer::healthy(),
        Route::Preflight => answer::preflight(request),
        Route::Ask(question) => question::answered(question, deps.write_keys, request),
        Route::WrongMethod { allowed } => answer::wrong_method(allowed),
        Route::Unknown => answer::unknown_route(),
        Route::Webhook(name) => webhooks::take(deps, request, name).await,
        Route::Unsubscribe(token) => unsubscribe::answer(deps, request, token).await,
        Route::Take(form) => {
            let response = collect(deps, request, form).await;
            match form {
                Form::Pixel(_) => answer::as_picture(response),
                _ => response,
            }
        }
    };
    answer::for_origin(response, request)
}

/// What became of a request's records.
#[derive(Default)]
pub(crate) struct Outcome<'a> {
    events: Vec<Event<'a>>,
    secrets: Vec<Secret>,
    /// Place in the batch, why, and the record.
    refused: Vec<(usize, Rejection)>,
    /// How many records of which nothing but answers about consent was kept, if that.
    withheld: usize,
    /// Why records were dropped of which nothing may be kept.
    dropped: Vec<Code>,
    quarantined: Vec<Quarantined>,
    /// How its records came.
    came: Came,
}

async fn collect<B: EventBus, V: Vault, Q: Quarantine, P: PrivacyRequests>(
    deps: &Deps<'_, B, V, Q, P>,
    request: &Request<'_>,
    form: Form,
) -> Response {
    if deps.write_keys.is_empty() {
        return answer::no_write_keys();
    }
    let given = match of_head(deps.write_keys, request) {
        // A wrong key is refused before its body costs anything.
        Given::Wrong => return answer::wrong_key(),
        Given::Source(source) => Some(source),
        Given::None => None,
    };
    let body = match body::plain_body(request, form) {
        Ok(body) => body,
        Err(rejection) => return answer::unread(&rejection),
    };
    let Some(source) = given.or_else(|| of_body(deps.write_keys, &body)) else {
        return answer::wrong_key();
    };
    let limits = deps.write_keys.limits();
    if let Err(seconds) = limits.check(source, request.now) {
        return answer::too_many(seconds);
    }
    if form == Form::Ga4Check {
        return answer::validated(&body);
    }

    let records = translated(request, form, &body);
    let parsed = match &records {
        Ok(records) => parse(deps.parser, &body, records.as_deref(), source, form, request.now),
        Err(rejection) => Err(rejection.clone()),
    };
    let (outcome, whole) = match parsed {
        Ok(outcome) => (outcome, None),
        Err(rejection) if rejection.code == Code::NoConsent => {
            (Outcome { withheld: 1, dropped: vec![Code::NoConsent], ..Outcome::default() }, None)
        }
        Err(rejection) => {
            let mut outcome = Outcome::default();
            match &records {
                // What was made of another vendor's body says everything itself.
                Ok(Some(records)) if let [Ok(record)] = &records[..] => {
                    outcome.keep(request.now, source, &rejection, record.as_bytes());
                }
                _ => {
                    let call = if let Form::Call(call, _) = form { Some(call) } else { None };
                    outcome.came = Came::in_body(&body, call, form == Form::Import);
                    outcome.keep(request.now, source, &rejection, &body);
                }
            }
            (outcome, Some(rejection))
        }
    };
    limits.spend(source, outcome.events.len() + outcome.quarantined.len(), request.now);
    match (store(deps, &outcome, source, request.now).await, whole) {
        (Err(error), _) => answer::failed(&error),
        (Ok(()), Some(rejection)) => answer::refused(&rejection),
        (Ok(()), None) => answer::taken(form, outcome.events.len(), outcome.withheld, &outcome.refused),
    }
}

/// The events of a body; the error is for a body that is refused as a whole.
fn parse<'a>(
    parser: &Parser,
    body: &'a [u8],
    translated: Option<&'a [Translated]>,
    source: &'a str,
    form: Form,
    now: i64,
) -> Result<Outcome<'a>, Rejection> {
    let live = Arrival::Live { now };
    let records = match (translated, form) {
        (Some(translated), _) => {
            let mut records = Vec::with_capacity(translated.len());
            for record in translated {
                records.push(match record {
                    Ok(text) => parser.parse(text.as_bytes(), source, live).map_err(|r| (r, text.as_str())),
                    Err((rejection, original)) => Err((rejection.clone(), original.as_str())),
                });
            }
            if let [Err((rejection, _))] = records.as_slice() {
                return Err(rejection.clone());
            }
            records
        }
        (None, Form::Call(kind, _)) => vec![Ok(parser.parse_call(body, Some(kind), source, live)?)],
        (None, Form::Import) => parser.parse_batch(body, source, Arrival::Recorded { now })?,
        (None, Form::Beacon | Form::Pixel(_)) if !is_batch(body) => {
            vec![Ok(parser.parse_call(body, None, source, live)?)]
        }
        (None, _) => parser.parse_batch(body, source, live)?,
    };
    let mut outcome = Outcome::default();
    outcome.events.reserve(records.len());
    if records.iter().any(Result::is_err) {
        outcome.came = Came::in_body(body, None, form == Form::Import);
    }
    for (index, record) in records.into_iter().enumerate() {
        match record {
            Ok(Parsed { event, secrets }) => {
                outcome.withheld += usize::from(event.is_withheld());
                outcome.events.push(event);
                outcome.secrets.extend(secrets);
            }
            Err((rejection, _)) if rejection.code == Code::NoConsent => {
                outcome.withheld += 1;
                outcome.dropped.push(rejection.code);
            }
            Err((rejection, original)) => {
                outcome.keep(now, source, &rejection, original.as_bytes());
                outcome.refused.push((index, rejection));
            }
        }
    }
    Ok(outcome)
}

/// Publishes last: an event on the bus is never without its personal data in the vault. `now` is UTC ms.
pub(crate) async fn store<B: EventBus, V: Vault, Q: Quarantine, P: PrivacyRequests>(
    deps: &Deps<'_, B, V, Q, P>,
    outcome: &Outcome<'_>,
    source: &str,
    now: i64,
) -> Result<(), PortError> {
    if !outcome.secrets.is_empty() {
        deps.vault.put(&outcome.secrets).await?;
    }
    if !outcome.quarantined.is_empty() {
        deps.quarantine.put(&outcome.quarantined).await?;
    }
    if !outcome.events.is_empty() {
        deps.bus.publish(&outcome.events).await?;
    }
    if !outcome.dropped.is_empty() {
        let counts = QualityCount::of_dropped(outcome.dropped.iter().copied(), source, now);
        // A count that fails fails nothing: what was taken is safe.
        if let Err(error) = deps.quarantine.count(&counts).await {
            tracing::warn!(%error, "records that must not be kept were dropped, but not counted");
        }
    }
    Ok(())
}

impl<'a> Outcome<'a> {
    pub fn add(&mut self, parsed: Parsed<'a>) {
        self.events.push(parsed.event);
        self.secrets.extend(parsed.secrets);
    }

    pub fn accepted(&self) -> usize {
        self.events.len()
    }

    pub fn kept(&self) -> usize {
        self.quarantined.len()
    }

    /// Has a refused record kept, or counted where it must not be.
    pub fn keep(&mut self, now: i64, source: &str, rejection: &Rejection, original: &[u8]) {
        if !rejection.code.is_kept() {
            self.dropped.push(rejection.code);
        } else {
            let original = &original[..original.len().min(Parser::MAX_BYTES)];
            self.quarantined.push(Quarantined {
                at: now,
                source: source.to_owned(),
                rejection: rejection.clone(),
                original: original.to_vec(),
                came: self.came.clone(),
            });
        }
    }
}

/// Whether a rejection is about an event that is too large, rather than about a body that is.
pub(crate) fn is_too_large(rejection: &Rejection) -> bool {
    rejection.code == Code::TooLarge
}
