//! What is wrong with the text of a record, to whoever sent it.

use crate::Parser;
use crate::json::{Fault, FaultKind};
use crate::rejection::{Code, Rejection};

/// Refuses a record that is too long.
pub(crate) fn check_size(len: usize) -> Result<(), Rejection> {
    if len > Parser::MAX_BYTES {
        let reason = format!("{len} bytes; an event may have {}", Parser::MAX_BYTES);
        return Err(Rejection::new(Code::TooLarge, "", reason));
    }
    Ok(())
}

/// The bytes as text.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Rejection> {
    simdutf8::compat::from_utf8(bytes).map_err(|error| {
        let reason = format!("not UTF-8 from byte {}; convert the source to UTF-8", error.valid_up_to() + 1);
        Rejection::new(Code::InvalidUtf8, "", reason)
    })
}

/// What a fault means to whoever sent the record.
pub(crate) fn fault_rejection(fault: Fault) -> Rejection {
    let place = format!("column {}", fault.at + 1);
    let (code, reason) = match fault.kind {
        FaultKind::Early => (Code::InvalidJson, format!("the JSON ends too early, at {place}")),
        FaultKind::Syntax => (Code::InvalidJson, format!("not JSON from {place} on")),
        FaultKind::Type => (
            Code::InvalidField,
            format!("a field has the wrong type or is given twice at {place}; compare with the Segment spec"),
        ),
        FaultKind::Deep => {
            (Code::TooDeep, format!("nested more than {} deep at {place}; flatten it", Parser::MAX_DEPTH))
        }
    };
    Rejection::new(code, "", reason)
}

/// The same for an error of the JSON library.
pub(crate) fn json_rejection(error: &serde_json::Error) -> Rejection {
    let place = format!("column {}", error.column());
    match error.classify() {
        serde_json::error::Category::Syntax if error.to_string().starts_with("recursion limit") => {
            let reason = format!("nested more than {} deep at {place}; flatten it", Parser::MAX_DEPTH);
            Rejection::new(Code::TooDeep, "", reason)
        }
        // serde_json's data errors name types and positions, never values, but for `invalid type: string "…"`.
        serde_json::error::Category::Data => Rejection::new(
            Code::InvalidField,
            "",
            format!("a field has the wrong type at {place}; compare with the Segment spec"),
        ),
        serde_json::error::Category::Eof => {
            Rejection::new(Code::InvalidJson, "", format!("the JSON ends too early, at {place}"))
        }
        _ => Rejection::new(Code::InvalidJson, "", format!("not JSON from {place} on")),
    }
}

/// The text of a JSON object; nothing for `null`, none and `{}`.
pub(crate) fn object_text<'a>(value: Option<&'a str>, field: &str) -> Result<Option<&'a str>, Rejection> {
    match value {
        None | Some("null" | "{}") => Ok(None),
        Some(text) if text.starts_with('{') => Ok(Some(text)),
        Some(_) => Err(Rejection::new(Code::InvalidField, field, "must be an object")),
    }
}
