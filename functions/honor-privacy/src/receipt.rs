//! The receipt of an erasure: what was removed, when, by whose request, under a signature that the deployment can
//! check for as long as it keeps its key.

use crate::job::Job;
use crate::{Deps, PrivacyError, Stores};
use event::{Key, NamedKey, PrivacyStore, Pseudonymizer, iso_time};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

const RECEIPTS: &str = "receipts/";
/// Which receipts are of the last hours, by when they were made: so nobody need look at all.
const RECENT: &str = "recent/";
const FORMAT: &str = "rondo-erasure-receipt/1";
/// What the signature is for: a key is never used for two things in the same way.
const SCOPE: &str = "erasure receipt";

/// A signed receipt. It holds keyed hashes and counts, and nothing else of the person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    #[serde(flatten)]
    pub content: Content,
    /// HMAC-SHA-256 (RFC 2104) under the deployment's hash key, over the content as it is written here: 64
    /// hexadecimal digits.
    pub signature: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    pub format: String,
    pub id: String,
    pub by: String,
    pub reason: String,
    /// What happened until then is gone, and is refused: UTC ms, and the same to read.
    pub erased_at: i64,
    pub erased_at_iso: String,
    pub finished_at: i64,
    pub person: Option<String>,
    pub people: Vec<String>,
    pub identifiers: Vec<NamedKey>,
    /// How much of what was removed, by where it was.
    pub removed: BTreeMap<String, u64>,
}

impl Receipt {
    pub(crate) fn of(job: &Job, finished_at: i64, hasher: &Pseudonymizer) -> Receipt {
        let content = Content {
            format: FORMAT.to_owned(),
            id: job.id.clone(),
            by: job.by.clone(),
            reason: job.reason.clone(),
            erased_at: job.erased_at,
            erased_at_iso: iso_time(job.erased_at),
            finished_at,
            person: job.person.clone(),
            people: job.people.clone(),
            identifiers: job.identifiers.clone(),
            removed: job.removed.clone(),
        };
        Receipt { signature: signature(&content, hasher), content }
    }

    /// The erasure that it is of, with nothing counted.
    pub(crate) fn job(&self) -> Job {
        Job {
            id: self.content.id.clone(),
            by: self.content.by.clone(),
            reason: self.content.reason.clone(),
            erased_at: self.content.erased_at,
            person: self.content.person.clone(),
            people: self.content.people.clone(),
            identifiers: self.content.identifiers.clone(),
            done: Vec::new(),
            removed: BTreeMap::new(),
            counted: None,
            looked_at: None,
            is_over: true,
        }
    }

    /// Whether it was made with this key and not changed since.
    pub fn is_genuine(&self, hasher: &Pseudonymizer) -> bool {
        let expected = signature(&self.content, hasher);
        // All of it is compared, wherever it differs.
        let differences = expected.bytes().zip(self.signature.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
        expected.len() == self.signature.len() && differences == 0
    }

    pub(crate) async fn keep<S: Stores>(&self, deps: &Deps<'_, S>) -> Result<(), PrivacyError> {
        let bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        let Content { id, finished_at, .. } = &self.content;
        deps.files.put(&format!("{RECEIPTS}{id}.json"), &bytes, None).await?;
        Ok(deps.files.put(&format!("{RECENT}{finished_at:020}-{id}"), b"", None).await?)
    }
}

/// The receipt of an id, where there is one.
pub(crate) async fn receipt_of<S: Stores>(
    deps: &Deps<'_, S>,
    id: &str,
) -> Result<Option<Receipt>, PrivacyError> {
    let Some(stored) = deps.files.get(&format!("{RECEIPTS}{id}.json")).await? else { return Ok(None) };
    let damaged = |error| PrivacyError::damaged("a receipt", format!("{id}: {error}"));
    serde_json::from_slice(&stored.bytes).map(Some).map_err(damaged)
}

/// The receipts of erasures that were finished since a time, UTC ms; older ones are no longer noted as recent.
pub(crate) async fn receipts_since<S: Stores>(
    deps: &Deps<'_, S>,
    since: i64,
) -> Result<Vec<Receipt>, PrivacyError> {
    let mut receipts = Vec::new();
    for path in deps.files.list(RECENT).await? {
        let named = path.strip_prefix(RECENT).and_then(|name| name.split_once('-'));
        let Some((at, id)) = named.and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id))) else { continue };
        if at < since {
            deps.files.remove(&path).await?;
            continue;
        }
        receipts.extend(receipt_of(deps, id).await?);
    }
    Ok(receipts)
}

fn signature(content: &Content, hasher: &Pseudonymizer) -> String {
    let message = serde_json::to_vec(content).unwrap_or_default();
    hasher.sign(SCOPE, &message).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Whether a receipt is genuine, and whether what it promises still holds: every identifier of it is on the list in
/// force.
pub async fn verify<S: Stores>(deps: &Deps<'_, S>, receipt: &Value) -> Result<Value, PrivacyError> {
    let receipt = match receipt {
        // By its id.
        Value::String(id) if Key::parse(id).is_some() => {
            let stored = deps.files.get(&format!("{RECEIPTS}{id}.json")).await?;
            let stored = stored.ok_or_else(|| PrivacyError::refused("there is no receipt of that id"))?;
            serde_json::from_slice(&stored.bytes).ok()
        }
        receipt => serde_json::from_value::<Receipt>(receipt.clone()).ok(),
    };
    let receipt =
        receipt.ok_or_else(|| PrivacyError::refused("that is no receipt of an erasure, or not all of it"))?;
    let genuine = receipt.is_genuine(deps.parser.hasher());
    let list = deps.parser.settings().privacy.list();
    let listed = |hashed: &NamedKey| {
        let entry = Key::parse(&hashed.key).and_then(|key| list.get(key))?;
        entry.erased_at.filter(|at| *at >= receipt.content.erased_at)
    };
    let missing = receipt.content.identifiers.iter().filter(|hashed| listed(hashed).is_none()).count();
    Ok(json!({
        "id": receipt.content.id,
        "genuine": genuine,
        "honoured": genuine && missing == 0,
        "erased_at": receipt.content.erased_at_iso,
        "identifiers": receipt.content.identifiers.len(),
        "removed": receipt.content.removed,
    }))
}
