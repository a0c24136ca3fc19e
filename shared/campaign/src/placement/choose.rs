//! What a visitor is shown, and why.

use super::{Creative, Placement, Products, Recommended, ShownArm, Visitor};
use crate::{Lane, ProfileView, Scope};
use event::Purpose;
use serde_json::Value;

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
}

/// Why a choice is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The creative is the first whose condition holds.
    Matched,
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
    /// What a visitor is shown. The same visitor, products and time give the same choice.
    pub fn choose<'p>(
        &'p self,
        visitor: &Visitor<'_>,
        view: &ProfileView<'_>,
        products: Option<&'p Products>,
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
        let mut shown = None;
        for creative in &self.creatives {
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
                    shown = Some(creative);
                    break;
                }
            }
        }
        let mut choice = match shown {
            Some(creative) => Choice {
                creative: Some(&creative.name),
                content: &creative.content,
                products: Vec::new(),
                arms: Vec::new(),
                why: Why::Matched,
                ttl,
            },
            None => default(refused.unwrap_or(Why::NoneMatched), ttl),
        };
        choice.products = self.recommended(visitor, products, true);
        choice.arms = arms;
        choice
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
