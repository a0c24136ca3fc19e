//! Everything that is kept of a person goes, step by step.

use crate::job::Job;
use crate::receipt::{Receipt, receipt_of, receipts_since};
use crate::restrict::change_list;
use crate::subject::{Subject, profile_of};
use crate::{Deps, PrivacyError, Request, Stores, lake_rows, neighbours, quarantined, snapshots};
use campaign::{CampaignErasure, SentCopies};
use event::{AccessEntry, HOUR, Identifier, IdentifierKind, Key, QuarantineStore, Secret, VaultStore};
use person::{IdentityStore, PeopleErasure, ProfileStore};
use serde_json::json;

/// For how long after an erasure what was on its way is looked for, ms: longer than anything waits on the bus.
const SWEPT: i64 = 3 * HOUR;

/// The steps, in their order: what is found by means of another store goes before that store does, and what anything could
/// still be done with goes before the lake, which may take long.
const STEPS: [Step; 8] = [
    Step::Copies,
    Step::Campaigns,
    Step::People,
    Step::Snapshots,
    Step::Vault,
    Step::Quarantine,
    Step::Neighbours,
    Step::Lake,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Copies,
    Quarantine,
    Lake,
    Neighbours,
    Campaigns,
    People,
    Snapshots,
    Vault,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Step::Copies => "copies",
            Step::Quarantine => "quarantine",
            Step::Lake => "lake",
            Step::Neighbours => "neighbours",
            Step::Campaigns => "campaigns",
            Step::People => "people",
            Step::Snapshots => "snapshots",
            Step::Vault => "vault",
        }
    }
}

/// Finds the person, writes down what is to go, and puts their identifiers on the privacy list: from then on nothing
/// that happened before is taken in again. `now` is UTC ms.
///
/// # Errors
/// As [`Subject::find`]; stores that are not available. Nothing is removed yet.
pub async fn begin<S: Stores>(deps: &Deps<'_, S>, request: &Request, now: i64) -> Result<Job, PrivacyError> {
    request.check()?;
    let subject = Subject::find(deps, request).await?;
    let job = Job::new(request, &subject, request_id(deps, request, &subject, now), now);
    job.save(deps).await?;
    list(deps, &subject, now).await?;
    Ok(job)
}

/// Removes everything. May be repeated after a crash or an error at any point, until it is through.
///
/// # Errors
/// A store that is not available or damaged; what was done stays done.
pub async fn erase<S: Stores>(deps: &Deps<'_, S>, job: &mut Job) -> Result<(), PrivacyError> {
    while !erase_part(deps, job).await? {}
    Ok(())
}

/// Does the next part of it, for who has other work between: first all but the lake, then some files of the lake at a time.
/// Returns whether all is done.
///
/// # Errors
/// As [`erase`].
pub async fn erase_part<S: Stores>(deps: &Deps<'_, S>, job: &mut Job) -> Result<bool, PrivacyError> {
    let subject = job.subject()?;
    if job.done.is_empty() {
        // Of a job whose first attempt ended before it came to that.
        list(deps, &subject, job.erased_at).await?;
    }
    for step in STEPS {
        if job.is_done(step.name()) {
            continue;
        }
        let is_whole = match step {
            Step::Lake => lake_rows::erase_some(deps, &subject, job).await?,
            step => take(deps, step, &subject, job).await.map(|()| true)?,
        };
        (deps.settle)()?;
        if !is_whole {
            job.save(deps).await?;
            return Ok(false);
        }
        job.done.push(step.name().to_owned());
        job.save(deps).await?;
    }
    Ok(true)
}

/// The receipt of an erasure that a customer asked for and that was made already: a crash came before that was noted.
pub async fn kept_receipt<S: Stores>(
    deps: &Deps<'_, S>,
    request: &Request,
) -> Result<Option<Receipt>, PrivacyError> {
    match &request.request {
        Some(id) => receipt_of(deps, id).await,
        None => Ok(None),
    }
}

/// Signs and keeps the receipt, and closes the job. `now` is UTC ms.
pub async fn conclude<S: Stores>(deps: &Deps<'_, S>, job: &Job, now: i64) -> Result<Receipt, PrivacyError> {
    let receipt = Receipt::of(job, now, deps.parser.hasher());
    receipt.keep(deps).await?;
    access_entry(job, job.erased_at).append(deps.files).await?;
    job.remove(deps).await?;
    Ok(receipt)
}

/// Removes once more what was on its way, on the bus, when an erasure of the last hours took place: rows that came into
/// the lake meanwhile, and a person made of nothing but what happened before. Returns how many erasures left something.
/// `now` is UTC ms.
///
/// # Errors
/// A store that is not available.
pub async fn sweep<S: Stores>(deps: &Deps<'_, S>, now: i64) -> Result<u64, PrivacyError> {
    let mut found = 0;
    for receipt in receipts_since(deps, now - SWEPT).await? {
        let mut job = receipt.job();
        let subject = job.subject()?;
        take(deps, Step::Lake, &subject, &mut job).await?;
        take(deps, Step::Snapshots, &subject, &mut job).await?;
        let mut late = Vec::new();
        for person in subject.keys() {
            let stored = deps.people.load(&[person]).await?.pop().flatten();
            let Some(stored) = stored else { continue };
            // Who came back is somebody new, and stays.
            if profile_of(&stored.blob).is_ok_and(|profile| profile.last_seen <= job.erased_at) {
                late.push(person);
            }
        }
        if !late.is_empty() {
            let subject = made_of(deps, &subject, late).await?;
            take(deps, Step::Campaigns, &subject, &mut job).await?;
            take(deps, Step::People, &subject, &mut job).await?;
        }
        (deps.settle)()?;
        // The rows and profiles of this run alone: those of the erasure itself are in its receipt.
        if job.removed.values().sum::<u64>() > 0 {
            found += 1;
            let id = format!("{}-again", job.id);
            access_entry(&Job { id, ..job }, now).append(deps.files).await?;
        }
    }
    Ok(found)
}

