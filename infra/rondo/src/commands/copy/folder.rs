//! A configuration folder with its drafts.

use crate::commands::check::config_folder;
use crate::config_folder::{read_all, read_files};
use anyhow::{Context, Result, anyhow, bail};
use campaign::Campaign;
use config::{Config, Files, Problems};
use copy::{Circumstances, CopyBrief, Draft, Language};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What is read of it. A mistake in it stops nobody here but who asks a model.
pub struct Folder {
    pub path: PathBuf,
    pub config: Config,
    pub problems: Problems,
    files: Files,
}

/// The reasons of so many rejected drafts of a message are told to the model.
const REASONS: usize = 5;

impl Folder {
    /// The configuration in a folder, or in its `config/`.
    pub fn open(folder: &Path) -> Result<Folder> {
        let path = config_folder(folder)?;
        let (files, mut problems) = read_files(&path);
        let (config, found) = read_all(&files);
        problems.append(found.below(&path));
        Ok(Folder { path, config, problems, files })
    }

    /// What a step's message is to be, in a language.
    pub fn brief(
        &self,
        campaign: &str,
        step: &str,
        language: Language,
        notes: &[String],
        variants: usize,
    ) -> Result<CopyBrief> {
        let campaigns = &self.config.campaigns;
        let Some(found) = campaigns.get(campaign) else {
            let known: Vec<&str> = campaigns.iter().map(|campaign| campaign.name.as_str()).collect();
            let mistakes = if self.problems.is_empty() {
                ""
            } else {
                "; `rondo check` tells of mistakes, one may be in it"
            };
            bail!("there is no campaign `{campaign}`; campaigns are: {}{mistakes}", known.join(", "));
        };
        let message = found.message(step).ok_or_else(|| {
            let known: Vec<&str> = found.sends().map(|(name, _)| name).collect();
            anyhow!("{campaign} sends no `{step}`; it sends: {}", known.join(", "))
        })?;
        let source = self.source(&message.template).unwrap_or_default().to_owned();
        let settings = &self.config.settings;
        let with = Circumstances {
            shop: settings.name.clone(),
            language,
            tone: settings.copy.tone.clone(),
            notes: settings.copy.notes.iter().chain(notes).cloned().collect(),
            rejected: self.reasons(found, step),
            variants,
        };
        CopyBrief::of(found, step, &source, with).context("the campaign sends no such step")
    }

    /// Why the last drafts of a message were rejected, the newest last.
    fn reasons(&self, campaign: &Campaign, step: &str) -> Vec<String> {
        let drafts = files_in(&self.rejected());
        let drafts = drafts.iter().filter_map(|path| Draft::parse(&fs::read_to_string(path).ok()?).ok());
        let mut reasons: Vec<_> = drafts
            .filter(|draft| draft.campaign == campaign.name && draft.step == step)
            .filter_map(|draft| draft.rejected)
            .collect();
        reasons.sort_by(|a, b| a.at.cmp(&b.at));
        let first = reasons.len().saturating_sub(REASONS);
        reasons.drain(first..).map(|rejected| rejected.reason).collect()
    }

    /// The source of a template.
    pub fn source(&self, template: &str) -> Option<&str> {
        self.files.get(&format!("templates/{template}"))
    }

    /// All templates by name.
    pub fn sources(&self) -> Vec<(String, String)> {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.files.below("templates/").map(|(path, text)| (name(path), text.to_owned())).collect()
    }

    /// Whether a draft can be approved by now: as a template, held to its campaign, and finished.
    ///
    /// # Errors
    /// Why it can't.
    pub fn check(&self, draft: &Draft) -> Result<(), Vec<String>> {
        let brief = self.brief(&draft.campaign, &draft.step, draft.language(), &[], 1);
        let brief = brief.map_err(|error| vec![format!("{error:#}")])?;
        let wording = draft.wording();
        let mut reasons = copy::check(&wording, &brief, &self.sources()).err().unwrap_or_default();
        reasons.extend(wording.is_unfinished());
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }

    pub fn drafts(&self) -> PathBuf {
        self.path.join("drafts")
    }

    pub fn rejected(&self) -> PathBuf {
        self.drafts().join("rejected")
    }

    /// The files of the drafts that wait, in order of their names.
    pub fn waiting(&self) -> Vec<PathBuf> {
        files_in(&self.drafts())
    }

    /// A draft that waits, by the name of its file, with or without the folder.
    pub fn draft(&self, name: &str) -> Result<Option<(PathBuf, Draft)>> {
        let Some(file) = Path::new(name).file_name() else { return Ok(None) };
        let path = self.drafts().join(file);
        match fs::read_to_string(&path) {
            Ok(text) => {
                let draft = Draft::parse(&text).with_context(|| path.display().to_string())?;
                Ok(Some((path, draft)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    /// The name of a draft that is none, with those that are.
    pub fn no_such(&self, name: &str) -> anyhow::Error {
        let names = self.waiting();
        let names: Vec<_> =
            names.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy())).collect();
        match names.is_empty() {
            true => anyhow!("there is no draft `{name}`, and no other; `rondo copy draft` has some written"),
            false => anyhow!("there is no draft `{name}`; drafts are: {}", names.join(", ")),
        }
    }
}

/// Writes a file that is not there yet; never over another.
pub fn write_new(path: &Path, text: &str) -> Result<()> {
    let failed = || format!("writing {}", path.display());
    fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).with_context(failed)?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).with_context(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(failed)
}

/// The files of a folder but hidden ones, in order of their names; none where it is not there.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_hidden =
        |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file() && !is_hidden(path)).collect();
    files.sort();
    files
}
