//! The privacy list, receipts and the access log in a bucket, and the list in force.

use crate::Aws;
use crate::failure::failure;
use crate::s3_object::{Got, Wanted, located};
use aws_sdk_s3::Client;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use event::{MINUTE, PRIVACY_LIST, PortError, Privacy, PrivacyList, PrivacyStore, Versioned};
use std::sync::{Arc, Mutex, PoisonError};

const WHAT: &str = "the privacy files";
/// How long a list may stay in force that can't be looked after, ms: then intake waits rather than let in what must stay
/// out.
const PATIENCE: i64 = 15 * MINUTE;

/// Keeps the files under their paths in one bucket.
pub struct PrivacyBucket {
    client: Client,
    bucket: String,
}

impl PrivacyBucket {
    pub fn new(aws: &Aws, bucket: impl Into<String>) -> PrivacyBucket {
        PrivacyBucket { client: aws.s3(), bucket: bucket.into() }
    }
}

impl PrivacyStore for PrivacyBucket {
    async fn get(&self, path: &str) -> Result<Option<Versioned>, PortError> {
        match Wanted::whole(&self.bucket, path).get(&self.client, WHAT).await? {
            Got::Bytes { bytes, etag, .. } => Ok(Some(Versioned { bytes: bytes.to_vec(), version: etag })),
            _ => Ok(None),
        }
    }

    async fn put(&self, path: &str, bytes: &[u8], version: Option<&str>) -> Result<(), PortError> {
        let call = self.client.put_object().bucket(&self.bucket).key(path).body(bytes.to_vec().into());
        let call = match version {
            None => call,
            Some("") => call.if_none_match("*"),
            Some(version) => call.if_match(version),
        };
        let Err(error) = call.send().await else { return Ok(()) };
        match error.code() {
            // Gone meanwhile, changed meanwhile, or being changed right now.
            Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey") if version.is_some() => {
                Err(PortError::Conflict { what: WHAT })
            }
            _ => Err(located(failure(WHAT, error), &self.bucket, path)),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let call = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let mut pages = call.into_paginator().send();
        let mut paths = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| located(failure(WHAT, error), &self.bucket, prefix))?;
            paths.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        paths.sort_unstable();
        Ok(paths)
    }

    async fn remove(&self, path: &str) -> Result<(), PortError> {
        let call = self.client.delete_object().bucket(&self.bucket).key(path);
        call.send().await.map(drop).map_err(|error| located(failure(WHAT, error), &self.bucket, path))
    }
}

/// The privacy list as it is in the bucket, kept in memory and looked after once a minute.
pub struct LivePrivacy {
    client: Client,
    /// Nothing where the deployment has none: then nobody is on a list.
    bucket: Option<String>,
    privacy: Arc<Privacy>,
    seen: Mutex<Option<Seen>>,
}

#[derive(Clone)]
struct Seen {
    etag: String,
    /// When it was last looked after with success, UTC ms.
    at: i64,
}

impl LivePrivacy {
    pub fn new(aws: &Aws, bucket: Option<String>) -> LivePrivacy {
        LivePrivacy { client: aws.s3(), bucket, privacy: Arc::default(), seen: Mutex::new(None) }
    }

    /// The list at `now` (UTC ms), at most a minute old while the bucket answers.
    ///
    /// # Errors
    /// A list that can't be read, and none that was seen a short while ago.
    pub async fn current(&self, now: i64) -> Result<Arc<Privacy>, PortError> {
        let Some(bucket) = &self.bucket else { return Ok(Arc::clone(&self.privacy)) };
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let age = seen.as_ref().map(|seen| now - seen.at);
        if age.is_some_and(|age| (0..MINUTE).contains(&age)) {
            return Ok(Arc::clone(&self.privacy));
        }
        let known = seen.as_ref().map(|seen| seen.etag.clone()).filter(|etag| !etag.is_empty());
        match self.load(bucket, known.as_deref()).await {
            Ok(etag) => {
                let etag = etag.or(known).unwrap_or_default();
                *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen { etag, at: now });
            }
            Err(error) if age.is_some_and(|age| (0..PATIENCE).contains(&age)) => {
                tracing::warn!(%error, "the privacy list before stays in force");
            }
            Err(error) => return Err(error),
        }
        Ok(Arc::clone(&self.privacy))
    }

    /// Puts in force what is stored; returns its version, nothing where it is the one that is known.
    async fn load(&self, bucket: &str, known: Option<&str>) -> Result<Option<String>, PortError> {
        let wanted = Wanted { if_none_match: known, ..Wanted::whole(bucket, PRIVACY_LIST) };
        match wanted.get(&self.client, WHAT).await? {
            Got::Bytes { bytes, etag, .. } => {
                let list =
                    PrivacyList::parse(&bytes).map_err(|error| wanted.failed(WHAT, &error.to_string()))?;
                self.privacy.replace(list);
                Ok(Some(etag))
            }
            Got::NotModified => Ok(None),
            _ => {
                self.privacy.replace(PrivacyList::default());
                Ok(Some(String::new()))
            }
        }
    }
}
