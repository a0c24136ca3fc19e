//! What Amazon SES publishes of a message ("event publishing"): an object with `eventType`, `mail`, and one named by the
//! type.

use crate::{Ignored, Machine, Notice, Told};
use event::parse_time;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use token::TokenKey;

/// The tag that goes out with each message.
const TOKEN_TAG: &str = "rondo";

#[derive(Deserialize)]
struct Published<'a> {
    /// Notifications of identities, the older way, call it so.
    #[serde(borrow, alias = "notificationType", rename = "eventType")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    mail: Mail<'a>,
    #[serde(borrow)]
    bounce: Option<Bounce<'a>>,
    #[serde(borrow)]
    complaint: Option<Complaint<'a>>,
    #[serde(borrow)]
    delivery: Option<Seen<'a>>,
    #[serde(borrow)]
    open: Option<Seen<'a>>,
    #[serde(borrow)]
    click: Option<Seen<'a>>,
}

#[derive(Deserialize)]
struct Mail<'a> {
    #[serde(borrow, default)]
    tags: BTreeMap<Cow<'a, str>, Vec<Cow<'a, str>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Bounce<'a> {
    #[serde(borrow)]
    bounce_type: Cow<'a, str>,
    #[serde(borrow)]
    bounce_sub_type: Cow<'a, str>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    feedback_id: Cow<'a, str>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Complaint<'a> {
    #[serde(borrow)]
    complaint_feedback_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    feedback_id: Cow<'a, str>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Seen<'a> {
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    user_agent: Option<Cow<'a, str>>,
    #[serde(borrow)]
    ip_address: Option<Cow<'a, str>>,
    #[serde(borrow)]
    link: Option<Cow<'a, str>>,
}

/// What SES publishes, in whatever brought it.
pub(crate) fn outline(text: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        /// Of an SNS notification: text.
        #[serde(borrow, rename = "Message")]
        message: Option<Cow<'a, str>>,
        /// Of an event of EventBridge.
        #[serde(borrow)]
        detail: Option<&'a RawValue>,
    }
    fn is_published(text: &str) -> bool {
        #[derive(Deserialize)]
        struct Outline<'a> {
            #[serde(borrow, alias = "notificationType", rename = "eventType")]
            _kind: Cow<'a, str>,
            #[serde(borrow, rename = "mail")]
            _mail: &'a RawValue,
        }
        serde_json::from_str::<Outline<'_>>(text).is_ok()
    }
    if is_published(text) {
        return Some(Cow::Borrowed(text));
    }
    let wrapped: Wrapped<'_> = serde_json::from_str(text).ok()?;
    let inner = match (wrapped.message, wrapped.detail) {
        (Some(message), _) => message,
        (None, Some(detail)) => Cow::Borrowed(detail.get()),
        (None, None) => return None,
    };
    is_published(&inner).then_some(inner)
}

pub(crate) fn read(text: &str, tokens: &TokenKey, now: i64) -> Result<Notice, Ignored> {
    let text = outline(text).ok_or(Ignored::NotANotice)?;
    let published: Published<'_> = serde_json::from_str(&text).map_err(|_| Ignored::NotANotice)?;
    let token = published.mail.tags.get(TOKEN_TAG).and_then(|values| values.first());
    let message = tokens.open(token.ok_or(Ignored::NotOurs)?, now).map_err(|_| Ignored::NotOurs)?;
    let time = |text: &str| parse_time(text).filter(|at| *at <= now).unwrap_or(now);
    let seen = |seen: &Seen<'_>| {
        let (agent, address) = (seen.user_agent.as_deref(), seen.ip_address.as_deref());
        let after = time(&seen.timestamp) - message.sent_at;
        Machine::of(agent.unwrap_or_default(), address.unwrap_or_default(), after)
    };
    let (at, id, told) = match published.kind.as_ref() {
        "Delivery" => {
            let at = time(&published.delivery.unwrap_or_default().timestamp);
            (at, at.to_string(), Told::Delivered)
        }
        "Bounce" => {
            let bounce = published.bounce.unwrap_or_default();
            let told = Told::Bounced {
                permanent: bounce.bounce_type == "Permanent",
                kind: bounce.bounce_sub_type.chars().filter(char::is_ascii_alphabetic).take(40).collect(),
            };
            (time(&bounce.timestamp), id_of(&bounce.feedback_id, &bounce.timestamp), told)
        }
        "Complaint" => {
            let complaint = published.complaint.unwrap_or_default();
            // Mailboxes tell so, too, that somebody took a complaint back.
            if complaint.complaint_feedback_type.as_deref() == Some("not-spam") {
                return Err(Ignored::NothingToTell);
            }
            let id = id_of(&complaint.feedback_id, &complaint.timestamp);
            (time(&complaint.timestamp), id, Told::Complained)
        }
        "Open" => {
            let open = published.open.unwrap_or_default();
            let at = time(&open.timestamp);
            (at, at.to_string(), Told::Opened { machine: seen(&open) })
        }
        "Click" => {
            let click = published.click.unwrap_or_default();
            let at = time(&click.timestamp);
            let link = plain(click.link.as_deref().unwrap_or_default());
            // The unsubscribe link tells for itself; it holds the token.
            if link.contains("/u/")
                && link.rsplit('/').next().is_some_and(|last| tokens.open(last, now).is_ok())
            {
                return Err(Ignored::NothingToTell);
            }
            let machine = seen(&click);
            (at, format!("{at}-{:016x}", event::MessageHash::of(&link).0), Told::Clicked { link, machine })
        }
        _ => return Err(Ignored::NothingToTell),
    };
    Ok(Notice { message, at, told, id })
}

/// A provider's id, else the time; only what an id is made of.
fn id_of(id: &str, timestamp: &str) -> String {
    let id = if id.is_empty() { timestamp } else { id };
    id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(100).collect()
}

/// A link without query and fragment, and without whoever logs in by it.
fn plain(link: &str) -> String {
    let end = link.find(['?', '#']).unwrap_or(link.len());
    let link = &link[..end];
    let Some((scheme, rest)) = link.split_once("://") else { return String::new() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}").chars().take(500).collect()
}
