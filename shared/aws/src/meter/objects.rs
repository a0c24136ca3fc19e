//! Requests to S3.

use super::{Charges, Usage};
use aws_sdk_s3::operation::delete_object::DeleteObjectInput;
use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_sdk_s3::operation::head_object::HeadObjectInput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Input;
use aws_sdk_s3::operation::put_object::PutObjectInput;
use aws_smithy_runtime_api::client::interceptors::context::Input;

/// One request each; deleting is free. Which price a request has follows from its operation.
pub(super) fn charges(input: &Input) -> Option<Charges> {
    let (bucket, bytes, units) = if let Some(input) = input.downcast_ref::<PutObjectInput>() {
        let bytes = input.body().bytes().map(<[u8]>::len).unwrap_or_default() as u64;
        (input.bucket(), bytes.max(input.content_length().unwrap_or_default().max(0) as u64), 1)
    } else if let Some(input) = input.downcast_ref::<GetObjectInput>() {
        (input.bucket(), 0, 1)
    } else if let Some(input) = input.downcast_ref::<HeadObjectInput>() {
        (input.bucket(), 0, 1)
    } else if let Some(input) = input.downcast_ref::<ListObjectsV2Input>() {
        (input.bucket(), 0, 1)
    } else if let Some(input) = input.downcast_ref::<DeleteObjectInput>() {
        (input.bucket(), 0, 0)
    } else {
        return None;
    };
    Some(vec![(bucket.unwrap_or_default().to_owned(), Usage { items: 1, bytes, units, ..Usage::default() })])
}
