//! Two people who turn out to be one.

use crate::bounded::{first_by_key, insert_new, insert_newest};
use crate::counters::{Counter, MAX_NAMES};
use crate::fold::{OTHERS_KEPT, PRODUCTS_KEPT};
use crate::on_site::{MAX_MARKS, MAX_WAITING};
use crate::profile::Profile;
use crate::recent::MAX_RECENT;
use crate::{service, sessions, traits};

impl<'a> Profile<'a> {
    /// Adds another person's state to this one. The two were fed different events, so the sum is what one
    /// person fed all of them would have.
    pub fn merge(&mut self, other: &Profile<'a>) {
        if other.events > 0 {
            self.see(other.first_seen, other.last_seen);
        }
        self.events += other.events;
        self.merge_links(other);
        other.traits.iter().for_each(|t| traits::set(&mut self.traits, t.clone()));
        other.once.iter().for_each(|t| traits::set_once(&mut self.once, t.clone()));
        for counter in &other.counters {
            let new = || Counter::new(counter.name, counter.first);
            if let Some(own) = first_by_key(&mut self.counters, counter.name, MAX_NAMES, |c| c.name, new) {
                own.merge(counter);
            }
        }
        other.sessions.iter().for_each(|session| sessions::add(&mut self.sessions, *session));
        self.dwell.short += other.dwell.short;
        self.dwell.medium += other.dwell.medium;
        self.dwell.long += other.dwell.long;
        self.orders.merge(&other.orders);
        self.categories.merge(&other.categories, OTHERS_KEPT);
        self.brands.merge(&other.brands, OTHERS_KEPT);
        self.products.merge(&other.products, PRODUCTS_KEPT);
        other.first_touch.iter().chain(&other.touches).for_each(|touch| self.add_touch(touch.clone()));
        for channel in &other.channels {
            if let Some(own) = self.channel(channel.name) {
                own.merge(channel);
            }
        }
        other.devices.iter().for_each(|device| self.see_device(device.model, device.first, device.last));
        other.cases.iter().for_each(|case| service::add(&mut self.cases, case.clone()));
        other.recent.iter().for_each(|event| insert_newest(&mut self.recent, *event, MAX_RECENT));
        other.waiting.iter().for_each(|waiting| insert_new(&mut self.waiting, *waiting, MAX_WAITING));
        other.marks.iter().for_each(|mark| insert_new(&mut self.marks, *mark, MAX_MARKS));
        self.window.merge(&other.window);
        self.refunds.merge(&other.refunds);
        self.unknown.extend(&other.unknown);
        self.prune();
    }
}
