//! What copy is asked for.

use campaign::{Campaign, ChannelKind, Lane};
use std::collections::BTreeSet;

/// The most wordings that are asked for at once.
pub const MAX_VARIANTS: usize = 5;

/// Everything that a message is to be, out of the configuration; nothing of it is about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyBrief {
    /// The shop's name.
    pub shop: String,
    pub campaign: String,
    /// What the campaign is, in a sentence.
    pub purpose: String,
    /// The event that lets people in, where one does.
    pub begins: Option<String>,
    /// The event that it is for.
    pub goal: Option<String>,
    pub lane: Lane,
    pub step: String,
    pub kind: ChannelKind,
    pub language: Language,
    pub tone: String,
    /// What else is to be heeded, a sentence each.
    pub notes: Vec<String>,
    /// The paths that the template may look up.
    pub fields: Vec<String>,
    pub present: Present,
    /// Why earlier drafts of this message were rejected.
    pub rejected: Vec<String>,
    /// How many wordings are wanted.
    pub variants: usize,
}

/// The message as it is sent now: what is written anew, and whose frame and links stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    pub subject: String,
    /// The name of its template.
    pub template: String,
    pub source: String,
}

/// In which language copy is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
    Chinese,
}

/// What a brief says that does not follow from the campaign.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Circumstances {
    pub shop: String,
    pub language: Language,
    pub tone: String,
    pub notes: Vec<String>,
    pub rejected: Vec<String>,
    pub variants: usize,
}

/// Fields of the vault that any message may show; others only where the present template shows them.
const PERSONAL: [&str; 2] = ["person.first_name", "person.last_name"];

impl CopyBrief {
    /// The brief for a step's message, whose template has this source now; `None` where the campaign sends no such step.
    pub fn of(campaign: &Campaign, step: &str, source: &str, with: Circumstances) -> Option<CopyBrief> {
        let message = campaign.message(step)?;
        let mut fields: BTreeSet<String> = message.looked_up().map(str::to_owned).collect();
        fields.extend(campaign.entry.keep.iter().map(|name| format!("kept.{name}")));
        // What is shown on site is made where no vault can be read.
        if message.kind != ChannelKind::OnSite {
            fields.extend(PERSONAL.map(str::to_owned));
        }
        if message.kind == ChannelKind::Email && campaign.lane == Lane::Marketing {
            fields.insert("unsubscribe_url".to_owned());
        }
        Some(CopyBrief {
            shop: with.shop,
            campaign: campaign.name.clone(),
            purpose: campaign.description.clone(),
            begins: campaign.entry.event().map(|trigger| trigger.event.clone()),
            goal: campaign.goal.as_ref().map(|goal| goal.event.clone()),
            lane: campaign.lane,
            step: step.to_owned(),
            kind: message.kind,
            language: with.language,
            tone: with.tone,
            notes: with.notes,
            fields: fields.into_iter().collect(),
            present: Present {
                subject: message.subject.clone(),
                template: message.template.clone(),
                source: source.to_owned(),
            },
            rejected: with.rejected,
            variants: with.variants.clamp(1, MAX_VARIANTS),
        })
    }

    /// Whether the body is text alone.
    pub fn is_plain(&self) -> bool {
        self.present.template.ends_with(".txt")
    }

    /// Whether a message has to show where to unsubscribe.
    pub(crate) fn shows_way_out(&self) -> bool {
        self.kind == ChannelKind::Email && self.lane == Lane::Marketing
    }

    /// The most characters of a subject, as it reads for one person; none where the channel has no subject.
    pub(crate) fn longest_subject(&self) -> Option<usize> {
        match self.kind {
            // A line of a header (RFC 5322, 2.1.1).
            ChannelKind::Email => Some(78),
            // What lock screens show of a title.
            ChannelKind::Push => Some(50),
            ChannelKind::OnSite if !self.present.subject.is_empty() => Some(60),
            _ => None,
        }
    }

    /// The most characters of a text; text messages are counted in parts.
    pub(crate) fn longest_text(&self) -> Option<usize> {
        match self.kind {
            ChannelKind::Push => Some(180),
            ChannelKind::OnSite => Some(500),
            ChannelKind::Webhook => Some(2_000),
            _ => None,
        }
    }
}

impl CopyBrief {
    /// The most parts of a text message.
    pub(crate) const PARTS: usize = 2;
}

impl Language {
    /// `en` or `zh`, also with a region.
    pub fn parse(tag: &str) -> Option<Language> {
        match tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "en" => Some(Language::English),
            "zh" => Some(Language::Chinese),
            _ => None,
        }
    }

    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Chinese => "Simplified Chinese",
        }
    }
}
