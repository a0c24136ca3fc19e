//! Messages to mobile apps by SNS.

use crate::Aws;
use crate::refusal::{Refusal, offered};
use aws_sdk_sns::Client;
use campaign::{Channel, Outgoing, Receipt, SendError};
use serde_json::json;
use std::collections::BTreeMap;

/// Codes that are about one message: a device that takes no messages any more, or a token that is none.
const OF_MESSAGE: [&str; 4] =
    ["EndpointDisabled", "EndpointDisabledException", "InvalidParameter", "InvalidParameterException"];

/// Sends messages to mobile apps: `to` is the platform and the token of the device (`ios:…`, `android:…`), as intake
/// puts it into the vault. Nothing repeats a message whose answer was lost. The receipt is SNS's id of the message.
pub struct SnsPush {
    client: Client,
    /// ARNs of platform applications, by platform.
    applications: BTreeMap<String, String>,
}

impl SnsPush {
    /// `applications` is written `ios=ARN,android=ARN`.
    ///
    /// # Errors
    /// What is not written so.
    pub fn new(aws: &Aws, applications: &str) -> Result<SnsPush, String> {
        let read = |part: &str| {
            let (platform, arn) = part.trim().split_once('=')?;
            let known = matches!(platform, "ios" | "android") && arn.starts_with("arn:");
            known.then(|| (platform.to_owned(), arn.to_owned()))
        };
        let applications = applications
            .split(',')
            .map(|part| read(part).ok_or("write platform applications as ios=ARN,android=ARN".to_owned()));
        Ok(SnsPush { client: aws.sns_once(), applications: applications.collect::<Result<_, _>>()? })
    }

    async fn offer(&self, message: &Outgoing<'_>) -> Result<Receipt, Refusal> {
        let (platform, token) = message.to.split_once(':').unwrap_or_default();
        let application = self.applications.get(platform);
        let application = application
            .ok_or_else(|| Refusal::bad("no platform application is set up for the device's platform"))?;
        // The same token has the same endpoint; making it again changes nothing.
        let endpoint =
            self.client.create_platform_endpoint().platform_application_arn(application).token(token);
        let endpoint =
            endpoint.send().await.map_err(|error| match Refusal::of("SNS", &OF_MESSAGE, &error) {
                // No message was part of the call.
                Refusal { error: SendError::Unknown { reason }, throttled } => {
                    Refusal { error: SendError::NotDelivered { reason, retry: true }, throttled }
                }
                refusal => refusal,
            })?;
        let answer = self
            .client
            .publish()
            .set_target_arn(endpoint.endpoint_arn)
            .message_structure("json")
            .message(payload(message))
            .send()
            .await;
        answer
            .map(|answer| Receipt { id: answer.message_id.unwrap_or_default() })
            .map_err(|error| Refusal::of("SNS", &OF_MESSAGE, &error))
    }
}

impl Channel for SnsPush {
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError> {
        offered(async || self.offer(message).await).await
    }
}

/// The message as each platform takes it. The action's id goes along, so that the app can tell a repeat.
fn payload(message: &Outgoing<'_>) -> String {
    let (title, body) = (message.subject, message.text.trim_end());
    let action = message.action.id.to_string();
    let apple = json!({"aps": {"alert": {"title": title, "body": body}}, "action_id": action}).to_string();
    let google =
        json!({"notification": {"title": title, "body": body}, "data": {"action_id": action}}).to_string();
    json!({"default": body, "APNS": apple, "APNS_SANDBOX": apple, "GCM": google}).to_string()
}
