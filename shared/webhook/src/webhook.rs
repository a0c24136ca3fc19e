//! Messages posted to a web address.

use crate::guard::{Forbidden, Guard};
use crate::{robot, signature};
use campaign::{Channel, Outgoing, Receipt, SendError, WebhookForm, WebhookSettings};
use event::SECOND;
use serde_json::json;
use std::io::ErrorKind;
use std::time::Duration;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Error, Timeout};

/// Posts each message to the URL of its webhook, as JSON or as a group robot reads it.
///
/// As JSON it is signed by the Standard Webhooks specification where the webhook has secrets: `webhook-id` is the
/// action's id (as is `Idempotency-Key`), so that the receiver can tell a repeat.
///
/// A message goes only to a public address and by TLS, unless the webhook's settings allow otherwise. The host is looked
/// up once, all its addresses are looked at, and the connection is made to one of those; no redirect is followed.
///
/// An answer of 2xx is a delivery, one of 3xx or 4xx none. Whatever leaves open whether the receiver acted on
/// the message (an answer of 5xx, silence, a connection that broke once the request was on its way) is
/// unknown.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// For webhooks on the internet.
    public: Agent,
    /// For those that may be in a private network.
    private: Agent,
}

/// Bytes of an answer that are read.
const MAX_ANSWER: u64 = 64 << 10;

impl Webhook {
    /// `timeout` bounds each step of a request: finding the host, connecting, sending, and the answer; three times as
    /// long, all of it.
    pub fn new(timeout: Duration) -> Webhook {
        let agent = |private| {
            let config = Agent::config_builder()
                .timeout_global(Some(timeout * 3))
                .timeout_resolve(Some(timeout))
                .timeout_connect(Some(timeout))
                .timeout_send_request(Some(timeout))
                .timeout_send_body(Some(timeout))
                .timeout_recv_response(Some(timeout))
                .timeout_recv_body(Some(timeout))
                .max_redirects(0)
                .http_status_as_error(false)
                .proxy(None)
                // A kept connection may have been closed by the other side, which shows only once a request
                // is on its way.
                .max_idle_connections(0)
                .user_agent("rondo")
                .build();
            Agent::with_parts(config, DefaultConnector::new(), Guard::new(private))
        };
        Webhook { public: agent(false), private: agent(true) }
    }
}

impl Default for Webhook {
    fn default() -> Self {
        Webhook::new(Duration::from_secs(10))
    }
}

impl Channel for Webhook {
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError> {
        let settings = message.webhook.ok_or_else(|| refused("the settings have no webhook of that name"))?;
        check_scheme(settings)?;
        let id = message.action.id.to_string();
        let agent = if settings.private_network { &self.private } else { &self.public };
        let is_json = settings.form == WebhookForm::Json;
        let (url, body) = match is_json {
            true => (settings.url.clone(), payload(message)),
            false => robot::request(settings, message),
        };
        let mut request = agent.post(&url).header("Content-Type", "application/json");
        if is_json {
            request = request.header("Idempotency-Key", &id);
            if !settings.secrets.is_empty() {
                let seconds = message.at.div_euclid(SECOND);
                let signature =
                    signature::standard(&settings.secrets, &id, seconds, &body).map_err(refused)?;
                request = request
                    .header("webhook-id", &id)
                    .header("webhook-timestamp", seconds.to_string())
                    .header("webhook-signature", signature);
            }
        }
        let mut answer = request.send(body).map_err(|error| not_answered(&error))?;
        match answer.status().as_u16() {
            200..300 if is_json => Ok(Receipt { id }),
            200..300 => {
                let read = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
                robot::accepted(&read.unwrap_or_default())?;
                Ok(Receipt { id })
            }
            status @ (408 | 425 | 429) => {
                Err(SendError::NotDelivered { reason: format!("answered with status {status}"), retry: true })
            }
            status @ 300..400 => Err(SendError::NotDelivered {
                reason: format!("answered with a redirect ({status}): set the webhook's URL to its target"),
                retry: false,
            }),
            status @ 400..500 => Err(SendError::NotDelivered {
                reason: format!("answered with status {status}"),
                retry: false,
            }),
            status => Err(SendError::Unknown { reason: format!("answered with status {status}") }),
        }
    }
}

/// Whether the scheme of the URL is one that the settings allow. What follows it is looked at when the host is known.
fn check_scheme(settings: &WebhookSettings) -> Result<(), SendError> {
    let is = |scheme: &str| {
        settings.url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    if is("https://") || (settings.http && is("http://")) {
        return Ok(());
    }
    Err(refused(if is("http://") {
        "the webhook's URL starts with http://, so that everybody on the way could read what is sent; use https://, or \
         set `http: true`"
    } else {
        "the webhook's URL has to start with https://"
    }))
}

fn refused(reason: &str) -> SendError {
    SendError::NotDelivered { reason: reason.to_owned(), retry: false }
}

fn payload(message: &Outgoing) -> String {
    let action = message.action;
    let kept: serde_json::Value = serde_json::from_str(&action.kept).unwrap_or_default();
    json!({
        "action_id": action.id.to_string(),
        "person_id": action.person.to_string(),
        "campaign": action.campaign,
        "step": action.step,
        "channel": message.channel,
        "lane": action.lane.as_str(),
        "key": action.key,
        "kept": kept,
        "person": message.personal,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "unsubscribe_url": message.unsubscribe_url,
        "sent_at": event::iso_time(message.at),
    })
    .to_string()
}

/// What an error of the connection says of the message. The URL stays out of the reason: it may hold a secret.
fn not_answered(error: &Error) -> SendError {
    let not_delivered = |reason: &str, retry| SendError::NotDelivered { reason: reason.to_owned(), retry };
    match error {
        Error::Other(error) if error.is::<Forbidden>() => refused(
            "the webhook's host is in a private network, or nowhere that a webhook may be; for one in a network of your \
             own set `private_network: true`",
        ),
        Error::HostNotFound => not_delivered("the host was not found", true),
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            not_delivered("the connection took too long", true)
        }
        Error::ConnectionFailed => not_delivered("the connection failed", true),
        Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            not_delivered("the connection was refused", true)
        }
        Error::BadUri(_) | Error::Http(_) => not_delivered("the webhook's URL can't be read", false),
        Error::Timeout(_) => SendError::Unknown { reason: "no answer in time".to_owned() },
        Error::Io(error) => SendError::Unknown { reason: format!("the connection broke: {}", error.kind()) },
        _ => SendError::Unknown {
            reason: "the answer can't be read, or the connection is not secure".to_owned(),
        },
    }
}
