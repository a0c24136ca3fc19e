//! The configuration of an installation: reviewed files, checked before they are live.

use crate::settings::SETTINGS;
use crate::{Files, PlanOutline, Problem, Problems, Settings, TrackingPlan};
use campaign::{Campaign, Campaigns, Placement, Placements, Templates};
use copy::Approvals;
use event::Mapping;
use person::ON_SITE;
use std::collections::BTreeMap;
use std::path::Path;

/// What can be read from the files of a configuration: all of it, or the part that a function works with.
pub trait FromFiles: Sized {
    /// Reads and checks. One file that is not there is empty; a file with mistakes is not used, and each mistake
    /// is reported with its place.
    fn read(files: &Files) -> (Self, Problems);
}

/// What a configuration says, checked; the [tracking plan](TrackingPlan) is read apart, by those who parse records.
pub struct Config {
    pub settings: Settings,
    pub campaigns: Campaigns,
    pub placements: Placements,
    /// Mappings by file name without `.yaml`.
    pub mappings: BTreeMap<String, Mapping>,
    /// What the tracking plan names.
    pub planned: PlanOutline,
    /// How many files were read.
    pub files: usize,
}

/// The part that intake works with, whose parser holds records against the tracking plan. It links no campaign engine,
/// and a mistake in a campaign does not stop it.
pub struct IntakeConfig {
    pub settings: Settings,
    /// Mappings by file name without `.yaml`.
    pub mappings: BTreeMap<String, Mapping>,
}

/// The part that decisions about visitors work with; a campaign with a mistake is left out, and stops nothing.
pub struct ExperienceConfig {
    pub settings: Settings,
    pub placements: Placements,
    /// Those with messages that wait on site.
    pub campaigns: Campaigns,
}

/// The part that reports work with.
pub struct ReportConfig {
    pub settings: Settings,
    /// Those without mistakes: what creatives bring about is learned of them. A mistake in another stops no report.
    pub campaigns: Campaigns,
    pub placements: Placements,
    /// What the tracking plan names.
    pub planned: PlanOutline,
}

impl FromFiles for Settings {
    fn read(files: &Files) -> (Settings, Problems) {
        let mut problems = Problems::default();
        (Settings::read(files, &mut problems), problems)
    }
}

impl FromFiles for IntakeConfig {
    fn read(files: &Files) -> (IntakeConfig, Problems) {
        let mut problems = Problems::default();
        let mut settings = Settings::read(files, &mut problems);
        TrackingPlan::of(&settings.tracking_plan, files, &mut problems).guide(&mut settings.parser);
        (IntakeConfig { settings, mappings: mappings(files, &mut problems) }, problems)
    }
}

impl FromFiles for ExperienceConfig {
    fn read(files: &Files) -> (ExperienceConfig, Problems) {
        let mut problems = Problems::default();
        let settings = Settings::read(files, &mut problems);
        let placements = placements(files, &mut problems);
        let waits = |text: &str| text.contains(ON_SITE);
        let campaigns = match yaml(files.below("campaigns/")).any(|(_, text)| waits(text)) {
            true => campaigns(files, &placements, waits, &mut Problems::default()).0,
            false => Campaigns::default(),
        };
        (ExperienceConfig { settings, placements, campaigns }, problems)
    }
}

impl FromFiles for ReportConfig {
    fn read(files: &Files) -> (ReportConfig, Problems) {
        let mut problems = Problems::default();
        let settings = Settings::read(files, &mut problems);
        let (whole, _) = Config::read(files);
        let (campaigns, placements) = (whole.campaigns, whole.placements);
        (ReportConfig { settings, campaigns, placements, planned: PlanOutline::of(files) }, problems)
    }
}

impl FromFiles for Config {
    fn read(files: &Files) -> (Config, Problems) {
        let mut problems = Problems::default();
        let settings = Settings::read(files, &mut problems);
        let read = usize::from(files.get(SETTINGS).is_some())
            + yaml(files.below("mappings/")).count()
            + yaml(files.below("placements/")).count();
        let planned = PlanOutline::of(files);
        let placements = placements(files, &mut problems);
        let (campaigns, more) = campaigns(files, &placements, |_| true, &mut problems);
        let mappings = mappings(files, &mut problems);
        (Config { settings, campaigns, placements, mappings, planned, files: read + more }, problems)
    }
}

