//! Asking for copy.

use crate::answer::read;
use crate::writer::{CopyError, CopyWriter, Tokens};
use crate::{Prompt, Wording};

/// How often a prompt is put whose answer can't be read: models answer differently each time.
const ATTEMPTS: usize = 2;

/// What came of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub wordings: Vec<Wording>,
    /// Of all calls that it took.
    pub tokens: Tokens,
}

/// Asks for copy, at most `variants` wordings. What they say is not looked at yet.
///
/// # Errors
/// No answer, and one that can't be read twice in a row.
pub async fn ask<W: CopyWriter>(writer: &W, prompt: &Prompt, variants: usize) -> Result<Asked, CopyError> {
    let mut tokens = Tokens::default();
    let mut attempt = 1;
    loop {
        let written = writer.write(prompt).await?;
        tokens.add(written.tokens);
        match read(&written, variants) {
            Ok(wordings) => return Ok(Asked { wordings, tokens }),
            Err(error) if error.is_luck() && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}
