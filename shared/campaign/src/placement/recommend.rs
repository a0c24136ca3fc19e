//! Products for a visitor, from what they look at and what others looked at besides.
//!
//! The recommender is the plain one that is hard to beat without a model: item-to-item similarity (Linden, Smith and York,
//! "Amazon.com Recommendations: Item-to-Item Collaborative Filtering", IEEE Internet Computing 7(1), 2003) from the
//! products in view, then what the visitor looked at last, then what most people look at. Each product says which it was.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Which products a placement shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recommend {
    /// How many at most.
    pub count: usize,
    /// Where they come from; a later source fills what an earlier one leaves.
    pub from: Vec<Because>,
}

/// Why a product is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// Who looked at what the visitor looks at, or looked at last, also looked at it.
    Related,
    /// The visitor looked at it.
    Viewed,
    /// Most people look at it.
    Popular,
}

/// A product and why it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recommended<'p> {
    pub product_id: Cow<'p, str>,
    pub because: Because,
}

/// What people look at, computed from the lake: immutable, replaced as a whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Products {
    /// When it was computed, UTC ms.
    #[serde(default)]
    pub computed_at: i64,
    /// Product ids, that of most people first.
    #[serde(default)]
    pub popular: Vec<String>,
    /// By product: those that the same people look at, nearest first.
    #[serde(default)]
    pub related: BTreeMap<String, Vec<Related>>,
}

/// A product near another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Related {
    pub product_id: String,
    /// The cosine of the two sets of people, 0 to 1.
    pub cosine: f64,
}

/// How many of the products that a visitor looked at last say what is related.
const SEEDS: usize = 5;
/// How much more the product in view counts than the one of the most interest.
const IN_VIEW: f64 = 2.0;

impl Recommend {
    /// The most that a placement may show.
    pub const MOST: usize = 50;

    /// The products for somebody who looks at `in_view` (never recommended itself) and whose interests are `favourites`,
    /// highest first. Without a table of products only these remain.
    pub fn products<'p>(
        &self,
        in_view: Option<&str>,
        favourites: &[(&str, f64)],
        products: Option<&'p Products>,
    ) -> Vec<Recommended<'p>> {
        let mut chosen: Vec<Recommended<'p>> = Vec::with_capacity(self.count);
        let mut add = |product_id: Cow<'p, str>, because| {
            let new = in_view != Some(&*product_id)
                && chosen.iter().all(|other: &Recommended<'_>| other.product_id != product_id);
            if new && chosen.len() < self.count {
                chosen.push(Recommended { product_id, because });
            }
        };
        for source in &self.from {
            match (source, products) {
                (Because::Viewed, _) => {
                    favourites.iter().for_each(|(id, _)| add(Cow::Owned((*id).to_owned()), *source));
                }
                (Because::Related, Some(products)) => {
                    products.near(in_view, favourites).for_each(|id| add(Cow::Borrowed(id), *source));
                }
                (Because::Popular, Some(products)) => {
                    products.popular.iter().for_each(|id| add(Cow::Borrowed(id), *source));
                }
                (Because::Related | Because::Popular, None) => {}
            }
        }
        chosen
    }
}

impl Products {
    /// What is near the product in view and those of the most interest, nearest first; none of these themselves.
    fn near<'p>(
        &'p self,
        in_view: Option<&str>,
        favourites: &[(&str, f64)],
    ) -> impl Iterator<Item = &'p str> {
        let highest = favourites.first().map_or(1.0, |(_, score)| score.max(f64::MIN_POSITIVE));
        let seeds = in_view
            .map(|id| (id, IN_VIEW))
            .into_iter()
            .chain(favourites.iter().take(SEEDS).map(|(id, score)| (*id, score / highest)));
        let mut scores: BTreeMap<&'p str, f64> = BTreeMap::new();
        for (seed, weight) in seeds {
            for near in self.related.get(seed).into_iter().flatten() {
                *scores.entry(&near.product_id).or_default() += weight * near.cosine;
            }
        }
        let known = |id: &str| favourites.iter().any(|(favourite, _)| *favourite == id);
        let mut near: Vec<(&str, f64)> = scores.into_iter().filter(|(id, _)| !known(id)).collect();
        near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        near.into_iter().map(|(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Products {
        serde_json::from_str(
            r#"{"popular": ["pan", "pot", "lamp"],
                "related": {"pan": [{"product_id": "pot", "cosine": 0.5}, {"product_id": "lid", "cosine": 0.4}],
                            "cup": [{"product_id": "lid", "cosine": 0.9}, {"product_id": "tea", "cosine": 0.2}]}}"#,
        )
        .unwrap()
    }

    fn ids(from: &[Because], count: usize, in_view: Option<&str>, likes: &[(&str, f64)]) -> Vec<String> {
        let recommend = Recommend { count, from: from.to_vec() };
        let table = table();
        let chosen = recommend.products(in_view, likes, Some(&table));
        let because = |because: Because| serde_json::json!(because).as_str().unwrap().to_owned();
        chosen.iter().map(|c| format!("{} {}", c.product_id, because(c.because))).collect()
    }

    #[test]
    fn each_source_fills_what_the_one_before_leaves() {
        use Because::{Popular, Related, Viewed};
        // By hand: pan in view weighs 2, cup 1: lid 0.8 + 0.9, pot 1.0, tea 0.2.
        let likes = [("cup", 4.0)];
        assert_eq!(
            ids(&[Related, Viewed, Popular], 6, Some("pan"), &likes),
            ["lid related", "pot related", "tea related", "cup viewed", "lamp popular"]
        );
        // Half the interest counts half: pan 1, cup 0.5: pot 0.5, lid 0.4 + 0.45, tea 0.1.
        assert_eq!(ids(&[Related], 2, None, &[("pan", 2.0), ("cup", 1.0)]), ["lid related", "pot related"]);
        // A stranger sees what most people do, and never what is in view.
        assert_eq!(ids(&[Viewed, Popular], 2, Some("pan"), &[]), ["pot popular", "lamp popular"]);
        assert_eq!(ids(&[Viewed], 1, None, &[("cup", 1.0), ("pan", 0.5)]), ["cup viewed"]);
    }

    #[test]
    fn without_a_table_only_the_visitors_own_remain() {
        let recommend =
            Recommend { count: 3, from: vec![Because::Related, Because::Popular, Because::Viewed] };
        let chosen = recommend.products(None, &[("cup", 1.0)], None);
        assert_eq!(chosen, [Recommended { product_id: "cup".into(), because: Because::Viewed }]);
    }
}
