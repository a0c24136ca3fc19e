//! Unsubscribe links: one click by POST (RFC 8058), and a page with a button for people who follow the link.

use crate::{Deps, Request, Response};
use event::{Code, Event, EventBus, Identifiers, PortError, names};
use serde_json::json;
use std::borrow::Cow;
use token::{MessageToken, TokenError, TokenKey};

/// Where an answer's words come from.
const SOURCE: &str = "unsubscribe-link";

/// Answers a request to the link of a token.
///
/// Only a POST unsubscribes: the mailbox's own button sends one, and so does the button of the page that a GET shows.
/// Programs that follow every link of a message (scanners, previews) send GETs, which change nothing. The token says
/// who it is; nothing else of the request is looked at, and a token that is not ours changes nothing either.
pub(crate) async fn answer<B: EventBus, V, Q, P>(
    deps: &Deps<'_, B, V, Q, P>,
    request: &Request<'_>,
    token: &str,
) -> Response {
    let words = Words::of(request.header("accept-language").unwrap_or_default());
    let message = match TokenKey::of(deps.parser.hasher()).open(token, request.now) {
        Ok(message) => message,
        Err(TokenError::Forged) => return page(404, words, words.unknown, false),
        Err(TokenError::Expired) => return page(410, words, words.expired, false),
    };
    if request.method != "POST" {
        return page(200, words, words.question, true);
    }
    match unsubscribe(deps, &message, request.now).await {
        Ok(accepted) => Response { accepted, ..page(200, words, words.done, false) },
        Err(error) => Response {
            cause: Some(error.to_string()),
            ..page(503, words, words.failed, true).with("retry-after", "30")
        },
    }
}

/// Publishes that the person said no to the channel; how many events that was.
async fn unsubscribe<B: EventBus, V, Q, P>(
    deps: &Deps<'_, B, V, Q, P>,
    message: &MessageToken,
    now: i64,
) -> Result<usize, PortError> {
    let mut identifiers = Identifiers::default();
    identifiers.insert(message.person);
    // Who was erased is not let in again by a mail from before.
    if deps.parser.settings().privacy.refusal(&identifiers, Some(message.sent_at)) == Some(Code::Erased) {
        return Ok(0);
    }
    let mut properties =
        json!({"channel": message.channel, "action_id": message.action.to_string(), "method": "one_click"});
    if !message.campaign.is_empty() {
        properties["campaign"] = json!(message.campaign);
    }
    // The time is part of the id: whoever agreed again in between and clicks once more says no once more.
    let id = format!("unsubscribed-{}-{now}", message.action);
    let event = Event::reported(id, names::UNSUBSCRIBED, identifiers, now, properties.to_string(), SOURCE);
    deps.bus.publish(&[event]).await?;
    Ok(1)
}

/// What the page says, in one language.
#[derive(Clone, Copy)]
struct Words {
    language: &'static str,
    title: &'static str,
    question: &'static str,
    button: &'static str,
    done: &'static str,
    unknown: &'static str,
    expired: &'static str,
    failed: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    title: "Unsubscribe",
    question: "Do you want to get no more of these messages?",
    button: "Unsubscribe",
    done: "You are unsubscribed. You will get no more of these messages.",
    unknown: "This link is not known. Please use the link of the message as it is.",
    expired: "This link is too old. Please use the link of a newer message.",
    failed: "That did not work just now. Please try again in a minute.",
};

const CHINESE: Words = Words {
    language: "zh",
    title: "退订",
    question: "您确定不再接收此类消息吗？",
    button: "退订",
    done: "您已退订，将不再收到此类消息。",
    unknown: "此链接无效，请使用消息中的原始链接。",
    expired: "此链接已过期，请使用较新消息中的链接。",
    failed: "操作暂未成功，请稍后再试。",
};

impl Words {
    /// Those of the language that a browser names first.
    fn of(accepted: &str) -> Words {
        let first = accepted.split([',', ';', '-']).next().unwrap_or_default().trim();
        if first.eq_ignore_ascii_case("zh") { CHINESE } else { ENGLISH }
    }
}

fn page(status: u16, words: Words, text: &str, with_button: bool) -> Response {
    let Words { language, title, button, .. } = words;
    // A form without an address posts to that of its page.
    let form = match with_button {
        true => format!("<form method=\"post\"><button>{button}</button></form>"),
        false => String::new(),
    };
    let html = format!(
        "<!doctype html><html lang=\"{language}\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{title}</title><style>{STYLE}</style>\
         <main><h1>{title}</h1><p>{text}</p>{form}</main></html>\n"
    );
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        // The address is the token: it goes nowhere else, and nothing of another place is loaded.
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
        ),
    ];
    Response {
        status,
        headers: headers.into_iter().map(|(name, value)| (name, Cow::Borrowed(value))).collect(),
        body: Cow::Owned(html.into_bytes()),
        cause: None,
        accepted: 0,
        refused: 0,
    }
}

const STYLE: &str = "body{font:18px/1.5 system-ui,sans-serif;margin:0;display:grid;place-items:center;\
    min-height:100vh;background:#f6f6f4;color:#222}main{max-width:32rem;padding:2rem;text-align:center}\
    button{font:inherit;padding:.6em 1.6em;border:0;border-radius:.4em;background:#1f5f8b;color:#fff}";
