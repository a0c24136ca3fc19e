//! The section `copy`: by which model copy is written, and how.

use crate::Problem;
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::path::Path;

/// How copy is written that a model writes.
#[derive(Debug, Clone, PartialEq)]
pub struct CopySettings {
    /// The model's id, that of an inference profile, or an ARN; a command may name another.
    pub model: Option<String>,
    /// The region whose models are asked; the environment's where none is stated.
    pub region: Option<String>,
    /// The most tokens of an answer.
    pub max_tokens: u32,
    /// Dollars for a million tokens of input and output.
    pub prices: Option<(f64, f64)>,
    pub tone: String,
    /// What else is to be heeded, a sentence each.
    pub notes: Vec<String>,
    /// The id and version of a guardrail.
    pub guardrail: Option<(String, String)>,
}

impl Default for CopySettings {
    fn default() -> CopySettings {
        CopySettings {
            model: None,
            region: None,
            max_tokens: 4_000,
            prices: None,
            tone: String::new(),
            notes: Vec::new(),
            guardrail: None,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CopySection {
    model: Option<Spanned<String>>,
    region: Option<Spanned<String>>,
    max_tokens: Option<Spanned<u32>>,
    prices: Option<Spanned<Prices>>,
    #[serde(default)]
    tone: String,
    #[serde(default)]
    notes: Vec<String>,
    guardrail: Option<GuardrailFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prices {
    input: f64,
    output: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GuardrailFile {
    id: String,
    version: String,
}

impl CopySection {
    /// The settings; each mistake is given with its line and column.
    pub fn check(self, path: &Path, mut wrong: impl FnMut(Problem)) -> CopySettings {
        let mut settings = CopySettings { tone: self.tone, notes: self.notes, ..CopySettings::default() };
        let mut problem = |line, column, message: &str| wrong(Problem::new(path, line, column, message));
        if let Some(model) = self.model {
            let is_one = |b: u8| b.is_ascii_alphanumeric() || b"-._:/".contains(&b);
            match !model.value.is_empty() && model.value.bytes().all(is_one) {
                true => settings.model = Some(model.value),
                false => problem(
                    model.referenced.line(),
                    model.referenced.column(),
                    "a model is named by its id, like amazon.nova-lite-v1:0, or by an ARN",
                ),
            }
        }
        if let Some(region) = self.region {
            let is_one = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            match region.value.contains('-') && region.value.bytes().all(is_one) {
                true => settings.region = Some(region.value),
                false => problem(
                    region.referenced.line(),
                    region.referenced.column(),
                    "this is no region of AWS; write one like eu-central-1",
                ),
            }
        }
        if let Some(most) = self.max_tokens {
            match (100..=64_000).contains(&most.value) {
                true => settings.max_tokens = most.value,
                false => problem(
                    most.referenced.line(),
                    most.referenced.column(),
                    "an answer has 100 to 64000 tokens; 4000 are enough for three e-mails",
                ),
            }
        }
        if let Some(prices) = self.prices {
            let Prices { input, output } = prices.value;
            match [input, output].iter().all(|price| price.is_finite() && *price >= 0.0) {
                true => settings.prices = Some((input, output)),
                false => problem(
                    prices.referenced.line(),
                    prices.referenced.column(),
                    "prices are dollars for a million tokens, like { input: 0.06, output: 0.24 }",
                ),
            }
        }
        settings.guardrail = self.guardrail.map(|guardrail| (guardrail.id, guardrail.version));
        settings
    }
}
