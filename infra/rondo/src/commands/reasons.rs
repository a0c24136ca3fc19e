//! What became of a message, in sentences.

use campaign::{LedgerEntry, LedgerState, Reason};

/// Why a message was not sent.
pub fn sentence(reason: Reason) -> &'static str {
    match reason {
        Reason::CampaignEnded => "the campaign is no longer live, or no longer has this step",
        Reason::NoProfile => "nothing was known of the person",
        Reason::Restricted => "the person's data may be kept, and not worked with, for now",
        Reason::Expired => "it was due too long ago to be of use",
        Reason::Suppressed => "an identifier of the person is on the suppression list",
        Reason::Unsubscribed => "the person had said no to the channel",
        Reason::NoConsent => "it needs a yes to the channel, and the person was never asked",
        Reason::NoAnalytics => {
            "the person had said no to analytics, after which they get service messages alone"
        }
        Reason::OpenComplaint => "the person had an open complaint, during which there is no marketing",
        Reason::Holdout => "the person is in a holdout, who never get it, so that its effect can be measured",
        Reason::Audience => "the person was no longer in the campaign's audience",
        Reason::QuietHours => "it fell into quiet hours, and the campaign says to drop it then",
        Reason::CapDay => "the day's cap of the channel was reached",
        Reason::CapWeek => "the cap of the channel for seven days was reached",
        Reason::CapRolling => "the cap of the channel for a span of time was reached",
        Reason::CapDayAll => "the day's cap of all channels together was reached",
        Reason::CapWeekAll => "the cap of all channels together for seven days was reached",
        Reason::CapRollingAll => "the cap of all channels together for a span of time was reached",
        Reason::NoAddress => {
            "there was no address of the person for the channel, or the channel is not set up"
        }
        Reason::TemplateError => "the template could not be rendered",
        Reason::ChannelError => "the channel refused it",
    }
}

/// The state of an entry; `until` is the time at which a held one is decided on again, printed.
pub fn outcome(entry: &LedgerEntry, until: &str) -> String {
    let detail = if entry.detail.is_empty() { String::new() } else { format!(" ({})", entry.detail) };
    match (entry.state, entry.reason) {
        (LedgerState::Sent, _) => format!("sent{detail}"),
        (LedgerState::Refused, Some(reason)) => {
            format!("refused, {}: {}{detail}", reason.as_str(), sentence(reason))
        }
        (LedgerState::Refused, None) => format!("refused, for a reason that a later release knows{detail}"),
        (LedgerState::Held, _) => format!("held until {until}, then decided on again{detail}"),
        (LedgerState::Claimed, _) => format!("being sent{detail}"),
        (LedgerState::Unknown, _) => {
            format!(
                "unknown: it may have been sent, and will not be sent again; look for it at the receiver{detail}"
            )
        }
    }
}
