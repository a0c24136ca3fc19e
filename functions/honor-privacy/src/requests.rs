//! What customers asked for through the systems of shops: listed, approved, declined.

use crate::{Action, Deps, PrivacyError, Request, Stores, Who};
use event::{
    AccessEntry, Asked, DAY, PRIVACY_REQUESTS, PrivacyRequest, PrivacyStore, RequestState, iso_time,
};
use serde_json::{Value, json};

/// How long the law leaves for an answer, ms: a month (GDPR 12(3)), which has 28 days at least; Shopify leaves 30.
const TIME: i64 = 28 * DAY;

/// For how long a request that was met or declined is remembered, ms: shop systems deliver again for some days, and the
/// same customer may ask again later.
const REMEMBERED: i64 = 30 * DAY;

/// Those that nobody has met or declined yet, oldest first.
///
/// # Errors
/// A store that is not available, or a damaged request.
pub async fn open_requests<S: Stores>(deps: &Deps<'_, S>) -> Result<Vec<PrivacyRequest>, PrivacyError> {
    let mut requests = all(deps).await?;
    requests.retain(|request| request.state == RequestState::Open);
    requests.sort_by(|a, b| (a.received_at, &a.id).cmp(&(b.received_at, &b.id)));
    Ok(requests)
}

/// What is to be done without anybody's approval: the erasures, where the settings say so. Also forgets what was closed
/// long ago. An export waits for somebody who hands it over. `now` is UTC ms.
///
/// # Errors
/// As [`open_requests`].
pub async fn due<S: Stores>(deps: &Deps<'_, S>, now: i64) -> Result<Vec<Request>, PrivacyError> {
    for request in all(deps).await? {
        if request.closed_at.is_some_and(|at| now - at > REMEMBERED) {
            deps.files.remove(&request.path()).await?;
        }
    }
    if !deps.erases_unasked {
        return Ok(Vec::new());
    }
    let open = open_requests(deps).await?.into_iter().filter(|request| request.asked == Asked::Erase);
    Ok(open
        .map(|request| Request {
            action: Action::Approve,
            identifier: None,
            by: format!("webhook {}", request.source).chars().take(200).collect(),
            reason: "asked by the customer, through the shop system".to_owned(),
            receipt: None,
            request: Some(request.id),
        })
        .collect())
}

/// What has to be done for an approval: an export, or an erasure. It carries the id of what was asked for, so that it is
/// done once.
///
/// # Errors
/// There is no such request, or it was closed already; one that is about a whole shop.
pub async fn approved<S: Stores>(deps: &Deps<'_, S>, approval: &Request) -> Result<Request, PrivacyError> {
    let request = open(deps, approval).await?;
    let action = match request.asked {
        Asked::Export => Action::Export,
        Asked::Erase => Action::Erase,
        Asked::EraseShop => {
            return Err(PrivacyError::refused(format!(
                "it asks that everything of the shop `{}` goes: erase its customers one by one, or remove the \
                 installation; then decline this request with that as the reason",
                request.source
            )));
        }
    };
    let reason = match approval.reason.trim() {
        "" => format!("asked through {}", request.source),
        reason => reason.to_owned(),
    };
    Ok(Request {
        action,
        identifier: Some(Who::Keys { keys: request.identifiers }),
        by: approval.by.clone(),
        reason: reason.chars().take(200).collect(),
        receipt: None,
        request: Some(request.id),
    })
}

/// Notes that a request was met, or declined. `now` is UTC ms.
///
/// # Errors
/// As [`approved`]; a store that is not available.
pub async fn close<S: Stores>(
    deps: &Deps<'_, S>,
    closing: &Request,
    state: RequestState,
    now: i64,
) -> Result<(), PrivacyError> {
    let request = PrivacyRequest { state, closed_at: Some(now), ..open(deps, closing).await? };
    let bytes = serde_json::to_vec(&request).unwrap_or_default();
    deps.files.put(&request.path(), &bytes, None).await?;
    if state == RequestState::Declined {
        let entry = AccessEntry {
            id: request.id.clone(),
            at: now,
            action: closing.action.as_str().to_owned(),
            by: closing.by.clone(),
            reason: closing.reason.clone(),
            person: None,
            outcome: json!({"asked": request.asked, "source": request.source}),
        };
        entry.append(deps.files).await?;
    }
    Ok(())
}

/// As they are shown.
pub(crate) fn listed(requests: &[PrivacyRequest]) -> Value {
    let each = requests.iter().map(|request| {
        json!({
            "request": request.id,
            "asked": request.asked,
            "source": request.source,
            "received_at": iso_time(request.received_at),
            "answer_by": iso_time(request.received_at + TIME),
            "identifiers": request.identifiers,
        })
    });
    json!({"requests": each.collect::<Vec<_>>()})
}

async fn open<S: Stores>(deps: &Deps<'_, S>, named: &Request) -> Result<PrivacyRequest, PrivacyError> {
    let id = named.request.as_deref().unwrap_or_default().trim();
    let found = all(deps).await?.into_iter().find(|request| request.id == id);
    let request = found.ok_or_else(|| PrivacyError::refused("there is no request of that id"))?;
    match (request.state, request.closed_at) {
        (RequestState::Open, _) => Ok(request),
        (state, at) => Err(PrivacyError::refused(format!(
            "the request was {} at {}",
            if state == RequestState::Met { "met" } else { "declined" },
            iso_time(at.unwrap_or_default())
        ))),
    }
}

async fn all<S: Stores>(deps: &Deps<'_, S>) -> Result<Vec<PrivacyRequest>, PrivacyError> {
    let mut requests = Vec::new();
    for path in deps.files.list(PRIVACY_REQUESTS).await? {
        let Some(stored) = deps.files.get(&path).await? else { continue };
        let request = serde_json::from_slice(&stored.bytes)
            .map_err(|error| PrivacyError::damaged("a customer's request", format!("{path}: {error}")))?;
        requests.push(request);
    }
    Ok(requests)
}
