//! Group robots of WeCom, DingTalk and Feishu: their bodies, and what their answers say.

use crate::signature;
use campaign::{Outgoing, SendError, WebhookForm, WebhookSettings};
use event::SECOND;
use serde::Deserialize;
use serde_json::{Value, json};

/// Bytes of a text beyond which a robot refuses it.
const WECOM_TEXT: usize = 2_048;
const OTHER_TEXT: usize = 18_000;

/// Codes of answers that say that too much was sent at once: WeCom's, DingTalk's (three) and Feishu's (two).
const TOO_MANY: [i64; 6] = [45_009, 130_101, 90_030, 410_100, 9_499, 11_232];

/// The address to post to and the body. A robot knows one secret: the newest is used.
pub(crate) fn request(settings: &WebhookSettings, message: &Outgoing<'_>) -> (String, String) {
    let secret = settings.secrets.first().map(|secret| secret.trim());
    let url = settings.url.clone();
    match settings.form {
        WebhookForm::WeCom | WebhookForm::Json => {
            (url, json!({"msgtype": "text", "text": {"content": text(message, WECOM_TEXT)}}).to_string())
        }
        WebhookForm::DingTalk => {
            let body = json!({"msgtype": "text", "text": {"content": text(message, OTHER_TEXT)}});
            let url = match secret {
                Some(secret) => {
                    let sign = signature::dingtalk(secret, message.at);
                    let sign = sign.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
                    let joint = if url.contains('?') { '&' } else { '?' };
                    format!("{url}{joint}timestamp={}&sign={sign}", message.at)
                }
                None => url,
            };
            (url, body.to_string())
        }
        WebhookForm::Feishu => {
            let mut body = json!({"msg_type": "text", "content": {"text": text(message, OTHER_TEXT)}});
            if let Some(secret) = secret {
                let seconds = message.at.div_euclid(SECOND);
                body["timestamp"] = Value::String(seconds.to_string());
                body["sign"] = Value::String(signature::feishu(secret, seconds));
            }
            (url, body.to_string())
        }
    }
}

/// What an answer of status 200 says: robots refuse in the body. Its words are not passed on; they may quote the
/// message.
pub(crate) fn accepted(answer: &str) -> Result<(), SendError> {
    #[derive(Deserialize)]
    struct Answer {
        errcode: Option<i64>,
        code: Option<i64>,
    }
    let read: Option<Answer> = serde_json::from_str(answer).ok();
    match read.and_then(|answer| answer.errcode.or(answer.code)) {
        Some(0) => Ok(()),
        Some(code) => Err(SendError::NotDelivered {
            reason: format!("the robot answered with code {code}"),
            retry: TOO_MANY.contains(&code),
        }),
        None => Err(SendError::Unknown { reason: "the robot's answer can't be read".to_owned() }),
    }
}

/// Subject and text, cut where it is too long.
fn text(message: &Outgoing<'_>, limit: usize) -> String {
    let body = message.text.trim_end();
    let mut text = match message.subject {
        "" => body.to_owned(),
        subject => format!("{subject}\n{body}"),
    };
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit - "…".len()));
        text.push('…');
    }
    text
}
