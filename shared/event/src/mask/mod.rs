//! Personal data in running text: found, and replaced by keyed hashes.
//!
//! What is found: e-mail addresses; telephone numbers (international ones, those of the installation's country, and
//! Chinese mobile numbers); Chinese resident identity numbers; bank cards; IP addresses. Each becomes `hmac:` and
//! the hash of its plain form, so that the same value has the same token however it is written, and the token of an
//! e-mail address or a telephone number is the hash of the identifier.
//!
//! Numbers have checks of their own (Luhn's, MOD 11-2, the numbering plans), and what is part of a code or a decimal
//! is left alone, so that orders, prices, times, versions, UUIDs and coordinates stay as they are.

mod document;
mod ip;
mod number;
mod phone;
mod reading;
pub(crate) mod stretch;

use crate::contact::{normalise_email, normalise_phone};
use crate::identifier::{IdentifierKind, Pseudonymizer};
use crate::survey::Survey;
use number::{Left, Written};
use phone::{Likeness, Plan};
use reading::{may_read_otherwise, reading};
use std::borrow::Cow;
use std::ops::Range;
use stretch::Stretch;

/// Finds and masks. Holds the deployment's key.
#[derive(Debug, Clone)]
pub(crate) struct Masker {
    hasher: Pseudonymizer,
    region: String,
    plan: Plan,
}

/// A value that was found: where, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    at: Range<usize>,
    kind: Kind,
    /// Its plain form.
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Phone,
    Document,
    Card,
    Ip,
}

/// How many telephone numbers of one text are looked up; what looks like one beyond is taken for one.
const MAX_LOOKUPS: u32 = 64;

/// No number that is looked for has fewer digits; an address of a machine may.
const MIN_DIGITS: usize = 7;

impl Masker {
    /// `region` is the ISO 3166 code of the country in which national telephone numbers are read.
    pub fn new(hasher: Pseudonymizer, region: &str) -> Masker {
        Masker { hasher, region: region.to_owned(), plan: Plan::of(region) }
    }

    pub fn hasher(&self) -> &Pseudonymizer {
        &self.hasher
    }

    /// What there is in a text to look at.
    #[inline]
    pub fn survey(&self, text: &str) -> Survey {
        Survey::of(text, self.plan.is_short())
    }

    /// Whether something personal may stand in a text of which there is a survey, but for what stands in `except`,
    /// parts of it. Where it does in no part of the text, none may: the other answer is not as sure.
    #[inline]
    pub fn finds_in(&self, text: &str, survey: &Survey, except: [Option<&str>; 2]) -> bool {
        if survey.marked || !survey.ascii && may_read_otherwise(text) {
            return self.finds(text, except[0]);
        }
        match survey.candidates() {
            None => self.finds(text, except[0]),
            Some([]) => false,
            Some(found) => self.finds_at(text, found, except),
        }
    }

    /// Whether something personal stands at one of the candidates of these stretches.
    #[inline(never)]
    fn finds_at(&self, text: &str, found: &[(usize, u64)], except: [Option<&str>; 2]) -> bool {
        let mut scan = self.scan(text);
        found.iter().any(|(at, candidates)| {
            let mut candidates = *candidates;
            for part in except.into_iter().flatten() {
                // A part that was written otherwise is not in the text, and begins elsewhere.
                let start = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
                if start < text.len() {
                    candidates &= !bits(start.saturating_sub(*at), (start + part.len()).saturating_sub(*at));
                }
            }
            scan.at = *at;
            candidates != 0 && scan.look(candidates).is_some()
        })
    }

