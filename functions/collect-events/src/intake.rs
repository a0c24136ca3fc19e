//! From a request to events on the bus.

use crate::route::{Route, route};
use crate::write_keys::{key_of_body, key_outside_body};
use crate::{Request, Response, WriteKeys, answer, body};
use event::{
    Arrival, Event, EventBus, Parsed, Parser, PortError, Quarantine, Quarantined, Rejection, Secret, Vault,
};

/// What intake over HTTP works with.
pub struct Deps<'d, B, V, Q> {
    pub bus: &'d B,
    pub vault: &'d V,
    pub quarantine: &'d Q,
    pub parser: &'d Parser,
    pub write_keys: &'d WriteKeys,
}

/// Answers one request. An answer of 200 is given once all accepted events are on the bus, their personal
/// data in the vault, and all refused records in quarantine.
pub async fn run<B: EventBus, V: Vault, Q: Quarantine>(
    deps: &Deps<'_, B, V, Q>,
    request: &Request<'_>,
) -> Response {
    match route(request.method, request.path) {
        Route::Health => answer::healthy(),
        Route::Preflight => answer::preflight(),
        Route::WrongMethod { allowed } => answer::wrong_method(allowed),
        Route::Unknown => answer::unknown_route(),
        target => collect(deps, request, target).await,
    }
}

/// What became of a request's records.
#[derive(Default)]
struct Outcome<'a> {
    events: Vec<Event<'a>>,
    secrets: Vec<Secret>,
    /// Place in the batch, why, and the record.
    refused: Vec<(usize, Rejection)>,
    quarantined: Vec<Quarantined>,
}

async fn collect<B: EventBus, V: Vault, Q: Quarantine>(
    deps: &Deps<'_, B, V, Q>,
    request: &Request<'_>,
    target: Route,
) -> Response {
    if deps.write_keys.is_empty() {
        return answer::no_write_keys();
    }
    let key = key_outside_body(request);
    let known = |key: Option<&str>| key.and_then(|key| deps.write_keys.source(key));
    // A wrong key is refused before its body costs anything.
    if key.is_some() && known(key.as_deref()).is_none() {
        return answer::wrong_key();
    }
    let body = match body::plain_body(request) {
        Ok(body) => body,
        Err(rejection) => return answer::unread(&rejection),
    };
    let Some(source) = known(key.or_else(|| key_of_body(&body)).as_deref()) else {
        return answer::wrong_key();
    };

    let (outcome, whole) = match parse(deps.parser, &body, source, target, request.now) {
        Ok(outcome) => (outcome, None),
        Err(rejection) => {
            let mut outcome = Outcome::default();
            outcome.keep(request.now, source, &rejection, &body);
            (outcome, Some(rejection))
        }
    };
    match (store(deps, &outcome).await, whole) {
        (Err(error), _) => answer::failed(&error),
        (Ok(()), Some(rejection)) => answer::refused(&rejection),
        (Ok(()), None) => answer::accepted(outcome.events.len(), &outcome.refused),
    }
}

/// The events of a body; the error is for a body that is refused as a whole.
fn parse<'a>(
    parser: &Parser,
    body: &'a [u8],
    source: &'a str,
    target: Route,
    now: i64,
) -> Result<Outcome<'a>, Rejection> {
    let live = Arrival::Live { now };
    let records = match target {
        Route::Call(kind) => vec![Ok(parser.parse_call(body, Some(kind), source, live)?)],
        Route::Import => parser.parse_batch(body, source, Arrival::Recorded { now })?,
        _ => parser.parse_batch(body, source, live)?,
    };
    let mut outcome = Outcome::default();
    for (index, record) in records.into_iter().enumerate() {
        match record {
            Ok(Parsed { event, secrets }) => {
                outcome.events.push(event);
                outcome.secrets.extend(secrets);
            }
            Err((rejection, original)) => {
                outcome.keep(now, source, &rejection, original.as_bytes());
                outcome.refused.push((index, rejection));
            }
        }
    }
    Ok(outcome)
}

/// Publishes last: an event on the bus is never without its personal data in the vault.
async fn store<B: EventBus, V: Vault, Q: Quarantine>(
    deps: &Deps<'_, B, V, Q>,
    outcome: &Outcome<'_>,
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
    Ok(())
}

impl Outcome<'_> {
    /// Has a refused record kept, unless it is one that must not be.
    fn keep(&mut self, now: i64, source: &str, rejection: &Rejection, original: &[u8]) {
        if rejection.code.is_kept() {
            let original = &original[..original.len().min(Parser::MAX_BYTES)];
            self.quarantined.push(Quarantined {
                at: now,
                source: source.to_owned(),
                rejection: rejection.clone(),
                original: original.to_vec(),
            });
        }
    }
}
