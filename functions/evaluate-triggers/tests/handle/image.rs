//! The item of a profile, as it is written and read.

use crate::samples::{ANN, BOB, VISITOR};
use evaluate_triggers::Image;
use event::{Code, Rejection};
use serde_json::json;

fn item(json: serde_json::Value) -> Result<(usize, usize, u64), Rejection> {
    let item = serde_json::from_value(json).unwrap();
    Image::decode(&item).map(|image| (image.fresh.len(), image.merged.len(), image.version))
}

#[test]
fn what_is_written_is_read() {
    for (fresh, merged) in [
        (vec![], vec![]),
        (vec![&b"one"[..]], vec![BOB]),
        (vec![&b"one"[..], b"two", b"three"], vec![BOB, VISITOR]),
    ] {
        let image = Image { person: ANN, profile: b"\x01profile", version: u64::MAX, fresh, merged };
        let item = image.encode();
        assert_eq!(Image::decode(&item).unwrap(), image);
    }
}

#[test]
fn an_item_is_read_as_the_table_has_it() {
    let person = "oaGhoaGhoaGhoaGhoaGhoQ==";
    let read = item(json!({
        "person": {"B": person}, "profile": {"B": "AQ=="}, "version": {"N": "12"}, "fresh": {"B": ""},
        "merged": {"B": "srKysrKysrKysrKysrKysg=="}, "of a later release": {"S": "x"},
    }));
    assert_eq!(read, Ok((0, 1, 12)));
}

#[test]
fn what_can_not_be_read_is_named() {
    let good = json!({
        "person": {"B": "oaGhoaGhoaGhoaGhoaGhoQ=="}, "profile": {"B": "AQ=="}, "version": {"N": "12"},
    });
    for (attribute, value) in [
        ("person", None),
        ("person", Some(json!({"B": "AQ=="}))),
        ("person", Some(json!({"S": "ann"}))),
        ("profile", None),
        ("version", Some(json!({"N": "-1"}))),
        ("version", Some(json!({"S": "1"}))),
        ("fresh", Some(json!({"S": "AQ=="}))),
        ("fresh", Some(json!({"L": [{"B": "AQ=="}, {"N": "1"}]}))),
        ("merged", Some(json!({"B": "AQ=="}))),
    ] {
        let mut damaged = good.clone();
        match value {
            Some(value) => damaged[attribute] = value,
            None => drop(damaged.as_object_mut().unwrap().remove(attribute)),
        }
        let rejection = item(damaged).unwrap_err();
        assert_eq!((rejection.code, rejection.field.as_str()), (Code::InvalidEnvelope, attribute));
    }
}

#[test]
fn what_stands_beside_profiles_is_told_from_them() {
    let beside = |json: serde_json::Value| Image::is_beside_profiles(&serde_json::from_value(json).unwrap());
    let person = json!({"B": "oaGhoaGhoaGhoaGhoaGhoQ=="});
    assert!(beside(json!({"person": person, "into": person, "version": {"N": "1"}})));
    assert!(beside(json!({"person": person, "log": {"L": [{"B": "AQ=="}]}})));
    // Somebody who was merged away, and a person.
    assert!(!beside(json!({"person": person, "into": person, "profile": {"B": "AQ=="}})));
    assert!(!beside(json!({"person": person, "profile": {"B": "AQ=="}, "version": {"N": "1"}})));
}
