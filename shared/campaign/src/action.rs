//! What the campaign engine asks deliver-messages to do.

use crate::Campaign;
use event::wire::{Damaged, Reader, put_bytes, put_field, put_signed, put_text, put_varint};
use event::{Key, PortError};

/// What a campaign wants done for one person: mostly, a step's message sent. Its id is the same however often the
/// step is evaluated, which is what keeps it from being done twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The keyed hash of person, campaign, journey key, entry time and step.
    pub id: Key,
    pub person: Key,
    pub kind: ActionKind,
    /// The campaign's name, and the version that the journey is in; 0 where it began before versions were kept.
    pub campaign: String,
    pub version: u32,
    /// Of messages to one person the higher goes first.
    pub priority: u8,
    /// The step's name within the campaign.
    pub step: String,
    /// What the journey is keyed by (a product id, an order id, …); empty where the campaign has no key.
    pub key: String,
    /// When the journey's entry event happened, UTC ms.
    pub entered_at: i64,
    /// When the step was due, UTC ms.
    pub due_at: i64,
    pub lane: Lane,
    /// The properties of the entry event that the campaign keeps, the text of a JSON object or empty.
    pub kept: String,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ActionKind {
    /// Send the message of the step.
    #[default]
    Send,
    /// Report that the journey reached the campaign's goal.
    Goal,
    /// Report that the person came into an arm of an experiment.
    Exposure { experiment: String, variation: String },
}

/// Which of the two action queues: service never waits for marketing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    Service,
    #[default]
    Marketing,
}

impl Lane {
    pub fn as_str(self) -> &'static str {
        match self {
            Lane::Service => "service",
            Lane::Marketing => "marketing",
        }
    }
}

/// The two action queues.
#[allow(async_fn_in_trait)]
pub trait ActionQueue {
    /// Puts all, each on its lane's queue; an action already there (by id) changes nothing.
    async fn put(&self, actions: &[Action]) -> Result<(), PortError>;
}

impl Default for Action {
    /// An action of nobody: what those have that say no more.
    fn default() -> Action {
        Action {
            id: Key::default(),
            person: Key::default(),
            kind: ActionKind::Send,
            campaign: String::new(),
            version: 0,
            priority: Campaign::PRIORITY,
            step: String::new(),
            key: String::new(),
            entered_at: 0,
            due_at: 0,
            lane: Lane::Marketing,
            kept: String::new(),
        }
    }
}

impl Action {
    /// The action in wire form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(96 + self.kept.len());
        put_field(&mut out, 1, |out| out.extend_from_slice(&self.id.0));
        put_field(&mut out, 2, |out| out.extend_from_slice(&self.person.0));
        put_text(&mut out, 3, &self.campaign);
        put_text(&mut out, 4, &self.step);
        put_text(&mut out, 5, &self.key);
        put_field(&mut out, 6, |out| {
            put_signed(out, self.entered_at);
            put_signed(out, self.due_at);
        });
        out.push(7);
        put_bytes(&mut out, &[matches!(self.lane, Lane::Marketing) as u8]);
        put_text(&mut out, 8, &self.kept);
        if self.version != 0 {
            put_field(&mut out, 9, |out| put_varint(out, u64::from(self.version)));
        }
        if self.priority != Campaign::PRIORITY {
            put_field(&mut out, 10, |out| out.push(self.priority));
        }
        match &self.kind {
            ActionKind::Send => {}
            ActionKind::Goal => put_field(&mut out, 11, |out| out.push(1)),
            ActionKind::Exposure { experiment, variation } => put_field(&mut out, 12, |out| {
                put_bytes(out, experiment.as_bytes());
                put_bytes(out, variation.as_bytes());
            }),
        }
        out
    }

    /// Reads what [`Action::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Action, Damaged> {
        let mut action = Action::default();
        let mut reader = Reader::new(bytes);
        while let Some((tag, mut field)) = reader.field()? {
            match tag {
                1 => action.id = Key(field.array()?),
                2 => action.person = Key(field.array()?),
                3 => action.campaign = field.rest_text()?.to_owned(),
                4 => action.step = field.rest_text()?.to_owned(),
                5 => action.key = field.rest_text()?.to_owned(),
                6 => {
                    action.entered_at = field.signed()?;
                    action.due_at = field.signed()?;
                }
                7 => action.lane = if field.byte()? == 0 { Lane::Service } else { Lane::Marketing },
                8 => action.kept = field.rest_text()?.to_owned(),
                9 => action.version = u32::try_from(field.varint()?).map_err(|_| Damaged)?,
                10 => action.priority = field.byte()?,
                11 => action.kind = ActionKind::Goal,
                12 => {
                    action.kind = ActionKind::Exposure {
                        experiment: field.text()?.to_owned(),
                        variation: field.text()?.to_owned(),
                    }
                }
                _ => {}
            }
        }
        Ok(action)
    }
}