fn placements(files: &Files, problems: &mut Problems) -> Placements {
    let mut placements = Placements::default();
    for (path, text) in yaml(files.below("placements/")) {
        if let Err(error) = Placement::parse(text).and_then(|placement| placements.add(placement)) {
            problems.add(Problem::new(path, error.line, error.column, error.message));
        }
    }
    placements
}

fn mappings(files: &Files, problems: &mut Problems) -> BTreeMap<String, Mapping> {
    let mut mappings = BTreeMap::new();
    for (path, text) in yaml(files.below("mappings/")) {
        match Mapping::parse(text) {
            Ok(mapping) => drop(mappings.insert(stem(path), mapping)),
            Err(error) => {
                problems.add(Problem::new(path, error.line, error.column, error.message));
            }
        }
    }
    mappings
}

/// Who approved what a model wrote; a file that can't be read is a mistake like any other.
fn approvals(files: &Files, problems: &mut Problems) -> Approvals {
    let text = files.get(Approvals::FILE).unwrap_or_default();
    Approvals::parse(text).unwrap_or_else(|error| {
        problems.add(Problem::of_yaml(Path::new(Approvals::FILE), &error));
        Approvals::default()
    })
}

/// The campaigns whose text is `wanted`, and how many files were read for them.
fn campaigns(
    files: &Files,
    placements: &Placements,
    wanted: impl Fn(&str) -> bool,
    problems: &mut Problems,
) -> (Campaigns, usize) {
    let mut read = 0;
    let approvals = approvals(files, problems);
    let mut sources = Vec::new();
    for (path, text) in files.below("templates/") {
        read += 1;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let checked =
            campaign::Message::check(&name, text).map_err(|error| (error.line as u64, error.reason));
        match approvals.admit(&name, text).map_err(|reason| (1, reason)).and(checked) {
            Ok(()) => sources.push((name, text.to_owned())),
            Err((line, reason)) => {
                problems.add(Problem::new(path, line, 1, reason));
                // One mistake is told once: campaigns that use the template have none of their own.
                sources.push((name, String::new()));
            }
        }
    }
    let templates = match Templates::new(sources) {
        Ok(templates) => templates,
        Err(error) => {
            let path = Path::new("templates").join(&error.name);
            problems.add(Problem::new(&path, error.line as u64, 1, error.reason));
            return (Campaigns::default(), read);
        }
    };
    let mut live: Vec<Campaign> = Vec::new();
    for (path, text) in yaml(files.below("campaigns/")).filter(|(_, text)| wanted(text)) {
        read += 1;
        match Campaign::parse(text, &templates) {
            Ok(campaign) if live.iter().any(|other| is_same(other, &campaign)) => {
                let message = format!(
                    "there is another campaign `{}` of version {}; give this one another name, or if it is the \
                     newer, a higher `version`",
                    campaign.name, campaign.version
                );
                problems.add(Problem::new(path, 1, 1, message));
            }
            Ok(campaign) => {
                problems_of_placements(path, &campaign, placements, problems);
                live.push(campaign);
            }
            Err(error) => problems.add(Problem::new(path, error.line, error.column, error.message)),
        }
    }
    (Campaigns::new(live), read)
}

/// Messages that wait in placements that there are not.
fn problems_of_placements(
    path: &Path,
    campaign: &Campaign,
    placements: &Placements,
    problems: &mut Problems,
) {
    for on_site in campaign.sends().filter_map(|(_, message)| message.on_site()) {
        if placements.get(&on_site.placement).is_none() {
            let known: Vec<&str> = placements.iter().map(|placement| placement.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message = format!(
                "there is no placement `{}` in placements/; there are: {known}. Name one of these, or add a file for it",
                on_site.placement
            );
            problems.add(Problem::new(path, on_site.place.0, on_site.place.1, message));
        }
    }
}

fn is_same(a: &Campaign, b: &Campaign) -> bool {
    (&a.name, a.version) == (&b.name, b.version)
}

/// The files among these that hold YAML.
fn yaml<'f>(files: impl Iterator<Item = (&'f Path, &'f str)>) -> impl Iterator<Item = (&'f Path, &'f str)> {
    files.filter(|(path, _)| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
