//! A refused record, looked at once more.

use crate::event::EventType;
use crate::fault::{check_size, json_rejection, utf8};
use crate::parse::{Envelope, Parsed, Parser};
use crate::rejection::Rejection;
use crate::{Arrival, pii};
use serde_json::{Value, json};

/// How a record came, as far as neither the record nor its source says so: what reading it a second time needs, so that
/// it becomes the event that it would have become the first time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Came {
    /// The call that the address stands for to which it was sent.
    pub call: Option<EventType>,
    /// What the batch around it said for all of its records, the text of a JSON object: when it was sent, their common
    /// context.
    pub around: Option<String>,
    /// Whether it was brought over the network as history, which keeps its own times.
    pub recorded: bool,
}

/// Longest text around a record that is kept, in bytes.
const MAX_AROUND: usize = 16 * 1024;

impl Came {
    /// The records of a body that may be a batch, sent as `call` or as history.
    pub fn in_body(body: &[u8], call: Option<EventType>, recorded: bool) -> Came {
        let envelope =
            serde_json::from_slice::<Envelope<'_>>(body).ok().filter(|envelope| envelope.batch.is_some());
        let around = envelope.and_then(|envelope| {
            let sent_at = envelope.sent_at.as_deref();
            let context = envelope.context.filter(|context| context.get() != "null");
            (sent_at.is_some() || context.is_some()).then(|| {
                let sent_at = sent_at.map(|text| json!(text).to_string());
                let parts = [
                    sent_at.map(|text| format!("\"sentAt\":{text}")),
                    context.map(|text| format!("\"context\":{text}")),
                ];
                format!("{{{}}}", parts.into_iter().flatten().collect::<Vec<_>>().join(","))
            })
        });
        Came { call, around: around.filter(|text| text.len() <= MAX_AROUND), recorded }
    }
}

impl Parser {
    /// Reads a record as it was read when it came: the same event, with the same message id, if nothing forbids it any
    /// more.
    pub fn parse_again<'a>(
        &self,
        record: &'a [u8],
        came: &'a Came,
        source: &'a str,
        arrival: Arrival,
    ) -> Result<Parsed<'a>, Rejection> {
        check_size(record.len())?;
        let around = came.around.as_deref().unwrap_or("{}");
        let around: Envelope<'a> = serde_json::from_str(around).map_err(|error| json_rejection(&error))?;
        self.convert(utf8(record)?, came.call, &around, source, arrival)
    }

    /// A refused record as text for people to read, with what is personal in it replaced by `hmac:` and its keyed
    /// hash: by the names of fields and the shape of values where it is JSON, by the shape alone where it is not. A name
    /// in a line of text looks like any other word, and stays.
    pub fn redacted(&self, record: &[u8]) -> String {
        let text = String::from_utf8_lossy(record);
        let Ok(mut value) = serde_json::from_str::<Value>(&text) else {
            return self.mask(&text).into_owned();
        };
        name_people(&mut value);
        pii::redact(&mut value, self.masker());
        value.to_string()
    }
}

/// Calls a `name` that may be a person's what it may be, so that it is taken for personal: it stands beside other fields of a
/// row, or in traits; within properties it is a product's or a page's.
fn name_people(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let is_call = fields.contains_key("type") || fields.contains_key("event");
            if let Some((name, value)) = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("name"))
                && !is_call
            {
                let (name, value) = (name.clone(), value.clone());
                fields.shift_remove(&name);
                fields.insert("full_name".to_owned(), value);
            }
            fields
                .iter_mut()
                .filter(|(name, _)| *name != "properties")
                .for_each(|(_, value)| name_people(value));
        }
        Value::Array(values) => values.iter_mut().for_each(name_people),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ParserSettings, Pseudonymizer};

    fn parser() -> Parser {
        Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default())
    }

    #[test]
    fn a_record_read_again_is_the_event_it_would_have_been() {
        let parser = parser();
        // By the call's address, in a batch whose sender's clock is an hour fast, without an id of its own.
        let record = r#"{"userId":"ann-1","event":"Seen","timestamp":"2026-11-01T11:00:00Z"}"#;
        let around = r#"{"sentAt":"2026-11-01T11:00:00Z","context":{"locale":"zh-CN"}}"#;
        let batch = |record: &str| around.replacen('}', &format!("}},\"batch\":[{record}]"), 1);
        let body = batch(record);
        let now = 1_793_527_200_000; // 2026-11-01T10:00:00Z
        let came = Came::in_body(body.as_bytes(), Some(EventType::Track), false);
        assert_eq!(came.around.as_deref(), Some(around));
        let again = parser.parse_again(record.as_bytes(), &came, "web", Arrival::Live { now }).unwrap().event;
        assert_eq!((again.happened_at, again.received_at), (now, now));
        assert_eq!(again.context.locale.as_deref(), Some("zh-CN"));
        let typed = record.replacen('{', r#"{"type":"track","#, 1);
        let body = batch(&typed);
        let first = parser.parse_batch(body.as_bytes(), "web", Arrival::Live { now }).unwrap();
        let [Ok(first)] = &first[..] else { panic!("{first:?}") };
        assert_eq!(first.event.happened_at, again.happened_at);
        let once_more = Came { call: None, ..came.clone() };
        let typed = parser.parse_again(typed.as_bytes(), &once_more, "web", Arrival::Live { now }).unwrap();
        assert_eq!(typed.event, first.event, "the derived id is the same too");
    }

    #[test]
    fn what_is_shown_holds_nothing_personal() {
        let parser = parser();
        let record = r#"{"type":"identify","traits":{"name":"Ann Lee","email":"ann@example.com","note":"call 13812345678"},
            "context":{"ip":"203.0.113.7"},"properties":{"name":"Blue Shoe","price":5}}"#;
        let row = r#"{"name":"Ann Lee","mail":"ann@example.com","qty":"2"}"#;
        let line = "Ann,ann@example.com,+86 138 1234 5678,4111 1111 1111 1111";
        for (original, stays) in
            [(record, "Blue Shoe"), (row, "qty"), (line, "Ann,"), ("{\"email\":\"ann@example.com", "email")]
        {
            let shown = parser.redacted(original.as_bytes());
            for raw in ["Ann Lee", "ann@", "13812345678", "1234 5678", "203.0.113.7", "4111"] {
                assert!(!shown.contains(raw), "{raw} in {shown}");
            }
            assert!(shown.contains(stays) && shown.contains("hmac:"), "{stays} in {shown}");
        }
        assert_eq!(parser.redacted(b"\xff\xfe,7"), "\u{fffd}\u{fffd},7");
    }
}
