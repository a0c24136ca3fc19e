//! `rondo privacy`: what a person has a right to.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, text_of};
use crate::commands::say::say;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use honor_privacy::{Action, Request, Who};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub enum Privacy {
    /// Print everything that is kept of a person, as JSON or as a page: it holds personal data
    Export(ExportArgs),
    /// Remove everything that is kept of a person, and refuse from then on what happened before
    Erase(EraseArgs),
    /// Keep a person's data, and do not work with it: what comes in of them waits in quarantine
    Restrict(PersonArgs),
    /// End a restriction
    Unrestrict(PersonArgs),
    /// Show who looked at or changed what of whom, and why
    Log(LogArgs),
    /// Check the receipt of an erasure
    Verify(VerifyArgs),
    /// Show what customers asked for through the systems of shops, and by when to answer
    Requests(RequestsArgs),
    /// Do what a customer asked for: the export is printed or written, the erasure is made
    Approve(ApproveArgs),
    /// Decline what a customer asked for, with a reason
    Decline(DeclineArgs),
}

#[derive(Debug, Args)]
struct Asked {
    /// Who asks, for the access log; the name you are logged in by where it is not given
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why; without personal data, since it is kept
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    data: DataFolder,
}

#[derive(Debug, Args)]
pub struct PersonArgs {
    /// A user id, anonymous id, e-mail address, phone number, other identifier, or the 32 digits of a person's key
    id: String,
    /// What the id is: user_id, email, phone, anonymous_id, …; then it is searched for even where nobody is known by it
    #[arg(long)]
    kind: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    person: PersonArgs,
    /// Print the page instead of the JSON
    #[arg(long, conflicts_with = "out")]
    html: bool,
    /// Write both into this folder, readable by you alone
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct EraseArgs {
    #[command(flatten)]
    person: PersonArgs,
    /// Do not ask again on a terminal
    #[arg(long)]
    yes: bool,
    /// Print the receipt as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct LogArgs {
    /// Whom it was about; everybody where nobody is named
    id: Option<String>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A file with the receipt, or its id
    receipt: String,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Args)]
pub struct RequestsArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The request's id, as `rondo privacy requests` shows it
    request: String,
    /// Write an export into this folder, readable by you alone
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the receipt of an erasure as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Args)]
pub struct DeclineArgs {
    /// The request's id, as `rondo privacy requests` shows it
    request: String,
    #[command(flatten)]
    asked: Asked,
}

/// Meets a request, and shows what came of it.
pub fn privacy(command: &Privacy) -> Result<()> {
    match command {
        Privacy::Export(args) => export(args),
        Privacy::Erase(args) => erase(args),
        Privacy::Restrict(args) => restrict(args, Action::Restrict),
        Privacy::Unrestrict(args) => restrict(args, Action::Unrestrict),
        Privacy::Log(args) => log(args),
        Privacy::Verify(args) => verify(args),
        Privacy::Requests(args) => requests(args),
        Privacy::Approve(args) => approve(args),
        Privacy::Decline(args) => decline(args),
    }
}

fn requests(args: &RequestsArgs) -> Result<()> {
    let answer = put(&args.asked, of(Action::Requests, None, &args.asked))?;
    if args.json {
        say(&serde_json::to_string_pretty(&answer["requests"])?);
        return Ok(());
    }
    let mut lines = Vec::new();
    for request in answer["requests"].as_array().into_iter().flatten() {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        lines.push(format!(
            "{}  {:<10}  by {}  through {}, {}",
            text("request"),
            text("asked").replace('_', " "),
            text("answer_by").get(..10).unwrap_or_default(),
            text("source"),
            text("received_at"),
        ));
    }
    if lines.is_empty() {
        lines.push("No customer waits for an answer.".into());
    }
    say(&lines.join("\n"));
    Ok(())
}

fn approve(args: &ApproveArgs) -> Result<()> {
    let mut request = of(Action::Approve, None, &args.asked);
    request.request = Some(args.request.clone());
    let answer = put(&args.asked, request)?;
    match answer.get("receipt") {
        Some(receipt) => show_receipt(receipt, args.json, &args.asked.data.path),
        None => hand_out(&answer, false, args.out.as_deref(), &args.asked.data.path),
    }
}

fn decline(args: &DeclineArgs) -> Result<()> {
    let mut request = of(Action::Decline, None, &args.asked);
    request.request = Some(args.request.clone());
    put(&args.asked, request)?;
    say("Declined; tell the customer why, and that they may complain to the authority.");
    Ok(())
}

fn export(args: &ExportArgs) -> Result<()> {
    let answer = put(&args.person.asked, request(Action::Export, &args.person))?;
    hand_out(&answer, args.html, args.out.as_deref(), &args.person.asked.data.path)
}

/// Prints or writes an export.
fn hand_out(answer: &Value, html: bool, out: Option<&Path>, data: &Path) -> Result<()> {
    if let Some(stored) = answer["stored"].as_array() {
        let folder = data.join("privacy");
        for path in stored.iter().filter_map(Value::as_str) {
            say(&format!("{}", folder.join(path).display()));
        }
        return Ok(());
    }
    let json = serde_json::to_string_pretty(&answer["export"])?;
    let page = answer["page"].as_str().unwrap_or_default();
    match out {
        Some(folder) => {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
            for (name, text) in [("export.json", json.as_str()), ("export.html", page)] {
                let path = folder.join(name);
                write_private(&path, text).with_context(|| format!("writing {}", path.display()))?;
                say(&format!("{}", path.display()));
            }
        }
        None => say(if html { page } else { &json }),
    }
    Ok(())
}

