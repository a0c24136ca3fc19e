//! How large DynamoDB takes an item to be, and what it bills for it.
//!
//! The rules are those of "DynamoDB item sizes and formats" and "DynamoDB read and write operations" in its
//! developer guide.

use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

/// An item, or its key.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The size in bytes: names and values of all attributes.
pub(super) fn item_bytes(item: &Item) -> u64 {
    item.iter().map(|(name, value)| name.len() as u64 + value_bytes(value)).sum()
}

/// Write units of an item of so many bytes: one for each started KB, one for an item that is not there.
pub(super) fn write_units(bytes: u64) -> u64 {
    bytes.div_ceil(1024).max(1)
}

/// Read units of so many bytes: one for each started 4 KB, half as much where an answer may be a little old.
pub(super) fn read_units(bytes: u64, consistent: bool) -> f64 {
    let steps = bytes.div_ceil(4096).max(1) as f64;
    if consistent { steps } else { steps / 2.0 }
}

/// The size of a value, in bytes.
pub(super) fn value_bytes(value: &AttributeValue) -> u64 {
    let nested = |count: usize, contents: u64| 3 + count as u64 + contents;
    match value {
        AttributeValue::S(text) => text.len() as u64,
        AttributeValue::N(number) => number_bytes(number),
        AttributeValue::B(blob) => blob.as_ref().len() as u64,
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::Ss(texts) => texts.iter().map(|text| text.len() as u64).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| number_bytes(number)).sum(),
        AttributeValue::Bs(blobs) => blobs.iter().map(|blob| blob.as_ref().len() as u64).sum(),
        AttributeValue::L(values) => nested(values.len(), values.iter().map(value_bytes).sum()),
        AttributeValue::M(item) => nested(item.len(), item_bytes(item)),
        _ => 0,
    }
}

/// One byte for two significant digits, one more for the number, and one for a minus sign.
fn number_bytes(number: &str) -> u64 {
    let (negative, magnitude) = match number.strip_prefix('-') {
        Some(magnitude) => (1, magnitude),
        None => (0, number),
    };
    let mantissa = magnitude.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_matches('0').len() as u64;
    significant.div_ceil(2) + 1 + negative
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::primitives::Blob;

    fn number(text: &str) -> u64 {
        value_bytes(&AttributeValue::N(text.into()))
    }

    #[test]
    fn numbers_take_a_byte_for_two_significant_digits() {
        assert_eq!(number("0"), 1);
        assert_eq!(number("7"), 2);
        assert_eq!(number("42"), 2);
        assert_eq!(number("123"), 3);
        // Zeros at either end do not count.
        assert_eq!(number("1000"), 2);
        assert_eq!(number("0.0050"), 2);
        assert_eq!(number("-12"), 3);
        assert_eq!(number("1700000000123"), 8);
    }

    #[test]
    fn an_item_is_its_names_and_values() {
        let item = Item::from([
            ("person".to_owned(), AttributeValue::B(Blob::new([0; 16]))), // 6 + 16
            ("version".to_owned(), AttributeValue::N("12".into())),       // 7 + 2
            ("profile".to_owned(), AttributeValue::B(Blob::new(vec![0; 829]))), // 7 + 829
            ("grüße".to_owned(), AttributeValue::S("né".into())),         // 7 + 3, in UTF-8
        ]);
        assert_eq!(item_bytes(&item), 22 + 9 + 836 + 10);
    }

    #[test]
    fn lists_and_maps_have_overheads() {
        let blob = |len| AttributeValue::B(Blob::new(vec![0; len]));
        // 3, one for each of two elements, and the elements.
        assert_eq!(value_bytes(&AttributeValue::L(vec![blob(10), blob(20)])), 3 + 2 + 30);
        let map = Item::from([("ab".to_owned(), AttributeValue::Bool(true))]);
        assert_eq!(value_bytes(&AttributeValue::M(map)), 3 + 1 + 2 + 1);
        assert_eq!(value_bytes(&AttributeValue::Ss(vec!["a".into(), "bc".into()])), 3);
    }

    #[test]
    fn units_are_started_steps() {
        assert_eq!([0, 1, 1024, 1025, 2048, 2049].map(write_units), [1, 1, 1, 2, 2, 3]);
        assert_eq!([0, 1, 4096, 4097].map(|bytes| read_units(bytes, true)), [1.0, 1.0, 1.0, 2.0]);
        assert_eq!([0, 4096, 4097, 12_289].map(|bytes| read_units(bytes, false)), [0.5, 0.5, 1.0, 2.0]);
    }
}
