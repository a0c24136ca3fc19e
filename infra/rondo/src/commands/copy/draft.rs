//! `rondo copy draft`: has a model write.

use super::folder::{Folder, write_new};
use super::model::ask_model;
use crate::commands::DataFolder;
use crate::commands::say::say;
use crate::installation::clock;
use anyhow::{Context, Result, bail};
use clap::Args;
use copy::{Asked, Call, CopyBrief, Draft, Language, MAX_VARIANTS, Prompt, Wording, check, file_name};
use event::iso_time;

#[derive(Debug, Args)]
pub struct DraftArgs {
    campaign: String,
    /// The name of a `send`
    step: String,
    /// How many wordings to ask for, 1 to 5
    #[arg(long, value_name = "N", default_value_t = 3)]
    variants: usize,
    /// The language: en or zh
    #[arg(long, default_value = "en")]
    language: String,
    /// The model, where it is not that of the settings
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// What else is to be heeded; may be given several times
    #[arg(long = "note", value_name = "TEXT")]
    notes: Vec<String>,
    /// Print what would be asked, and ask nobody
    #[arg(long)]
    show_prompt: bool,
    #[command(flatten)]
    data: DataFolder,
}

/// Asks, and writes those drafts that hold into `drafts/`; why others don't is told.
pub fn draft(args: &DraftArgs) -> Result<()> {
    let folder = Folder::open(&args.data.path)?;
    if !folder.problems.is_empty() {
        bail!("the configuration has mistakes, which `rondo check` tells: mend them first");
    }
    let Some(language) = Language::parse(&args.language) else {
        bail!("`{}` is no language that copy is written in; write en or zh", args.language);
    };
    if !(1..=MAX_VARIANTS).contains(&args.variants) {
        bail!("--variants is a number from 1 to {MAX_VARIANTS}");
    }
    let brief = folder.brief(&args.campaign, &args.step, language, &args.notes, args.variants)?;
    let settings = &folder.config.settings;
    let prompt = Prompt::of(&brief, &settings.parser.region);
    if args.show_prompt {
        say(&format!("{}\n\n----\n\n{}", prompt.system, prompt.user.trim_end()));
        return Ok(());
    }
    let model = args.model.as_ref().or(settings.copy.model.as_ref()).context(
        "no model is named: write `copy: { model: … }` into settings.yaml with the id of one that your account has \
         access to, or give --model",
    )?;
    let asked = ask_model(&settings.copy, model, &prompt, brief.variants)?;
    let written = Draft {
        campaign: brief.campaign.clone(),
        step: brief.step.clone(),
        language: language.tag().to_owned(),
        subject: String::new(),
        template: brief.present.template.clone(),
        model: model.clone(),
        written_at: iso_time(clock()),
        prompt: prompt.hash(),
        call: Call::of(asked.wordings.len(), asked.tokens, settings.copy.prices),
        rejected: None,
        body: String::new(),
    };
    keep(&folder, &brief, language, &written, asked)
}

/// Writes what holds, each wording as a file.
fn keep(folder: &Folder, brief: &CopyBrief, language: Language, written: &Draft, asked: Asked) -> Result<()> {
    let (sources, count) = (folder.sources(), asked.wordings.len());
    let mut kept = 0;
    for (n, wording) in asked.wordings.into_iter().enumerate() {
        if let Err(reasons) = check(&wording, brief, &sources) {
            eprintln!("wording {} of {count} does not hold and is left out: {}", n + 1, reasons.join("; "));
            continue;
        }
        let unfinished = wording.is_unfinished();
        let Wording { subject, body } = wording;
        let draft = Draft { subject, body, ..written.clone() };
        let path = folder.drafts().join(free_name(folder, brief, language));
        write_new(&path, &draft.to_file())?;
        kept += 1;
        say(&path.display().to_string());
        if let Some(to_do) = unfinished {
            eprintln!("{}: warning: {to_do}", path.display());
        }
    }
    let cost = written.call.cost.as_deref().map_or(String::new(), |cost| format!(", about {cost}"));
    let spent = format!("{} tokens in, {} out{cost}", written.call.tokens_in, written.call.tokens_out);
    if kept == 0 {
        bail!(
            "no wording holds ({spent}): ask again, with a --note that says what to heed, or name another model"
        );
    }
    say(&format!(
        "{kept} to review, by {} ({spent}); nothing sends a draft before `rondo copy approve`",
        written.model
    ));
    Ok(())
}

/// The first name of a draft that is neither waiting nor rejected.
fn free_name(folder: &Folder, brief: &CopyBrief, language: Language) -> String {
    let name = |n: usize| file_name(&brief.campaign, &brief.step, language, n, brief.is_plain());
    let is_free =
        |name: &String| ![folder.drafts(), folder.rejected()].iter().any(|at| at.join(name).exists());
    (1..).map(name).find(is_free).unwrap_or_else(|| name(0))
}
