//! Decide, claim, send, settle, report.

use crate::people::People;
use crate::plan::{Letter, Plan, Verdict, identifiers};
use crate::report::{event_asked_for, event_of};
use crate::{CLAIM_TIMEOUT, Outcome, recover};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use campaign::{
    Action, ActionKind, Campaigns, Channel, ChannelKind, Claimed, DeliverySettings, Holding, Ledger,
    LedgerEntry, LedgerState, Outgoing, Reason, Receipt, SendError,
};
use event::{EventBus, Key, PortError, Vault};
use lambda::{Batch, Failure, Invocation, Record, Source};
use metrics::counter;
use person::ProfileStore;
use serde_json::{Value, json};
use std::cmp::Reverse;

/// What deliver-messages works with.
pub struct Deps<'a, P, L, V, B, H, E, W> {
    pub campaigns: &'a Campaigns,
    pub settings: &'a DeliverySettings,
    pub profiles: &'a P,
    pub ledger: &'a L,
    pub vault: &'a V,
    pub bus: &'a B,
    pub holding: &'a H,
    /// Takes what leaves by a provider: e-mail, text messages, messages to apps.
    pub email: &'a E,
    /// Takes what goes to webhooks.
    pub webhook: &'a W,
}

/// Works on what an invocation brings: messages of an action queue, or the schedule's event that has lost claims
/// looked for. `now` is UTC ms.
///
/// # Errors
/// A ledger that is not available to the search, and an event that is neither.
pub async fn invoke<P, L, V, B, H, E, W>(
    deps: &Deps<'_, P, L, V, B, H, E, W>,
    invocation: &Invocation,
    now: i64,
) -> Result<Value, Failure>
where
    P: ProfileStore,
    L: Ledger,
    V: Vault,
    B: EventBus,
    H: Holding,
    E: Channel,
    W: Channel,
{
    match invocation.source() {
        Source::Sqs => {
            let event = invocation.read("messages of an SQS queue")?;
            Ok(lambda::answer(handle(deps, now, event).await)?)
        }
        Source::Schedule => {
            let lost = recover(deps.ledger, deps.email, now, now - CLAIM_TIMEOUT).await?;
            for entry in &lost {
                let (action, campaign) = (entry.action, &entry.campaign);
                tracing::error!(%action, campaign, "nobody knows whether this message was sent: find out");
            }
            counter!(Outcome::Unknown.name()).increment(lost.len() as u64);
            Ok(json!({"unknown": lost.len()}))
        }
        _ => Err(invocation.refused("messages of an SQS queue, or a schedule's event").into()),
    }
}

