//! Where and how an event happened.

use crate::Parser;
use crate::consent::Answers;
use crate::pii;
use crate::raw::{RawContext, Text};
use crate::text::{bounded, clean, normalise};
use serde_json::Value;
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
    /// What the person agreed to and what not, by purpose or channel; with `$version` of the text that they were shown
    /// and `$method`, where the record tells them. The text of a JSON object.
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

impl Parser {
    pub(crate) fn context<'a>(
        &self,
        raw: RawContext<'a>,
        answers: Option<&Answers>,
        composed: bool,
        suspect: bool,
    ) -> Context<'a> {
        let plain = |text| tidy(text, composed).map(|text| short(self.masked(text, suspect)));
        let address = |text| {
            let masked = |url| if suspect { self.masked_address(url) } else { url };
            // Of an address that was all query nothing is left.
            tidy(text, composed).map(|url| short(masked(url))).filter(|url| !url.is_empty())
        };
        let os = plain(raw.os_name);
        let app_version = tidy(raw.app_version, composed)
            .map(|version| short(self.masked(version.clone(), suspect && !pii::is_version(&version))));
        let device = raw.device.map(|device| *device);
        let (model, kind) = device.map_or((None, None), |device| (plain(device.model), plain(device.kind)));
        let device = Device { model, kind, os, app_version };
        let campaign = raw.campaign.map(|campaign| {
            let [source, medium, name, term, content] = campaign.map(plain);
            Campaign { source, medium, name, term, content }
        });
        let [url, path, title, referrer] = raw.page;
        Context {
            url: address(url).or_else(|| address(path)),
            title: plain(title),
            referrer: address(referrer),
            user_agent: plain(raw.user_agent),
            locale: plain(raw.locale),
            timezone: plain(raw.timezone),
            campaign: campaign.filter(|c| *c != Campaign::default()).map(Box::new),
            device: (device != Device::default()).then(|| Box::new(device)),
            consent: answers.map(|answers| Cow::Owned(self.consent_text(answers))),
            rest: self.rest(raw.rest),
        }
    }

    /// Context keys that have no field of their own, as one object without personal data.
    fn rest<'a>(&self, rest: Vec<(Cow<'a, str>, &'a str)>) -> Option<Cow<'a, str>> {
        if rest.is_empty() {
            return None;
        }
        let fields = rest
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_owned(), serde_json::from_str(value).ok()?)));
        let mut value = Value::Object(fields.collect());
        pii::redact(&mut value, self.masker());
        Some(Cow::Owned(normalise(&value.to_string()).into_owned()))
    }

    #[inline]
    pub(crate) fn masked<'a>(&self, text: Cow<'a, str>, suspect: bool) -> Cow<'a, str> {
        if suspect { self.masker().mask(text) } else { text }
    }

    /// An address in whose query something personal stands loses the query.
    fn masked_address<'a>(&self, url: Cow<'a, str>) -> Cow<'a, str> {
        match url.find(['?', '#']) {
            Some(query) if self.masker().finds(&url, None) => {
                self.masker().mask(Cow::Owned(url[..query].to_owned()))
            }
            _ => self.masker().mask(url),
        }
    }
}

#[inline]
fn tidy(text: Text<'_>, composed: bool) -> Option<Cow<'_, str>> {
    text.0.map(|text| clean(text, composed)).filter(|text| !text.is_empty())
}

#[inline]
fn short(text: Cow<'_, str>) -> Cow<'_, str> {
    bounded(text, 1024)
}
