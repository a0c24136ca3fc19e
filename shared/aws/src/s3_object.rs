//! Reading one object.

use crate::failure::failure;
use aws_sdk_s3::Client;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use bytes::Bytes;
use event::PortError;

/// How often a body that broke off is read again from its beginning.
const ATTEMPTS: u32 = 4;

/// What to read, and on which conditions.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub bucket: &'a str,
    pub key: &'a str,
    /// From this byte, at most so many; `None` for the whole.
    pub range: Option<(u64, u64)>,
    /// Only while it is this version.
    pub if_match: Option<&'a str>,
    /// Only if it is no longer this version.
    pub if_none_match: Option<&'a str>,
}

/// What became of it.
pub(crate) enum Got {
    Bytes {
        bytes: Bytes,
        /// The version; empty where the endpoint names none.
        etag: String,
        /// Bytes of the whole object.
        total: u64,
    },
    NotThere,
    /// It is still the version of `if_none_match`.
    NotModified,
    /// It is no longer the version of `if_match`.
    Replaced,
    /// The range begins behind the object's end.
    BehindEnd,
}

impl<'a> Wanted<'a> {
    /// The whole object.
    pub fn whole(bucket: &'a str, key: &'a str) -> Wanted<'a> {
        Wanted { bucket, key, range: None, if_match: None, if_none_match: None }
    }

    /// Reads it; `what` names the store in errors.
    pub async fn get(self, client: &Client, what: &'static str) -> Result<Got, PortError> {
        let mut attempt = 1;
        loop {
            let range = self.range.map(|(from, length)| format!("bytes={from}-{}", from + length.max(1) - 1));
            let call = client.get_object().bucket(self.bucket).key(self.key).set_range(range);
            let call = call.set_if_match(self.if_match.map(str::to_owned));
            let call = call.set_if_none_match(self.if_none_match.map(str::to_owned));
            let answer = match call.send().await {
                Ok(answer) => answer,
                Err(error) => {
                    let status = error.raw_response().map(|response| response.status().as_u16());
                    return match (status, error.code()) {
                        (Some(304), _) => Ok(Got::NotModified),
                        (Some(412), _) => Ok(Got::Replaced),
                        (Some(416), _) => Ok(Got::BehindEnd),
                        (Some(404), code) if code != Some("NoSuchBucket") => Ok(Got::NotThere),
                        (_, Some("AccessDenied")) => Err(self.failed(what, NO_RIGHT)),
                        _ => Err(located(failure(what, error), self.bucket, self.key)),
                    };
                }
            };
            let of = |range: &str| range.rsplit('/').next().and_then(|total| total.parse().ok());
            let total = answer.content_range().and_then(of);
            let etag = answer.e_tag.unwrap_or_default();
            match answer.body.collect().await {
                Ok(body) => {
                    let bytes = body.into_bytes();
                    let total = total.unwrap_or(bytes.len() as u64);
                    return Ok(Got::Bytes { bytes, etag, total });
                }
                Err(error) if attempt == ATTEMPTS => {
                    let reason = format!("its bytes broke off: {error}");
                    return Err(located(PortError::Unavailable { what, reason }, self.bucket, self.key));
                }
                Err(_) => attempt += 1,
            }
        }
    }

    /// An error that repeating will not help.
    pub fn failed(self, what: &'static str, reason: &str) -> PortError {
        located(PortError::Failed { what, reason: reason.to_owned() }, self.bucket, self.key)
    }
}

/// S3 says so of what is missing too, to whoever may not list the bucket.
const NO_RIGHT: &str = "AccessDenied: it is not there, or this function has no right to read it";

/// The same error with the address of the object.
pub(crate) fn located(error: PortError, bucket: &str, key: &str) -> PortError {
    let at = |reason: String| format!("s3://{bucket}/{key}: {reason}");
    match error {
        PortError::Unavailable { what, reason } => PortError::Unavailable { what, reason: at(reason) },
        PortError::Failed { what, reason } => PortError::Failed { what, reason: at(reason) },
        conflict @ PortError::Conflict { .. } => conflict,
    }
}
