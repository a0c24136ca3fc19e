//! Touchpoints: the campaigns, referrers and click ids that brought a person.

use event::wire::{Damaged, Reader, put_bytes, put_varint};
use event::{Context, HOUR};
use std::borrow::Cow;

/// How many touchpoints are kept beside the first one: the newest.
pub(crate) const MAX_TOUCHES: usize = 8;

/// Parameters that advertisers add to a click, and whose value identifies it.
const CLICK_IDS: [&str; 8] =
    ["gclid", "fbclid", "msclkid", "ttclid", "bd_vid", "dclid", "wbraid", "li_fat_id"];

/// One touchpoint. The same campaign in the same hour is one touch, however many pages carry it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touch<'a> {
    /// The hour it happened in, UTC ms.
    pub at: i64,
    pub source: Cow<'a, str>,
    pub medium: Cow<'a, str>,
    pub campaign: Cow<'a, str>,
    /// The host of an outside referrer.
    pub referrer: Cow<'a, str>,
    /// A click id with its name, `gclid=…`.
    pub click: Cow<'a, str>,
}

impl<'a> Touch<'a> {
    /// The touch in an event's context, if it names a campaign, a click or an outside referrer.
    pub fn of(context: &'a Context<'_>, at: i64) -> Option<Touch<'a>> {
        let none = Cow::Borrowed("");
        let mut touch = Touch {
            at: at.div_euclid(HOUR) * HOUR,
            source: none.clone(),
            medium: none.clone(),
            campaign: none.clone(),
            referrer: none.clone(),
            click: none,
        };
        let url = context.url.as_deref().unwrap_or_default();
        if let Some(start) = url.bytes().position(|b| b == b'?') {
            let query = &url[start + 1..];
            touch.read_query(query.split('#').next().unwrap_or(query));
        }
        if let Some(campaign) = &context.campaign {
            let given = |text: &'a Option<Cow<'_, str>>| text.as_deref().map(short);
            touch.source = given(&campaign.source).map_or(touch.source, Cow::Borrowed);
            touch.medium = given(&campaign.medium).map_or(touch.medium, Cow::Borrowed);
            touch.campaign = given(&campaign.name).map_or(touch.campaign, Cow::Borrowed);
        }
        if let Some(host) = context.referrer.as_deref().and_then(host)
            && Some(host) != self::host(url)
        {
            touch.referrer = Cow::Borrowed(short(host));
        }
        let empty = touch.source.is_empty()
            && touch.medium.is_empty()
            && touch.campaign.is_empty()
            && touch.referrer.is_empty()
            && touch.click.is_empty();
        (!empty).then_some(touch)
    }

    fn read_query(&mut self, query: &'a str) {
        for pair in query.split('&') {
            let Some(end) = pair.bytes().position(|b| b == b'=').filter(|end| end + 1 < pair.len()) else {
                continue;
            };
            let (name, value) = (&pair[..end], &pair[end + 1..]);
            match name {
                "utm_source" => self.source = decoded(value),
                "utm_medium" => self.medium = decoded(value),
                "utm_campaign" => self.campaign = decoded(value),
                name if CLICK_IDS.contains(&name) && pair.len() <= 160 => self.click = Cow::Borrowed(pair),
                _ => {}
            }
        }
    }

    fn same_way(&self, other: &Touch<'_>) -> bool {
        self.source == other.source
            && self.medium == other.medium
            && self.campaign == other.campaign
            && self.referrer == other.referrer
    }

    fn fields(&self) -> [&str; 4] {
        [&self.source, &self.medium, &self.campaign, &self.referrer]
    }
}

/// Adds a touch to the newest ones; the same touch twice is one.
pub(crate) fn add<'a>(touches: &mut Vec<Touch<'a>>, touch: Touch<'a>) {
    crate::bounded::insert_new(touches, touch, MAX_TOUCHES);
}

/// Touches in order; one that came the same way as the one before it takes two or three bytes.
pub(crate) fn encode(touches: &[Touch<'_>], out: &mut Vec<u8>, base: i64) {
    let mut before = base.div_euclid(HOUR);
    let mut last: Option<&Touch> = None;
    for touch in touches {
        let hour = touch.at.div_euclid(HOUR);
        put_varint(out, (before - hour) as u64);
        before = hour;
        let same = last.is_some_and(|last| touch.same_way(last));
        out.push(u8::from(same) | u8::from(!touch.click.is_empty()) << 1);
        if !same {
            touch.fields().iter().for_each(|text| put_bytes(out, text.as_bytes()));
        }
        if !touch.click.is_empty() {
            put_bytes(out, touch.click.as_bytes());
        }
        last = Some(touch);
    }
}

pub(crate) fn decode<'a>(
    touches: &mut Vec<Touch<'a>>,
    mut reader: Reader<'a>,
    base: i64,
) -> Result<(), Damaged> {
    let mut hour = base.div_euclid(HOUR);
    while !reader.is_empty() {
        hour = hour.wrapping_sub(reader.varint()? as i64);
        let flags = reader.byte()?;
        let [source, medium, campaign, referrer] = match (flags & 1, touches.last()) {
            (1, Some(last)) => {
                [last.source.clone(), last.medium.clone(), last.campaign.clone(), last.referrer.clone()]
            }
            (1, None) => return Err(Damaged),
            _ => {
                let mut text = || reader.text().map(Cow::Borrowed);
                [text()?, text()?, text()?, text()?]
            }
        };
        let click = if flags & 2 != 0 { Cow::Borrowed(reader.text()?) } else { Cow::Borrowed("") };
        touches.push(Touch { at: hour.wrapping_mul(HOUR), source, medium, campaign, referrer, click });
    }
    Ok(())
}

/// The host of a web address.
fn host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let end = rest.bytes().position(|b| matches!(b, b'/' | b'?' | b'#' | b':')).unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(64)]
}

/// A query value with `+` and percent codes resolved.
fn decoded(value: &str) -> Cow<'_, str> {
    if !value.contains(['%', '+']) {
        return Cow::Borrowed(short(value));
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let code: Vec<u8> = rest.by_ref().take(2).collect();
                let code = std::str::from_utf8(&code).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                bytes.push(code.unwrap_or(b'?'));
            }
            byte => bytes.push(byte),
        }
    }
    Cow::Owned(short(&String::from_utf8_lossy(&bytes)).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_is_read_from_the_url_and_the_referrer() {
        let context = Context {
            url: Some(
                "https://shop.example.com/p?utm_source=news+letter&utm_campaign=%E6%98%A5&gclid=x1#top"
                    .into(),
            ),
            referrer: Some("https://www.google.com/search".into()),
            ..Context::default()
        };
        let touch = Touch::of(&context, HOUR + 5).unwrap();
        assert_eq!((touch.at, touch.source.as_ref(), touch.campaign.as_ref()), (HOUR, "news letter", "春"));
        assert_eq!((touch.referrer.as_ref(), touch.click.as_ref()), ("www.google.com", "gclid=x1"));
        let inside = Context {
            url: Some("https://shop.example.com/a".into()),
            referrer: Some("https://shop.example.com/b".into()),
            ..Context::default()
        };
        assert_eq!(Touch::of(&inside, 0), None);
    }
}
