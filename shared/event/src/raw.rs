//! The JSON of one Segment-spec record, read in one pass and otherwise untouched.

use crate::commerce::RawFacts;
use crate::json::{Cursor, Fault, FaultKind};
use crate::survey::Survey;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use std::borrow::Cow;
use std::fmt;

/// The fields of a record that mean something. JSON objects that are read later are their text.
#[derive(Debug, Default)]
pub(crate) struct RawEvent<'a> {
    /// Whether the whole record [is composed](crate::text::is_composed).
    pub composed: bool,
    pub kind: Text<'a>,
    pub message_id: Text<'a>,
    pub event: Text<'a>,
    pub name: Text<'a>,
    pub category: Text<'a>,
    pub user_id: Text<'a>,
    pub anonymous_id: Text<'a>,
    pub previous_id: Text<'a>,
    pub group_id: Text<'a>,
    pub timestamp: Text<'a>,
    pub original_timestamp: Text<'a>,
    pub sent_at: Text<'a>,
    pub received_at: Text<'a>,
    pub properties: Option<&'a str>,
    /// What `properties` say, where they are an object.
    pub facts: RawFacts<'a>,
    pub traits: Option<&'a str>,
    pub context: Option<RawContext<'a>>,
    /// `mergeProperties`: two identifiers of one person.
    pub merge: Option<&'a str>,
}

impl<'a> RawEvent<'a> {
    /// Reads a whole record. A field that is given twice, under whichever of its names, is a fault.
    pub fn read(&mut self, record: &'a str, survey: &Survey) -> Result<(), Fault> {
        let mut cursor = Cursor::surveyed(record, survey);
        self.composed = survey.composed;
        let mut seen = Seen::default();
        cursor.object(|cursor, name| {
            let (nth, field) = match name.as_ref() {
                "type" => (0, &mut self.kind),
                "messageId" | "message_id" => (1, &mut self.message_id),
                "event" => (2, &mut self.event),
                "name" => (3, &mut self.name),
                "category" => (4, &mut self.category),
                "userId" | "user_id" => (5, &mut self.user_id),
                "anonymousId" | "anonymous_id" => (6, &mut self.anonymous_id),
                "previousId" | "previous_id" => (7, &mut self.previous_id),
                "groupId" | "group_id" => (8, &mut self.group_id),
                "timestamp" => (9, &mut self.timestamp),
                "originalTimestamp" | "original_timestamp" => (10, &mut self.original_timestamp),
                "sentAt" | "sent_at" => (11, &mut self.sent_at),
                "receivedAt" | "received_at" => (12, &mut self.received_at),
                "properties" => {
                    seen.once(13, cursor)?;
                    return self.read_properties(cursor);
                }
                "traits" => {
                    seen.once(14, cursor)?;
                    self.traits = Some(cursor.value()?);
                    return Ok(());
                }
                "context" => {
                    seen.once(15, cursor)?;
                    if cursor.peek()? == b'n' {
                        return cursor.skip();
                    }
                    return self.context.insert(RawContext::default()).read(cursor);
                }
                "mergeProperties" => {
                    seen.once(16, cursor)?;
                    self.merge = Some(cursor.value()?);
                    return Ok(());
                }
                _ => return cursor.skip(),
            };
            seen.once(nth, cursor)?;
            field.0 = cursor.text()?;
            Ok(())
        })?;
        cursor.end()
    }

