//! What a batch's own context says for all of its records.

use crate::json::{Cursor, Fault};
use crate::raw::{RawContext, RawEvent, Text};

impl<'a> RawEvent<'a> {
    /// Fills in what the record's context leaves open from its batch's, the text of a JSON object.
    pub(crate) fn inherit(&mut self, context: &'a str) -> Result<(), Fault> {
        if context == "null" {
            return Ok(());
        }
        let mut cursor = Cursor::new(context);
        self.composed &= cursor.is_composed();
        let mut shared = RawContext::default();
        shared.read(&mut cursor)?;
        match &mut self.context {
            Some(own) => own.fill(shared),
            None => self.context = Some(shared),
        }
        Ok(())
    }
}

impl<'a> RawContext<'a> {
    fn fill(&mut self, shared: RawContext<'a>) {
        for (own, theirs) in self.page.iter_mut().zip(shared.page) {
            fill(own, theirs);
        }
        fill(&mut self.user_agent, shared.user_agent);
        fill(&mut self.locale, shared.locale);
        fill(&mut self.timezone, shared.timezone);
        fill(&mut self.os_name, shared.os_name);
        fill(&mut self.app_version, shared.app_version);
        self.campaign = self.campaign.take().or(shared.campaign);
        self.device = self.device.take().or(shared.device);
        self.consent = self.consent.or(shared.consent);
        self.traits = self.traits.or(shared.traits);
        self.ip = self.ip.or(shared.ip);
        if self.external_ids.is_empty() {
            self.external_ids = shared.external_ids;
        }
        for (name, value) in shared.rest {
            if !self.rest.iter().any(|(own, _)| *own == name) {
                self.rest.push((name, value));
            }
        }
    }
}

fn fill<'a>(own: &mut Text<'a>, theirs: Text<'a>) {
    own.0 = own.0.take().or(theirs.0);
}
