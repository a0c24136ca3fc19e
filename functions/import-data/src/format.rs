//! What the lines of a file are.

use crate::ImportError;
use event::Mapping;

/// How lines become events.
#[derive(Debug, Clone, Copy)]
pub enum Format<'m> {
    /// Each line is a Segment-spec record in JSON.
    Records,
    /// Each line is a row, whose columns a mapping names.
    Rows(&'m Mapping),
}

impl<'m> Format<'m> {
    /// The format of a file: rows where there is a mapping for it, else by its name.
    pub fn of(name: &str, mapping: Option<&'m Mapping>) -> Result<Format<'m>, ImportError> {
        if let Some(mapping) = mapping {
            return Ok(Format::Rows(mapping));
        }
        let lower = name.to_ascii_lowercase();
        let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
        match plain.rsplit_once('.') {
            Some((_, "ndjson" | "jsonl" | "json")) => Ok(Format::Records),
            _ => Err(ImportError::NeedsMapping { name: name.to_owned() }),
        }
    }
}

/// The mappings of a deployment, by the beginning of the object keys they are for (`cdnow/`).
#[derive(Debug, Clone, Default)]
pub struct Mappings {
    by_prefix: Vec<(String, Mapping)>,
}

impl Mappings {
    /// From pairs of key prefix and mapping.
    pub fn new(mappings: impl IntoIterator<Item = (String, Mapping)>) -> Mappings {
        Mappings { by_prefix: mappings.into_iter().collect() }
    }

    /// From mappings by name: each is for the objects whose keys begin with its name and `/`.
    pub fn by_folder<'m>(mappings: impl IntoIterator<Item = (&'m String, &'m Mapping)>) -> Mappings {
        Mappings::new(mappings.into_iter().map(|(name, mapping)| (format!("{name}/"), mapping.clone())))
    }

    /// The mapping for an object: the one of the longest prefix.
    pub fn of(&self, key: &str) -> Option<&Mapping> {
        let fitting = self.by_prefix.iter().filter(|(prefix, _)| key.starts_with(prefix.as_str()));
        fitting.max_by_key(|(prefix, _)| prefix.len()).map(|(_, mapping)| mapping)
    }
}
