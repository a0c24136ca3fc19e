//! `rondo key`: a new write key for a source.

use crate::commands::say::say;
use anyhow::{Result, anyhow, ensure};
use clap::Args;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Random bytes of a key: no two are ever alike, and none can be guessed.
const BYTES: usize = 20;

#[derive(Debug, Args)]
pub struct KeyArgs {
    /// Who will send under it, for example web, app or pos; events carry the name as their source
    source: String,
}

/// Prints a new key, and below it the line for settings.yaml, which holds only its digest. The key is kept nowhere.
pub fn key(args: &KeyArgs) -> Result<()> {
    let source = args.source.as_str();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    ensure!(
        !source.is_empty() && source.bytes().all(is_plain),
        "`{source}` is no name of a source; write letters, digits, - and _, for example web"
    );
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("the system gave no random bytes: {error}"))?;
    let key = hex(&bytes);
    eprintln!("The key goes to the pages and programs that send; the second line into settings.yaml:");
    say(&key);
    say(&format!("write_keys: {{ {source}: \"sha256:{}\" }}", hex(&Sha256::digest(key.as_bytes()))));
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