    #[inline]
    fn read_properties(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Fault> {
        let is_object = cursor.peek()? == b'{';
        let start = cursor.at();
        match is_object {
            true => self.facts.read(cursor)?,
            false => cursor.skip()?,
        }
        self.properties = Some(cursor.since(start));
        Ok(())
    }
}

/// Which fields of an object were read.
#[derive(Default)]
struct Seen(u32);

impl Seen {
    #[inline]
    fn once(&mut self, nth: u32, cursor: &Cursor<'_>) -> Result<(), Fault> {
        let bit = 1 << nth;
        if self.0 & bit != 0 {
            return Err(cursor.fault(FaultKind::Type));
        }
        self.0 |= bit;
        Ok(())
    }
}

/// A text, or a number as its text; `null` is absent.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Text<'a>(pub Option<Cow<'a, str>>);

impl<'a> Text<'a> {
    #[inline]
    pub fn as_deref(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a text or a number")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Borrowed(if value { "true" } else { "false" }))))
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Text(None))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// The `context` of a record: what is kept, and what identifies.
#[derive(Debug, Default)]
pub(crate) struct RawContext<'a> {
    /// url, path, title, referrer
    pub page: [Text<'a>; 4],
    pub user_agent: Text<'a>,
    pub locale: Text<'a>,
    pub timezone: Text<'a>,
    /// source, medium, name, term, content
    pub campaign: Option<Box<[Text<'a>; 5]>>,
    pub device: Option<Box<RawDevice<'a>>>,
    pub os_name: Text<'a>,
    pub app_version: Text<'a>,
    /// The texts of the JSON values of `consent` and `consentManagement`.
    pub consent: Option<&'a str>,
    pub consent_management: Option<&'a str>,
    pub traits: Option<&'a str>,
    pub external_ids: Vec<RawExternalId<'a>>,
    /// The text of the JSON value.
    pub ip: Option<&'a str>,
    /// Keys that are none of the above.
    pub rest: Vec<(Cow<'a, str>, &'a str)>,
}

#[derive(Debug, Default)]
pub(crate) struct RawDevice<'a> {
    pub id: Text<'a>,
    pub model: Text<'a>,
    pub kind: Text<'a>,
    /// By which its platform delivers messages to an app.
    pub token: Text<'a>,
}

#[derive(Debug)]
pub(crate) struct RawExternalId<'a> {
    pub id: Text<'a>,
    pub kind: Text<'a>,
}

impl<'a> RawContext<'a> {
    pub(crate) fn read(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Fault> {
        cursor.object(|cursor, key| {
            match key.as_ref() {
                "page" => self.page = texts(cursor, ["url", "path", "title", "referrer"])?,
                "userAgent" => self.user_agent = Text(cursor.text()?),
                "locale" => self.locale = Text(cursor.text()?),
                "timezone" => self.timezone = Text(cursor.text()?),
                "campaign" => {
                    let names = ["source", "medium", "name", "term", "content"];
                    self.campaign = Some(Box::new(texts(cursor, names)?));
                }
                "device" => {
                    let names = ["id", "advertisingId", "model", "type", "token"];
                    let [id, other, model, kind, token] = texts(cursor, names)?;
                    let id = Text(id.0.or(other.0));
                    self.device = Some(Box::new(RawDevice { id, model, kind, token }));
                }
                "os" => [self.os_name] = texts(cursor, ["name"])?,
                "app" => [self.app_version] = texts(cursor, ["version"])?,
                "consent" => self.consent = consent(cursor)?,
                "consentManagement" => self.consent_management = consent(cursor)?,
                "traits" => self.traits = Some(cursor.value()?),
                "externalIds" => self.external_ids = external_ids(cursor)?,
                // An IP address is personal data that nothing here needs.
                "ip" => self.ip = Some(cursor.value()?),
                _ => self.rest.push((key, cursor.value()?)),
            }
            Ok(())
        })
    }
}

/// The texts of these names in an object, in their order. What is [`nothing`] has none. A name that is given twice is a fault.
#[inline]
pub(crate) fn texts<'a, const N: usize>(
    cursor: &mut Cursor<'a>,
    names: [&str; N],
) -> Result<[Text<'a>; N], Fault> {
    let mut texts = [const { Text(None) }; N];
    if cursor.peek()? != b'{' {
        return nothing(cursor).map(|()| texts);
    }
    let mut seen = Seen::default();
    cursor.object(|cursor, name| {
        let Some(nth) = names.iter().position(|wanted| *wanted == name) else { return cursor.skip() };
        seen.once(nth as u32, cursor)?;
        texts[nth].0 = cursor.text()?;
        Ok(())
    })?;
    Ok(texts)
}

fn consent<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a str>, Fault> {
    match cursor.peek()? {
        b'{' => cursor.value().map(Some),
        _ => nothing(cursor).map(|()| None),
    }
}

fn external_ids<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<RawExternalId<'a>>, Fault> {
    let mut ids = Vec::new();
    match cursor.peek()? {
        b'[' => cursor.array(|cursor| {
            let [id, kind] = texts(cursor, ["id", "type"])?;
            ids.push(RawExternalId { id, kind });
            Ok(())
        })?,
        b'n' => cursor.skip()?,
        _ => return Err(cursor.fault(FaultKind::Type)),
    }
    Ok(ids)
}

/// Reads `null`, or the array that some languages write for an empty object: what an array holds has no names.
fn nothing(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    match cursor.peek()? {
        b'n' | b'[' => cursor.skip(),
        _ => Err(cursor.fault(FaultKind::Type)),
    }
}
