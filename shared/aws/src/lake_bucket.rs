//! The lake, and the reports made from it, in a bucket.

use crate::Aws;
use crate::failure::failure;
use crate::s3_object::{Got, Wanted, located};
use aws_sdk_s3::Client;
use bytes::Bytes;
use event::PortError;
use lake::{LakeErasure, LakeFile, LakeStore, ReportStore};

const WHAT: &str = "the lake";

/// Keeps files in one bucket, by their paths as keys. S3 shows an object whole or not at all.
pub struct LakeBucket {
    pub(crate) client: Client,
    pub(crate) bucket: String,
}

impl LakeBucket {
    pub fn new(aws: &Aws, bucket: impl Into<String>) -> LakeBucket {
        LakeBucket { client: aws.s3(), bucket: bucket.into() }
    }
}

impl LakeStore for LakeBucket {
    /// A file is read whole into memory.
    type File = Bytes;

    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        let call = self.client.put_object().bucket(&self.bucket).key(&file.path);
        let answer = call.body(file.bytes.clone().into()).send().await;
        answer.map(drop).map_err(|error| located(failure(WHAT, error), &self.bucket, &file.path))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let call = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let mut pages = call.into_paginator().send();
        let mut paths = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| located(failure(WHAT, error), &self.bucket, prefix))?;
            paths.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        // Some buckets list in another order.
        paths.sort_unstable();
        Ok(paths)
    }

    async fn open(&self, path: &str) -> Result<Bytes, PortError> {
        let wanted = Wanted::whole(&self.bucket, path);
        match wanted.get(&self.client, WHAT).await? {
            Got::Bytes { bytes, .. } => Ok(bytes),
            _ => Err(wanted.failed(WHAT, "it is not there: restore it from an earlier version or a copy")),
        }
    }
}

impl LakeErasure for LakeBucket {
    async fn remove(&self, path: &str) -> Result<(), PortError> {
        let call = self.client.delete_object().bucket(&self.bucket).key(path);
        call.send().await.map(drop).map_err(|error| located(failure(WHAT, error), &self.bucket, path))
    }
}

impl ReportStore for LakeBucket {
    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        LakeStore::put(self, file).await
    }
}
