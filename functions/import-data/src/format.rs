//! What the lines of a file are.

use event::Mapping;

/// How lines become events.
#[derive(Debug, Clone, Copy)]
pub enum Format<'m> {
    /// Each line is a Segment-spec record in JSON.
    Records,
    /// Each line is a row, which a mapping reads.
    Rows(&'m Mapping),
}

impl<'m> Format<'m> {
    /// Rows where there is a mapping for a file, else records.
    pub fn of(mapping: Option<&'m Mapping>) -> Format<'m> {
        mapping.map_or(Format::Records, Format::Rows)
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

    /// The mapping of that name.
    pub fn named(&self, name: &str) -> Option<&Mapping> {
        let prefix = format!("{name}/");
        self.by_prefix.iter().find(|(known, _)| *known == prefix).map(|(_, mapping)| mapping)
    }

    /// The mapping for an object: the one of the longest prefix.
    pub fn of(&self, key: &str) -> Option<&Mapping> {
        let fitting = self.by_prefix.iter().filter(|(prefix, _)| key.starts_with(prefix.as_str()));
        fitting.max_by_key(|(prefix, _)| prefix.len()).map(|(_, mapping)| mapping)
    }
}
