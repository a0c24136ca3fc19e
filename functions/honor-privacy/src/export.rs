//! Everything that is kept of one person, as one JSON document.

use crate::erase::{copies, vault_values};
use crate::lake_rows::{Rows, read};
use crate::subject::{Subject, profile_of};
use crate::{Deps, PrivacyError, Stores, access, quarantined};
use campaign::{CampaignErasure, Held, JourneyStore, Journeys, LedgerEntry};
use event::{Identifier, Key, QuarantineStore, Secret, iso_time};
use person::ProfileStore;
use serde_json::{Value, json};

/// The format's name and version; docs/privacy.md says what stands where.
const FORMAT: &str = "rondo-export/1";

/// Gathers what every store holds of a person. It holds personal data: it is for the person, and for nobody else.
/// `now` is UTC ms.
///
/// # Errors
/// A store that is not available, or holds something damaged: an export is whole or none.
pub async fn export<S: Stores>(
    deps: &Deps<'_, S>,
    subject: &Subject,
    id: &str,
    now: i64,
) -> Result<Value, PrivacyError> {
    let people: Vec<Key> = subject.people.iter().copied().collect();
    let secrets = vault_values(deps, subject).await?;
    let rows = read(deps, subject).await?;
    let waiting = deps.campaigns.waiting(&people).await?;
    let ledger = deps.campaigns.entries(&people).await?;
    let sent = copies(deps, subject).await?;
    let sent: Vec<Value> = sent
        .into_iter()
        .map(|copy| json!({"name": copy.name, "message": String::from_utf8_lossy(&copy.bytes)}))
        .collect();
    Ok(json!({
        "format": FORMAT,
        "request": id,
        "made_at": iso_time(now),
        "person": subject.person.map(|person| person.to_string()),
        "merged_people": people.iter().filter(|person| Some(**person) != subject.person)
            .map(Key::to_string).collect::<Vec<_>>(),
        "restricted": is_restricted(deps, subject),
        "identifiers": subject.identifiers.iter()
            .map(|identifier| identifier_json(*identifier, &secrets, &rows, deps)).collect::<Vec<_>>(),
        "personal_data": secrets.iter().map(secret_json).collect::<Vec<_>>(),
        "profile": profile(deps, subject, now).await?,
        "journeys": journeys(deps, &people).await?,
        "waiting_messages": waiting.iter().map(waiting_json).collect::<Vec<_>>(),
        "messages": ledger.iter().map(entry_json).collect::<Vec<_>>(),
        "sent_copies": sent,
        "events": rows.events,
        "quarantined": quarantine(deps, subject).await?,
        "access_log": access::entries(deps, &people).await?.into_iter()
            .filter(|_| !people.is_empty()).collect::<Vec<_>>(),
    }))
}

fn is_restricted<S: Stores>(deps: &Deps<'_, S>, subject: &Subject) -> bool {
    let list = deps.parser.settings().privacy.list();
    subject.identifiers.iter().any(|id| list.get(id.key).is_some_and(|entry| entry.restricted))
}

/// An identifier: its hash, its value where that is kept, and where it came from.
fn identifier_json<S: Stores>(
    identifier: Identifier,
    secrets: &[Secret],
    rows: &Rows,
    deps: &Deps<'_, S>,
) -> Value {
    let kind = identifier.kind.as_str();
    let in_vault = secrets.iter().find(|secret| secret.identifier == identifier && secret.field == kind);
    let hasher = deps.parser.hasher();
    let readable = || rows.user_ids.iter().find(|id| hasher.identifier(identifier.kind, id) == identifier);
    let value = in_vault.map(|secret| &secret.value).or_else(readable);
    let mut json = json!({"kind": kind, "key": identifier.key.to_string(), "value": value});
    if let Some(origin) = rows.origins.get(&identifier) {
        json["first_seen"] = json!(iso_time(origin.at));
        json["first_event"] = json!(origin.event);
        json["source"] = json!(origin.source);
    }
    json
}

fn secret_json(secret: &Secret) -> Value {
    json!({"kept_under": secret.identifier.kind.as_str(), "field": secret.field, "value": secret.value})
}

async fn profile<S: Stores>(deps: &Deps<'_, S>, subject: &Subject, now: i64) -> Result<Value, PrivacyError> {
    let Some(person) = subject.person else { return Ok(Value::Null) };
    let Some(stored) = deps.people.load(&[person]).await?.pop().flatten() else { return Ok(Value::Null) };
    Ok(profile_of(&stored.blob)?.to_json(now))
}

async fn journeys<S: Stores>(deps: &Deps<'_, S>, people: &[Key]) -> Result<Vec<Value>, PrivacyError> {
    let mut all = Vec::new();
    for stored in deps.journeys.load(people).await?.into_iter().flatten() {
        let journeys =
            Journeys::decode(&stored.blob).map_err(|error| PrivacyError::damaged("the journeys", error))?;
        for campaign in journeys.campaigns() {
            all.extend(campaign.active.iter().map(|journey| {
                json!({
                    "campaign": campaign.campaign,
                    "key": journey.key,
                    "entered_at": iso_time(journey.entered_at),
                    "next_step": (!journey.waiting).then_some(journey.step + 1),
                    "due_at": iso_time(journey.due_at),
                    "kept": serde_json::from_str::<Value>(&journey.kept).unwrap_or(Value::Null),
                })
            }));
        }
    }
    Ok(all)
}

fn waiting_json(held: &Held) -> Value {
    let action = &held.action;
    json!({
        "campaign": action.campaign,
        "step": action.step,
        "due_at": iso_time(action.due_at),
        "waits_until": (held.until > 0).then(|| iso_time(held.until)),
    })
}

fn entry_json(entry: &LedgerEntry) -> Value {
    json!({
        "action": entry.action.to_string(),
        "campaign": entry.campaign,
        "step": entry.step,
        "channel": entry.channel,
        "state": entry.state.as_str(),
        "reason": entry.reason.map(|reason| reason.as_str()),
        "at": iso_time(entry.at),
        "due_at": iso_time(entry.due_at),
    })
}

async fn quarantine<S: Stores>(deps: &Deps<'_, S>, subject: &Subject) -> Result<Vec<Value>, PrivacyError> {
    let mut records = Vec::new();
    deps.quarantine
        .each(|id, record| {
            if quarantined::is_theirs(&record, subject, deps.parser) {
                records.push(json!({
                    "id": id,
                    "at": iso_time(record.at),
                    "source": record.source,
                    "code": record.rejection.code.as_str(),
                    "field": record.rejection.field,
                    "reason": record.rejection.reason,
                    "original": String::from_utf8_lossy(&record.original),
                }));
            }
        })
        .await?;
    Ok(records)
}
