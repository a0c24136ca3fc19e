//! The events that tell profiles, lake and reports what became of a message.

use campaign::{Action, ActionKind, LedgerEntry, LedgerState, Message, Reason};
use event::{Event, Identifiers, names};
use serde_json::{Value, json};

/// The event that an action asks to be reported, as which nothing is sent; `None` for a message, and for a person of
/// whom nothing is known. It is the same event however often it is made.
pub(crate) fn event_asked_for(action: &Action, identifiers: Identifiers) -> Option<Event<'static>> {
    let (name, properties) = match &action.kind {
        ActionKind::Send => return None,
        ActionKind::Goal => {
            let properties =
                json!({"campaign": action.campaign, "version": action.version, "key": action.key});
            (names::GOAL_REACHED, properties)
        }
        ActionKind::Exposure { experiment, variation } => {
            let properties =
                json!({"experiment_id": experiment, "variation_id": variation, "campaign": action.campaign});
            (names::EXPERIMENT_VIEWED, properties)
        }
    };
    if identifiers.is_empty() {
        return None;
    }
    let message_id = format!("reported-{}", action.id);
    Some(Event::reported(message_id, name, identifiers, action.due_at, properties.to_string(), SOURCE))
}

/// The event of a final entry; `None` for one that is not, and for a person of whom nothing is known. Of a `message`
/// that waits on site it says what waits. It is the same event however often it is made, so that publishing it again doubles nothing.
pub(crate) fn event_of(
    action: &Action,
    entry: &LedgerEntry,
    message: Option<&Message>,
    identifiers: Identifiers,
) -> Option<Event<'static>> {
    let name = match entry.state {
        LedgerState::Sent => names::MESSAGE_SENT,
        // Their data are not worked with, this event included: the ledger has it.
        LedgerState::Refused if entry.reason == Some(Reason::Restricted) => return None,
        LedgerState::Refused => names::MESSAGE_REFUSED,
        LedgerState::Claimed | LedgerState::Held | LedgerState::Unknown => return None,
    };
    if identifiers.is_empty() {
        return None;
    }
    let mut properties = json!({
        "campaign": entry.campaign,
        "step": entry.step,
        "channel": entry.channel,
        "key": action.key,
        "action_id": entry.action.to_string(),
    });
    if let Some(reason) = entry.reason {
        properties["reason"] = json!(reason.as_str());
    }
    if entry.state == LedgerState::Sent
        && let Ok(chosen) = serde_json::from_str::<Value>(&entry.creative)
    {
        properties["creative"] = chosen;
    }
    if entry.state == LedgerState::Sent
        && let Some(on_site) = message.and_then(Message::on_site)
    {
        properties["on_site"] = on_site.said(action, entry.at, &entry.creative);
    }
    let message_id = format!("{}-{}", entry.state.as_str(), entry.action);
    Some(Event::reported(message_id, name, identifiers, entry.at, properties.to_string(), SOURCE))
}

const SOURCE: &str = "deliver-messages";
