//! The creatives of a campaign file.

use super::values::{Conditions, at, duration, event_name};
use crate::Share;
use crate::bandit::{Design, Slot};
use crate::creative::{Creative, CreativeSlot, Part};
use crate::file_error::FileError;
use event::{DAY, names};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreativeFile {
    slots: Spanned<BTreeMap<String, BTreeMap<String, PartFile>>>,
    #[serde(default)]
    circumstances: BTreeMap<String, Spanned<String>>,
    reward: Option<Spanned<String>>,
    window: Option<Spanned<String>>,
    explore: Option<Spanned<f64>>,
    min_samples: Option<u64>,
}

/// How a choice is learned: what files of campaigns and of placements state alike.
pub(super) struct Lessons<'f> {
    pub circumstances: &'f BTreeMap<String, Spanned<String>>,
    pub reward: Option<&'f Spanned<String>>,
    pub window: Option<&'f Spanned<String>>,
    pub explore: Option<&'f Spanned<f64>>,
    pub min_samples: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum PartFile {
    Text(String),
    List(Vec<String>),
}

/// The share of messages that is left to chance where a file states none, and the least that one may state.
const EXPLORE: f64 = 0.1;
const MIN_EXPLORE: f64 = 0.01;
/// How often each level is shown before it is relied on, where a file does not say.
const MIN_SAMPLES: u64 = 100;

impl CreativeFile {
    /// The creative of that name, or what is wrong with it.
    pub(super) fn read(&self, name: String, conditions: &Conditions<'_>) -> Result<Creative, FileError> {
        let files = &self.slots.value;
        let wrong = |message: &str| Err(at(&self.slots, message));
        if files.is_empty() || files.len() > Creative::MAX_SLOTS {
            return wrong("a creative has 1 to 6 slots, like title, picture, offer and order");
        }
        if files.values().any(|levels| !(2..=Creative::MAX_LEVELS).contains(&levels.len())) {
            return wrong("each slot has 2 to 8 levels by name, like `question: Still interested?`");
        }
        let mut all = files.iter().flat_map(|(slot, levels)| std::iter::once(slot).chain(levels.keys()));
        if let Some(name) = all.find(is_odd) {
            return wrong(&format!(
                "`{name}`: names of slots, levels and circumstances have letters, digits, - and _"
            ));
        }
        let lessons = Lessons {
            circumstances: &self.circumstances,
            reward: self.reward.as_ref(),
            window: self.window.as_ref(),
            explore: self.explore.as_ref(),
            min_samples: self.min_samples,
        };
        lessons.read(name, files.iter().map(slot).collect(), names::MESSAGE_CLICKED, conditions, wrong)
    }
}

impl Lessons<'_> {
    /// The creative of these slots; `wrong` says where it stands. `reward` is hoped for where the file does not say.
    pub(super) fn read(
        &self,
        name: String,
        slots: Vec<CreativeSlot>,
        reward: &str,
        conditions: &Conditions<'_>,
        wrong: impl Fn(&str) -> Result<Creative, FileError>,
    ) -> Result<Creative, FileError> {
        if self.circumstances.len() > Creative::MAX_CIRCUMSTANCES {
            return wrong("a creative depends on 8 circumstances at most; keep those that matter most");
        }
        if let Some(name) = self.circumstances.keys().find(is_odd) {
            return wrong(&format!(
                "`{name}`: names of slots, levels and circumstances have letters, digits, - and _"
            ));
        }
        let explore = self.explore.map_or(EXPLORE, |explore| explore.value);
        if let Some(place) = self.explore.filter(|_| !(MIN_EXPLORE..=1.0).contains(&explore)) {
            return Err(at(
                place,
                "explore a share from 0.01 to 1 of all messages, or nothing new is ever learned",
            ));
        }
        let design = Design {
            slots: slots.iter().map(names_of).collect(),
            circumstances: self.circumstances.keys().cloned().collect(),
            explore: Share::new(explore).unwrap_or_default(),
            min_samples: self.min_samples.unwrap_or(MIN_SAMPLES),
        };
        if design.features() > Design::MAX_FEATURES {
            return wrong(&format!(
                "levels, each once and once for each circumstance, come to {}; {} can be learned: leave some out",
                design.features(),
                Design::MAX_FEATURES
            ));
        }
        let circumstances = self.circumstances.iter();
        Ok(Creative {
            name,
            slots,
            circumstances: circumstances
                .map(|(name, when)| Ok((name.clone(), conditions.read(when)?)))
                .collect::<Result<_, FileError>>()?,
            reward: self.reward.map_or(Ok(reward.to_owned()), event_name)?,
            window: self.window.map_or(Ok(7 * DAY), duration)?,
            design,
        })
    }
}

/// Whether a name has more than letters, digits, - and _.
fn is_odd(name: &&String) -> bool {
    name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

fn slot((name, levels): (&String, &BTreeMap<String, PartFile>)) -> CreativeSlot {
    let part = |part: &PartFile| match part {
        PartFile::Text(text) => Part::Text(text.clone()),
        PartFile::List(list) => Part::List(list.clone()),
    };
    let levels = levels.iter().map(|(name, file)| (name.clone(), part(file))).collect();
    CreativeSlot { name: name.clone(), levels }
}

fn names_of(slot: &CreativeSlot) -> Slot {
    let levels = slot.levels.iter().map(|(name, _)| name.clone()).collect();
    Slot { name: slot.name.clone(), levels }
}
