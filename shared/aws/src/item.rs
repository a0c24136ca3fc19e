//! Items of DynamoDB, and their attributes.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use event::Key;
use std::collections::HashMap;

/// An item, or its key, by the names of its attributes.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A key attribute of sixteen bytes.
pub(crate) fn key_of(item: &Item, attribute: &str) -> Option<Key> {
    Some(Key(bytes_of(item, attribute)?.try_into().ok()?))
}

/// A binary attribute.
pub(crate) fn bytes_of<'a>(item: &'a Item, attribute: &str) -> Option<&'a [u8]> {
    Some(item.get(attribute)?.as_b().ok()?.as_ref())
}

/// A number attribute.
pub(crate) fn number_of<N: std::str::FromStr>(item: &Item, attribute: &str) -> Option<N> {
    item.get(attribute)?.as_n().ok()?.parse().ok()
}

/// The value of a binary attribute.
pub(crate) fn binary(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// The value of a number attribute.
pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