fn erase(args: &EraseArgs) -> Result<()> {
    if !args.yes && io::stdin().is_terminal() {
        eprint!(
            "Everything that is kept of this person goes, and can't be brought back. Write the id again: "
        );
        io::stderr().flush()?;
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        if line.trim() != args.person.id.trim() {
            bail!("that is another id; nothing was erased");
        }
    }
    let answer = put(&args.person.asked, request(Action::Erase, &args.person))?;
    show_receipt(&answer["receipt"], args.json, &args.person.asked.data.path)
}

fn show_receipt(receipt: &Value, json: bool, data: &Path) -> Result<()> {
    if json {
        say(&serde_json::to_string_pretty(receipt)?);
        return Ok(());
    }
    let mut text = format!("Erased as of {}:", receipt["erased_at_iso"].as_str().unwrap_or_default());
    for (store, count) in receipt["removed"].as_object().into_iter().flatten() {
        _ = write!(text, "\n  {:>6}  {}", count.as_u64().unwrap_or_default(), store.replace('_', " "));
    }
    let path = data.join("privacy/receipts");
    let id = receipt["id"].as_str().unwrap_or_default();
    _ = write!(
        text,
        "\nThe receipt is {}; `rondo privacy verify {id}` checks it.",
        path.join(format!("{id}.json")).display()
    );
    say(&text);
    Ok(())
}

fn restrict(args: &PersonArgs, action: Action) -> Result<()> {
    let answer = put(&args.asked, request(action, args))?;
    let count = &answer["identifiers"];
    say(&match action {
        Action::Restrict => format!(
            "Restricted ({count} identifiers): what comes in of them waits in quarantine, and they are sent nothing. \
             `rondo privacy unrestrict` ends it."
        ),
        _ => format!(
            "No longer restricted ({count} identifiers). `rondo quarantine replay --code restricted` takes in what came \
             meanwhile."
        ),
    });
    Ok(())
}

fn log(args: &LogArgs) -> Result<()> {
    let who = args.id.clone().map(|any| Who::Any { any });
    let answer = put(&args.asked, of(Action::Log, who, &args.asked))?;
    let mut lines = Vec::new();
    for entry in answer["entries"].as_array().into_iter().flatten() {
        if args.json {
            lines.push(entry.to_string());
            continue;
        }
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        let at = event::iso_time(entry["at"].as_i64().unwrap_or_default());
        let person = if text("person").is_empty() { "nobody known" } else { text("person") };
        let reason = if text("reason").is_empty() { String::new() } else { format!(": {}", text("reason")) };
        lines.push(format!("{at}  {:<10}  {person}  by {}{reason}", text("action"), text("by")));
    }
    if lines.is_empty() && !args.json {
        lines.push("Nobody looked at or changed anything yet.".into());
    }
    say(&lines.join("\n"));
    Ok(())
}

fn verify(args: &VerifyArgs) -> Result<()> {
    let receipt = match event::Key::parse(&args.receipt) {
        Some(_) => Value::String(args.receipt.clone()),
        None => {
            let text =
                fs::read_to_string(&args.receipt).with_context(|| format!("reading {}", args.receipt))?;
            serde_json::from_str(&text).with_context(|| format!("{} is not JSON", args.receipt))?
        }
    };
    let mut request = of(Action::Verify, None, &args.asked);
    request.receipt = Some(receipt);
    let answer = put(&args.asked, request)?;
    if answer["genuine"] != true {
        bail!("the receipt is not genuine: it was changed, or made under another key");
    }
    if answer["honoured"] != true {
        bail!(
            "the receipt is genuine, but not all of its identifiers are on the privacy list: restore the list from a copy, \
             or erase again"
        );
    }
    say(&format!(
        "Genuine, and honoured: what happened until {} is refused.",
        answer["erased_at"].as_str().unwrap_or_default()
    ));
    Ok(())
}

fn request(action: Action, args: &PersonArgs) -> Request {
    let who = match &args.kind {
        Some(kind) => Who::Named { kind: kind.clone(), value: args.id.clone() },
        None => Who::Any { any: args.id.clone() },
    };
    of(action, Some(who), &args.asked)
}

fn of(action: Action, identifier: Option<Who>, asked: &Asked) -> Request {
    let by = asked.by.clone().unwrap_or_else(who_is_logged_in);
    Request { action, identifier, by, reason: asked.reason.clone(), receipt: None, request: None }
}

/// Puts the request to the running server, or to the data folder itself.
fn put(asked: &Asked, request: Request) -> Result<Value> {
    let text = text_of(&asked.data.path, &Question::Privacy { request: Box::new(request) })?;
    serde_json::from_str(&text).context("the answer could not be read; is the server of another release?")
}

#[allow(clippy::disallowed_methods)] // the edge: who runs the command
fn who_is_logged_in() -> String {
    let named = ["LOGNAME", "USER"].into_iter().filter_map(|name| std::env::var(name).ok());
    named.into_iter().find(|name| !name.trim().is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}
