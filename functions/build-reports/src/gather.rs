//! The one pass over the lake: what of each row the report needs.

use crate::people::People;
use crate::refunds::Refunds;
use event::{HOUR, Purpose, day_of, names};
use lake::{Columns, Key, Long, Rows, Text, other_identities};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// The columns that are read.
pub(crate) const COLUMNS: Columns<'static> = Columns {
    longs: &[Long::HappenedAt, Long::ReceivedAt, Long::AmountMinor],
    keys: &[Key::User, Key::Email, Key::Phone, Key::Device, Key::Anonymous],
    texts: &[
        Text::Name,
        Text::TimeMark,
        Text::Currency,
        Text::OtherIdentities,
        Text::MessageCampaign,
        Text::MessageReason,
        Text::Consent,
        Text::ProductId,
    ],
};

/// Marks of what an identifier was seen to do.
pub(crate) mod did {
    pub const VISIT: u8 = 1;
    pub const VIEW: u8 = 2;
    pub const ADD: u8 = 4;
    pub const ORDER: u8 = 8;
}

const PRODUCT_ADDED: &str = "Product Added";

/// An order or a refund.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purchase {
    /// UTC ms.
    pub at: i64,
    /// Minor units; a refund is negative; `None` where the event named no amount.
    pub amount: Option<i64>,
    pub person: u32,
    /// Place in [`Gathered::currencies`].
    pub currency: u16,
    pub is_refund: bool,
}

/// A message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Send {
    pub person: u32,
    /// Place in [`Gathered::campaigns`].
    pub campaign: u32,
    /// UTC ms.
    pub at: i64,
}

/// Somebody looked at a product, put it into a cart, or ordered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub person: u32,
    /// Place in [`Gathered::products`].
    pub product: u32,
}

/// How many looks are kept, the newest: 32 MB.
const MOST_LOOKS: usize = 4 << 20;

/// All that a report is computed from. Grows by an entry an identifier, an order and a message.
#[derive(Default)]
pub(crate) struct Gathered {
    pub people: People,
    /// By identifier: what it did, see [`did`].
    pub did: Vec<u8>,
    pub purchases: Vec<Purchase>,
    pub sends: Vec<Send>,
    /// In the order in which they came.
    pub looks: VecDeque<Look>,
    pub products: Names,
    pub currencies: Names,
    pub campaigns: Names,
    /// By campaign and reason.
    pub refused: BTreeMap<(u32, String), u64>,
    /// By identifier: the last answer to analytics, and when.
    analytics: HashMap<u32, (i64, bool)>,
    /// People whose last answer is a no, after [`Gathered::settle`]: the report leaves them out.
    refusing: HashSet<u32>,
    pub refunds: Refunds,
    pub rows: u64,
    pub late: u64,
    pub time_missing: u64,
    pub time_future: u64,
    pub without_identifier: u64,
    /// First and last time at which something happened, UTC ms.
    pub first: Option<i64>,
    pub last: Option<i64>,
}

/// Texts numbered in the order in which they came.
#[derive(Default)]
pub(crate) struct Names {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }

    pub fn all(&self) -> &[String] {
        &self.names
    }
}

impl Gathered {
    /// Takes the rows whose event happened on the days `from` to `to`.
    pub fn take(&mut self, rows: &Rows, from: i32, to: i32) {
        for row in 0..rows.len() {
            let at = rows.long(Long::HappenedAt).get(row).unwrap_or_default();
            if (from..=to).contains(&day_of(at)) {
                self.take_row(rows, row, at);
            } else if rows.text(Text::Name).get(row) == Some(names::ORDER_REFUNDED) {
                self.refunds.note(row, None);
            }
        }
        self.refunds.pass(rows.len());
    }

    /// Ends a file: what its message ids tell to have been counted before no longer counts.
    pub fn end_file(&mut self) {
        for purchase in self.refunds.end() {
            self.purchases.swap_remove(purchase);
        }
    }

    fn take_row(&mut self, rows: &Rows, row: usize, at: i64) {
        self.rows += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        let received = rows.long(Long::ReceivedAt).get(row).unwrap_or(at);
        self.late += u64::from(received.saturating_sub(at) > HOUR);
        match rows.text(Text::TimeMark).get(row) {
            Some("missing") => self.time_missing += 1,
            Some("future") => self.time_future += 1,
            _ => {}
        }
        let Some(person) = self.identify(rows, row) else {
            self.without_identifier += 1;
            return;
        };
        if let Some(granted) = rows.text(Text::Consent).get(row).and_then(analytics) {
            let answer = self.analytics.entry(person).or_insert((at, granted));
            *answer = later(*answer, (at, granted));
        }
        let mark = match rows.text(Text::Name).get(row).unwrap_or_default() {
            names::MESSAGE_SENT => {
                let campaign = self.campaign(rows, row);
                self.sends.push(Send { person, campaign, at });
                0
            }
            names::MESSAGE_REFUSED => {
                let campaign = self.campaign(rows, row);
                let reason = rows.text(Text::MessageReason).get(row).unwrap_or("unknown");
                *self.refused.entry((campaign, reason.to_owned())).or_default() += 1;
                0
            }
            names::CONSENT_CHANGED => 0,
            names::PRODUCT_VIEWED => did::VISIT | did::VIEW,
            PRODUCT_ADDED => did::VISIT | did::ADD,
            names::ORDER_COMPLETED => {
                self.purchase(rows, row, person, at, false);
                did::VISIT | did::ORDER
            }
            names::ORDER_REFUNDED => {
                self.refunds.note(row, Some(self.purchases.len()));
                self.purchase(rows, row, person, at, true);
                did::VISIT
            }
            _ => did::VISIT,
        };
        self.did[person as usize] |= mark;
        if mark & (did::VIEW | did::ADD | did::ORDER) != 0
            && let Some(product) = rows.text(Text::ProductId).get(row)
        {
            let product = self.products.number(product);
            if self.looks.len() == MOST_LOOKS {
                self.looks.pop_front();
            }
            self.looks.push_back(Look { person, product });
        }
    }

