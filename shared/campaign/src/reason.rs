//! Why a message was decided against.

/// Why a message was not sent, in a word that reports count by and `why` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The campaign is no longer live, or no longer has the step.
    CampaignEnded,
    /// Nothing is known of the person, or they were erased.
    NoProfile,
    /// The person's data may be kept, and not worked with, for now.
    Restricted,
    /// It was due too long ago to be of use.
    Expired,
    /// An identifier of the person is on the deployment's suppression list.
    Suppressed,
    /// The person said no to the channel.
    Unsubscribed,
    /// The campaign needs a yes, and the person was never asked.
    NoConsent,
    /// The person said no to analytics: what is known of them serves for nothing but service.
    NoAnalytics,
    /// The person waits for an answer to a complaint: no marketing until it is closed.
    OpenComplaint,
    /// The person is among those who never get the campaign, so that its effect can be measured.
    Holdout,
    /// The campaign's audience no longer holds the person.
    Audience,
    /// It fell into quiet hours, and the campaign says to drop it then.
    QuietHours,
    /// The channel's cap for the person's calendar day is reached.
    CapDay,
    /// The channel's cap for seven of the person's calendar days is reached.
    CapWeek,
    /// The channel's cap for a rolling window is reached.
    CapRolling,
    /// The cap of all channels together for the person's calendar day is reached.
    CapDayAll,
    /// The cap of all channels together for seven of the person's calendar days is reached.
    CapWeekAll,
    /// The cap of all channels together for a rolling window is reached.
    CapRollingAll,
    /// The vault holds no address of the person for the channel, or the channel is not set up.
    NoAddress,
    /// The template could not be rendered.
    TemplateError,
    /// The channel refused it, so that it was certainly not delivered.
    ChannelError,
}

impl Reason {
    const ALL: [Reason; 21] = [
        Reason::CampaignEnded,
        Reason::NoProfile,
        Reason::Restricted,
        Reason::Expired,
        Reason::Suppressed,
        Reason::Unsubscribed,
        Reason::NoConsent,
        Reason::NoAnalytics,
        Reason::OpenComplaint,
        Reason::Holdout,
        Reason::Audience,
        Reason::QuietHours,
        Reason::CapDay,
        Reason::CapWeek,
        Reason::CapRolling,
        Reason::CapDayAll,
        Reason::CapWeekAll,
        Reason::CapRollingAll,
        Reason::NoAddress,
        Reason::TemplateError,
        Reason::ChannelError,
    ];

    /// Every reason, in the order in which they are looked at.
    pub fn all() -> impl Iterator<Item = Reason> {
        Self::ALL.into_iter()
    }

    /// The reason as it stands in the ledger, in events and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::CampaignEnded => "campaign_ended",
            Reason::NoProfile => "no_profile",
            Reason::Restricted => "restricted",
            Reason::Expired => "expired",
            Reason::Suppressed => "suppressed",
            Reason::Unsubscribed => "unsubscribed",
            Reason::NoConsent => "no_consent",
            Reason::NoAnalytics => "no_analytics",
            Reason::OpenComplaint => "open_complaint",
            Reason::Holdout => "holdout",
            Reason::Audience => "audience",
            Reason::QuietHours => "quiet_hours",
            Reason::CapDay => "cap_day",
            Reason::CapWeek => "cap_week",
            Reason::CapRolling => "cap_rolling",
            Reason::CapDayAll => "cap_day_all",
            Reason::CapWeekAll => "cap_week_all",
            Reason::CapRollingAll => "cap_rolling_all",
            Reason::NoAddress => "no_address",
            Reason::TemplateError => "template_error",
            Reason::ChannelError => "channel_error",
        }
    }

    /// The reason of that name, if it is one.
    pub fn parse(name: &str) -> Option<Reason> {
        Self::all().find(|reason| reason.as_str() == name)
    }
}
