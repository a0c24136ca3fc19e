//! `rondo copy approve`: a person's word for what a model wrote.

use super::folder::{Folder, write_new};
use crate::commands::DataFolder;
use crate::commands::say::say;
use crate::installation::clock;
use anyhow::{Context, Result, bail};
use campaign::Templates;
use clap::Args;
use copy::{Approval, Approvals, Draft, Wording, check, sha256};
use event::iso_time;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The file of a draft; or a template that was approved before, and was changed since
    draft: String,
    /// Who read it, and answers for it
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The name of the template that it becomes; a free one beside the present template's if not given
    #[arg(long = "as", value_name = "FILE")]
    name: Option<String>,
    #[command(flatten)]
    data: DataFolder,
}

/// Makes a template of a draft, keeps who approved which bytes, and says what to write into the campaign's file.
pub fn approve(args: &ApproveArgs) -> Result<()> {
    let folder = Folder::open(&args.data.path)?;
    let by = args.by.trim();
    if by.is_empty() || by.chars().count() > 100 || by.chars().any(char::is_control) || by.contains("#}") {
        bail!("--by is the name of who read it, in one line of at most 100 characters");
    }
    let at = iso_time(clock());
    let Some((path, draft)) = folder.draft(&args.draft)? else {
        return again(&folder, args, by, at);
    };
    if let Err(reasons) = folder.check(&draft) {
        bail!("{} can't be approved: {}", path.display(), reasons.join("; "));
    }
    let name = match &args.name {
        Some(name) => named(name, &draft.template)?,
        None => free_name(&folder, &draft.template),
    };
    let template = folder.path.join("templates").join(&name);
    if template.exists() {
        bail!("there is a template {name} already: choose another name with --as");
    }
    let text = draft.to_template(by, &at);
    let Draft { campaign, step, model, prompt, subject, .. } = draft;
    let sha256 = sha256(text.as_bytes());
    let approval =
        Approval { template: name.clone(), sha256, by: by.to_owned(), at, campaign, step, model, prompt };
    // The record first: a template without one would be taken for a person's.
    record(&folder, &approval)?;
    write_new(&template, &text)?;
    fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
    say(&format!("{}: approved by {by}", template.display()));
    say(&format!("To send it, write into the file of the campaign {}:\n", approval.campaign));
    say(&format!("  - send: {}", approval.step));
    if !subject.is_empty() {
        say(&format!("    subject: {}", serde_json::to_string(&subject)?));
    }
    say(&format!("    template: {name}"));
    Ok(())
}

/// Approves a generated template anew that was changed since.
fn again(folder: &Folder, args: &ApproveArgs, by: &str, at: String) -> Result<()> {
    let name = Path::new(&args.draft).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = folder.path.join(Approvals::FILE);
    let approvals = Approvals::parse(&fs::read_to_string(&file).unwrap_or_default())
        .with_context(|| format!("reading {}", file.display()))?;
    let (Some(before), Some(text)) = (approvals.of(&name), folder.source(&name)) else {
        return Err(folder.no_such(&args.draft));
    };
    if args.name.is_some() {
        bail!("{name} is a template already: --as names the template of a draft");
    }
    let sha256 = sha256(text.as_bytes());
    if before.sha256 == sha256 {
        bail!("{name} is as {} approved it", before.by);
    }
    // Held to the message that it is sent as, where it is sent; that it reads as a template, `rondo check` says.
    let campaign = folder.config.campaigns.get(&before.campaign);
    if let Some(message) =
        campaign.and_then(|campaign| campaign.message(&before.step)).filter(|m| m.template == name)
    {
        let language = if name.contains(".zh.") { copy::Language::Chinese } else { copy::Language::English };
        let brief = folder.brief(&before.campaign, &before.step, language, &[], 1)?;
        let wording = Wording { subject: message.subject.clone(), body: text.to_owned() };
        let reasons = check(&wording, &brief, &folder.sources()).err().unwrap_or_default();
        for reason in reasons {
            eprintln!("{name}: warning: {reason}");
        }
    }
    record(folder, &Approval { sha256, by: by.to_owned(), at, ..before.clone() })?;
    say(&format!("{}: approved by {by}", folder.path.join("templates").join(&name).display()));
    Ok(())
}

/// Adds to the approvals; the file is replaced as a whole.
fn record(folder: &Folder, approval: &Approval) -> Result<()> {
    let path = folder.path.join(Approvals::FILE);
    let before = if path.exists() { fs::read_to_string(&path) } else { Ok(String::new()) };
    let before = before.with_context(|| format!("reading {}", path.display()))?;
    Approvals::parse(&before).with_context(|| format!("{}: mend it first", path.display()))?;
    let unfinished = path.with_extension("unfinished");
    let write = || {
        let mut file = File::create(&unfinished)?;
        file.write_all(Approvals::with(&before, approval).as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)
    };
    write().with_context(|| format!("writing {}", path.display()))
}

/// The name of a template that somebody chose, if it can be one.
fn named(name: &str, present: &str) -> Result<String> {
    let ending = present.rsplit_once('.').map_or("html", |(_, ending)| ending);
    let is_plain = name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) && !name.starts_with('.');
    if !is_plain || !name.ends_with(&format!(".{ending}")) || name.contains(Templates::DRAFT) {
        bail!(
            "`{name}` can't be the template's name: it has letters, digits, - and _, and ends in .{ending}"
        );
    }
    Ok(name.to_owned())
}

/// `cart-2.html` beside `cart.html`, the first that is neither there nor in the record.
fn free_name(folder: &Folder, present: &str) -> String {
    let (stem, ending) = present.rsplit_once('.').unwrap_or((present, "html"));
    let name = |n: usize| format!("{stem}-{n}.{ending}");
    let is_free = |name: &String| !folder.path.join("templates").join(name).exists();
    (2..).map(name).find(is_free).unwrap_or_else(|| name(0))
}
