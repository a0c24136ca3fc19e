//! Billed units of streams, queues, topics, mail and secrets.

use super::{Charges, Usage};
use aws_sdk_kinesis::operation::put_record::PutRecordInput;
use aws_sdk_kinesis::operation::put_records::{PutRecordsInput, PutRecordsOutput};
use aws_sdk_kms::operation::decrypt::DecryptInput;
use aws_sdk_kms::operation::generate_data_key::GenerateDataKeyInput;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueInput;
use aws_sdk_sesv2::operation::send_email::SendEmailInput;
use aws_sdk_sns::operation::publish::PublishInput;
use aws_sdk_sns::operation::publish_batch::PublishBatchInput;
use aws_sdk_sqs::operation::delete_message::DeleteMessageInput;
use aws_sdk_sqs::operation::delete_message_batch::DeleteMessageBatchInput;
use aws_sdk_sqs::operation::receive_message::ReceiveMessageInput;
use aws_sdk_sqs::operation::send_message::SendMessageInput;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchInput;
use aws_smithy_runtime_api::client::interceptors::context::{Input, Output};

/// A record of a stream is billed by started payload units of this size.
const PAYLOAD_UNIT: u64 = 25 * 1024;
/// A call on a queue or topic is billed as one request for each started part of this size.
const REQUEST: u64 = 64 * 1024;

/// What a call costs where all of it succeeds; `None` for other services.
pub(super) fn charges(input: &Input) -> Option<Charges> {
    if let Some(input) = input.downcast_ref::<PutRecordsInput>() {
        let sizes = input.records().iter().map(|record| record.data().as_ref().len() as u64);
        return charge(input.stream_name(), records(sizes));
    }
    if let Some(input) = input.downcast_ref::<PutRecordInput>() {
        let size = input.data().map_or(0, |data| data.as_ref().len() as u64);
        return charge(input.stream_name(), records([size].into_iter()));
    }
    if let Some(input) = input.downcast_ref::<PublishBatchInput>() {
        let sizes = input.publish_batch_request_entries().iter().map(|entry| entry.message().len() as u64);
        return charge(input.topic_arn(), requests(sizes));
    }
    if let Some(input) = input.downcast_ref::<PublishInput>() {
        return charge(input.topic_arn(), requests([length(input.message())].into_iter()));
    }
    if let Some(input) = input.downcast_ref::<SendMessageBatchInput>() {
        let sizes = input.entries().iter().map(|entry| entry.message_body().len() as u64);
        return charge(input.queue_url(), requests(sizes));
    }
    if let Some(input) = input.downcast_ref::<SendMessageInput>() {
        return charge(input.queue_url(), requests([length(input.message_body())].into_iter()));
    }
    if let Some(input) = input.downcast_ref::<ReceiveMessageInput>() {
        return charge(input.queue_url(), requests([].into_iter()));
    }
    if let Some(input) = input.downcast_ref::<DeleteMessageBatchInput>() {
        return charge(input.queue_url(), requests(input.entries().iter().map(|_| 0)));
    }
    if let Some(input) = input.downcast_ref::<DeleteMessageInput>() {
        return charge(input.queue_url(), requests([0].into_iter()));
    }
    if let Some(input) = input.downcast_ref::<GenerateDataKeyInput>() {
        return charge(input.key_id(), requests([0].into_iter()));
    }
    if let Some(input) = input.downcast_ref::<DecryptInput>() {
        return charge(input.key_id(), requests([0].into_iter()));
    }
    if let Some(input) = input.downcast_ref::<SendEmailInput>() {
        // Each recipient is a message.
        let to = input
            .destination()
            .map_or(1, |to| to.to_addresses().len() + to.cc_addresses().len() + to.bcc_addresses().len());
        let (to, content) = (to.max(1) as u64, input.content().and_then(|content| content.raw()));
        let bytes = content.map_or(0, |raw| raw.data().as_ref().len() as u64);
        return charge(Some("mail"), Usage { items: to, bytes: bytes * to, units: to, ..Usage::default() });
    }
    let input = input.downcast_ref::<GetSecretValueInput>()?;
    charge(input.secret_id(), Usage { items: 1, units: 1, ..Usage::default() })
}

/// The same once it is known which records of a stream were not taken.
pub(super) fn less_failed(charges: &Charges, output: &Output) -> Charges {
    let mut charges = charges.clone();
    let failed = output.downcast_ref::<PutRecordsOutput>().and_then(PutRecordsOutput::failed_record_count);
    if let (Some(failed), Some((_, usage))) = (failed, charges.first_mut()) {
        let failed = (failed.max(0) as u64).min(usage.items);
        // Which sizes these had does not matter to envelopes of one unit each.
        usage.units = usage.units * (usage.items - failed) / usage.items.max(1);
        usage.items -= failed;
    }
    charges
}

/// A resource by its own name: the last part of an ARN or address.
fn charge(resource: Option<&str>, usage: Usage) -> Option<Charges> {
    let name = resource.and_then(|name| name.rsplit([':', '/']).next()).unwrap_or_default();
    Some(vec![(name.to_owned(), usage)])
}

fn length(text: Option<&str>) -> u64 {
    text.unwrap_or_default().len() as u64
}

fn records(sizes: impl Iterator<Item = u64>) -> Usage {
    sizes.fold(Usage::default(), |mut usage, bytes| {
        usage.items += 1;
        usage.bytes += bytes;
        usage.units += bytes.div_ceil(PAYLOAD_UNIT).max(1);
        usage
    })
}

/// A call is billed by the bytes of all its messages together.
fn requests(sizes: impl Iterator<Item = u64>) -> Usage {
    let (items, bytes) = sizes.fold((0, 0), |(items, bytes), size| (items + 1, bytes + size));
    Usage { items, bytes, units: bytes.div_ceil(REQUEST).max(1), ..Usage::default() }
}
