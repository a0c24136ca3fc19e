//! `rondo key`: a new write key for a source.

use crate::commands::key_rotate::{RotateArgs, rotate};
use crate::commands::say::say;
use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, Subcommand};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Random bytes of a key: no two are ever alike, and none can be guessed.
const BYTES: usize = 20;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct KeyArgs {
    /// Who will send under it, for example web, app or pos; events carry the name as their source
    source: Option<String>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Seal the vault and the quarantine under a new key, and throw the old one away
    Rotate(RotateArgs),
}

/// Makes a write key, or changes the key of the vault.
pub fn key(args: &KeyArgs) -> Result<()> {
    match &args.action {
        Some(Action::Rotate(args)) => rotate(args),
        None => write_key(args.source.as_deref().context("name the source, for example: rondo key web")?),
    }
}

/// Prints a new key, and below it the line for settings.yaml, which holds only its digest. The key is kept nowhere.
fn write_key(source: &str) -> Result<()> {
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