/// These people of a subject, and what points to them and to nobody who came later.
async fn made_of<S: Stores>(
    deps: &Deps<'_, S>,
    subject: &Subject,
    people: Vec<Key>,
) -> Result<Subject, PrivacyError> {
    let all: Vec<Identifier> = subject.identifiers.iter().copied().collect();
    let owners = deps.people.owners(&all).await?;
    let theirs = |(identifier, owner): (Identifier, Option<person::Owner>)| {
        let person = owner.map_or(identifier.key, |owner| owner.person);
        people.contains(&person).then_some(identifier)
    };
    let identifiers = all.into_iter().zip(owners).filter_map(theirs).collect();
    Ok(Subject { person: None, identifiers, people: people.into_iter().collect() })
}

/// The same for the same request.
pub(crate) fn request_id<S: Stores>(
    deps: &Deps<'_, S>,
    request: &Request,
    subject: &Subject,
    now: i64,
) -> String {
    if let Some(id) = &request.request {
        return id.clone();
    }
    let person = subject.person.map(|person| person.to_string()).unwrap_or_default();
    let first = subject.identifiers.iter().next().map(|identifier| identifier.key.to_string());
    let first = first.unwrap_or_default();
    let text = format!("{}\n{}\n{person}\n{first}\n{now}", request.action.as_str(), request.by);
    deps.parser.hasher().key("privacy request", &text).to_string()
}

fn access_entry(job: &Job, at: i64) -> AccessEntry {
    AccessEntry {
        id: job.id.clone(),
        at,
        action: "erase".to_owned(),
        by: job.by.clone(),
        reason: job.reason.clone(),
        person: job.person.clone(),
        outcome: json!(job.removed),
    }
}

async fn list<S: Stores>(deps: &Deps<'_, S>, subject: &Subject, at: i64) -> Result<(), PrivacyError> {
    let identifiers: Vec<Identifier> = subject.identifiers.iter().copied().collect();
    change_list(deps, |list| list.erase(&identifiers, at)).await
}

async fn take<S: Stores>(
    deps: &Deps<'_, S>,
    step: Step,
    subject: &Subject,
    job: &mut Job,
) -> Result<(), PrivacyError> {
    let people: Vec<Key> = subject.people.iter().copied().collect();
    let identifiers: Vec<Identifier> = subject.identifiers.iter().copied().collect();
    match step {
        Step::Copies => {
            let names: Vec<String> = copies(deps, subject).await?.into_iter().map(|copy| copy.name).collect();
            deps.copies.remove_copies(&names).await?;
            job.count("sent_copies", names.len() as u64);
        }
        Step::Quarantine => {
            let mut ids = Vec::new();
            deps.quarantine
                .each(|id, record| {
                    if quarantined::is_theirs(&record, subject, deps.parser) {
                        ids.push(id.to_owned());
                    }
                })
                .await?;
            deps.quarantine.remove(&ids).await?;
            job.count("quarantine", ids.len() as u64);
        }
        Step::Lake => while !lake_rows::erase_some(deps, subject, job).await? {},
        Step::Neighbours => {
            let edited = neighbours::forget(deps, subject).await?;
            job.count("profiles_of_others_edited", edited);
        }
        Step::Campaigns => {
            let erased = deps.campaigns.erase_campaigns(&people).await?;
            job.count("journeys", erased.journeys);
            job.count("timers", erased.timers);
            job.count("waiting_actions", erased.actions);
            job.count("ledger", erased.ledger);
            job.count("caps", erased.caps);
        }
        Step::People => {
            let erased = deps.people.erase_people(&people, &identifiers).await?;
            job.count("profiles", erased.profiles);
            job.count("identities", erased.identities);
        }
        Step::Snapshots => {
            let removed = snapshots::erase(deps, subject).await?;
            job.count("snapshot_rows", removed);
        }
        Step::Vault => {
            let removed = deps.vault.remove(&vault_places(subject)).await?;
            job.count("vault_values", removed);
        }
    }
    Ok(())
}

/// The copies of messages that were sent to a person.
pub(crate) async fn copies<S: Stores>(
    deps: &Deps<'_, S>,
    subject: &Subject,
) -> Result<Vec<campaign::SentCopy>, PrivacyError> {
    let people: Vec<Key> = subject.people.iter().copied().collect();
    let actions: Vec<Key> =
        deps.campaigns.entries(&people).await?.into_iter().map(|entry| entry.action).collect();
    let addresses: Vec<String> = vault_values(deps, subject)
        .await?
        .into_iter()
        .filter(|secret| secret.field == IdentifierKind::Email.as_str())
        .map(|secret| secret.value)
        .collect();
    Ok(deps.copies.copies(&actions, &addresses).await?)
}

/// Everything that the vault holds of a person.
pub(crate) async fn vault_values<S: Stores>(
    deps: &Deps<'_, S>,
    subject: &Subject,
) -> Result<Vec<Secret>, PrivacyError> {
    let mut values = Vec::new();
    for identifier in vault_places(subject) {
        values.extend(deps.vault.fields(identifier).await?);
    }
    Ok(values)
}

/// Where the vault may hold something of a person: each event's personal data stand under its strongest identifier,
/// which may be a device's. One that somebody else has for their own is not among the subject's.
fn vault_places(subject: &Subject) -> Vec<Identifier> {
    let mut places: Vec<Identifier> = subject.identifiers.iter().copied().collect();
    places.sort_by_key(|identifier| !identifier.kind.is_personal());
    places
}
