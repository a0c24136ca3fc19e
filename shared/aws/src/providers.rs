//! All that leaves by a provider of messages.

use crate::{Aws, EndUserSms, SesEmail, SnsPush};
use campaign::{Channel, ChannelKind, Outgoing, Receipt, SendError, Waiting};
use event::PortError;
use lambda::Environment;
use lambda::variables::{MAIL_CONFIGURATION_SET, PUSH_APPLICATIONS, SMS_ORIGIN};
use std::time::{Duration, Instant};

/// E-mail, text messages and messages to apps, each by its service.
pub struct Providers {
    email: SesEmail,
    sms: Option<EndUserSms>,
    push: Option<SnsPush>,
}

impl Providers {
    /// Those that the environment names; e-mail always.
    ///
    /// # Errors
    /// `PUSH_APPLICATIONS` that are not written as they should be.
    pub fn of(aws: &Aws, settings: &Environment) -> Result<Providers, PortError> {
        let push = settings.optional(PUSH_APPLICATIONS).map(|given| SnsPush::new(aws, &given)).transpose();
        Ok(Providers {
            email: SesEmail::new(aws, settings.optional(MAIL_CONFIGURATION_SET)),
            sms: settings.optional(SMS_ORIGIN).map(|origin| EndUserSms::new(aws, origin)),
            push: push.map_err(|reason| PortError::Failed { what: "PUSH_APPLICATIONS", reason })?,
        })
    }
}

impl Channel for Providers {
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError> {
        let not_set_up = |reason: &str| SendError::NotDelivered { reason: reason.to_owned(), retry: false };
        match message.kind {
            ChannelKind::Email => self.email.send(message).await,
            ChannelKind::Sms => match &self.sms {
                Some(sms) => sms.send(message).await,
                None => Err(not_set_up("text messages are not set up: SMS_ORIGIN says what they come from")),
            },
            ChannelKind::Push => match &self.push {
                Some(push) => push.send(message).await,
                None => Err(not_set_up(
                    "messages to apps are not set up: PUSH_APPLICATIONS names the applications",
                )),
            },
            ChannelKind::Webhook => Err(not_set_up("a webhook is no provider")),
            ChannelKind::OnSite => Err(not_set_up("a message on site goes by no provider")),
        }
    }
}

/// The process's own clock.
pub struct ProcessClock(Instant);

impl Default for ProcessClock {
    fn default() -> ProcessClock {
        ProcessClock(Instant::now())
    }
}

impl Waiting for ProcessClock {
    fn now(&self) -> i64 {
        self.0.elapsed().as_millis() as i64
    }

    async fn wait(&self, ms: i64) {
        tokio::time::sleep(Duration::from_millis(ms.unsigned_abs())).await;
    }
}
