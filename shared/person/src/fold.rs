//! One event into a profile.

use crate::affinity::Affinity;
use crate::bounded::{first_by_key, insert_new, insert_newest};
use crate::channels::{ANY_CHANNEL, ChannelState, MAX_CHANNELS};
use crate::consent::Proof;
use crate::counters::{Counter, MAX_NAMES};
use crate::devices::{MAX_DEVICES, OwnedDevice};
use crate::links::Origin;
use crate::on_site::{MAX_MARKS, MAX_WAITING, Mark, ON_SITE, Waiting};
use crate::profile::Profile;
use crate::recent::{MAX_RECENT, Recent};
use crate::service::Case;
use crate::sessions::{self, Session};
use crate::touches::{self, Touch};
use crate::traits::{self, Trait};
use event::{Event, EventType, names};
use serde_json::value::RawValue;

/// Cells and names kept by dimension; see [`Affinity`].
pub(crate) const PRODUCT_CELLS: u8 = 128;
pub(crate) const OTHER_CELLS: u8 = 64;
pub(crate) const PRODUCTS_KEPT: usize = 24;
pub(crate) const OTHERS_KEPT: usize = 16;

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is in the profile now.
    Yes,
    /// It was already: the message id stands in the dedupe window, or among those of refunds.
    Duplicate,
}

impl<'a> Profile<'a> {
    /// Folds one event in, once.
    pub fn apply(&mut self, event: &'a Event<'a>) -> Applied {
        let is_refund = event.name == names::ORDER_REFUNDED;
        if self.window.contains(event.hash) || is_refund && self.refunds.contains(event.hash) {
            return Applied::Duplicate;
        }
        let at = event.happened_at;
        if is_refund {
            self.refunds.insert(event.hash, event.received_at);
        }
        self.window.insert(event.hash, event.received_at);
        self.see(at, at);
        self.events += 1;
        let origin = Origin::of(event);
        event.identifiers.iter().for_each(|identifier| self.carry(*identifier, origin));

        let name = event.name.as_ref();
        let system = names::is_reported(name);
        // Who does not want to be counted is not.
        if event.is_withheld() {
            self.fold_consent(event);
            self.prune();
            return Applied::Yes;
        }
        // A program looked, not the person: it is in the lake, and counts for nothing.
        if event.is_of_machine() {
            self.prune();
            return Applied::Yes;
        }
        if let Some(counter) =
            first_by_key(&mut self.counters, name, MAX_NAMES, |c| c.name, || Counter::new(name, at))
        {
            counter.count(at);
        }
        // What Rondo itself reports is no visit of the person.
        if !system {
            sessions::add(&mut self.sessions, Session::at(at));
        }
        self.fold_context(event);
        self.fold_traits(event);
        self.fold_facts(event);
        if event.facts.channel.as_deref() == Some(ON_SITE) {
            self.fold_on_site(event);
        }
        insert_newest(
            &mut self.recent,
            Recent {
                at,
                name,
                product: event.facts.product_id.as_deref().unwrap_or_default(),
                amount: event.facts.amount.unwrap_or_default(),
            },
            MAX_RECENT,
        );
        self.prune();
        Applied::Yes
    }

    /// Moves the span of time seen.
    pub(crate) fn see(&mut self, first: i64, last: i64) {
        if self.events == 0 {
            (self.first_seen, self.last_seen) = (first, last);
        } else {
            self.first_seen = self.first_seen.min(first);
            self.last_seen = self.last_seen.max(last);
        }
    }

    /// Drops what the newest event left behind its window.
    pub(crate) fn prune(&mut self) {
        let newest = self.last_seen;
        sessions::prune(&mut self.sessions, newest);
        for affinity in [&mut self.categories, &mut self.brands, &mut self.products] {
            affinity.prune(newest);
        }
    }

    pub(crate) fn add_touch(&mut self, touch: Touch<'a>) {
        if self.first_touch.as_ref().is_none_or(|first| touch < *first) {
            self.first_touch = Some(touch.clone());
        }
        touches::add(&mut self.touches, touch);
    }

