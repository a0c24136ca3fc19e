//! Creatives: the parts of a message that are chosen for each person, and learn from what comes of it.

use crate::bandit::{Bandit, Design, Model, Reward, Shown};
use crate::condition::Condition;
use event::wire::{Damaged, Reader, put_bytes, put_field};
use event::{Event, Key, names};
use person::{ON_SITE, Profile};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use xxhash_rust::xxh3::xxh3_64;

/// What of a message is chosen, from what, and what it is to bring about.
#[derive(Debug)]
pub struct Creative {
    /// What it is learned under: `<campaign>/<step>`, or `placement:<name>`.
    pub name: String,
    pub slots: Vec<CreativeSlot>,
    /// Conditions on the profile that the choice may depend on, by name.
    pub circumstances: Vec<(String, Condition)>,
    /// The event that is hoped for.
    pub reward: String,
    /// Within which time after the message, ms.
    pub window: i64,
    /// The same as the bandit knows it.
    pub design: Design,
}

/// One thing to choose: a title, a picture, an offer, the order of blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreativeSlot {
    pub name: String,
    /// By name, so that a level whose wording is mended keeps what was learned of it.
    pub levels: Vec<(String, Part)>,
}

/// What a level puts into the message, as `creative.<slot>` in its templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Itself a template.
    Text(String),
    /// A list as it stands, of blocks or products.
    List(Vec<String>),
}

/// What was chosen for one message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chosen {
    /// The level of each slot.
    pub levels: BTreeMap<String, String>,
    /// The circumstances that held.
    pub circumstances: Vec<String>,
    /// Whether chance chose, and not what was learned.
    pub explored: bool,
}

impl Creative {
    /// The bounds of what a file may state.
    pub const MAX_SLOTS: usize = 6;
    pub const MAX_LEVELS: usize = 8;
    pub const MAX_CIRCUMSTANCES: usize = 8;

    /// Chooses for one person and action (`now` in UTC ms): always the same, as long as nothing more is learned.
    pub fn choose(&self, learned: &Creatives, profile: &Profile<'_>, now: i64, action: Key) -> Chosen {
        let all: Vec<Vec<usize>> = self.slots.iter().map(|slot| (0..slot.levels.len()).collect()).collect();
        self.choose_among(&all, learned, profile, now, action)
    }

    /// The same among some levels of each slot, at least one of each.
    pub(crate) fn choose_among(
        &self,
        among: &[Vec<usize>],
        learned: &Creatives,
        profile: &Profile<'_>,
        now: i64,
        action: Key,
    ) -> Chosen {
        let held: Vec<bool> =
            self.circumstances.iter().map(|(_, when)| when.matches_profile(profile, now)).collect();
        let seed = xxh3_64(&[self.name.as_bytes(), &action.0].concat());
        let choice = learned.model(self).choose_among(among, &held, seed);
        let levels = self.slots.iter().zip(&choice.levels);
        let names = self.circumstances.iter().zip(held).filter(|(_, holds)| *holds);
        Chosen {
            levels: levels.map(|(slot, level)| (slot.name.clone(), slot.levels[*level].0.clone())).collect(),
            circumstances: names.map(|((name, _), _)| name.clone()).collect(),
            explored: choice.explored,
        }
    }

    /// The name of what a placement learns; no campaign's is like it.
    pub(crate) fn of_placement(placement: &str) -> String {
        format!("placement:{placement}")
    }

