//! What a send says that waits on site.

use super::steps::StepFile;
use super::values::{at, duration};
use crate::file_error::FileError;
use crate::on_site::OnSite;
use crate::{ChannelKind, Message};
use event::DAY;
use serde_saphyr::Spanned;

/// How long a message waits where its step does not say, and the longest that one may say, ms.
const EXPIRES: i64 = 3 * DAY;
const MAX_EXPIRES: i64 = 30 * DAY;

impl StepFile {
    /// The message of a send, waiting where it says that it does.
    pub(super) fn on_site(
        &self,
        kind: ChannelKind,
        message: Message,
        send: &Spanned<String>,
        template: &Spanned<String>,
    ) -> Result<Message, FileError> {
        if kind != ChannelKind::OnSite {
            let only = |field: &str| {
                format!("`{field}` belongs to a send with `channel: on_site`; drop it, or add that")
            };
            return match (&self.placement, &self.shows, &self.expires) {
                (Some(placement), ..) => Err(at(placement, &only("placement"))),
                (_, Some(shows), _) => Err(at(shows, &only("shows"))),
                (.., Some(expires)) => Err(at(expires, &only("expires"))),
                (None, None, None) => Ok(message),
            };
        }
        let Some(placement) = self.placement.as_ref().filter(|name| !name.value.trim().is_empty()) else {
            return Err(at(send, "a message on site needs a `placement`: the name of one in placements/"));
        };
        if let Some(webhook) = &self.webhook {
            return Err(at(webhook, "a message on site goes to no webhook; drop this"));
        }
        if let Some(field) = message.person_fields().next() {
            let text = format!(
                "whoever has the page open sees a message on site, so that it shows nothing of the vault: leave `person.{field}` out"
            );
            return Err(at(template, &text));
        }
        let shows = self.shows.as_ref().map_or(OnSite::SHOWS, |shows| shows.value);
        if let Some(place) = self.shows.as_ref().filter(|_| !(1..=OnSite::MAX_SHOWS).contains(&shows)) {
            return Err(at(
                place,
                &format!("a message is shown 1 to {} times; write such a number", OnSite::MAX_SHOWS),
            ));
        }
        let expires = self.expires.as_ref().map_or(Ok(EXPIRES), duration)?;
        if let Some(place) = self.expires.as_ref().filter(|_| !(1..=MAX_EXPIRES).contains(&expires)) {
            return Err(at(place, "a message waits for 30 days at most; write 30d or less"));
        }
        let start = placement.referenced;
        Ok(message.waiting(OnSite {
            placement: placement.value.trim().to_owned(),
            shows,
            expires,
            place: (start.line(), start.column()),
        }))
    }
}
