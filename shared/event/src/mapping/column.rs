//! Where in a row a value stands.

use super::row::Row;
use serde_json::Value;
use std::borrow::Cow;

/// A column of a table, or a path into a JSON record: `total`, `customer.id`, `$.lines[0].sku`.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub name: String,
    /// Its place among the columns that the mapping names.
    pub slot: usize,
    path: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Key(String),
    Item(usize),
}

/// What a row holds in one place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell<'r> {
    Nothing,
    Text(&'r str),
    Json(&'r Value),
}

impl Column {
    /// `names` are the columns that the mapping names so far; this one is added.
    ///
    /// # Errors
    /// A path that is none.
    pub fn parse(name: &str, names: &mut Vec<String>) -> Result<Column, String> {
        let path = match steps(name) {
            Some(path) => path,
            // Columns of tables have names of all kinds.
            None if !name.starts_with('$') && !name.contains('[') => vec![Step::Key(name.to_owned())],
            None => {
                return Err(format!("`{name}` is no path; write one like customer.id, or $.lines[0].sku"));
            }
        };
        let slot = names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len() - 1
        });
        Ok(Column { name: name.to_owned(), slot, path })
    }

    pub fn of<'r>(&self, row: &Row<'r>) -> Cell<'r> {
        match row {
            Row::Cells(cells) => match cells.get(self.slot) {
                "" => Cell::Nothing,
                text => Cell::Text(text),
            },
            Row::Json(value) => self.find(value),
        }
    }

    fn find<'r>(&self, value: &'r Value) -> Cell<'r> {
        // A name with a dot in it is a name before it is a path.
        let found = value.get(&self.name).or_else(|| {
            self.path.iter().try_fold(value, |value, step| match step {
                Step::Key(key) => value.get(key),
                Step::Item(at) => value.get(at),
            })
        });
        match found {
            None | Some(Value::Null) => Cell::Nothing,
            Some(Value::String(text)) => match text.trim() {
                "" => Cell::Nothing,
                text => Cell::Text(text),
            },
            Some(value) => Cell::Json(value),
        }
    }
}

impl<'r> Cell<'r> {
    pub fn text(self) -> Option<Cow<'r, str>> {
        match self {
            Cell::Nothing => None,
            Cell::Text(text) => Some(Cow::Borrowed(text)),
            Cell::Json(value) => Some(Cow::Owned(value.to_string())),
        }
    }
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix("$.").or_else(|| path.strip_prefix('$')).unwrap_or(path);
    if rest.is_empty() {
        return (path == "$").then_some(steps);
    }
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']')?;
            match index.trim_matches(['\'', '"']) {
                key if key.len() < index.len() => steps.push(Step::Key(key.to_owned())),
                index => steps.push(Step::Item(index.parse().ok()?)),
            }
            rest = after.strip_prefix('.').unwrap_or(after);
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Key(rest[..end].to_owned()));
            let after = &rest[end..];
            rest = after.strip_prefix('.').unwrap_or(after);
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn find(path: &str, record: &Value) -> Option<String> {
        let column = Column::parse(path, &mut Vec::new()).unwrap();
        column.of(&Row::Json(record)).text().map(Cow::into_owned)
    }

    #[test]
    fn paths() {
        let record = json!({"a": {"b": [{"c": 7}, {"c": " x "}]}, "d.e": true, "n": null, "blank": "  "});
        assert_eq!(find("$.a.b[1].c", &record).as_deref(), Some("x"));
        assert_eq!(find("a.b[0].c", &record).as_deref(), Some("7"));
        assert_eq!(find("a['b'][0].c", &record).as_deref(), Some("7"));
        assert_eq!(find("d.e", &record).as_deref(), Some("true"));
        for nothing in ["n", "blank", "a.x", "a.b[2].c", "a[0]"] {
            assert_eq!(find(nothing, &record), None, "{nothing}");
        }
        for wrong in ["a[", "a[x]", "$x[", "[]"] {
            assert!(Column::parse(wrong, &mut Vec::new()).is_err(), "{wrong}");
        }
    }
}
