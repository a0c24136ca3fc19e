//! What is made of SES's answers: nothing that may have left is sent again.

use crate::server::{self, Answer};
use aws::{Aws, SesEmail};
use campaign::{Action, Channel, ChannelKind, Lane, Outgoing, Receipt, SendError, Sender};
use event::Key;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const TO: &str = "ann@example.com";

async fn send(url: &str) -> Result<Receipt, SendError> {
    let action = Action {
        id: Key([0xab; 16]),
        person: Key([2; 16]),
        campaign: "browse".to_owned(),
        step: "coupon".to_owned(),
        key: String::new(),
        entered_at: 0,
        due_at: 0,
        lane: Lane::Marketing,
        kept: String::new(),
        ..Action::default()
    };
    let message = Outgoing {
        action: &action,
        at: 1_800_000_000_000,
        kind: ChannelKind::Email,
        channel: "email",
        to: TO,
        sender: &Sender { name: "Shop".to_owned(), address: "hello@shop.example".to_owned() },
        subject: "Hello",
        html: "",
        text: "Hello\n",
        unsubscribe_url: None,
        unsubscribe_mailto: None,
        token: Some("T-1"),
        personal: &BTreeMap::new(),
        webhook: None,
    };
    SesEmail::new(&Aws::local(url, None).await, None).send(&message).await
}

/// What comes of these answers, the last of them repeated, and how many calls were made.
async fn after(answers: &'static [(u16, &'static str)]) -> (Result<Receipt, SendError>, usize) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let url = server::start(move |_| {
        let call = counted.fetch_add(1, Ordering::SeqCst);
        match answers[call.min(answers.len() - 1)] {
            (0, _) => Answer::Nothing,
            (200, _) => Answer::json(200, json!({"MessageId": "ses-1"})),
            (status, code) => {
                let body = json!({"message": format!("{TO} is refused")}).to_string();
                Answer::Of(status, ("x-amzn-ErrorType", code.to_owned()), body)
            }
        }
    });
    let result = send(&url).await;
    (result, calls.load(Ordering::SeqCst))
}

/// `Some(retry)` where the message was certainly not delivered, `None` where it may have been.
fn certain(result: Result<Receipt, SendError>) -> Option<bool> {
    let error = result.unwrap_err();
    assert!(!error.to_string().contains(TO), "personal data in {error}");
    match error {
        SendError::NotDelivered { retry, .. } => Some(retry),
        SendError::Unknown { .. } => None,
    }
}

#[tokio::test]
async fn an_accepted_message_gives_its_id() {
    let (result, calls) = after(&[(200, "")]).await;
    assert_eq!((result, calls), (Ok(Receipt { id: "ses-1".to_owned() }), 1));
}

#[tokio::test]
async fn ses_gets_the_token_to_repeat_it() {
    let seen = Arc::new(Mutex::new(Value::Null));
    let body = seen.clone();
    let url = server::start(move |request| {
        *body.lock().unwrap() = serde_json::from_slice(request).unwrap();
        Answer::json(200, json!({"MessageId": "ses-1"}))
    });
    send(&url).await.unwrap();
    assert_eq!(seen.lock().unwrap()["EmailTags"], json!([{"Name": "rondo", "Value": "T-1"}]));
}

#[tokio::test]
async fn a_throttled_message_is_offered_again() {
    let (result, calls) =
        after(&[(429, "TooManyRequestsException"), (400, "ThrottlingException"), (200, "")]).await;
    assert_eq!((result.unwrap().id.as_str(), calls), ("ses-1", 3));
    let (result, calls) = after(&[(429, "TooManyRequestsException")]).await;
    assert_eq!((certain(result), calls), (Some(true), 4));
}

#[tokio::test]
async fn a_refused_message_is_given_up_and_a_refused_account_is_not() {
    for code in ["MessageRejected", "MailFromDomainNotVerifiedException", "AccountSuspendedException"] {
        let (result, calls) = after(Box::leak(Box::new([(400, code)]))).await;
        assert_eq!((certain(result), calls), (Some(false), 1), "{code}");
    }
    for refusal in [(400, "SendingPausedException"), (403, "AccessDeniedException")] {
        let (result, calls) = after(Box::leak(Box::new([refusal]))).await;
        assert_eq!((certain(result), calls), (Some(true), 1), "{refusal:?}");
    }
}

#[tokio::test]
async fn what_may_have_left_is_never_sent_again() {
    for answers in [&[(0, "")], &[(500, "InternalFailure")], &[(503, "ServiceUnavailable")]] {
        let (result, calls) = after(answers).await;
        assert_eq!((certain(result), calls), (None, 1), "{answers:?}");
    }
    // Nobody listens: nothing has left.
    assert_eq!(certain(send("http://127.0.0.1:1").await), Some(true));
}