/// Handles a batch of an action queue: bodies are base64 of [`Action::encode`]. Failed are the messages to be
/// delivered again: those of [`Outcome::Retry`], and damaged ones, which end in the dead-letter queue.
pub async fn handle<P, L, V, B, H, E, W>(
    deps: &Deps<'_, P, L, V, B, H, E, W>,
    now: i64,
    event: SqsEvent,
) -> SqsBatchResponse
where
    P: ProfileStore,
    L: Ledger,
    V: Vault,
    B: EventBus,
    H: Holding,
    E: Channel,
    W: Channel,
{
    let records = event.records();
    let (mut ids, mut actions, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for record in &records {
        match decode(record) {
            Some(action) => {
                ids.push(record.id);
                actions.push(action);
            }
            None => {
                tracing::warn!(
                    message_id = record.id,
                    "a message is no action: left for the dead-letter queue"
                );
                failed.push(record.id);
            }
        }
    }
    match run(deps, now, actions).await {
        Ok(outcomes) => {
            for (id, outcome) in ids.into_iter().zip(outcomes) {
                counter!(outcome.name()).increment(1);
                if let Outcome::Retry(reason) = outcome {
                    tracing::warn!(message_id = id, reason, "a message is to be delivered again");
                    failed.push(id);
                }
            }
        }
        Err(error) => {
            tracing::warn!(messages = ids.len(), %error, "messages failed and are to be delivered again");
            failed.extend(ids);
        }
    }
    SqsEvent::response(&failed)
}

/// Delivers a batch of actions; the outcomes stand in their order. After an error the whole batch may be put
/// in again: what was sent stays sent, once.
pub async fn run<P, L, V, B, H, E, W>(
    deps: &Deps<'_, P, L, V, B, H, E, W>,
    now: i64,
    actions: Vec<Action>,
) -> Result<Vec<Outcome>, PortError>
where
    P: ProfileStore,
    L: Ledger,
    V: Vault,
    B: EventBus,
    H: Holding,
    E: Channel,
    W: Channel,
{
    let people = People::load(deps.profiles, actions.iter().map(|action| action.person)).await?;
    let mut outcomes: Vec<Option<Outcome>> = vec![None; actions.len()];
    let mut plans = Vec::with_capacity(actions.len());
    let mut events = Vec::new();
    // Where a cap does not allow all, the campaign of the higher priority goes first.
    let mut order: Vec<usize> = (0..actions.len()).collect();
    order.sort_by_key(|at| Reverse(actions[*at].priority));
    for at in order {
        let action = &actions[at];
        let person = people.now_known_as(action.person);
        if action.kind != ActionKind::Send {
            events.extend(event_asked_for(action, identifiers(person.1)));
            outcomes[at] = Some(Outcome::Reported);
            continue;
        }
        match Plan::of(deps, now, action, person).await {
            Ok(plan) => plans.push((at, action, plan)),
            Err(error) => outcomes[at] = Some(Outcome::Retry(error.to_string())),
        }
    }

    let claims: Vec<_> = plans.iter().map(|(_, _, plan)| plan.claim.clone()).collect();
    let answers = if claims.is_empty() { Vec::new() } else { deps.ledger.claim(&claims).await? };
    let mut settled = Vec::new();
    let mut held = Vec::new();
    for ((at, action, plan), answer) in plans.iter().zip(answers) {
        let mut entry = plan.claim.entry.clone();
        let outcome = match (answer, &plan.verdict) {
            // It may be that whoever wrote the entry died before it reported it.
            (Claimed::AlreadyThere(stored), _) => {
                entry = stored;
                Outcome::Duplicate
            }
            (Claimed::OverCap(reason), _) => {
                refuse(&mut entry, reason);
                Outcome::Refused(reason)
            }
            (Claimed::Yes, Verdict::Refuse(reason)) => Outcome::Refused(*reason),
            (Claimed::Yes, Verdict::Hold { until }) => {
                held.push((*action, *until));
                Outcome::Held { until: *until }
            }
            (Claimed::Yes, Verdict::Send(letter)) => {
                let result = send(deps, now, action, &plan.claim.entry.channel, letter).await;
                let outcome = settle(&mut entry, result);
                settled.push(entry.clone());
                outcome
            }
        };
        let campaign = deps.campaigns.version(&action.campaign, action.version);
        let message = campaign.and_then(|campaign| campaign.message(&action.step));
        events.extend(event_of(action, &entry, message, plan.identifiers));
        outcomes[*at] = Some(outcome);
    }
    if !settled.is_empty() {
        deps.ledger.settle(&settled).await?;
    }
    for (action, until) in held {
        deps.holding.hold(action, until).await?;
    }
    if !events.is_empty() {
        deps.bus.publish(&events).await?;
    }
    Ok(outcomes.into_iter().flatten().collect())
}

async fn send<P, L, V, B, H, E: Channel, W: Channel>(
    deps: &Deps<'_, P, L, V, B, H, E, W>,
    now: i64,
    action: &Action,
    channel: &str,
    letter: &Letter,
) -> Result<Receipt, SendError> {
    let message = Outgoing {
        action,
        at: now,
        kind: letter.kind,
        channel,
        to: &letter.to,
        sender: &deps.settings.sender,
        subject: &letter.rendered.subject,
        html: &letter.rendered.html,
        text: &letter.rendered.text,
        unsubscribe_url: letter.unsubscribe_url.as_deref(),
        unsubscribe_mailto: deps.settings.unsubscribe_mailto.as_deref(),
        token: letter.token.as_deref(),
        personal: &letter.personal,
        webhook: deps.settings.webhooks.get(channel).filter(|_| letter.kind == ChannelKind::Webhook),
    };
    match letter.kind {
        ChannelKind::Email | ChannelKind::Sms | ChannelKind::Push => deps.email.send(&message).await,
        ChannelKind::Webhook => deps.webhook.send(&message).await,
        // The event that it was sent is what the profile keeps of it.
        ChannelKind::OnSite => Ok(Receipt::default()),
    }
}

/// What the channel's answer makes of a claimed entry. What was certainly not delivered gives its claim back,
/// as a held entry, where another attempt could help.
fn settle(entry: &mut LedgerEntry, result: Result<Receipt, SendError>) -> Outcome {
    match result {
        Ok(receipt) => {
            entry.state = LedgerState::Sent;
            entry.receipt = receipt.id;
            Outcome::Sent
        }
        Err(SendError::NotDelivered { reason, retry: true }) => {
            entry.state = LedgerState::Held;
            entry.detail.clone_from(&reason);
            Outcome::Retry(reason)
        }
        Err(SendError::NotDelivered { reason, retry: false }) => {
            refuse(entry, Reason::ChannelError);
            entry.detail = reason;
            Outcome::Refused(Reason::ChannelError)
        }
        Err(SendError::Unknown { reason }) => {
            entry.state = LedgerState::Unknown;
            entry.detail = reason;
            Outcome::Unknown
        }
    }
}

fn refuse(entry: &mut LedgerEntry, reason: Reason) {
    entry.state = LedgerState::Refused;
    entry.reason = Some(reason);
}

fn decode(record: &Record) -> Option<Action> {
    let action = Action::decode(record.payload.as_ref().ok()?).ok()?;
    let whole = action.id != Key::default() && action.person != Key::default() && !action.campaign.is_empty();
    whole.then_some(action)
}