    /// Whether something personal stands in a text or in the text of a JSON value, but for what stands in `except`,
    /// a part of it.
    #[inline]
    pub fn finds(&self, text: &str, except: Option<&str>) -> bool {
        if is_plain(text) {
            return false;
        }
        let plain = match except {
            None => self.scan(text).next().is_some(),
            Some(part) => {
                let start = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize).min(text.len());
                let (before, after) = (text.get(..start), text.get(start + part.len()..));
                [before, after].into_iter().flatten().any(|part| self.scan(part).next().is_some())
            }
        };
        plain
            || memchr::memchr(b'@', text.as_bytes()).is_some()
            || may_read_otherwise(text) && self.finds_read(text)
    }

    /// As [`Masker::finds`], in what a text reads that is written otherwise.
    #[inline(never)]
    fn finds_read(&self, text: &str) -> bool {
        match reading(text) {
            Cow::Borrowed(_) => false,
            Cow::Owned(read) => read.contains('@') || self.scan(&read).next().is_some(),
        }
    }

    /// The text with what is personal in it replaced. A text in which nothing is stays as it is written.
    pub fn mask<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        if !self.finds(&text, None) {
            return text;
        }
        let read = reading(&text);
        let read = if read.contains('@') { Cow::Owned(self.mask_emails(&read)) } else { read };
        let mut masked = String::with_capacity(read.len() + 64);
        let mut done = 0;
        for hit in self.scan(&read) {
            masked.push_str(&read[done..hit.at.start]);
            masked.push_str(&self.token(hit.kind, &hit.value));
            done = hit.at.end;
        }
        masked.push_str(&read[done..]);
        Cow::Owned(masked)
    }

    /// What stands in place of the value of a personal field.
    pub fn field_token(&self, field: &str, value: &str) -> String {
        let value = value.trim();
        let plain = || value.chars().filter(|c| !matches!(c, ' ' | '-')).collect::<String>().to_uppercase();
        match field {
            "email" => self.email_token(&normalise_email(value).unwrap_or_else(|| value.to_owned())),
            "phone" => self.token(
                Kind::Phone,
                &normalise_phone(value, &self.region).unwrap_or_else(|| value.to_owned()),
            ),
            "document" => self.token(Kind::Document, &plain()),
            "card" => self.token(Kind::Card, &plain()),
            field => self.other_token(field, value),
        }
    }

    fn token(&self, kind: Kind, value: &str) -> String {
        match kind {
            Kind::Phone => format!("hmac:{}", self.hasher.identifier(IdentifierKind::Phone, value).key),
            Kind::Document => self.other_token("document", value),
            Kind::Card => self.other_token("card", value),
            Kind::Ip => self.other_token("ip", value),
        }
    }

    fn email_token(&self, email: &str) -> String {
        format!("hmac:{}", self.hasher.identifier(IdentifierKind::Email, email).key)
    }

    fn other_token(&self, scope: &str, value: &str) -> String {
        format!("hmac:{}", self.hasher.key(scope, value))
    }

    /// Replaces every e-mail address, and what has an `@` inside and so may be one.
    fn mask_emails(&self, text: &str) -> String {
        let edge = |c: char| c.is_whitespace() || "<>,;\"():=&?/#，。；：！？、（）《》".contains(c);
        let mut masked = String::with_capacity(text.len());
        for word in text.split_inclusive(edge) {
            let core = word.trim_end_matches(edge).trim_end_matches('.');
            let inside = core.trim_matches('@').contains('@');
            match normalise_email(core) {
                Some(email) => masked.push_str(&self.email_token(&email)),
                None if inside => masked.push_str(&self.other_token("text", core)),
                None => masked.push_str(core),
            }
            masked.push_str(&word[core.len()..]);
        }
        masked
    }

    fn scan<'t>(&'t self, text: &'t str) -> Scan<'t> {
        Scan { masker: self, text: text.as_bytes(), at: 0, floor: 0, lookups: 0 }
    }
}

/// Whether a text is so short, and of so few digits, letters, hyphens and underscores only, that nothing can stand in it.
/// Most ids and words are.
#[inline]
fn is_plain(text: &str) -> bool {
    if text.len() > 32 {
        return false;
    }
    let (mut others, mut run) = (0, 0);
    for byte in text.bytes() {
        others += u32::from(!(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
        run += u32::from(matches!(byte, b'0'..=b'9' | b'-'));
    }
    others == 0 && run < 8
}

/// The bits from `start` on and before `end`.
fn bits(start: usize, end: usize) -> u64 {
    let below = |n: usize| u64::MAX.checked_shl(n as u32).map_or(u64::MAX, |above| !above);
    below(end) & !below(start)
}

/// What is personal in a text, from its beginning on, e-mail addresses apart.
struct Scan<'t> {
    masker: &'t Masker,
    text: &'t [u8],
    /// Where the next stretch begins.
    at: usize,
    /// What is before it was dealt with.
    floor: usize,
    lookups: u32,
}

impl Iterator for Scan<'_> {
    type Item = Hit;

    #[inline]
    fn next(&mut self) -> Option<Hit> {
        while self.at < self.text.len() {
            let stretch = Stretch::at(self.text, self.at, self.masker.plan.is_short());
            if stretch.candidates != 0
                && let Some(hit) = self.look(stretch.candidates)
            {
                return Some(hit);
            }
            self.at = self.floor.max(self.at + Stretch::STEP);
        }
        None
    }
}

