//! What intake noted about an event: how it stood to the tracking plan, and what was taken out of it.

use crate::wire::{Damaged, Reader, put_field, put_text};
use std::borrow::Cow;

/// A rule of the tracking plan that an event broke. Names fields and rules of the plan, never a value of the event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Violation {
    /// The keyword of JSON Schema (`type`, `required`, …), or `unplanned` for an event without a schema.
    pub rule: Cow<'static, str>,
    /// Where, as in a [`Rejection`](crate::Rejection): `properties.products[].price`. What the plan does not name is
    /// `*`.
    pub field: String,
    /// Whether the event was mended, so that it keeps the rule now.
    pub fixed: bool,
}

/// Notes on an event. They travel with it, so that they are counted as often as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    /// At most [`Marks::MAX`].
    pub violations: Vec<Violation>,
    /// The vault's names of the fields that were taken to it (`email`, `first_name`, …), in order, each once.
    pub vaulted: Vec<Cow<'static, str>>,
}

const VIOLATION: u8 = 1;
const FIXED: u8 = 2;
const VAULTED: u8 = 3;
const FIXED_WORD: &str = "fixed ";

impl Marks {
    /// How many of each an event has at most.
    pub const MAX: usize = 16;

    /// The marks, where there are any.
    pub fn new(violations: Vec<Violation>, mut vaulted: Vec<Cow<'static, str>>) -> Option<Box<Marks>> {
        if violations.is_empty() && vaulted.is_empty() {
            return None;
        }
        vaulted.sort_unstable();
        vaulted.dedup();
        vaulted.truncate(Marks::MAX);
        Some(Box::new(Marks { violations, vaulted }))
    }

    /// The violations as one text, a line each: `required properties.order_id`, `fixed type properties.price`.
    pub fn violations_text(&self) -> String {
        let mut text = String::new();
        for violation in &self.violations {
            if !text.is_empty() {
                text.push('\n');
            }
            if violation.fixed {
                text.push_str(FIXED_WORD);
            }
            text.push_str(&violation.rule);
            text.push(' ');
            text.push_str(&violation.field);
        }
        text
    }

    /// The fields in the vault as one text, with spaces between them.
    pub fn vaulted_text(&self) -> String {
        self.vaulted.join(" ")
    }

    /// Reads what [`Marks::violations_text`] and [`Marks::vaulted_text`] gave.
    pub fn of_texts(violations: &str, vaulted: &str) -> Option<Box<Marks>> {
        let violations = Violation::all(violations).take(Marks::MAX).collect();
        let vaulted = vaulted.split(' ').filter(|field| !field.is_empty());
        Marks::new(violations, vaulted.map(|field| Cow::Owned(field.to_owned())).collect())
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        for violation in &self.violations {
            let tag = if violation.fixed { FIXED } else { VIOLATION };
            put_field(out, tag, |out| {
                put_text(out, 1, &violation.rule);
                put_text(out, 2, &violation.field);
            });
        }
        self.vaulted.iter().for_each(|field| put_text(out, VAULTED, field));
    }

    pub(crate) fn decode(mut reader: Reader<'_>) -> Result<Option<Box<Marks>>, Damaged> {
        let mut marks = Marks::default();
        while let Some((tag, mut field)) = reader.field()? {
            match tag {
                VIOLATION | FIXED => {
                    let (mut rule, mut place) = (String::new(), String::new());
                    while let Some((tag, text)) = field.field()? {
                        match tag {
                            1 => rule = text.rest_text()?.to_owned(),
                            2 => place = text.rest_text()?.to_owned(),
                            _ => {}
                        }
                    }
                    let rule = Cow::Owned(rule);
                    marks.violations.push(Violation { rule, field: place, fixed: tag == FIXED });
                }
                VAULTED => marks.vaulted.push(Cow::Owned(field.rest_text()?.to_owned())),
                _ => {}
            }
        }
        Ok(Marks::new(marks.violations, marks.vaulted))
    }
}

impl Violation {
    /// The violations of a text that [`Marks::violations_text`] gave.
    pub fn all(text: &str) -> impl Iterator<Item = Violation> {
        text.split('\n').filter(|line| !line.is_empty()).map(|line| {
            let (fixed, line) = match line.strip_prefix(FIXED_WORD) {
                Some(line) => (true, line),
                None => (false, line),
            };
            let (rule, field) = line.split_once(' ').unwrap_or((line, ""));
            Violation { rule: Cow::Owned(rule.to_owned()), field: field.to_owned(), fixed }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks() -> Box<Marks> {
        let violation = |rule: &'static str, field: &str, fixed| Violation {
            rule: rule.into(),
            field: field.into(),
            fixed,
        };
        let violations = vec![
            violation("required", "properties.order id", false),
            violation("type", "properties.products[].price", true),
            violation("unplanned", "", false),
        ];
        Marks::new(violations, vec!["phone".into(), "email".into(), "phone".into()]).unwrap()
    }

    #[test]
    fn texts_and_wire_form_give_them_back() {
        let marks = marks();
        assert_eq!(marks.vaulted, ["email", "phone"]);
        assert_eq!(Marks::of_texts(&marks.violations_text(), &marks.vaulted_text()).as_ref(), Some(&marks));
        let mut wire = Vec::new();
        marks.encode(&mut wire);
        assert_eq!(Marks::decode(Reader::new(&wire)).unwrap(), Some(marks));
        assert_eq!(Marks::of_texts("", ""), None);
        assert_eq!(Marks::decode(Reader::new(&[])).unwrap(), None);
    }
}
