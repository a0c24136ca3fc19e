//! An erasure under way: what is to go, and how far it has come. It is written before anything is removed, so that a
//! crash at any point leaves what it takes to go on.

use crate::subject::Subject;
use crate::{Deps, PrivacyError, Request, Stores};
use event::{Key, NamedKey, PrivacyStore};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where jobs are kept.
const JOBS: &str = "jobs/";

/// One erasure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub id: String,
    pub by: String,
    pub reason: String,
    /// When it was asked for, UTC ms: what happened until then is erased, and refused from then on.
    pub erased_at: i64,
    pub person: Option<String>,
    pub people: Vec<String>,
    pub identifiers: Vec<NamedKey>,
    /// The steps that are done.
    pub done: Vec<String>,
    /// What was removed so far, by where it was.
    pub removed: BTreeMap<String, u64>,
    /// The last file of the lake whose rows are counted.
    pub counted: Option<String>,
    /// The last file of the lake that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<String>,
    #[serde(skip)]
    pub(crate) is_over: bool,
}

impl Job {
    pub(crate) fn new(request: &Request, subject: &Subject, id: String, now: i64) -> Job {
        Job {
            id,
            by: request.by.clone(),
            reason: request.reason.clone(),
            erased_at: now,
            person: subject.person.map(|person| person.to_string()),
            people: subject.people.iter().map(Key::to_string).collect(),
            identifiers: subject.identifiers.iter().copied().map(NamedKey::from).collect(),
            done: Vec::new(),
            removed: BTreeMap::new(),
            counted: None,
            looked_at: None,
            is_over: false,
        }
    }

    /// Whom it is about.
    pub(crate) fn subject(&self) -> Result<Subject, PrivacyError> {
        let damaged = || PrivacyError::damaged("the erasure's job", self.id.clone());
        let key = |text: &String| Key::parse(text).ok_or_else(damaged);
        let identifier = |named: &NamedKey| named.identifier().ok_or_else(damaged);
        Ok(Subject {
            person: self.person.as_ref().map(key).transpose()?,
            people: self.people.iter().map(key).collect::<Result<_, _>>()?,
            identifiers: self.identifiers.iter().map(identifier).collect::<Result<_, PrivacyError>>()?,
        })
    }

    /// Whether it goes on after a crash; one that was made from its receipt is over.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_over
    }

    pub(crate) fn is_done(&self, step: &str) -> bool {
        self.done.iter().any(|done| done == step)
    }

    /// Adds to what was removed of a store.
    pub(crate) fn count(&mut self, store: &str, removed: u64) {
        *self.removed.entry(store.to_owned()).or_default() += removed;
    }

    pub(crate) async fn save<S: Stores>(&self, deps: &Deps<'_, S>) -> Result<(), PrivacyError> {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        Ok(deps.files.put(&self.path(), &bytes, None).await?)
    }

    pub(crate) async fn remove<S: Stores>(&self, deps: &Deps<'_, S>) -> Result<(), PrivacyError> {
        Ok(deps.files.remove(&self.path()).await?)
    }

    fn path(&self) -> String {
        format!("{JOBS}{}.json", self.id)
    }
}

/// Erasures that were begun and have no receipt yet.
pub async fn unfinished<S: Stores>(deps: &Deps<'_, S>) -> Result<Vec<Job>, PrivacyError> {
    let mut jobs = Vec::new();
    for path in deps.files.list(JOBS).await? {
        let Some(stored) = deps.files.get(&path).await? else { continue };
        let job = serde_json::from_slice(&stored.bytes)
            .map_err(|error| PrivacyError::damaged("the erasure's job", format!("{path}: {error}")))?;
        jobs.push(job);
    }
    jobs.sort_by_key(|job: &Job| job.erased_at);
    Ok(jobs)
}
