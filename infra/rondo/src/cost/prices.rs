//! What AWS asks.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

const DEFAULT: &str = include_str!("../../../cost/prices-us-east-1.yaml");

/// A dated list of prices of one region, in US dollars.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    pub region: String,
    pub date: String,
    items: BTreeMap<String, Price>,
}

/// The price of one thing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Dollars for `per` units.
    pub price: f64,
    #[serde(default = "one")]
    pub per: f64,
    pub unit: String,
    /// Units that are free each month.
    #[serde(default)]
    pub free: f64,
}

fn one() -> f64 {
    1.0
}

impl Prices {
    /// The list that the program brings.
    pub fn built_in() -> Result<Prices> {
        Prices::read(DEFAULT).context("reading the built-in prices")
    }

    pub fn read(text: &str) -> Result<Prices> {
        Ok(serde_saphyr::from_str(text)?)
    }

    /// The price of an item by its name in the file.
    pub fn of(&self, item: &str) -> Result<&Price> {
        self.items
            .get(item)
            .with_context(|| format!("the list of prices has no `{item}`; add it under `items`"))
    }
}
