//! `rondo key rotate`: a new key for the vault and the quarantine.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, SOCKET, ask, open};
use crate::commands::say::say;
use crate::installation::{Installation, clock};
use crate::rotation::Rotated;
use anyhow::Result;
use clap::Args;
use std::os::unix::net::UnixStream;

#[derive(Debug, Args)]
pub struct RotateArgs {
    #[command(flatten)]
    data: DataFolder,
}

/// Changes the key, through a running server or by itself.
pub fn rotate(args: &RotateArgs) -> Result<()> {
    let folder = &args.data.path;
    if UnixStream::connect(folder.join(SOCKET)).is_ok() {
        return ask(folder, &Question::RotateKeys);
    }
    let mut installation = open(folder)?;
    let rotated = installation.rotate_keys(clock())?;
    // Nobody else has the folder, so that nothing can be on its way under the old key.
    installation.retire_keys(clock())?;
    installation.close()?;
    say(&sentence(
        &rotated,
        "The old key is gone: copies of the folder from before need the keys that they hold.",
    ));
    Ok(())
}

/// The server's part: it throws the old key away by itself, once no request can be on its way under it.
pub fn answer(installation: &mut Installation) -> Result<String> {
    let rotated = installation.rotate_keys(clock())?;
    Ok(sentence(&rotated, "The server throws the old key away within three minutes."))
}

fn sentence(rotated: &Rotated, end: &str) -> String {
    let resealed = rotated.resealed;
    let begun = if rotated.resumed {
        "The change of keys that was under way is done"
    } else {
        "The vault has a new key"
    };
    let mut text = format!("{begun}: {} values and records are sealed under it. {end}", resealed.current);
    if resealed.unreadable > 0 {
        text += &format!(
            "\n{} could be opened under none of the keys and stay as they are; were they copied in from another \
             installation?",
            resealed.unreadable
        );
    }
    text
}
