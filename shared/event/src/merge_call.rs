//! RudderStack's merge call: two identifiers of one person.

use crate::raw::{RawContext, RawEvent, RawExternalId, Text};
use crate::{Code, IdentifierKind, Rejection};
use serde::Deserialize;

#[derive(Deserialize)]
struct Merged<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    value: Text<'a>,
}

impl RawEvent<'_> {
    /// Takes the identifiers of `mergeProperties`, where there are any, as the record's own.
    ///
    /// # Errors
    /// What is no array of types and values, and two user ids: two known people are never one.
    pub(crate) fn take_merge(&mut self) -> Result<(), Rejection> {
        let Some(text) = self.merge.take().filter(|text| *text != "null") else { return Ok(()) };
        let refused = |reason: &str| Rejection::new(Code::InvalidField, "mergeProperties", reason);
        let merged: Vec<Merged> = serde_json::from_str(text)
            .map_err(|_| refused("must be an array of objects with a type and a value"))?;
        for Merged { kind, value } in merged {
            let Some(value) = value.0 else { continue };
            let value = Text(Some(value.into_owned().into()));
            let Some(kind) = kind.0 else { continue };
            if IdentifierKind::parse(&kind) != Some(IdentifierKind::User) {
                let kind = Text(Some(kind.into_owned().into()));
                let context = self.context.get_or_insert_with(RawContext::default);
                context.external_ids.push(RawExternalId { id: value, kind });
            } else if self.user_id.as_deref().is_some_and(|known| Some(known) != value.as_deref()) {
                return Err(refused("joins two user ids, and two known people are never merged"));
            } else {
                self.user_id = value;
            }
        }
        Ok(())
    }
}
