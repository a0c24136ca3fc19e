//! Objects of any bucket, read as streams.

use crate::Aws;
use crate::s3_object::{Got, Wanted};
use aws_sdk_s3::Client;
use bytes::{Buf, Bytes};
use event::ObjectSource;
use std::io::{Error, ErrorKind, Read, Result};
use tokio::runtime::{Handle, RuntimeFlavor};

const WHAT: &str = "the object";

/// How much is asked for at once, bytes.
const PART: u64 = 8 << 20;

/// Opens objects of S3. Reading one waits for the network wherever it is read: that needs Tokio's multi-thread
/// runtime (`#[tokio::main]`), which keeps its other tasks going meanwhile.
pub struct Objects {
    client: Client,
}

impl Objects {
    pub fn new(aws: &Aws) -> Objects {
        Objects { client: aws.s3() }
    }
}

impl ObjectSource for Objects {
    /// An object that is replaced while it is read gives an error: its parts would not be of one version.
    async fn open(&self, bucket: &str, key: &str) -> Result<Box<dyn Read + Send>> {
        let runtime = Handle::current();
        if runtime.runtime_flavor() != RuntimeFlavor::MultiThread {
            let reason = "objects are read on Tokio's multi-thread runtime only; start the program with it";
            return Err(Error::new(ErrorKind::Unsupported, reason));
        }
        let mut reader = PartReader {
            client: self.client.clone(),
            runtime,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            etag: None,
            part: Bytes::new(),
            read: 0,
            total: PART,
        };
        reader.next_part().await?;
        Ok(Box::new(reader))
    }
}

struct PartReader {
    client: Client,
    runtime: Handle,
    bucket: String,
    key: String,
    /// The version of the first part.
    etag: Option<String>,
    /// What was fetched and not yet taken.
    part: Bytes,
    /// Where the next part begins.
    read: u64,
    /// Bytes of the whole object.
    total: u64,
}

impl PartReader {
    async fn next_part(&mut self) -> Result<()> {
        let wanted = Wanted {
            range: Some((self.read, PART)),
            if_match: self.etag.as_deref(),
            ..Wanted::whole(&self.bucket, &self.key)
        };
        let address = || format!("s3://{}/{}", self.bucket, self.key);
        let got = wanted.get(&self.client, WHAT).await.map_err(Error::other)?;
        match got {
            Got::Bytes { bytes, etag, total } => {
                self.read += bytes.len() as u64;
                // Nothing more comes where a part is empty, whatever the first answer said.
                self.total = if bytes.is_empty() { self.read } else { total };
                self.etag = Some(etag).filter(|etag| !etag.is_empty());
                self.part = bytes;
                Ok(())
            }
            // An empty object has no first byte.
            Got::BehindEnd if self.read == 0 => {
                self.total = 0;
                Ok(())
            }
            Got::NotThere => {
                let reason = format!("{} is not there: put it again, or drop what asks for it", address());
                Err(Error::new(ErrorKind::NotFound, reason))
            }
            _ => {
                let reason = format!("{} was replaced while it was read: read it again", address());
                Err(Error::other(reason))
            }
        }
    }
}

impl Read for PartReader {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        if self.part.is_empty() && self.read < self.total && !into.is_empty() {
            let runtime = self.runtime.clone();
            tokio::task::block_in_place(|| runtime.block_on(self.next_part()))?;
        }
        let length = self.part.len().min(into.len());
        self.part.copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}