    /// The strongest identifier of the row, linked with its others.
    fn identify(&mut self, rows: &Rows, row: usize) -> Option<u32> {
        let mut strongest = None;
        let mut add = |people: &mut People, key: event::Key, is_user: bool| {
            let node = people.node(key, is_user);
            match strongest {
                None => strongest = Some(node),
                Some(first) => people.link(first, node),
            }
        };
        for &column in COLUMNS.keys {
            if let Some(key) = rows.key(column).get(row) {
                add(&mut self.people, key, column == Key::User);
            }
        }
        if let Some(others) = rows.text(Text::OtherIdentities).get(row) {
            for other in other_identities(others) {
                add(&mut self.people, other.key, other.kind == event::IdentifierKind::User);
            }
        }
        self.did.resize(self.people.nodes() as usize, 0);
        strongest
    }

    fn campaign(&mut self, rows: &Rows, row: usize) -> u32 {
        self.campaigns.number(rows.text(Text::MessageCampaign).get(row).unwrap_or("(none)"))
    }

    fn purchase(&mut self, rows: &Rows, row: usize, person: u32, at: i64, is_refund: bool) {
        let amount = rows.long(Long::AmountMinor).get(row);
        // A refund is taken off, whichever sign its source gives it.
        let amount =
            amount.map(|amount| if is_refund { amount.saturating_abs().saturating_neg() } else { amount });
        let currency = rows.text(Text::Currency).get(row).unwrap_or("XXX");
        let currency = self.currencies.number(currency) as u16;
        self.purchases.push(Purchase { at, amount, person, currency, is_refund });
    }

    /// Puts together what each person's identifiers did: purchases and messages come to stand under their
    /// person, in order of person and time.
    pub fn settle(&mut self) {
        for node in 0..self.people.nodes() {
            let person = self.people.person(node);
            if person != node {
                self.did[person as usize] |= std::mem::take(&mut self.did[node as usize]);
            }
        }
        for purchase in &mut self.purchases {
            purchase.person = self.people.person(purchase.person);
        }
        for send in &mut self.sends {
            send.person = self.people.person(send.person);
        }
        for look in &mut self.looks {
            look.person = self.people.person(look.person);
        }
        let mut answers: HashMap<u32, (i64, bool)> = HashMap::new();
        for (node, answer) in std::mem::take(&mut self.analytics) {
            let known = answers.entry(self.people.person(node)).or_insert(answer);
            *known = later(*known, answer);
        }
        self.refusing =
            answers.into_iter().filter(|(_, (_, granted))| !granted).map(|(person, _)| person).collect();
        if !self.refusing.is_empty() {
            self.refusing.iter().for_each(|person| self.did[*person as usize] = 0);
            self.purchases.retain(|purchase| !self.refusing.contains(&purchase.person));
            self.sends.retain(|send| !self.refusing.contains(&send.person));
            self.looks.retain(|look| !self.refusing.contains(&look.person));
        }
        self.purchases.sort_unstable_by_key(|p| (p.person, p.at, p.is_refund, p.currency, p.amount));
        self.sends.sort_unstable();
    }

    /// How many people there are, after [`Gathered::settle`].
    pub fn count_people(&mut self) -> u64 {
        let people = (0..self.people.nodes()).filter(|&node| self.people.person(node) == node).count();
        (people - self.refusing.len()) as u64
    }

    /// How many people did any of `marks`, after [`Gathered::settle`].
    pub fn count_who(&self, marks: u8) -> u64 {
        self.did.iter().filter(|did| **did & marks != 0).count() as u64
    }
}

/// The answer to analytics among those of a row.
fn analytics(consent: &str) -> Option<bool> {
    serde_json::from_str::<serde_json::Value>(consent).ok()?.get(Purpose::Analytics.as_str())?.as_bool()
}

/// The newer of two answers; of two at the same time the no.
fn later(a: (i64, bool), b: (i64, bool)) -> (i64, bool) {
    if (a.0, !a.1) < (b.0, !b.1) { b } else { a }
}