    pub(crate) fn channel(&mut self, name: &'a str) -> Option<&mut ChannelState<'a>> {
        first_by_key(&mut self.channels, name, MAX_CHANNELS, |c| c.name, || ChannelState::new(name))
    }

    pub(crate) fn see_device(&mut self, model: &'a str, first: i64, last: i64) {
        let new = || OwnedDevice { model, first, last };
        if let Some(device) = first_by_key(&mut self.devices, model, MAX_DEVICES, |d| d.model, new) {
            device.see(first, last);
        }
    }

    fn fold_context(&mut self, event: &'a Event<'a>) {
        let (context, at) = (&event.context, event.happened_at);
        if let Some(touch) = Touch::of(context, at) {
            self.add_touch(touch);
        }
        for (name, value) in [("locale", &context.locale), ("timezone", &context.timezone)] {
            if let Some(value) = value.as_deref().filter(|v| !v.contains(['"', '\\'])) {
                traits::set(&mut self.traits, Trait { name, at, value, source: &event.source });
            }
        }
        if let Some(model) = context.device.as_ref().and_then(|device| device.model.as_deref()) {
            self.see_device(model, at, at);
        }
        self.fold_consent(event);
    }

    fn fold_consent(&mut self, event: &'a Event<'a>) {
        let Some(preferences) = event.context.consent.as_deref() else { return };
        let members = members(preferences);
        let note = |wanted| {
            let text =
                members.iter().find(|(name, _)| *name == wanted).map(|(_, text)| text.trim_matches('"'));
            text.filter(|text| !text.contains('\\')).unwrap_or_default()
        };
        let proof = Proof { version: note("$version"), ..proof(event, note("$method")) };
        for (name, value) in &members {
            if let Ok(granted) = value.parse::<bool>() {
                self.answer(name, event.happened_at, granted, proof);
            }
        }
    }

    fn answer(&mut self, name: &'a str, at: i64, granted: bool, proof: Proof<'a>) {
        if let Some(channel) = self.channel(name) {
            channel.answer(at, granted, Some(proof));
        }
    }

    fn fold_traits(&mut self, event: &'a Event<'a>) {
        if event.kind == EventType::Group || event.traits.is_empty() {
            return;
        }
        for (name, value) in members(&event.traits) {
            let opted = name.strip_suffix("_opt_in").zip(value.parse::<bool>().ok());
            if let Some((channel, granted)) = opted {
                self.answer(channel, event.happened_at, granted, proof(event, "opt_in"));
            } else if name == traits::SET_ONCE && value.starts_with('{') {
                for (name, value) in members(value) {
                    let new = Trait { name, at: event.happened_at, value, source: &event.source };
                    traits::set_once(&mut self.once, new);
                }
            } else {
                let new = Trait { name, at: event.happened_at, value, source: &event.source };
                traits::set(&mut self.traits, new);
            }
        }
    }

    fn fold_facts(&mut self, event: &'a Event<'a>) {
        let (facts, at) = (&event.facts, event.happened_at);
        let strength = match event.name.as_ref() {
            names::ORDER_COMPLETED => 5,
            "Product Added" | "Product Added to Wishlist" => 3,
            names::MESSAGE_SENT
            | names::MESSAGE_REFUSED
            | names::MESSAGE_DISMISSED
            | names::ORDER_REFUNDED => 0,
            _ => 1,
        };
        if strength > 0 {
            self.meet(
                facts.product_id.as_deref(),
                facts.category.as_deref(),
                facts.brand.as_deref(),
                strength,
                at,
            );
            for item in &facts.items {
                self.meet(
                    item.product_id.as_deref(),
                    item.category.as_deref(),
                    item.brand.as_deref(),
                    strength,
                    at,
                );
            }
        }
        if let Some(ms) = facts.dwell_ms {
            self.dwell.add(ms);
        }
        let amount = facts.currency.zip(facts.amount);
        let channel = facts.channel.as_deref();
        match event.name.as_ref() {
            names::ORDER_COMPLETED => self.orders.complete(at, amount),
            names::ORDER_REFUNDED => self.orders.refund(amount),
            names::MESSAGE_SENT => {
                if let Some(channel) = channel.and_then(|name| self.channel(name)) {
                    channel.reached(at);
                }
            }
            names::MESSAGE_BOUNCED if event.is_permanent_bounce() => {
                if let Some(channel) = channel.and_then(|name| self.channel(name)) {
                    channel.bounced(at);
                }
            }
            names::MESSAGE_COMPLAINED => {
                if let Some(channel) = channel.and_then(|name| self.channel(name)) {
                    channel.complained(at);
                }
            }
            names::SUBSCRIBED | names::UNSUBSCRIBED => {
                let granted = event.name == names::SUBSCRIBED;
                self.answer(channel.unwrap_or(ANY_CHANNEL), at, granted, proof(event, "subscription"));
            }
            names::CASE_OPENED | names::CASE_CLOSED => {
                let opened = event.name == names::CASE_OPENED;
                let id = facts.case_id.as_deref().unwrap_or_default();
                let kind = facts.case_kind.as_deref().unwrap_or_default();
                let case = Case { id, kind, opened: opened.then_some(at), closed: (!opened).then_some(at) };
                crate::service::add(&mut self.cases, case);
            }
            names::DEVICE_REGISTERED => {
                if let Some(model) = facts.device_model.as_deref() {
                    self.see_device(model, at, at);
                }
            }
            _ => {}
        }
    }

    fn fold_on_site(&mut self, event: &'a Event<'a>) {
        match event.name.as_ref() {
            names::MESSAGE_SENT => {
                if let Some(waiting) = Waiting::of(event, &members(&event.properties)) {
                    insert_new(&mut self.waiting, waiting, MAX_WAITING);
                }
            }
            names::MESSAGE_SHOWN | names::MESSAGE_CLICKED | names::MESSAGE_DISMISSED => {
                if let Some(mark) = Mark::of(event, &members(&event.properties)) {
                    insert_new(&mut self.marks, mark, MAX_MARKS);
                }
            }
            _ => {}
        }
    }

    fn meet(
        &mut self,
        product: Option<&'a str>,
        category: Option<&'a str>,
        brand: Option<&'a str>,
        strength: u32,
        at: i64,
    ) {
        let add = |affinity: &mut Affinity<'a>, value: Option<&'a str>, cells, keep| {
            if let Some(value) = value {
                affinity.add(value, strength, at, cells, keep);
            }
        };
        add(&mut self.products, product, PRODUCT_CELLS, PRODUCTS_KEPT);
        add(&mut self.categories, category, OTHER_CELLS, OTHERS_KEPT);
        add(&mut self.brands, brand, OTHER_CELLS, OTHERS_KEPT);
    }
}

fn proof<'a>(event: &'a Event<'a>, method: &'a str) -> Proof<'a> {
    Proof { message: event.hash, source: &event.source, method, version: "" }
}

/// The members of a JSON object's text, values as their JSON text. Names with escapes are passed over.
fn members(object: &str) -> Vec<(&str, &str)> {
    struct Members<'m>(Vec<(&'m str, &'m str)>);
    impl<'de: 'm, 'm> serde::Deserialize<'de> for Members<'m> {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Members<'de>;
                fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Self::Value, A::Error> {
                    let mut members = Vec::new();
                    while let Some(Name(name)) = map.next_key()? {
                        let value = map.next_value::<&'de RawValue>()?.get();
                        members.extend(name.map(|name| (name, value)));
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    /// A name as it stands in the text; none where it is written with escapes.
    struct Name<'n>(Option<&'n str>);
    impl<'de: 'n, 'n> serde::Deserialize<'de> for Name<'n> {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Name<'de>;
                fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                    f.write_str("a name")
                }
                fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                    Ok(Name(Some(name)))
                }
                fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                    Ok(Name(None))
                }
            }
            deserializer.deserialize_str(Visitor)
        }
    }
    serde_json::from_str::<Members>(object).map(|members| members.0).unwrap_or_default()
}
