//! The keys under which sources may write.

use anyhow::{Result, bail, ensure};
use clap::Args;
use collect_events::WriteKeys;
use decide_experience::ReadKeys;
use std::collections::BTreeMap;

/// The variable that may hold keys, separated by commas.
const VARIABLE: &str = "RONDO_WRITE_KEY";
/// The source of a key that names none.
const SOURCE: &str = "web";

#[derive(Debug, Args)]
pub struct WriteKeyArgs {
    /// A key under which events are taken, KEY or SOURCE=KEY; may be given again. The source is `web` where none is
    /// named. Also read from the environment: RONDO_WRITE_KEY, separated by commas
    #[arg(long = "write-key", value_name = "KEY")]
    keys: Vec<String>,
}

/// Source names and their keys.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<(String, String)>);

impl WriteKeyArgs {
    /// The keys of the command line, and those of the environment.
    pub fn read(&self) -> Result<Keys> {
        let mut keys = Vec::new();
        for given in &self.keys {
            keys.push(parse(given)?);
        }
        for given in of_environment().split(',').map(str::trim).filter(|given| !given.is_empty()) {
            keys.push(parse(given)?);
        }
        Ok(Keys(keys))
    }
}

impl Keys {
    /// One key, of the source `web`.
    pub fn one(key: &str) -> Keys {
        Keys(vec![(SOURCE.to_owned(), key.to_owned())])
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sources, for a start line; `configured` are those of the configuration.
    pub fn sources(&self, configured: &BTreeMap<String, Vec<[u8; 32]>>) -> String {
        let given = self.0.iter().map(|(source, _)| source.as_str());
        let mut sources = Vec::new();
        for source in given.chain(configured.keys().map(String::as_str)) {
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        sources.join(", ")
    }

    /// The keys under which pages may ask; `configured` are those of the configuration.
    pub fn read_keys(&self, configured: &BTreeMap<String, Vec<[u8; 32]>>) -> ReadKeys {
        let configured = ReadKeys::of_digests(configured.clone());
        self.0.iter().fold(configured, |keys, (source, key)| keys.and(source, key))
    }

    pub fn digests(self) -> WriteKeys {
        WriteKeys::new(self.0)
    }
}

fn parse(given: &str) -> Result<(String, String)> {
    let (source, key) = given.split_once('=').unwrap_or((SOURCE, given));
    let (source, key) = (source.trim(), key.trim());
    ensure!(!source.is_empty() && !key.is_empty(), "a write key is KEY or SOURCE=KEY, neither of them empty");
    // The key itself stays out of the message: it may stand in a log.
    if !key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)) {
        bail!("the write key of source `{source}` has other characters than letters, digits and - _ . ~");
    }
    Ok((source.to_owned(), key.to_owned()))
}

#[allow(clippy::disallowed_methods)] // the edge, where settings come in
fn of_environment() -> String {
    std::env::var(VARIABLE).unwrap_or_default()
}
