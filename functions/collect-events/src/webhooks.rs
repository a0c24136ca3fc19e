//! Webhooks of shop systems: signed bodies, at addresses of their own.

use crate::intake::{Outcome, store};
use crate::{Deps, Request, Response, answer};
use event::dialect::{Delivery, ShopSystem, WebhookSource, base64, shopify, woocommerce};
use event::{Arrival, Asked, Code, EventBus, PrivacyRequest, PrivacyRequests, Quarantine, Rejection, Vault};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Longest body that is taken, in bytes: an order of hundreds of lines.
const MAX_BODY: usize = 1 << 20;

/// Sources that send webhooks, by name.
#[derive(Clone, Default)]
pub struct Webhooks {
    /// With what each signs.
    sources: Arc<BTreeMap<String, (WebhookSource, Vec<u8>)>>,
}

impl Webhooks {
    /// The sources of a configuration with their secrets: a JSON object of name and secret. A source without one is left
    /// out, since anybody could sign for it.
    ///
    /// # Errors
    /// Secrets that are no such object.
    pub fn new(
        sources: &BTreeMap<String, WebhookSource>,
        secrets: &[u8],
    ) -> Result<Webhooks, serde_json::Error> {
        let secrets: BTreeMap<String, String> = match secrets {
            [] => BTreeMap::new(),
            secrets => serde_json::from_slice(secrets)?,
        };
        let named = sources.iter().filter_map(|(name, source)| {
            let secret = secrets.get(name).map(|secret| secret.trim()).filter(|secret| !secret.is_empty())?;
            Some((name.clone(), (*source, secret.as_bytes().to_vec())))
        });
        Ok(Webhooks { sources: Arc::new(named.collect()) })
    }

    /// The names of the sources.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sources.keys()).finish()
    }
}

/// Answers a webhook for the source of that name: 200 once what it says is on the bus, also for what says nothing of a
/// person, since it would be sent again. 401 where its signature is not the source's.
pub(crate) async fn take<B: EventBus, V: Vault, Q: Quarantine, P: PrivacyRequests>(
    deps: &Deps<'_, B, V, Q, P>,
    request: &Request<'_>,
    name: &str,
) -> Response {
    let Some((name, (source, secret))) = deps.write_keys.webhooks().sources.get_key_value(name) else {
        return answer::unknown_webhook();
    };
    let body = request.body;
    if body.len() > MAX_BODY {
        let reason = format!("{} bytes; a webhook may have {MAX_BODY}", body.len());
        return answer::unread(&Rejection::new(Code::TooLarge, "", reason));
    }
    let (signature, topic) = match source.system {
        ShopSystem::Shopify => ("x-shopify-hmac-sha256", "x-shopify-topic"),
        ShopSystem::WooCommerce => ("x-wc-webhook-signature", "x-wc-webhook-topic"),
    };
    let topic = request.header(topic).unwrap_or_default();
    // WooCommerce looks whether anybody is there before it has anything to sign.
    if source.system == ShopSystem::WooCommerce && topic.is_empty() && body.starts_with(b"webhook_id=") {
        return answer::accepted_nothing();
    }
    if !is_signed(body, request.header(signature).unwrap_or_default(), secret) {
        return answer::wrong_signature();
    }
    let delivery = Delivery { source: name, topic, body, completed_when_paid: source.completed_when_paid };
    if source.system == ShopSystem::Shopify
        && let Ok(Some((asked, record))) = shopify::request(&delivery)
    {
        return keep(deps, request, &delivery, asked, &record).await;
    }
    let translated = match source.system {
        ShopSystem::Shopify => shopify::records(&delivery),
        ShopSystem::WooCommerce => woocommerce::records(&delivery),
    };
    let mut outcome = Outcome::default();
    let records = match translated {
        Ok(records) => records,
        Err(rejection) => {
            outcome.keep(request.now, name, &rejection, body);
            Vec::new()
        }
    };
    let live = Arrival::Live { now: request.now };
    for record in &records {
        let (original, parsed) = match record {
            Ok(text) => (text, deps.parser.parse(text.as_bytes(), name, live)),
            Err((rejection, original)) => (original, Err(rejection.clone())),
        };
        match parsed {
            Ok(parsed) => outcome.add(parsed),
            Err(rejection) => outcome.keep(request.now, name, &rejection, original.as_bytes()),
        }
    }
    match store(deps, &outcome, name, request.now).await {
        Err(error) => answer::failed(&error),
        // A refused body is in quarantine; to send it again would change nothing.
        Ok(()) => answer::webhook(outcome.accepted(), outcome.kept()),
    }
}

/// Keeps what a customer asks for by law: the same delivery again is the same request. 200 once it is kept; a body that
/// names nobody goes to quarantine, where somebody sees it.
async fn keep<B: EventBus, V: Vault, Q: Quarantine, P: PrivacyRequests>(
    deps: &Deps<'_, B, V, Q, P>,
    request: &Request<'_>,
    delivery: &Delivery<'_>,
    asked: Asked,
    record: &str,
) -> Response {
    let Delivery { source, topic, body, .. } = *delivery;
    let live = Arrival::Live { now: request.now };
    let parsed = deps.parser.without_rules().parse(record.as_bytes(), source, live);
    let identifiers = match (asked, &parsed) {
        (Asked::EraseShop, _) => &[],
        (_, Ok(parsed)) => &parsed.event.identifiers[..],
        (_, Err(rejection)) => {
            let mut outcome = Outcome::default();
            outcome.keep(request.now, source, rejection, body);
            return match store(deps, &outcome, source, request.now).await {
                Err(error) => answer::failed(&error),
                Ok(()) => answer::webhook(0, outcome.kept()),
            };
        }
    };
    let asked =
        PrivacyRequest::new(deps.parser.hasher(), (source, topic, body), asked, identifiers, request.now);
    match deps.requests.keep(&asked).await {
        Err(error) => answer::failed(&error),
        Ok(()) => answer::accepted_nothing(),
    }
}

/// Whether a body is signed with a secret: base64 of its HMAC-SHA-256. Compared in time that does not depend on either.
fn is_signed(body: &[u8], signature: &str, secret: &[u8]) -> bool {
    let Some(given) = base64::decode(signature) else { return false };
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(body);
    mac.verify_slice(&given).is_ok()
}
