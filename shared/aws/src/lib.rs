//! The ports on AWS: DynamoDB, Kinesis, SNS and SQS, S3, SES, Secrets Manager.
//!
//! [`Aws`] is the process's connection; each adapter is made from it. All of them speak to whatever
//! `AWS_ENDPOINT_URL` names.

mod back_off;
mod batch_get;
mod batch_write;
mod connection;
mod failure;
mod meter;

pub use connection::Aws;
pub use meter::Meter;
