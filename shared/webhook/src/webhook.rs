//! Messages posted to a web address.

use campaign::{Channel, Outgoing, Receipt, SendError};
use serde_json::json;
use std::io::ErrorKind;
use std::time::Duration;
use ureq::{Agent, Error, Timeout};

/// Posts each message as JSON to its webhook's URL. The header `Idempotency-Key` is the action's id, so that
/// the receiver can tell a repeat.
///
/// An answer of 2xx is a delivery, one of 3xx or 4xx none. Whatever leaves open whether the receiver acted on
/// the message (an answer of 5xx, silence, a connection that broke once the request was on its way) is
/// unknown.
#[derive(Debug, Clone)]
pub struct Webhook {
    agent: Agent,
}

impl Webhook {
    /// `timeout` bounds each step of a request: finding the host, connecting, sending, and the answer.
    pub fn new(timeout: Duration) -> Webhook {
        let config = Agent::config_builder()
            .timeout_resolve(Some(timeout))
            .timeout_connect(Some(timeout))
            .timeout_send_request(Some(timeout))
            .timeout_send_body(Some(timeout))
            .timeout_recv_response(Some(timeout))
            .max_redirects(0)
            .http_status_as_error(false)
            .proxy(None)
            // A kept connection may have been closed by the other side, which shows only once a request
            // is on its way.
            .max_idle_connections(0)
            .user_agent("rondo")
            .build();
        Webhook { agent: config.new_agent() }
    }
}

impl Default for Webhook {
    fn default() -> Self {
        Webhook::new(Duration::from_secs(10))
    }
}

impl Channel for Webhook {
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError> {
        if !message.to.starts_with("https://") && !message.to.starts_with("http://") {
            let reason = "the webhook's URL has to start with https:// or http://".to_owned();
            return Err(SendError::NotDelivered { reason, retry: false });
        }
        let id = message.action.id.to_string();
        let answer = self
            .agent
            .post(message.to)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", &id)
            .send(payload(message))
            .map_err(|error| not_answered(&error))?;
        match answer.status().as_u16() {
            200..300 => Ok(Receipt { id }),
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
