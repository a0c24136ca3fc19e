//! Refused records in a bucket.

use crate::failure::failure;
use crate::s3_object::{Got, Wanted, located};
use crate::{Aws, Seals};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::{Came, Code, EventType, PortError, Quarantine, QuarantineStore, Quarantined, Rejection};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use vault::{Place, decode_record, encode_record, is_sealed};

const WHAT: &str = "the quarantine";
/// Under which all records lie.
const PREFIX: &str = "quarantine/";
/// How many records are under way at once.
const CALLS: usize = 16;

/// Keeps each refused record as one object, named by what was refused, so that the same record is kept once, as it
/// came first. With [`QuarantineBucket::sealed`] an object is the whole record sealed; originals of intake may hold
/// personal data. Without, it is JSON: for functions behind intake, whose records hold none.
pub struct QuarantineBucket {
    client: Client,
    bucket: String,
    seals: Option<Seals>,
}

impl QuarantineBucket {
    pub fn new(aws: &Aws, bucket: impl Into<String>) -> QuarantineBucket {
        QuarantineBucket { client: aws.s3(), bucket: bucket.into(), seals: None }
    }

    /// The same, with records sealed from now on. Those that were put before stay readable.
    pub fn sealed(self, seals: Seals) -> QuarantineBucket {
        QuarantineBucket { seals: Some(seals), ..self }
    }

    /// The bytes of a record's object.
    async fn body(&self, key: &str, record: &Quarantined) -> Result<Vec<u8>, PortError> {
        match (&self.seals, id_of(key)) {
            (Some(seals), Some(id)) => seals.seal(Place::Quarantine(id), &encode_record(record)).await,
            _ => Ok(encode(record)),
        }
    }

    /// `None` for one that went away since it was listed.
    async fn read(&self, key: &str) -> Result<Option<Quarantined>, PortError> {
        let wanted = Wanted::whole(&self.bucket, key);
        match wanted.get(&self.client, WHAT).await? {
            Got::Bytes { bytes, .. } if is_sealed(&bytes) => {
                let Some(seals) = &self.seals else {
                    return Err(wanted.failed(WHAT, "it is sealed, and this function was given no key"));
                };
                let opened = seals.open(Place::Quarantine(id_of(key).unwrap_or_default()), &bytes).await;
                let opened = opened.map_err(|error| located(error, &self.bucket, key))?;
                match decode_record(&opened) {
                    Some(record) => Ok(Some(record)),
                    None => Err(wanted.failed(WHAT, "it is of a later release: move it out")),
                }
            }
            Got::Bytes { bytes, .. } => match decode(&bytes) {
                Some(record) => Ok(Some(record)),
                None => Err(wanted.failed(WHAT, "it is damaged, or of a later release: move it out")),
            },
            _ => Ok(None),
        }
    }

    async fn put_one(&self, key: String, body: Vec<u8>) -> Result<(), PortError> {
        let call = || {
            let stream = ByteStream::from(body.clone());
            self.client
                .put_object()
                .bucket(&self.bucket)
                .key(&key)
                .content_type(if is_sealed(&body) { "application/octet-stream" } else { "application/json" })
                .body(stream)
        };
        let failed = |error| located(failure(WHAT, error), &self.bucket, &key);
        let Err(error) = call().if_none_match("*").send().await else { return Ok(()) };
        match error.code() {
            // It is there already; or somebody else is putting the same right now.
            Some("PreconditionFailed" | "ConditionalRequestConflict") => Ok(()),
            // An endpoint without conditions: what is there is the same but for its time.
            Some("NotImplemented") => call().send().await.map(drop).map_err(failed),
            _ => Err(failed(error)),
        }
    }
}

impl Quarantine for QuarantineBucket {
    async fn put(&self, records: &[Quarantined]) -> Result<(), PortError> {
        let mut first = BTreeMap::new();
        for record in records {
            first.entry(key(record)).or_insert(record);
        }
        let mut objects = Vec::with_capacity(first.len());
        for (key, record) in first {
            let body = self.body(&key, record).await?;
            objects.push((key, body));
        }
        let puts = objects.into_iter().map(|(key, body)| self.put_one(key, body));
        stream::iter(puts).buffer_unordered(CALLS).try_collect().await
    }
}

impl QuarantineStore for QuarantineBucket {
    async fn each(&self, mut visit: impl FnMut(&str, Quarantined)) -> Result<(), PortError> {
        let call = self.client.list_objects_v2().bucket(&self.bucket).prefix(PREFIX);
        let mut pages = call.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| located(failure(WHAT, error), &self.bucket, PREFIX))?;
            let keys = page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
            let read = |key: String| async move { Ok::<_, PortError>((self.read(&key).await?, key)) };
            let mut records = stream::iter(keys.map(read)).buffered(CALLS);
            while let Some((record, key)) = records.try_next().await? {
                if let (Some(record), Some(id)) = (record, id_of(&key)) {
                    visit(id, record);
                }
            }
        }
        Ok(())
    }

    async fn find(&self, id: &str) -> Result<Option<Quarantined>, PortError> {
        match is_id(id) {
            true => self.read(&key_of(id)).await,
            false => Ok(None),
        }
    }

    async fn remove(&self, ids: &[String]) -> Result<(), PortError> {
        let delete = |id: &String| {
            let key = key_of(id);
            async move {
                let answer = self.client.delete_object().bucket(&self.bucket).key(&key).send().await;
                answer.map(drop).map_err(|error| located(failure(WHAT, error), &self.bucket, &key))
            }
        };
        let deletes = ids.iter().filter(|id| is_id(id)).map(delete);
        stream::iter(deletes).buffer_unordered(CALLS).try_collect().await
    }
}

/// A record's object, whose id is 64 hexadecimal digits.
fn key_of(id: &str) -> String {
    format!("{PREFIX}{id}.json")
}

fn id_of(key: &str) -> Option<&str> {
    key.strip_prefix(PREFIX)?.strip_suffix(".json")
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn key(record: &Quarantined) -> String {
    let mut digest = Sha256::new();
    for part in [record.source.as_bytes(), record.rejection.code.as_str().as_bytes()] {
        // Each with its length, so that no two divisions of the same bytes are one.
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.update(&record.original);
    let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    key_of(&hex)
}

fn encode(record: &Quarantined) -> Vec<u8> {
    let Quarantined { at, source, rejection: Rejection { code, field, reason }, original, came } = record;
    let object = json!({
        "at": at,
        "source": source,
        "code": code.as_str(),
        "field": field,
        "reason": reason,
        "original": STANDARD.encode(original),
        "call": came.call.map(EventType::as_str),
        "around": came.around,
        "recorded": came.recorded,
    });
    object.to_string().into_bytes()
}

fn decode(bytes: &[u8]) -> Option<Quarantined> {
    let object: Value = serde_json::from_slice(bytes).ok()?;
    let text = |name: &str| object.get(name)?.as_str();
    Some(Quarantined {
        at: object.get("at")?.as_i64()?,
        source: text("source")?.to_owned(),
        rejection: Rejection::new(Code::parse(text("code")?)?, text("field")?, text("reason")?),
        original: STANDARD.decode(text("original")?).ok()?,
        came: Came {
            call: text("call").and_then(EventType::parse),
            around: text("around").map(str::to_owned),
            recorded: object.get("recorded").and_then(Value::as_bool).unwrap_or_default(),
        },
    })
}
