//! Placements: places of a page, app or till that show what was chosen for who looks at them.
//!
//! A placement is one YAML file ([`Placement::parse`]). For a [`Visitor`] it makes a [`Choice`]: a creative, products, and
//! the arms of experiments, with the reason, and for how long that may be kept. It always has an answer: where nothing
//! may be chosen for somebody, its default.

mod choose;
mod recommend;
mod trial;

pub use choose::{Choice, DefaultOnly, Learned, Why};
pub use recommend::{Because, Products, Recommend, Recommended, Related};
pub use trial::{By, ShownArm, Trial};

use crate::{Condition, Lane};
use event::Event;
use person::Profile;
use serde_json::Value;
use std::collections::BTreeMap;

/// A placement, checked.
#[derive(Debug)]
pub struct Placement {
    /// Unique; lower-case letters, digits and hyphens.
    pub name: String,
    pub description: String,
    /// How long an answer may be kept, ms.
    pub ttl: i64,
    /// What is shown where nothing was chosen: JSON that only the page understands; null for nothing.
    pub default: Value,
    /// In the order in which they are tried.
    pub creatives: Vec<Creative>,
    /// What the choice among the creatives that fit is learned by; without it the first is shown. Its one slot,
    /// [`Placement::SLOT`], has them as levels, in their order.
    pub learn: Option<crate::Creative>,
    pub recommend: Option<Recommend>,
    pub experiments: Vec<Trial>,
}

/// Something that a placement may show.
#[derive(Debug)]
pub struct Creative {
    pub name: String,
    /// A marketing creative is shown to nobody who said no to marketing, has an open complaint, or is held out.
    pub lane: Lane,
    /// When it is shown first and no longer, UTC ms.
    pub starts: Option<i64>,
    pub ends: Option<i64>,
    /// For whom; nothing for everybody. `event` is the request: its `properties` and `context` say where the visitor is.
    pub when: Option<Condition>,
    /// The experiment of the placement, and the arm of it, that it belongs to: by their places.
    pub arm: Option<(usize, usize)>,
    pub content: Value,
}

/// Somebody who looks at a placement.
#[derive(Clone, Copy)]
pub struct Visitor<'v> {
    /// UTC ms.
    pub now: i64,
    /// What is known of them; an empty one for a stranger.
    pub profile: &'v Profile<'v>,
    /// Their id for splits that must not depend on the request: the person's, or a stranger's strongest identifier.
    pub id: event::Key,
    /// What the request says of them, as it stands there: what a page's own experiments go by.
    pub user_id: Option<&'v str>,
    pub anonymous_id: Option<&'v str>,
    /// What they look at.
    pub event: &'v Event<'v>,
    /// Set where nothing may be chosen for them.
    pub default_only: Option<DefaultOnly>,
    /// Whether they are held out of all marketing.
    pub held_out: bool,
}

/// The placements of a deployment, by name.
#[derive(Debug, Default)]
pub struct Placements(BTreeMap<String, Placement>);

impl Placements {
    pub fn new(placements: impl IntoIterator<Item = Placement>) -> Placements {
        Placements(placements.into_iter().map(|placement| (placement.name.clone(), placement)).collect())
    }

    pub(crate) fn insert(&mut self, placement: Placement) {
        self.0.insert(placement.name.clone(), placement);
    }

    /// What the placements learn.
    pub fn learning(&self) -> impl Iterator<Item = &crate::Creative> {
        self.iter().filter_map(|placement| placement.learn.as_ref())
    }

    pub fn get(&self, name: &str) -> Option<&Placement> {
        self.0.get(name)
    }

    /// In the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Placement> {
        self.0.values()
    }
}
