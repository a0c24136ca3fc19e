//! Text messages and messages to apps, against a server that answers as their services do.

use crate::server::{self, Answer};
use aws::{Aws, EndUserSms, SnsPush};
use campaign::{Action, Channel, ChannelKind, Lane, Outgoing, Receipt, SendError, Sender};
use event::Key;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const TO: &str = "+4915112345678";

async fn send(channel: &impl Channel, kind: ChannelKind, to: &str) -> Result<Receipt, SendError> {
    let action = Action { id: Key([0xab; 16]), lane: Lane::Marketing, ..Action::default() };
    let message = Outgoing {
        action: &action,
        at: 1_800_000_000_000,
        kind,
        channel: "sms",
        to,
        sender: &Sender { name: "Shop".to_owned(), address: "hello@shop.example".to_owned() },
        subject: "Hello",
        html: "",
        text: "Your tea is here\n",
        unsubscribe_url: None,
        unsubscribe_mailto: None,
        token: Some("T-1"),
        personal: &BTreeMap::new(),
        webhook: None,
    };
    channel.send(&message).await
}

/// A server that gives these answers in turn, the last of them for ever, and what it was asked.
fn answering(answers: &'static [(u16, &'static str, &'static str)]) -> (String, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let asked = seen.clone();
    let url = server::start(move |request| {
        let mut asked = asked.lock().unwrap();
        let (status, code, body) = answers[asked.len().min(answers.len() - 1)];
        asked.push(String::from_utf8(request.to_vec()).unwrap());
        Answer::Of(status, ("x-amzn-errortype", code.to_owned()), body.to_owned())
    });
    (url, seen)
}

async fn sms(
    answers: &'static [(u16, &'static str, &'static str)],
) -> (Result<Receipt, SendError>, Vec<String>) {
    let (url, seen) = answering(answers);
    let channel = EndUserSms::new(&Aws::local(&url, None).await, "arn:aws:sms-voice:eu-central-1:1:pool/p");
    let result = send(&channel, ChannelKind::Sms, TO).await;
    let seen = seen.lock().unwrap().clone();
    (result, seen)
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
async fn a_text_message_says_what_it_comes_from_and_what_it_is() {
    let (result, seen) = sms(&[(200, "", r#"{"MessageId":"sms-1"}"#)]).await;
    assert_eq!(result, Ok(Receipt { id: "sms-1".to_owned() }));
    let request: Value = serde_json::from_str(&seen[0]).unwrap();
    let expected = json!({
        "DestinationPhoneNumber": TO, "OriginationIdentity": "arn:aws:sms-voice:eu-central-1:1:pool/p",
        "MessageBody": "Your tea is here", "MessageType": "PROMOTIONAL", "Context": {"rondo": "T-1"},
    });
    assert_eq!(request, expected);
}

#[tokio::test]
async fn what_becomes_of_text_messages_that_are_refused() {
    let (result, seen) =
        sms(&[(400, "ThrottlingException", "{}"), (200, "", r#"{"MessageId":"sms-2"}"#)]).await;
    assert_eq!((result.unwrap().id.as_str(), seen.len()), ("sms-2", 2));
    // The owner of the number said stop; the number is none.
    assert_eq!(
        certain(sms(&[(400, "ConflictException", r#"{"message":"+4915112345678"}"#)]).await.0),
        Some(false)
    );
    assert_eq!(certain(sms(&[(400, "ValidationException", "{}")]).await.0), Some(false));
    // The account is not ready: no message is given up for it.
    assert_eq!(certain(sms(&[(400, "AccessDeniedException", "{}")]).await.0), Some(true));
    assert_eq!(certain(sms(&[(402, "ServiceQuotaExceededException", "{}")]).await.0), Some(true));
    let (result, seen) = sms(&[(500, "InternalServerException", "{}")]).await;
    assert_eq!((certain(result), seen.len()), (None, 1), "what may have left is never sent again");
}

const MADE: &str = "<CreatePlatformEndpointResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><CreatePlatformEndpointResult>\
    <EndpointArn>arn:aws:sns:eu-central-1:1:endpoint/APNS/shop/e-1</EndpointArn></CreatePlatformEndpointResult>\
    </CreatePlatformEndpointResponse>";
const PUBLISHED: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
    <MessageId>push-1</MessageId></PublishResult></PublishResponse>";
const DISABLED: &str = "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
    <Code>EndpointDisabled</Code><Message>Endpoint is disabled</Message></Error></ErrorResponse>";

async fn push(
    to: &str,
    answers: &'static [(u16, &'static str, &'static str)],
) -> (Result<Receipt, SendError>, Vec<String>) {
    let (url, seen) = answering(answers);
    let channel =
        SnsPush::new(&Aws::local(&url, None).await, "ios=arn:aws:sns:eu-central-1:1:app/APNS/shop").unwrap();
    let result = send(&channel, ChannelKind::Push, to).await;
    let seen = seen.lock().unwrap().clone();
    (result, seen)
}

#[tokio::test]
async fn an_app_gets_its_message_in_its_platforms_form() {
    let (result, seen) = push("ios:t0ken", &[(200, "", MADE), (200, "", PUBLISHED)]).await;
    assert_eq!(result, Ok(Receipt { id: "push-1".to_owned() }));
    assert!(
        seen[0].contains("Action=CreatePlatformEndpoint") && seen[0].contains("Token=t0ken"),
        "{}",
        seen[0]
    );
    assert!(
        seen[1].contains("TargetArn=arn%3Aaws%3Asns%3Aeu-central-1%3A1%3Aendpoint%2FAPNS%2Fshop%2Fe-1"),
        "{}",
        seen[1]
    );
    // {"alert":{"title":"Hello","body":"Your tea is here"} in JSON in JSON in a form.
    for word in ["MessageStructure=json", "APNS", "GCM", "Hello", "Your%20tea%20is%20here", "abababab"] {
        assert!(seen[1].contains(word), "{word} in {}", seen[1]);
    }
}

#[tokio::test]
async fn what_becomes_of_messages_to_apps_that_are_refused() {
    // The app is gone from the device.
    let (result, seen) = push("ios:t0ken", &[(200, "", MADE), (400, "", DISABLED)]).await;
    assert_eq!((certain(result), seen.len()), (Some(false), 2));
    // No message was part of the first call, whatever became of it.
    assert_eq!(certain(push("ios:t0ken", &[(500, "", "")]).await.0), Some(true));
    assert_eq!(certain(push("ios:t0ken", &[(200, "", MADE), (500, "", "")]).await.0), None);
    let (result, seen) = push("android:t0ken", &[(200, "", MADE)]).await;
    assert_eq!((certain(result), seen.len()), (Some(false), 0), "no application of that platform");
    for wrong in ["", "ios", "ios=x", "windows=arn:aws:sns:1"] {
        assert!(SnsPush::new(&Aws::local("http://127.0.0.1:1", None).await, wrong).is_err(), "{wrong}");
    }
}
