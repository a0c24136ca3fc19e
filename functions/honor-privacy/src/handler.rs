//! A request, from the invocation to the answer.

use crate::erase::{kept_receipt, request_id};
use crate::receipt::verify;
use crate::requests::listed;
use crate::restrict::restrict;
use crate::subject::Subject;
use crate::{
    Action, Deps, PrivacyError, Request, Stores, access, approved, begin, close, conclude, due, erase,
    export, open_requests, page, sweep, unfinished,
};
use event::{AccessEntry, Key, PrivacyStore, RequestState};
use lambda::{Failure, Invocation, Source};
use metrics::{counter, gauge};
use serde_json::{Value, json};

/// Largest answer that Lambda hands on is 6 MB; a larger one is put into the store instead.
const LARGEST_ANSWER: usize = 5 << 20;

/// Works on what an invocation brings: a request by direct invocation, or the schedule's event, upon which erasures
/// that were cut short are brought to their end. `now` is UTC ms.
///
/// # Errors
/// As [`run`], and an event that is neither.
pub async fn invoke<S: Stores>(
    deps: &Deps<'_, S>,
    invocation: &Invocation,
    now: i64,
) -> Result<Value, Failure> {
    match invocation.source() {
        Source::Schedule => {
            let mut receipts = Vec::new();
            for mut job in unfinished(deps).await? {
                erase(deps, &mut job).await?;
                receipts.push(conclude(deps, &job, now).await?.content.id);
                counter!("Erased").increment(1);
            }
            let again = sweep(deps, now).await?;
            for approval in due(deps, now).await? {
                run(deps, &approval, now).await?;
            }
            let waiting = open_requests(deps).await?.len();
            if waiting > 0 {
                tracing::warn!(waiting, "requests of customers wait for somebody to approve or decline them");
            }
            gauge!("RequestsWaiting").set(waiting as f64);
            Ok(json!({"finished": receipts, "swept": again, "waiting": waiting}))
        }
        Source::Other => Ok(run(deps, &invocation.read("a request")?, now).await?),
        _ => Err(invocation.refused("requests by direct invocation, and a schedule's event").into()),
    }
}

/// Meets one request. `now` is UTC ms.
///
/// # Errors
/// A request that can't be met, and stores that are not available: an erasure that was begun is ended by the same
/// request again, or by the schedule.
pub async fn run<S: Stores>(deps: &Deps<'_, S>, request: &Request, now: i64) -> Result<Value, PrivacyError> {
    request.check()?;
    let answer = match request.action {
        Action::Export => {
            let subject = Subject::find(deps, request).await?;
            let id = request_id(deps, request, &subject, now);
            // Before it is handed out: nobody looks without a trace.
            log(deps, request, &subject, &id, now, Value::Null).await?;
            let export = export::export(deps, &subject, &id, now).await?;
            let html = page(&export);
            handed_out(deps, &id, export, html).await?
        }
        Action::Erase => {
            if let Some(receipt) = kept_receipt(deps, request).await? {
                return Ok(json!({"receipt": receipt}));
            }
            let mut job = begin(deps, request, now).await?;
            erase(deps, &mut job).await?;
            let receipt = conclude(deps, &job, now).await?;
            json!({"receipt": receipt})
        }
        Action::Restrict | Action::Unrestrict => {
            let restricted = request.action == Action::Restrict;
            let subject = Subject::find(deps, request).await?;
            let id = request_id(deps, request, &subject, now);
            restrict(deps, &subject, restricted).await?;
            let outcome = json!({"identifiers": subject.identifiers.len()});
            log(deps, request, &subject, &id, now, outcome).await?;
            json!({"restricted": restricted, "person": subject.person.map(|person| person.to_string()),
                   "identifiers": subject.identifiers.len()})
        }
        Action::Log => {
            let people: Vec<Key> = match request.identifier {
                Some(_) => Subject::find(deps, request).await?.people.into_iter().collect(),
                None => Vec::new(),
            };
            json!({"entries": access::entries(deps, &people).await?})
        }
        Action::Requests => listed(&open_requests(deps).await?),
        Action::Approve => {
            let answer = Box::pin(run(deps, &approved(deps, request).await?, now)).await?;
            close(deps, request, RequestState::Met, now).await?;
            return Ok(answer);
        }
        Action::Decline => {
            close(deps, request, RequestState::Declined, now).await?;
            json!({"declined": request.request})
        }
        Action::Verify => {
            let missing = || PrivacyError::refused("name the receipt: all of it, or its id");
            verify(deps, request.receipt.as_ref().ok_or_else(missing)?).await?
        }
    };
    counter!("Requests").increment(1);
    Ok(answer)
}

async fn log<S: Stores>(
    deps: &Deps<'_, S>,
    request: &Request,
    subject: &Subject,
    id: &str,
    now: i64,
    outcome: Value,
) -> Result<(), PrivacyError> {
    let entry = AccessEntry {
        id: id.to_owned(),
        at: now,
        action: request.action.as_str().to_owned(),
        by: request.by.clone(),
        reason: request.reason.clone(),
        person: subject.person.map(|person| person.to_string()),
        outcome,
    };
    Ok(entry.append(deps.files).await?)
}

/// The export as an answer; what is too large for one is put under `exports/`, and the answer says where.
async fn handed_out<S: Stores>(
    deps: &Deps<'_, S>,
    id: &str,
    export: Value,
    page: String,
) -> Result<Value, PrivacyError> {
    let bytes = serde_json::to_vec(&export).unwrap_or_default();
    if bytes.len() + page.len() <= LARGEST_ANSWER {
        return Ok(json!({"export": export, "page": page}));
    }
    let paths = [format!("exports/{id}.json"), format!("exports/{id}.html")];
    deps.files.put(&paths[0], &bytes, None).await?;
    deps.files.put(&paths[1], page.as_bytes(), None).await?;
    Ok(json!({"stored": paths}))
}
