//! The event of an invocation, before anything but its source is known.

use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// An event as Lambda hands it over: JSON, not read yet.
#[derive(Debug)]
pub struct Invocation(Box<RawValue>);

/// Where an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Kinesis,
    Sqs,
    DynamoDb,
    S3,
    /// A rule or schedule of EventBridge.
    Schedule,
    FunctionUrl,
    Other,
}

/// Why an event is not for a function. Holds no value of the event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvocationError {
    #[error("the event is not {what}: {reason}")]
    Unreadable { what: &'static str, reason: String },
    #[error("the event comes from {from}; this function takes {takes}")]
    Refused { from: Source, takes: &'static str },
}

impl Invocation {
    pub fn new(event: Box<RawValue>) -> Invocation {
        Invocation(event)
    }

    /// The same from text.
    ///
    /// # Errors
    /// Text that is not JSON.
    pub fn parse(text: &str) -> Result<Invocation, serde_json::Error> {
        serde_json::from_str(text).map(Invocation)
    }

    /// Where the event comes from; its first record says it for all. Reads nothing else of the event.
    pub fn source(&self) -> Source {
        let outline: Outline<'_> = serde_json::from_str(self.0.get()).unwrap_or_default();
        match outline.records.first.as_deref() {
            Some("aws:kinesis") => Source::Kinesis,
            Some("aws:sqs") => Source::Sqs,
            Some("aws:dynamodb") => Source::DynamoDb,
            Some("aws:s3") => Source::S3,
            Some(_) => Source::Other,
            None if outline.detail_type.is_some() => Source::Schedule,
            None if outline.request_context.is_some() => Source::FunctionUrl,
            None => Source::Other,
        }
    }

    /// Reads the event. `what` says what it ought to be, with its article: "an S3 notification".
    ///
    /// # Errors
    /// An event that is something else.
    pub fn read<T: DeserializeOwned>(&self, what: &'static str) -> Result<T, InvocationError> {
        serde_json::from_str(self.0.get()).map_err(|error| {
            let text = error.to_string();
            // Other messages quote what was found, which may be personal data.
            let reason = match text.starts_with("missing field") {
                true => text,
                false => format!("unexpected content at line {} column {}", error.line(), error.column()),
            };
            InvocationError::Unreadable { what, reason }
        })
    }

    /// The error for an event from elsewhere than the function takes events from.
    pub fn refused(&self, takes: &'static str) -> InvocationError {
        InvocationError::Refused { from: self.source(), takes }
    }
}

/// A function's answer as the JSON that Lambda hands on.
///
/// # Errors
/// A value that JSON can't hold.
pub fn answer(value: impl Serialize) -> Result<Value, serde_json::Error> {
    serde_json::to_value(value)
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Kinesis => "a Kinesis stream",
            Source::Sqs => "an SQS queue",
            Source::DynamoDb => "a DynamoDB stream",
            Source::S3 => "an S3 bucket",
            Source::Schedule => "a schedule",
            Source::FunctionUrl => "a function URL",
            Source::Other => "an unknown source",
        })
    }
}

/// What of an event tells its source.
#[derive(Default, Deserialize)]
struct Outline<'e> {
    #[serde(borrow, default, rename = "Records")]
    records: Records<'e>,
    #[serde(rename = "detail-type")]
    detail_type: Option<IgnoredAny>,
    #[serde(rename = "requestContext")]
    request_context: Option<IgnoredAny>,
}

#[derive(Default)]
struct Records<'e> {
    /// The source of the first record.
    first: Option<Cow<'e, str>>,
}

impl<'de: 'e, 'e> Deserialize<'de> for Records<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FirstRecord)
    }
}

struct FirstRecord;

impl<'de> Visitor<'de> for FirstRecord {
    type Value = Records<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<Records<'de>, A::Error> {
        #[derive(Deserialize)]
        struct Record<'e> {
            #[serde(borrow, default, rename = "eventSource")]
            source: Option<Cow<'e, str>>,
        }
        let first: Option<Record<'de>> = records.next_element()?;
        while records.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Records { first: first.map(|record| record.source.unwrap_or_default()) })
    }
}
