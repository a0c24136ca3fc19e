//! `rondo export-audience`: an audience as advertising platforms match it.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::installation::Installation;
use anyhow::{Context, Result, anyhow, bail, ensure};
use audience::{Change, Contact, Exported, Platform};
use campaign::Condition;
use clap::Args;
use event::{Identifier, IdentifierKind, Key, Purpose, Vault};
use person::{Blob, Profile};
use pollster::block_on;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf, absolute};

#[derive(Debug, Args)]
pub struct ExportAudienceArgs {
    /// A campaign's name, or a condition over the profile, like 'profile.orders.count > 3'
    audience: String,
    /// Whose form the files have: google (Customer Match) or meta (Custom Audiences)
    #[arg(long = "for", value_name = "PLATFORM")]
    platform: String,
    /// What the list is called, so that the next export knows what changed; the campaign's name where it is not given
    #[arg(long)]
    name: Option<String>,
    /// The folder that added.csv, removed.csv and all.csv are written into. They hold hashes of addresses: remove them
    /// once they are uploaded
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    data: DataFolder,
}

/// Writes the files, and prints how many people there are in each.
pub fn export_audience(args: &ExportAudienceArgs) -> Result<()> {
    let question = Question::ExportAudience {
        audience: args.audience.clone(),
        platform: args.platform.clone(),
        name: args.name.clone(),
        // The server that answers may have been started elsewhere.
        out: absolute(&args.out)?,
    };
    ask(&args.data.path, &question)
}

/// Somebody whose line is written.
struct Listed {
    identifiers: Vec<Identifier>,
    change: Change,
}

/// Writes an export. `now` is UTC ms.
pub fn answer(
    installation: &mut Installation,
    what: &str,
    platform: &str,
    name: Option<&str>,
    out: &Path,
    now: i64,
) -> Result<String> {
    let platform = Platform::parse(platform)
        .with_context(|| format!("`{platform}` is no platform that is known; write google or meta"))?;
    let campaign = installation.pump.campaigns.get(what);
    let source = match campaign {
        Some(campaign) => match &campaign.audience {
            Some(audience) => audience.source().to_owned(),
            None => bail!(
                "the campaign {what} has no audience: give it one, or write a condition over the profile"
            ),
        },
        None => what.to_owned(),
    };
    let condition = Condition::compile(&source).map_err(|error| {
        anyhow!("`{what}` is neither a campaign nor a condition over the profile: {}", error.message)
    })?;
    let name = match (name, campaign) {
        (Some(name), _) => name,
        (None, Some(_)) => what,
        (None, None) => bail!("the list of a condition needs a name: --name best-customers"),
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    ensure!(
        !name.is_empty() && name.bytes().all(is_plain),
        "`{name}` is no name of a list; write letters, digits, - and _"
    );

    installation.pump.commit()?;
    let state = installation.folder.join("audiences").join(format!("{name}-{}.json", platform.as_str()));
    let before = read_state(&state)?;
    let (listed, marks) = who(installation, &condition, &before, name, now)?;
    let mut texts = [platform.header(); 3].map(|header| format!("{header}\n"));
    let (mut counts, mut unmatched) = ([0; 3], 0);
    for person in &listed {
        let Some(line) = platform.line(&contact(installation, &person.identifiers)?) else {
            unmatched += 1;
            continue;
        };
        let files: &[usize] = match person.change {
            Change::Added => &[0, 2],
            Change::Removed => &[1],
            Change::Stayed => &[2],
            Change::Outside => &[],
        };
        for file in files {
            texts[*file] += &format!("{line}\n");
            counts[*file] += 1;
        }
    }
    fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    for (name, text) in ["added.csv", "removed.csv", "all.csv"].iter().zip(&texts) {
        write_private(&out.join(name), text.as_bytes())?;
    }
    let seen =
        listed.iter().filter(|person| matches!(person.change, Change::Stayed | Change::Removed)).count();
    let gone = before.len() - seen;
    // Last: whatever is interrupted before tells the same changes again.
    let folder = installation.folder.join("audiences");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    write_private(&state, &Exported::of(marks).to_json())?;

    let [added, removed, all] = counts;
    let mut text = format!("{all} on the list, {added} added, {removed} removed: {}", out.display());
    if unmatched > 0 {
        text += &format!("\n{unmatched} have neither an e-mail address nor a telephone number");
    }
    if gone > 0 {
        text += &format!(
            "\n{gone} of the last list are no longer known (erased, or joined with another): replace the list by all.csv"
        );
    }
    Ok(text)
}

/// Whoever is, or was, on the list; and the marks of those who are.
fn who(
    installation: &Installation,
    condition: &Condition,
    before: &Exported,
    name: &str,
    now: i64,
) -> Result<(Vec<Listed>, Vec<String>)> {
    let hasher = installation.parser.hasher();
    let (mut listed, mut marks, mut damaged) = (Vec::new(), Vec::new(), 0);
    installation.pump.store.each_profile(|person: Key, _, blob| match Blob::decode(blob) {
        Ok(Blob::Profile(profile)) => {
            let is_on = may_be_shown(installation, &profile) && condition.matches_profile(&profile, now);
            // Nothing that is kept names a person to whoever lacks the key.
            let mark = hasher.key("audience", &format!("{name}\0{person}")).to_string();
            let change = before.change(&mark, is_on);
            if change != Change::Outside {
                listed.push(Listed { identifiers: profile.identifiers.clone(), change });
            }
            if is_on {
                marks.push(mark);
            }
        }
        Ok(Blob::Forward(_)) => {}
        Err(_) => damaged += 1,
    })?;
    ensure!(damaged == 0, "{damaged} profiles are damaged; nothing was written");
    Ok((listed, marks))
}

/// Whether a person's addresses may be given to a platform: they agreed to marketing, and nothing else speaks against it.
fn may_be_shown(installation: &Installation, profile: &Profile<'_>) -> bool {
    let delivery = &installation.delivery;
    profile.agreed_to(Purpose::Marketing) == Some(true)
        && !profile.refuses_analytics()
        && !delivery.privacy.is_restricted(&profile.strongest())
        && !profile.identifiers.iter().any(|identifier| delivery.suppressed.contains(&identifier.key))
}

/// What the vault has of a person, each field from the strongest identifier that has it.
fn contact(installation: &Installation, identifiers: &[Identifier]) -> Result<Contact> {
    let field = |name: &str, kind: Option<IdentifierKind>| -> Result<String> {
        for identifier in
            identifiers.iter().filter(|identifier| kind.is_none_or(|kind| identifier.kind == kind))
        {
            if let Some(value) = block_on(installation.pump.store.get(*identifier, name))? {
                return Ok(value);
            }
        }
        Ok(String::new())
    };
    Ok(Contact {
        email: field("email", Some(IdentifierKind::Email))?,
        phone: field("phone", Some(IdentifierKind::Phone))?,
        first_name: field("first_name", None)?,
        last_name: field("last_name", None)?,
    })
}

fn read_state(path: &Path) -> Result<Exported> {
    let json = match fs::read(path) {
        Ok(json) => json,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    Exported::parse(&json).map_err(|error| anyhow!("{}: {error}", path.display()))
}

/// Writes a file whole, for its owner alone.
fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    let write = || {
        let mut file: File =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().with_context(|| format!("writing {}", path.display()))
}