    /// The part of each slot that was chosen; of one that says nothing, the first.
    pub(crate) fn parts<'c>(&'c self, chosen: &'c Chosen) -> impl Iterator<Item = (&'c str, &'c Part)> {
        self.slots.iter().filter_map(|slot| {
            let named = |(name, _): &&(String, Part)| chosen.levels.get(&slot.name) == Some(name);
            let (_, part) = slot.levels.iter().find(named).or(slot.levels.first())?;
            Some((slot.name.as_str(), part))
        })
    }

    /// The message or creative that an event tells of, where it was shown with this creative's choices: a message that waits on site where it
    /// was shown first.
    pub fn shown(&self, event: &Event<'_>) -> Option<Shown> {
        let told = matches!(
            event.name.as_ref(),
            names::MESSAGE_SENT | names::MESSAGE_SHOWN | names::CREATIVE_VIEWED
        );
        if !told || !event.properties.contains("\"creative\"") {
            return None;
        }
        let properties: Value = serde_json::from_str(&event.properties).ok()?;
        let is_seen = match event.name.as_ref() {
            names::MESSAGE_SHOWN => properties["showing"] == 1,
            names::CREATIVE_VIEWED => true,
            _ => properties["channel"] != ON_SITE,
        };
        if !is_seen {
            return None;
        }
        let text = |name: &str| properties.get(name)?.as_str();
        let name = match event.name.as_ref() {
            names::CREATIVE_VIEWED => Creative::of_placement(text("placement")?),
            _ => format!("{}/{}", text("campaign")?, text("step")?),
        };
        if self.name != name {
            return None;
        }
        let chosen = Chosen::from_json(properties.get("creative")?)?;
        Some(Shown {
            action: Key::parse(text("action_id")?)?,
            identifiers: event.identifiers,
            at: event.happened_at,
            levels: chosen.levels,
            circumstances: chosen.circumstances,
        })
    }

    /// The reward that an event is, if it is one.
    pub fn reward(&self, event: &Event<'_>) -> Option<Reward> {
        if event.name != self.reward || event.is_of_machine() {
            return None;
        }
        let properties: Value = serde_json::from_str(&event.properties).unwrap_or_default();
        let action = properties.get("action_id").and_then(Value::as_str).and_then(Key::parse);
        Some(Reward { action, identifiers: event.identifiers, at: event.happened_at })
    }
}

impl Chosen {
    /// As it stands in the ledger and in `Message Sent`.
    pub fn to_json(&self) -> Value {
        serde_json::json!({
            "levels": self.levels,
            "circumstances": self.circumstances,
            "explored": self.explored,
        })
    }

    /// Reads what [`Chosen::to_json`] made.
    pub fn from_json(json: &Value) -> Option<Chosen> {
        let level = |(slot, level): (&String, &Value)| Some((slot.clone(), level.as_str()?.to_owned()));
        let levels: &Map<String, Value> = json.get("levels")?.as_object()?;
        let circumstances = json.get("circumstances").and_then(Value::as_array).into_iter().flatten();
        Some(Chosen {
            levels: levels.iter().map(level).collect::<Option<_>>()?,
            circumstances: circumstances.filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            explored: json.get("explored").and_then(Value::as_bool).unwrap_or_default(),
        })
    }
}

/// What was learned of all creatives, by their names. Each is reckoned when it is first asked for.
#[derive(Debug, Default)]
pub struct Creatives {
    learned: BTreeMap<String, Bandit>,
    models: Mutex<BTreeMap<String, Arc<Model>>>,
}

impl Creatives {
    pub fn new(learned: BTreeMap<String, Bandit>) -> Creatives {
        Creatives { learned, models: Mutex::default() }
    }

    /// What was learned of each, by its name.
    pub fn learned(&self) -> &BTreeMap<String, Bandit> {
        &self.learned
    }

    /// All in wire form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, bandit) in &self.learned {
            put_field(&mut out, 1, |out| {
                put_bytes(out, name.as_bytes());
                put_bytes(out, &bandit.encode());
            });
        }
        out
    }

    /// Reads what [`Creatives::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Creatives, Damaged> {
        let mut learned = BTreeMap::new();
        let mut reader = Reader::new(bytes);
        while let Some((tag, mut field)) = reader.field()? {
            if tag == 1 {
                learned.insert(field.text()?.to_owned(), Bandit::decode(field.bytes()?)?);
            }
        }
        Ok(Creatives::new(learned))
    }

    /// The model of a creative; of one that nothing was learned of, one that leaves all to chance.
    fn model(&self, creative: &Creative) -> Arc<Model> {
        let mut models = self.models.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(model) = models.get(&creative.name).filter(|model| *model.design() == creative.design) {
            return Arc::clone(model);
        }
        let nothing = Bandit::default();
        let bandit = self.learned.get(&creative.name).unwrap_or(&nothing);
        let model = Arc::new(Model::new(&creative.design, bandit));
        models.insert(creative.name.clone(), Arc::clone(&model));
        model
    }
}
