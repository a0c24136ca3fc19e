//! What lets a person into a campaign, or keeps them out.

use super::{Why, span};
use campaign::{Campaign, DateProperty, Entry, EventTrigger, Inactivity, ProfileView, Scope, Trigger};
use event::DAY;

/// How far ahead it is looked for what the calendar brings, ms.
const YEAR: i64 = 366 * DAY;

impl Why<'_> {
    /// What kept the person out of a campaign, as far as it shows.
    pub(super) fn why_not(&self, name: &str) -> Vec<String> {
        let Some(campaign) = self.campaign(name) else { return vec!["it is no longer live".into()] };
        let entry = &campaign.entry;
        let mut lines = Vec::new();
        match &entry.trigger {
            Trigger::Event(event) => lines.extend(self.doors(campaign, event)),
            Trigger::Segment(segment) => {
                let now = if segment.when.matches_profile(self.profile, self.now) {
                    "holds"
                } else {
                    "does not hold"
                };
                lines.push(format!(
                    "who comes to fulfil `{}` enters; it {now} for the person now",
                    segment.when.source()
                ));
            }
            Trigger::Schedule(schedule) => {
                let (cron, zone) =
                    (schedule.cron(), schedule.zone().unwrap_or("each person's own time zone"));
                let next = schedule.between(&self.zone, self.now, self.now + YEAR);
                let next = next.first().map_or("not within a year".into(), |at| self.at(*at));
                lines.push(format!("it begins by the schedule `{cron}` in {zone}, next {next}"));
            }
            Trigger::Date(date) => lines.push(self.by_date(date)),
            Trigger::Inactive(silence) => lines.push(self.by_silence(silence)),
        }
        if let Some(audience) =
            campaign.audience.as_ref().filter(|one| !one.matches_profile(self.profile, self.now))
        {
            lines.push(format!("the audience does not hold the person now: `{}`", audience.source()));
        }
        if campaign.limits.holdout.holds(&campaign.name, self.found.person) {
            lines.push("the person is in the campaign's holdout, and would not be sent its messages".into());
        }
        if let Some(again) = campaign.entry.again_after {
            lines.push(match again {
                Entry::NEVER => "who was sent something of it never enters again with the same key".into(),
                again => format!(
                    "who was sent something of it enters again with the same key {} after that entry",
                    span(again)
                ),
            });
        }
        lines.extend(self.arms(campaign));
        lines.push(format!(
            "its priority is {}: where caps do not allow all messages, the higher goes first",
            campaign.priority
        ));
        lines
    }

    /// What the profile says of the date that lets in.
    fn by_date(&self, date: &DateProperty) -> String {
        let source = date.date.of.source();
        let view = ProfileView::new(self.profile, self.now).in_zone(self.zone.clone());
        let Some(day) = date.date.date(&Scope::new(None, &view, ""), &self.zone) else {
            return format!("it begins by the date in `{source}`, and the profile holds none there");
        };
        let next = date.between(&view, self.now, self.now + YEAR);
        match next.first() {
            Some(at) => format!("it begins by the date in `{source}`, which is {day}: next {}", self.at(*at)),
            None => {
                format!("it begins by the date in `{source}`, which is {day}: not within a year from now")
            }
        }
    }

    /// How long nothing was heard of the person.
    fn by_silence(&self, silence: &Inactivity) -> String {
        let events = match &silence.events[..] {
            [] => "no event of the person".to_owned(),
            events => format!("none of `{}`", events.join("`, `")),
        };
        let lasts = span(silence.lasts);
        let view = ProfileView::new(self.profile, self.now).in_zone(self.zone.clone());
        match view.last_heard(&silence.events).zip(silence.due(&view)) {
            None => format!("it begins when {events} was seen for {lasts}, and there never was one"),
            Some((last, due)) => format!(
                "it begins when {events} was seen for {lasts}; the last was {}, so that it would begin {}",
                self.at(last),
                self.at(due)
            ),
        }
    }

    /// What the person did that could have let them in, or out.
    fn doors(&self, campaign: &Campaign, entry: &EventTrigger) -> Vec<String> {
        let Some(counter) = self.profile.counter(&entry.event) else {
            return vec![format!("no `{}` of the person was seen, which is what lets in", entry.event)];
        };
        let (total, last) = (counter.total, self.at(counter.last));
        let mut doors = vec![format!("not older than {} when it came", span(campaign.entry.max_age))];
        doors.extend(entry.when.as_ref().map(|when| format!("`{}`", when.source())));
        doors.extend(entry.key.as_ref().map(|key| format!("a key from `{}`", key.source())));
        let seen = format!(
            "`{}` was seen {total} times, last {last}; it lets in if {}",
            entry.event,
            doors.join(", ")
        );
        let exits = campaign.exit_on.iter().filter_map(|exit| {
            let last = self.at(self.profile.counter(&exit.event)?.last);
            Some(format!("`{}`, which ends a journey, was last seen {last}", exit.event))
        });
        [seen].into_iter().chain(exits).collect()
    }
}
