//! Questions about an installation: asked of the server that runs on it, or else of the data folder itself.

use crate::commands::say::say;
use crate::commands::{
    audience, backtest, catalogue, consent, export_audience, identity, key_rotate, learn, preview, profile,
    quality, quarantine, run, unmerge, why,
};
use crate::installation::{Installation, clock};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// The socket of a running server, in its data folder.
pub const SOCKET: &str = "rondo.sock";

/// What may be asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Question {
    Profile {
        id: String,
        json: bool,
    },
    Consent {
        id: String,
        #[serde(default)]
        history: bool,
        json: bool,
    },
    Identity {
        id: String,
        json: bool,
    },
    Unmerge {
        id: String,
        merge: Option<usize>,
    },
    Why {
        id: String,
        campaign: Option<String>,
    },
    Audience {
        what: String,
        json: bool,
    },
    Run {
        campaign: String,
        at: Option<i64>,
    },
    Preview(preview::Wanted),
    Backtest(backtest::Wanted),
    Catalogue {
        event: Option<String>,
        json: bool,
    },
    Quality {
        json: bool,
    },
    Learn {
        json: bool,
    },
    Quarantine(quarantine::Look),
    #[serde(rename = "export_audience")]
    ExportAudience {
        audience: String,
        platform: String,
        name: Option<String>,
        out: PathBuf,
    },
    #[serde(rename = "rotate_keys")]
    RotateKeys,
    Privacy {
        request: Box<honor_privacy::Request>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reply {
    Answer(String),
    Error(String),
}

/// Asks, and prints the answer.
pub fn ask(folder: &Path, question: &Question) -> Result<()> {
    say(&text_of(folder, question)?);
    Ok(())
}

/// Asks, and returns the answer.
pub fn text_of(folder: &Path, question: &Question) -> Result<String> {
    match UnixStream::connect(folder.join(SOCKET)) {
        Ok(stream) => ask_server(stream, question),
        // No server is running.
        Err(_) => {
            let mut installation = open(folder)?;
            let text = question.answer(&mut installation);
            if matches!(question, Question::Run { .. }) && text.is_ok() {
                // A server would deliver what was queued; here nobody else does.
                installation.tick_by(&clock)?;
            }
            installation.close()?;
            text
        }
    }
}

/// Opens an installation that is there already.
pub fn open(folder: &Path) -> Result<Installation> {
    if !folder.join("store.redb").exists() {
        bail!("there is no installation in {}; name its data folder with --data", folder.display());
    }
    Installation::open(folder)
}

fn ask_server(mut stream: UnixStream, question: &Question) -> Result<String> {
    let broken = "the running server did not answer; ask again";
    writeln!(stream, "{}", serde_json::to_string(question)?).context(broken)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).context(broken)?;
    match serde_json::from_str(&line).context(broken)? {
        Reply::Answer(text) => Ok(text),
        Reply::Error(reason) => bail!(reason),
    }
}

impl Question {
    /// The answer, with everything that is in the log by now.
    pub fn answer(&self, installation: &mut Installation) -> Result<String> {
        installation.pump.catch_up_by(&clock)?;
        let now = clock();
        match self {
            Question::Profile { id, json } => profile::answer(installation, id, *json, now),
            Question::Consent { id, history, json } => consent::answer(installation, id, *history, *json),
            Question::Identity { id, json } => identity::answer(installation, id, *json),
            Question::Unmerge { id, merge } => unmerge::answer(installation, id, *merge, now),
            Question::Why { id, campaign } => why::answer(installation, id, campaign.as_deref(), now),
            Question::Audience { what, json } => audience::answer(installation, what, *json, now),
            Question::Run { campaign, at } => run::answer(installation, campaign, *at, now),
            Question::Privacy { request } => Ok(installation.honor(request, now)?.to_string()),
            Question::Backtest(wanted) => backtest::answer(installation, wanted, now),
            Question::Preview(wanted) => preview::answer(installation, wanted, now),
            Question::Catalogue { event, json } => {
                catalogue::answer(installation, event.as_deref(), *json, now)
            }
            Question::Quality { json } => quality::answer(installation, *json, now),
            Question::Learn { json } => learn::answer(installation, *json, now),
            Question::Quarantine(look) => quarantine::answer(installation, look),
            Question::ExportAudience { audience, platform, name, out } => {
                export_audience::answer(installation, audience, platform, name.as_deref(), out, now)
            }
            Question::RotateKeys => key_rotate::answer(installation),
        }
    }
}
