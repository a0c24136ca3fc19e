//! The records of a body: one object, or an array of them.

use crate::fault::{check_size, json_rejection};
use crate::{Code, Parser, Rejection};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The members of a JSON array, each as its own text, however deep they are nested.
pub(super) fn array(body: &str) -> Result<Vec<&RawValue>, Rejection> {
    let members: Vec<&RawValue> = serde_json::from_str(body).map_err(|e| json_rejection(&e))?;
    bounded(members, "")
}

/// The same members, unless they are too many. `field` is where they stand.
pub(super) fn bounded<'a>(members: Vec<&'a RawValue>, field: &str) -> Result<Vec<&'a RawValue>, Rejection> {
    if members.len() > Parser::MAX_BATCH {
        let reason = format!("{} records; a batch may have {}", members.len(), Parser::MAX_BATCH);
        return Err(Rejection::new(Code::TooLarge, field, reason));
    }
    Ok(members)
}

/// The fields of a member that is an object and no longer than a record may be.
pub(super) fn object(member: &str) -> Result<Map<String, Value>, Rejection> {
    check_size(member.len())?;
    match serde_json::from_str(member).map_err(|e| json_rejection(&e))? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Rejection::new(Code::InvalidField, "", "an event must be an object")),
    }
}
