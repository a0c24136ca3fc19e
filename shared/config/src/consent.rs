//! `consent` of the settings: what consent is needed, and what the categories of consent tools stand for.

use event::{ConsentRules, Unasked};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentSection {
    analytics: Option<Spanned<String>>,
    /// Sources that need no yes to analytics.
    #[serde(default)]
    exempt: Vec<String>,
    /// The purposes and channels that each category stands for.
    #[serde(default)]
    categories: BTreeMap<String, Spanned<Meaning>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a category stands for a purpose or a channel, or for a list of them: write `marketing` or \
                 `[marketing, push]`"
)]
enum Meaning {
    One(String),
    Several(Vec<String>),
}

impl ConsentSection {
    /// The rules; `wrong` is told of each mistake, with its line and column.
    pub fn rules(self, mut wrong: impl FnMut(u64, u64, String)) -> ConsentRules {
        let analytics = match self.analytics {
            None => Unasked::default(),
            Some(text) => match text.value.trim() {
                "assumed" => Unasked::Assumed,
                "required" => Unasked::Required,
                other => {
                    let message = format!(
                        "`{other}` says nothing of analytics; write `assumed` (taken unless a record says no) or `required` \
                         (taken only if it says yes)"
                    );
                    wrong(text.referenced.line(), text.referenced.column(), message);
                    Unasked::default()
                }
            },
        };
        let mut categories = BTreeMap::new();
        for (category, meaning) in self.categories {
            let names = match meaning.value {
                Meaning::One(name) => vec![name],
                Meaning::Several(names) => names,
            };
            let is_name = |name: &String| {
                (1..=64).contains(&name.len())
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            };
            if let Some(name) = names.iter().find(|name| !is_name(name)) {
                let at = meaning.referenced;
                let message = format!(
                    "`{name}` is no purpose or channel; write analytics, personalisation, marketing or service, or a \
                     channel like email, in lower case"
                );
                wrong(at.line(), at.column(), message);
            }
            categories.insert(category.trim().to_lowercase(), names);
        }
        ConsentRules { categories, analytics, exempt: self.exempt }
    }
}
