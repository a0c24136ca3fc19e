//! The JSON of one Segment-spec record, read in one pass and otherwise untouched.

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct RawEvent<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    #[serde(borrow, alias = "message_id")]
    pub message_id: Text<'a>,
    #[serde(borrow)]
    pub event: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub category: Text<'a>,
    #[serde(borrow, alias = "user_id")]
    pub user_id: Text<'a>,
    #[serde(borrow, alias = "anonymous_id")]
    pub anonymous_id: Text<'a>,
    #[serde(borrow, alias = "previous_id")]
    pub previous_id: Text<'a>,
    #[serde(borrow, alias = "group_id")]
    pub group_id: Text<'a>,
    #[serde(borrow)]
    pub timestamp: Text<'a>,
    #[serde(borrow, alias = "original_timestamp")]
    pub original_timestamp: Text<'a>,
    #[serde(borrow, alias = "sent_at")]
    pub sent_at: Text<'a>,
    #[serde(borrow, alias = "received_at")]
    pub received_at: Text<'a>,
    #[serde(borrow)]
    pub properties: Option<&'a RawValue>,
    #[serde(borrow)]
    pub traits: Option<&'a RawValue>,
    #[serde(borrow)]
    pub context: Option<RawContext<'a>>,
}

/// A text, or a number as its text; `null` is absent.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Text<'a>(pub Option<Cow<'a, str>>);

impl<'a> Text<'a> {
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
    pub page: RawPage<'a>,
    pub user_agent: Text<'a>,
    pub locale: Text<'a>,
    pub timezone: Text<'a>,
    pub campaign: Option<RawCampaign<'a>>,
    pub device: Option<RawDevice<'a>>,
    pub os: RawNamed<'a>,
    pub app: RawNamed<'a>,
    pub consent: Option<RawConsent<'a>>,
    pub traits: Option<&'a RawValue>,
    pub external_ids: Vec<RawExternalId<'a>>,
    /// Keys that are none of the above.
    pub rest: Vec<(Cow<'a, str>, &'a RawValue)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawPage<'a> {
    #[serde(borrow)]
    pub url: Text<'a>,
    #[serde(borrow)]
    pub path: Text<'a>,
    #[serde(borrow)]
    pub title: Text<'a>,
    #[serde(borrow)]
    pub referrer: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawCampaign<'a> {
    #[serde(borrow)]
    pub source: Text<'a>,
    #[serde(borrow)]
    pub medium: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub term: Text<'a>,
    #[serde(borrow)]
    pub content: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct RawDevice<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub advertising_id: Text<'a>,
    #[serde(borrow)]
    pub model: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawNamed<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub version: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct RawConsent<'a> {
    #[serde(borrow)]
    pub category_preferences: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawExternalId<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for RawContext<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContextVisitor;
        impl<'de> Visitor<'de> for ContextVisitor {
            type Value = RawContext<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a context object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut context = RawContext::default();
                while let Some(Text(key)) = map.next_key()? {
                    match key.as_deref().unwrap_or_default() {
                        "page" => context.page = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "userAgent" => context.user_agent = map.next_value()?,
                        "locale" => context.locale = map.next_value()?,
                        "timezone" => context.timezone = map.next_value()?,
                        "campaign" => context.campaign = map.next_value()?,
                        "device" => context.device = map.next_value()?,
                        "os" => context.os = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "app" => context.app = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "consent" => context.consent = map.next_value()?,
                        "traits" => context.traits = map.next_value()?,
                        "externalIds" => {
                            context.external_ids = map.next_value::<Option<_>>()?.unwrap_or_default();
                        }
                        // An IP address is personal data that nothing here needs.
                        "ip" => {
                            map.next_value::<IgnoredAny>()?;
                        }
                        _ => context.rest.push((key.unwrap_or_default(), map.next_value()?)),
                    }
                }
                Ok(context)
            }
        }
        deserializer.deserialize_map(ContextVisitor)
    }
}
