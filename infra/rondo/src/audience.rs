//! Who is in an audience now, and what would become of a message to them.

use crate::installation::Installation;
use anyhow::{Context, Result};
use campaign::{Action, Campaign, Condition, ProfileView, Reason, Scope, Span, Trigger};
use deliver_messages::{Foreseen, foresee};
use event::{DAY, Key};
use person::{Blob, ProfileScan};
use pollster::block_on;
use std::collections::BTreeMap;

/// How many people are looked at together.
const PAGE: usize = 1_000;

/// What was counted, one person once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audience {
    /// People of whom there is a profile.
    pub people: u64,
    /// Those who fulfil the condition, or are in the campaign's audience.
    pub audience: u64,
    /// Of a campaign by date, by inactivity or by the person's own clock: those of them who enter within a day.
    pub due: Option<u64>,
    /// What would become of the campaign's first message, sent to all of the audience now; nothing for a condition.
    pub message: Option<Foretold>,
}

/// What would become of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Foretold {
    pub step: String,
    pub sent: u64,
    pub held: u64,
    pub refused: BTreeMap<Reason, u64>,
}

impl Installation {
    /// Counts the audience of a campaign, or of a condition where no campaign has the name. `now` is UTC ms.
    ///
    /// # Errors
    /// What is neither, and a store that can't be read.
    pub fn audience(&self, what: &str, now: i64) -> Result<Audience> {
        match self.pump.campaigns.get(what) {
            Some(campaign) => self.audience_of(campaign, now),
            None => {
                let condition = Condition::compile(what).map_err(|error| {
                    let names: Vec<&str> = self.pump.campaigns.iter().map(|c| c.name.as_str()).collect();
                    let campaigns = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                    anyhow::anyhow!(
                        "`{what}` is no campaign (there are: {campaigns}), and no condition: {} (column {})",
                        error.message,
                        error.column
                    )
                })?;
                self.each_page(|page| {
                    let holds = |view: &ProfileView<'_>| condition.holds(&Scope::new(None, view, ""));
                    let audience =
                        page.iter().filter(|(_, blob)| holds(&self.view(blob, now))).count() as u64;
                    Ok(Audience { people: page.len() as u64, audience, ..Audience::default() })
                })
            }
        }
    }

    fn audience_of(&self, campaign: &Campaign, now: i64) -> Result<Audience> {
        let own_times = match &campaign.entry.trigger {
            Trigger::Schedule(schedule) => schedule.zone().is_none(),
            Trigger::Date(_) | Trigger::Inactive(_) => true,
            Trigger::Event(_) | Trigger::Segment(_) => false,
        };
        let step = campaign.sends().next().map(|(name, _)| name.to_owned());
        let day = Span::Within { from: now, until: now + DAY };
        self.each_page(|page| {
            let mut counted = Audience {
                people: page.len() as u64,
                due: own_times.then_some(0),
                message: step.clone().map(|step| Foretold { step, ..Foretold::default() }),
                ..Audience::default()
            };
            let mut actions = Vec::new();
            for (person, blob) in page {
                let view = self.view(blob, now);
                let scope = Scope::new(None, &view, "");
                if campaign.audience.as_ref().is_some_and(|audience| !audience.holds(&scope)) {
                    continue;
                }
                counted.audience += 1;
                if let Some(due) = &mut counted.due {
                    *due += u64::from(!campaign.selects(&view, day).is_empty());
                }
                actions.extend(step.as_ref().map(|step| hypothetical(campaign, step, *person, now)));
            }
            if let Some(told) = &mut counted.message {
                for foreseen in self.foresee(now, &actions)? {
                    match foreseen {
                        Foreseen::Sent => told.sent += 1,
                        Foreseen::Held { .. } => told.held += 1,
                        Foreseen::Refused(reason) => *told.refused.entry(reason).or_default() += 1,
                    }
                }
            }
            Ok(counted)
        })
    }

    fn foresee(&self, now: i64, actions: &[Action]) -> Result<Vec<Foreseen>> {
        let durable = self.pump.durable.as_ref().context("the installation has no log")?;
        let deps = self.delivery_deps(durable);
        Ok(block_on(foresee(&deps, now, actions))?)
    }

    fn view<'b>(&self, blob: &'b [u8], now: i64) -> ProfileView<'b> {
        ProfileView::stored(blob, now).in_zone(self.pump.zone.clone())
    }

    /// Sums what `count` makes of all people, some at a time.
    fn each_page(&self, mut count: impl FnMut(&[(Key, Vec<u8>)]) -> Result<Audience>) -> Result<Audience> {
        let mut sum = Audience::default();
        let mut place = Some(Vec::new());
        let mut page: Vec<(Key, Vec<u8>)> = Vec::new();
        while let Some(after) = place {
            page.clear();
            place = block_on(self.pump.store.page(&after, PAGE, |person, _, blob| {
                if matches!(Blob::forward_of(blob), Ok(None)) {
                    page.push((person, blob.to_vec()));
                }
            }))?;
            sum.add(count(&page)?);
        }
        Ok(sum)
    }
}

impl Audience {
    fn add(&mut self, other: Audience) {
        self.people += other.people;
        self.audience += other.audience;
        self.due = other.due.map(|due| due + self.due.unwrap_or_default());
        let Some(other) = other.message else { return };
        let told = self.message.get_or_insert_default();
        told.step = other.step;
        told.sent += other.sent;
        told.held += other.held;
        for (reason, count) in other.refused {
            *told.refused.entry(reason).or_default() += count;
        }
    }
}

/// The first message of a campaign to somebody, as of now. Its id is the person's: no other action has it.
fn hypothetical(campaign: &Campaign, step: &str, person: Key, now: i64) -> Action {
    Action {
        id: person,
        person,
        campaign: campaign.name.clone(),
        version: campaign.version,
        priority: campaign.priority,
        step: step.to_owned(),
        entered_at: now,
        due_at: now,
        lane: campaign.lane,
        ..Action::default()
    }
}