impl Scan<'_> {
    /// The first hit at one of the candidates of the stretch.
    #[inline(never)]
    fn look(&mut self, mut candidates: u64) -> Option<Hit> {
        loop {
            candidates &= u64::MAX.checked_shl(self.floor.saturating_sub(self.at) as u32).unwrap_or(0);
            if candidates == 0 {
                return None;
            }
            let place = self.at + candidates.trailing_zeros() as usize;
            let (hit, next) = match self.text[place] {
                b':' => {
                    let (found, next) = ip::v6(self.text, place, self.floor);
                    (found.map(|(at, address)| Hit { at, kind: Kind::Ip, value: address.to_string() }), next)
                }
                _ => self.run(place),
            };
            self.floor = next.max(place + 1);
            if let Some(hit) = hit {
                self.floor = hit.at.end;
                return Some(hit);
            }
        }
    }

    /// The first hit among the digits around `place`, and where they end.
    fn run(&mut self, place: usize) -> (Option<Hit>, usize) {
        let of_run =
            |byte: &&u8| matches!(byte, b'0'..=b'9' | b' ' | b'-' | b'.' | b'(' | b')' | b'+' | b'*');
        let mut at = place - self.text[self.floor..place].iter().rev().take_while(of_run).count();
        let end = place + self.text[place..].iter().take_while(of_run).count();
        // Fewer digits than any number has that is looked for are at most an address.
        let few = self.text[at..end].iter().filter(|byte| byte.is_ascii_digit()).count() < MIN_DIGITS;
        while at < end {
            let digits = self.text[at..end].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                at += 1;
            } else if let Some(hit) = self.number(at, few) {
                return (Some(hit), end);
            } else {
                at += digits;
            }
        }
        (None, end)
    }

    /// What the digits that begin at `start` are: an address, or the longest number that is personal.
    fn number(&mut self, start: usize, few: bool) -> Option<Hit> {
        let end = start + self.text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let next = self.text.get(end);
        // Most digits are part of a code, or few and alone.
        if next.is_some_and(|next| next.is_ascii_alphabetic() && !matches!(next, b'X' | b'x')) {
            return None;
        }
        let left = number::left(self.text, start);
        if left == Left::Part {
            return None;
        }
        if next == Some(&b'.')
            && end - start <= 3
            && let Some((at, address)) = ip::v4(self.text, start)
        {
            return Some(Hit { at, kind: Kind::Ip, value: address.to_string() });
        }
        if few {
            return None;
        }
        let written = Written::at(self.text, start);
        if written.first(written.groups).len() < MIN_DIGITS {
            return None;
        }
        (1..=written.groups).rev().find_map(|groups| self.numbered(&written, groups, start, left))
    }

    fn numbered(&mut self, written: &Written, groups: usize, start: usize, left: Left) -> Option<Hit> {
        let digits = written.first(groups);
        let end = written.ends[groups - 1];
        let text = |digits: &[u8]| digits.iter().copied().map(char::from).collect::<String>();
        if let Ok(seventeen) = <&[u8; 17]>::try_from(digits)
            && let Some(check @ (b'X' | b'x')) = self.text.get(end)
            && !number::goes_on(self.text, end + 1)
            && document::is_resident_id(seventeen, *check)
        {
            return Some(Hit { at: start..end + 1, kind: Kind::Document, value: text(digits) + "X" });
        }
        if number::goes_on(self.text, end) {
            return None;
        }
        let spaced = written.joined_by(groups, b" -");
        if let Some((seventeen, [check])) = digits.split_first_chunk::<17>()
            && spaced
            && document::is_resident_id(seventeen, *check)
        {
            return Some(Hit { at: start..end, kind: Kind::Document, value: text(digits) });
        }
        let sizes = &written.sizes[..groups];
        if spaced && groups <= 5 && sizes.iter().all(|size| *size >= 3) && document::is_card(digits) {
            // So many numbers of orders and products have thirteen digits that these have to stand in a sentence.
            let sure = digits.len() > 13 || groups > 1 || self.is_among_words(start, end);
            return sure.then(|| Hit { at: start..end, kind: Kind::Card, value: text(digits) });
        }
        self.phone(written, groups, start, left)
    }

    fn phone(&mut self, written: &Written, groups: usize, start: usize, left: Left) -> Option<Hit> {
        let (digits, end) = (written.first(groups), written.ends[groups - 1]);
        if digits.len() > 15 {
            return None;
        }
        let before = &self.text[self.floor..start];
        let bracket = before.ends_with(b"(") && self.text[start..end].contains(&b')');
        let sign = before.strip_suffix(b"(").filter(|_| bracket).unwrap_or(before);
        // One behind a digit is a space of an address, or adds.
        let plus = matches!(sign, [b'+'] | [.., b'\0'..=b'/' | b':'..=0xff, b'+']);
        let opened = usize::from(bracket) + usize::from(plus);
        let known = |number: String, from| Some(Hit { at: from..end, kind: Kind::Phone, value: number });
        if !plus && let Some(mobile) = phone::chinese_mobile(written, groups, self.masker.plan) {
            let mobile: String = mobile.iter().copied().map(char::from).collect();
            return known(format!("+86{mobile}"), start - opened);
        }
        let writing = std::str::from_utf8(&self.text[start - opened..end]).ok()?;
        // A plus within a number is an address's space.
        let spaced;
        let writing = match writing.rfind('+').filter(|last| *last > opened) {
            Some(_) => {
                let (sign, number) = writing.split_at(opened);
                spaced = format!("{sign}{}", number.replace('+', " "));
                spaced.as_str()
            }
            None => writing,
        };
        if plus {
            return self
                .lookup(writing, &self.masker.region)
                .and_then(|number| known(number, start - opened));
        }
        if left != Left::Free {
            return None;
        }
        let likeness = match digits.strip_prefix(b"00") {
            Some([b'1'..=b'9', ..]) if groups == 1 => Likeness::Weak,
            Some([b'1'..=b'9', ..]) => Likeness::Strong,
            _ => self.masker.plan.likeness(written, groups, bracket),
        };
        let likely = match likeness {
            Likeness::No => false,
            Likeness::Weak => self.is_among_words(start, end),
            Likeness::Strong => true,
        };
        let international =
            digits.strip_prefix(b"00").filter(|_| likely).and_then(|rest| std::str::from_utf8(rest).ok());
        if let Some(number) = international.and_then(|rest| self.lookup(&format!("+{rest}"), "")) {
            return known(number, start);
        }
        // In whatever country, `(0…)` is an area code; a number of another one is known by its digits.
        let elsewhere = || {
            let digits = digits.iter().copied().map(char::from).collect();
            (bracket && phone::has_area_code(written, groups)).then_some(digits)
        };
        let number = if likely { self.lookup(writing, &self.masker.region) } else { None };
        number.or_else(elsewhere).and_then(|number| known(number, start - opened))
    }

    /// Whether a number stands in a sentence that does not call it an order's or something else's.
    fn is_among_words(&self, start: usize, end: usize) -> bool {
        !number::is_whole(self.text, start, end) && !number::follows_word_for_id(self.text, start)
    }

    /// The number in E.164, if it can exist.
    fn lookup(&mut self, writing: &str, region: &str) -> Option<String> {
        self.lookups += 1;
        if self.lookups > MAX_LOOKUPS {
            return Some(writing.chars().filter(char::is_ascii_digit).collect());
        }
        normalise_phone(writing, region)
    }
}

#[cfg(test)]
mod tests;
