//! Drafts: files that wait for somebody's word, and that nothing sends.

use crate::Wording;
use crate::brief::Language;
use crate::writer::Tokens;
use campaign::Templates;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// A wording that a model wrote for a step's message, and how it came about. As a file it is the template that it would
/// become, with all of this in a comment at its head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub campaign: String,
    pub step: String,
    /// `en` or `zh`.
    pub language: String,
    #[serde(default)]
    pub subject: String,
    /// The template that it was written to replace, or to stand beside.
    pub template: String,
    /// The model's id.
    pub model: String,
    /// As in `2026-11-22T10:00:00.000Z`.
    pub written_at: String,
    /// The hash of the prompt.
    pub prompt: String,
    pub call: Call,
    #[serde(default)]
    pub rejected: Option<Rejected>,
    /// The template's source.
    #[serde(skip)]
    pub body: String,
}

/// The calls that a draft came of, with others beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// How many wordings they gave.
    pub wordings: usize,
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// About what they cost, `0.00042 USD`; nothing where the settings name no prices.
    #[serde(default)]
    pub cost: Option<String>,
}

/// Who did not want a draft, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    pub reason: String,
    pub at: String,
}

/// A file that is no draft, or a damaged one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}: have it written anew, or remove the file")]
pub struct DraftError(String);

/// With what a draft begins.
const MARK: &str = "{#- draft";
const END: &str = "-#}";

impl Draft {
    /// Whether a file's text is a draft's.
    pub fn is_one(text: &str) -> bool {
        text.trim_start().starts_with(MARK)
    }

    /// Reads what [`Draft::to_file`] wrote.
    ///
    /// # Errors
    /// A text without the head of a draft, or whose head was damaged.
    pub fn parse(text: &str) -> Result<Draft, DraftError> {
        let damaged = |what: &str| DraftError(what.to_owned());
        let head = text
            .trim_start()
            .strip_prefix(MARK)
            .ok_or_else(|| damaged("it does not begin as a draft does"))?;
        let (head, body) =
            head.split_once(END).ok_or_else(|| damaged("the comment at its head has no end"))?;
        // The rest of the first line is for people.
        let yaml = head.split_once('\n').map_or("", |(_, yaml)| yaml);
        let draft: Draft = serde_saphyr::from_str(yaml)
            .map_err(|error| DraftError(format!("its head can't be read ({})", error.without_snippet())))?;
        Ok(Draft { body: body.trim_start_matches('\n').to_owned(), ..draft })
    }

    pub fn to_file(&self) -> String {
        let mut out = format!(
            "{MARK}: nobody approved it yet, and nothing sends it (rondo copy approve, rondo copy reject)\n"
        );
        let mut line = |name: &str, value: &str| {
            _ = writeln!(out, "{name}: {}", quoted(&value));
        };
        line("campaign", &self.campaign);
        line("step", &self.step);
        line("language", &self.language);
        line("subject", &self.subject);
        line("template", &self.template);
        line("model", &self.model);
        line("written_at", &self.written_at);
        line("prompt", &self.prompt);
        _ = writeln!(out, "call: {}", quoted(&self.call));
        if let Some(rejected) = &self.rejected {
            _ = writeln!(out, "rejected: {}", quoted(rejected));
        }
        out + END + "\n" + &self.body
    }

    /// What is to be sent.
    pub fn wording(&self) -> Wording {
        Wording { subject: self.subject.clone(), body: self.body.clone() }
    }

    /// The template that it becomes once `by` approved it, on the day of `at`.
    pub fn to_template(&self, by: &str, at: &str) -> String {
        let day = at.split('T').next().unwrap_or_default();
        let said = format!(
            "Written by {} for {}, {}; approved by {by} on {day}.",
            self.model, self.campaign, self.step
        );
        format!("{{#- {} -#}}\n{}", said.replace("#}", ""), self.body)
    }

    /// The language, English where the file says another.
    pub fn language(&self) -> Language {
        Language::parse(&self.language).unwrap_or_default()
    }
}

impl Call {
    /// What calls came to; `prices` are dollars for a million tokens of input and output.
    pub fn of(wordings: usize, tokens: Tokens, prices: Option<(f64, f64)>) -> Call {
        let cost = prices.map(|prices| format!("{:.5} USD", tokens.cost(prices)));
        Call { wordings, tokens_in: tokens.input, tokens_out: tokens.output, cost }
    }
}

/// The name of a draft's file: the `n`th of a message in a language.
pub fn file_name(campaign: &str, step: &str, language: Language, n: usize, plain: bool) -> String {
    let plain_letters = |text: &str| -> String {
        let kept = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
        text.chars().map(kept).collect()
    };
    let ending = if plain { "txt" } else { "html" };
    let name = format!("{}.{}.{}-{n}", plain_letters(campaign), plain_letters(step), language.tag());
    format!("{name}{}{ending}", Templates::DRAFT)
}

/// A value as JSON, which YAML reads too, and that can't end the comment around it.
fn quoted(value: &(impl Serialize + ?Sized)) -> String {
    let json = serde_json::to_string(value).unwrap_or_default();
    json.replace("#}", "\\u0023}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            campaign: "cart".into(),
            step: "reminder".into(),
            language: "zh".into(),
            subject: "\"{{ kept.name }}\" -#} {# 茶 \\ \n: x".into(),
            template: "cart.html".into(),
            model: "some.model-v1:0".into(),
            written_at: "2026-11-22T10:00:00.000Z".into(),
            prompt: "ab".repeat(32),
            call: Call::of(3, Tokens { input: 1_200, output: 800 }, Some((0.06, 0.24))),
            rejected: None,
            body: "{% extends \"layout.html\" %}\n<p>-#} stays</p>\n".into(),
        }
    }

    #[test]
    fn a_file_reads_as_it_was_written() {
        let whole = draft();
        assert_eq!(
            whole.call.cost.as_deref(),
            Some("0.00026 USD"),
            "1,200 at 0.06 and 800 at 0.24 a million"
        );
        let file = whole.to_file();
        assert!(Draft::is_one(&file) && !Draft::is_one("<p>{#- draft</p>"));
        assert_eq!(Draft::parse(&file).unwrap(), whole);
        let rejected = Rejected { reason: "too loud #} it is".into(), at: "2026-11-23T10:00:00.000Z".into() };
        let with = Draft { rejected: Some(rejected), ..whole };
        assert_eq!(Draft::parse(&with.to_file()).unwrap(), with);
        for (text, said) in [
            ("<p>Hello</p>", "does not begin as a draft"),
            ("{#- draft\ncampaign: a", "has no end"),
            ("{#- draft\ncampaign: a\n-#}\nx", "its head can't be read (missing field"),
        ] {
            let error = Draft::parse(text).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("remove the file"), "{error}");
        }
    }

    #[test]
    fn a_template_says_where_it_comes_from() {
        let template = draft().to_template("Ann Lee", "2026-11-24T08:00:00.000Z");
        let head =
            "{#- Written by some.model-v1:0 for cart, reminder; approved by Ann Lee on 2026-11-24. -#}\n";
        assert_eq!(template, head.to_owned() + &draft().body);
        assert!(!Draft::is_one(&template));
        assert_eq!(
            file_name("cart", "last call/2", Language::English, 2, false),
            "cart.last-call-2.en-2.draft.html"
        );
    }
}
