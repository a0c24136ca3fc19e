//! What a visitor is shown, and why.

use super::{Creative, Placement, Products, Recommended, ShownArm, Visitor};
use crate::{Chosen, Creatives, Lane, ProfileView, Scope};
use event::{DAY, Key, Purpose};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

/// What a placement shows to a visitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice<'p> {
    /// The creative's name; nothing for the default.
    pub creative: Option<&'p str>,
    pub content: &'p Value,
    pub products: Vec<Recommended<'p>>,
    pub arms: Vec<ShownArm<'p>>,
    pub why: Why,
    /// How long this may be kept, ms.
    pub ttl: i64,
    /// What is to be told of it, where the placement learns.
    pub learned: Option<Learned>,
}

/// A choice that is learned from: the same for the same visitor, placement, creative and day (UTC).
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// What rewards may name it by.
    pub action: Key,
    pub chosen: Chosen,
}

/// Why a choice is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The creative is the first whose condition holds.
    Matched,
    /// Of the creatives whose conditions hold, it does best by what was learned.
    Chosen,
    /// Of the creatives whose conditions hold, chance chose it, so that something is learned.
    Explored,
    /// The condition of no creative holds.
    NoneMatched,
    /// A creative would have matched, but they said no to marketing.
    NoMarketing,
    /// A creative would have matched, but a complaint of theirs is open.
    OpenComplaint,
    /// A creative would have matched, but they are held out, so that the effect of marketing can be told.
    Holdout,
    Default(DefaultOnly),
}

/// Why nothing may be chosen for a visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultOnly {
    /// They did not agree to analytics, or said no to personalisation.
    NoConsent,
    /// Their data are not worked with for now, or were erased.
    Restricted,
    /// What is known of them could not be read.
    Unavailable,
}

impl Why {
    /// The reason as it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::Matched => "matched",
            Why::Chosen => "chosen",
            Why::Explored => "explored",
            Why::NoneMatched => "none_matched",
            Why::NoMarketing => "no_marketing",
            Why::OpenComplaint => "open_complaint",
            Why::Holdout => "holdout",
            Why::Default(DefaultOnly::NoConsent) => "no_consent",
            Why::Default(DefaultOnly::Restricted) => "restricted",
            Why::Default(DefaultOnly::Unavailable) => "unavailable",
        }
    }
}

impl Visitor<'_> {
    /// What their profile says against choosing anything for them, if what the request says does not already.
    pub fn heed_profile(mut self) -> Self {
        let no = self.profile.refuses_analytics()
            || self.profile.agreed_to(Purpose::Personalisation) == Some(false);
        if no {
            self.default_only = self.default_only.or(Some(DefaultOnly::NoConsent));
        }
        self
    }

    /// What speaks against marketing to them.
    pub(crate) fn against_marketing(&self) -> Option<Why> {
        if self.profile.agreed_to(Purpose::Marketing) == Some(false) {
            Some(Why::NoMarketing)
        } else if self.profile.open_complaint() {
            Some(Why::OpenComplaint)
        } else if self.held_out {
            Some(Why::Holdout)
        } else {
            None
        }
    }
}

impl Placement {
    /// The slot of what a placement learns.
    pub const SLOT: &'static str = "creative";

    /// What a visitor is shown. The same visitor, products, lessons and time give the same choice.
    pub fn choose<'p>(
        &'p self,
        visitor: &Visitor<'_>,
        view: &ProfileView<'_>,
        products: Option<&'p Products>,
        lessons: &Creatives,
    ) -> Choice<'p> {
        let mut ttl = self.ttl;
        let arms = self.arms(visitor);
        let default = |why, ttl| Choice {
            creative: None,
            content: &self.default,
            products: Vec::new(),
            arms: Vec::new(),
            why,
            ttl,
            learned: None,
        };
        if let Some(reason) = visitor.default_only {
            let mut choice = default(Why::Default(reason), ttl);
            // What everybody sees is no choice for a person.
            choice.products = self.recommended(visitor, products, false);
            choice.arms = arms;
            return choice;
        }
        let against = visitor.against_marketing();
        let mut refused = None;
        let mut fitting = Vec::new();
        for (place, creative) in self.creatives.iter().enumerate() {
            // Nobody keeps an answer for longer than it is right.
            if let Some(starts) = creative.starts.filter(|starts| *starts > visitor.now) {
                ttl = ttl.min(starts - visitor.now);
            }
            let other_arm =
                |(trial, arm): (usize, usize)| arms.get(trial).is_none_or(|shown| shown.index != arm);
            if creative.arm.is_some_and(other_arm) || !creative.is_for(visitor, view) {
                continue;
            }
            match against.filter(|_| creative.lane == Lane::Marketing) {
                Some(why) => refused = refused.or(Some(why)),
                None => {
                    ttl = creative.ends.map_or(ttl, |ends| ttl.min(ends - visitor.now));
                    fitting.push(place);
                    if self.learn.is_none() {
                        break;
                    }
                }
            }
        }
        let mut choice = match self.pick(fitting, visitor, lessons) {
            Some((creative, why, learned)) => Choice {
                creative: Some(&creative.name),
                content: &creative.content,
                products: Vec::new(),
                arms: Vec::new(),
                why,
                ttl,
                learned,
            },
            None => default(refused.unwrap_or(Why::NoneMatched), ttl),
        };
        choice.products = self.recommended(visitor, products, true);
        choice.arms = arms;
        choice
    }

    /// One of the creatives that fit: the first, or that which is chosen by what was learned.
    fn pick(
        &self,
        fitting: Vec<usize>,
        visitor: &Visitor<'_>,
        lessons: &Creatives,
    ) -> Option<(&Creative, Why, Option<Learned>)> {
        let first = &self.creatives[*fitting.first()?];
        let Some(learn) = &self.learn else { return Some((first, Why::Matched, None)) };
        // What somebody sees changes once a day at most, by chance.
        let action = |of: &str| {
            let day = visitor.now.div_euclid(DAY).to_be_bytes();
            let text = [&visitor.id.0[..], &day, self.name.as_bytes(), b"/", of.as_bytes()].concat();
            Key(xxh3_128(&text).to_be_bytes())
        };
        let chosen = learn.choose_among(&[fitting], lessons, visitor.profile, visitor.now, action(""));
        let named = chosen.levels.get(Self::SLOT)?;
        let creative = self.creatives.iter().find(|creative| creative.name == *named)?;
        let why = if chosen.explored { Why::Explored } else { Why::Chosen };
        Some((creative, why, Some(Learned { action: action(&creative.name), chosen })))
    }

    fn recommended<'p>(
        &'p self,
        visitor: &Visitor<'_>,
        products: Option<&'p Products>,
        personal: bool,
    ) -> Vec<Recommended<'p>> {
        let Some(recommend) = &self.recommend else { return Vec::new() };
        let favourites = match personal {
            true => visitor.profile.favourite_products(visitor.now),
            false => Vec::new(),
        };
        recommend.products(visitor.event.facts.product_id.as_deref(), &favourites, products)
    }
}

impl Creative {
    fn is_for(&self, visitor: &Visitor<'_>, view: &ProfileView<'_>) -> bool {
        self.starts.is_none_or(|starts| visitor.now >= starts)
            && self.ends.is_none_or(|ends| visitor.now < ends)
            && self.when.as_ref().is_none_or(|when| when.holds(&Scope::new(Some(visitor.event), view, "")))
    }
}
