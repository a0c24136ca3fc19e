//! What providers tell of messages that were sent.

use crate::Deps;
use event::{Event, EventBus, Parser, PortError};
use feedback::{Ignored, Notice, mark_bursts};
use metrics::counter;
use serde_json::{Value, json};
use token::TokenKey;

/// Events of what was told, and of how much nothing was taken.
pub(crate) struct Feedback {
    pub events: Vec<Event<'static>>,
    pub ignored: usize,
}

impl Feedback {
    /// Reads notices; what is told together is looked at together. Nothing is taken that is about somebody on the
    /// privacy list: an old mail lets nobody in again. `now` is UTC ms.
    pub fn of<'t>(parser: &Parser, texts: impl IntoIterator<Item = &'t str>, now: i64) -> Feedback {
        let tokens = TokenKey::of(parser.hasher());
        let read: Vec<Result<Notice, Ignored>> =
            texts.into_iter().map(|text| Notice::read(text, &tokens, now)).collect();
        let told = read.len();
        let mut notices: Vec<Notice> = read.into_iter().flatten().collect();
        let privacy = &parser.settings().privacy;
        notices.retain(|notice| {
            privacy.refusal(&[notice.message.person], Some(notice.message.sent_at)).is_none()
        });
        mark_bursts(&mut notices);
        let clean = |link: &str| parser.mask(link).into_owned();
        let events: Vec<Event<'static>> = notices.iter().map(|notice| notice.event(clean)).collect();
        Feedback { ignored: told - events.len(), events }
    }
}

/// Takes in an event of EventBridge; `None` where it is no notice of a provider.
///
/// # Errors
/// The bus is not available: the invocation is repeated, and tells the same events.
pub(crate) async fn handle_notice<B: EventBus, V, Q, O>(
    deps: &Deps<'_, B, V, Q, O>,
    text: &str,
    now: i64,
) -> Result<Option<Value>, PortError> {
    if !Notice::is_one(text) {
        return Ok(None);
    }
    let Feedback { events, ignored } = Feedback::of(deps.parser, [text], now);
    if !events.is_empty() {
        deps.bus.publish(&events).await?;
    }
    counter!("EventsAccepted").increment(events.len() as u64);
    Ok(Some(json!({"accepted": events.len(), "ignored": ignored})))
}
