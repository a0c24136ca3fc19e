//! What the campaign engine asks deliver-messages to do.

use event::wire::{Damaged, Reader, put_bytes, put_field, put_signed, put_text};
use event::{Key, PortError};

/// One message that a campaign's step wants sent to one person. Its id is the same however often the
/// step is evaluated, which is what keeps it from being sent twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The keyed hash of person, campaign, journey key, entry time and step.
    pub id: Key,
    pub person: Key,
    /// The campaign's name.
    pub campaign: String,
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
        out
    }

    /// Reads what [`Action::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Action, Damaged> {
        let mut action = Action {
            id: Key::default(),
            person: Key::default(),
            campaign: String::new(),
            step: String::new(),
            key: String::new(),
            entered_at: 0,
            due_at: 0,
            lane: Lane::Marketing,
            kept: String::new(),
        };
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
                _ => {}
            }
        }
        Ok(action)
    }
}
