//! Where and how an event happened.

use std::borrow::Cow;

/// The part of the Segment `context` that is kept. No IP address: it is personal data that nothing here
/// needs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context<'a> {
    /// Page URL with its query; the query is dropped where it holds an e-mail address.
    pub url: Option<Cow<'a, str>>,
    pub title: Option<Cow<'a, str>>,
    pub referrer: Option<Cow<'a, str>>,
    pub user_agent: Option<Cow<'a, str>>,
    /// BCP 47, for example `zh-CN`.
    pub locale: Option<Cow<'a, str>>,
    /// IANA name, for example `Asia/Shanghai`.
    pub timezone: Option<Cow<'a, str>>,
    /// Explicit campaign fields; those of the URL are read from `url`.
    pub campaign: Option<Box<Campaign<'a>>>,
    pub device: Option<Box<Device<'a>>>,
    /// Consent preferences by category (`context.consent.categoryPreferences`), the text of a JSON object.
    pub consent: Option<Cow<'a, str>>,
    /// Context keys not named here, the text of a JSON object.
    pub rest: Option<Cow<'a, str>>,
}

/// `context.campaign` of the Segment spec (the utm parameters).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Campaign<'a> {
    pub source: Option<Cow<'a, str>>,
    pub medium: Option<Cow<'a, str>>,
    pub name: Option<Cow<'a, str>>,
    pub term: Option<Cow<'a, str>>,
    pub content: Option<Cow<'a, str>>,
}

/// `context.device`; its id is an identifier and not kept here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Device<'a> {
    pub model: Option<Cow<'a, str>>,
    pub kind: Option<Cow<'a, str>>,
    pub os: Option<Cow<'a, str>>,
    pub app_version: Option<Cow<'a, str>>,
}
