//! Placement files: read as strictly as campaign files.

use super::creative::Lessons;
use super::experiment::{Design, NamespaceFile};
use super::steps::ArmFile;
use super::values::{Conditions, at, duration, time};
use crate::creative::{CreativeSlot, Part};
use crate::file_error::FileError;
use crate::placement::{Because, By, Creative, Placement, Recommend, Trial};
use crate::suggest::did_you_mean;
use crate::{Lane, Placements};
use event::{DAY, MINUTE};
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

/// Longest content of one creative, as JSON, bytes.
const MAX_CONTENT: usize = 16 << 10;
/// What is hoped for where a placement that learns does not say, as Segment's spec of commerce has it.
const PROMOTION_CLICKED: &str = "Promotion Clicked";
/// Most creatives of a placement: each may be tried for each visitor.
const MAX_CREATIVES: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlacementFile {
    name: Spanned<String>,
    #[serde(default)]
    description: String,
    ttl: Option<Spanned<String>>,
    default: Option<Value>,
    #[serde(default)]
    creatives: Vec<CreativeFile>,
    learn: Option<Spanned<LearnFile>>,
    recommend: Option<RecommendFile>,
    #[serde(default)]
    experiments: Vec<TrialFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LearnFile {
    #[serde(default)]
    circumstances: BTreeMap<String, Spanned<String>>,
    reward: Option<Spanned<String>>,
    window: Option<Spanned<String>>,
    explore: Option<Spanned<f64>>,
    min_samples: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrialFile {
    name: Spanned<String>,
    #[serde(default)]
    by: By,
    arms: Spanned<Vec<ArmFile>>,
    seed: Option<Spanned<String>>,
    coverage: Option<Spanned<f64>>,
    namespace: Option<Spanned<NamespaceFile>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreativeFile {
    name: Spanned<String>,
    #[serde(default)]
    lane: Lane,
    starts: Option<Spanned<String>>,
    ends: Option<Spanned<String>>,
    when: Option<Spanned<String>>,
    /// `EXPERIMENT.ARM`.
    arm: Option<Spanned<String>>,
    content: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecommendFile {
    count: Spanned<usize>,
    from: Option<Spanned<Vec<Because>>>,
}

impl Placement {
    /// Reads a placement file.
    pub fn parse(yaml: &str) -> Result<Placement, FileError> {
        let file: PlacementFile = serde_saphyr::from_str(yaml).map_err(FileError::from)?;
        let conditions = Conditions { yaml };
        let ttl = match &file.ttl {
            None => MINUTE,
            Some(text) => match duration(text)? {
                ttl if ttl <= DAY => ttl,
                _ => return Err(at(text, "an answer is kept for a day at most; write 1d or less")),
            },
        };
        if let Some(default) = &file.default {
            check_size(default, &file.name, "default")?;
        }
        if let Some(first_too_many) = file.creatives.get(MAX_CREATIVES) {
            let message =
                format!("a placement has {MAX_CREATIVES} creatives at most; make another placement");
            return Err(at(&first_too_many.name, &message));
        }
        let mut experiments: Vec<Trial> = Vec::with_capacity(file.experiments.len());
        for trial in &file.experiments {
            let read = read_trial(trial)?;
            if experiments.iter().any(|other| other.experiment.key == read.experiment.key) {
                let message = "there is another experiment of this name; give one of them another";
                return Err(at(&trial.name, message));
            }
            experiments.push(read);
        }
        let mut creatives: Vec<Creative> = Vec::with_capacity(file.creatives.len());
        for creative in &file.creatives {
            let read = read_creative(creative, &conditions, &experiments)?;
            if creatives.iter().any(|other| other.name == read.name) {
                let message = format!("`{}` stands here twice; give one of them another name", read.name);
                return Err(at(&creative.name, &message));
            }
            // Where it is learned which to show, any of those that fit may be.
            let before = creatives.last().filter(|before| file.learn.is_none() && is_always(before));
            if let Some(before) = before {
                let message = format!(
                    "`{}` is never shown: `{}` before it is for everybody; put it before that, or give that a `when`",
                    read.name, before.name
                );
                return Err(at(&creative.name, &message));
            }
            creatives.push(read);
        }
        let placement = name(&file.name, "placement", "home-hero")?;
        let learn = match &file.learn {
            Some(learn) => Some(read_learn(learn, &placement, &creatives, &conditions)?),
            None => None,
        };
        Ok(Placement {
            name: placement,
            description: file.description,
            ttl,
            default: file.default.unwrap_or_default(),
            creatives,
            learn,
            recommend: file.recommend.as_ref().map(read_recommend).transpose()?,
            experiments,
        })
    }
}

/// Whether a creative is shown to everybody at any time; marketing is not.
fn is_always(creative: &Creative) -> bool {
    creative.lane == Lane::Service
        && creative.when.is_none()
        && creative.arm.is_none()
        && creative.starts.is_none()
        && creative.ends.is_none()
}

fn read_creative(
    file: &CreativeFile,
    conditions: &Conditions<'_>,
    experiments: &[Trial],
) -> Result<Creative, FileError> {
    let (starts, ends) =
        (file.starts.as_ref().map(time).transpose()?, file.ends.as_ref().map(time).transpose()?);
    if let (Some(starts), Some(ends), Some(place)) = (starts, ends, &file.ends)
        && ends <= starts
    {
        return Err(at(place, "the creative ends before it starts; put the later of the two here"));
    }
    check_size(&file.content, &file.name, "content")?;
    Ok(Creative {
        name: name(&file.name, "creative", "kitchen-lovers")?,
        lane: file.lane,
        starts,
        ends,
        when: conditions.read_optional(&file.when)?,
        arm: file.arm.as_ref().map(|arm| read_arm(arm, experiments)).transpose()?,
        content: file.content.clone(),
    })
}

/// What a placement learns of its creatives.
fn read_learn(
    file: &Spanned<LearnFile>,
    placement: &str,
    creatives: &[Creative],
    conditions: &Conditions<'_>,
) -> Result<crate::Creative, FileError> {
    if creatives.len() < 2 {
        return Err(at(
            file,
            "there is nothing to learn with fewer than two creatives; add some, or drop this",
        ));
    }
    let learn = &file.value;
    let lessons = Lessons {
        circumstances: &learn.circumstances,
        reward: learn.reward.as_ref(),
        window: learn.window.as_ref(),
        explore: learn.explore.as_ref(),
        min_samples: learn.min_samples,
    };
    let levels = creatives.iter().map(|creative| (creative.name.clone(), Part::Text(String::new())));
    let slots = vec![CreativeSlot { name: Placement::SLOT.to_owned(), levels: levels.collect() }];
    let name = crate::Creative::of_placement(placement);
    lessons.read(name, slots, PROMOTION_CLICKED, conditions, |message| Err(at(file, message)))
}

/// The places of `EXPERIMENT.ARM`.
fn read_arm(text: &Spanned<String>, experiments: &[Trial]) -> Result<(usize, usize), FileError> {
    let all = experiments.iter().enumerate().flat_map(|(trial, Trial { experiment, .. })| {
        experiment
            .arms
            .iter()
            .enumerate()
            .map(move |(arm, name)| (format!("{}.{name}", experiment.key), (trial, arm)))
    });
    let all: Vec<(String, (usize, usize))> = all.collect();
    let wanted = text.value.trim();
    if let Some((_, places)) = all.iter().find(|(name, _)| name == wanted) {
        return Ok(*places);
    }
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    let hint = did_you_mean(wanted, names.iter().copied());
    let known = if names.is_empty() {
        "none: this placement has no experiments".to_owned()
    } else {
        names.join(", ")
    };
    Err(at(text, &format!("there is no arm `{wanted}`{hint}; there are {known}")))
}

fn read_trial(file: &TrialFile) -> Result<Trial, FileError> {
    if file.arms.value.iter().any(|arm| !arm.steps.is_empty()) {
        let message = "an arm of a placement has no steps; name it in a creative: `arm: EXPERIMENT.ARM`";
        return Err(at(&file.arms, message));
    }
    let design = Design {
        seed: file.seed.as_ref(),
        coverage: file.coverage.as_ref(),
        namespace: file.namespace.as_ref(),
    };
    Ok(Trial { experiment: design.read(&file.name, &file.arms)?, by: file.by })
}

fn read_recommend(file: &RecommendFile) -> Result<Recommend, FileError> {
    let most = Recommend::MOST;
    if !(1..=most).contains(&file.count.value) {
        return Err(at(&file.count, &format!("a placement shows 1 to {most} products; write such a number")));
    }
    let from = match &file.from {
        None => vec![Because::Related, Because::Viewed, Because::Popular],
        Some(from) if from.value.is_empty() => {
            return Err(at(
                from,
                "products come from somewhere: related, viewed, popular, or several of them",
            ));
        }
        Some(from) => from.value.clone(),
    };
    Ok(Recommend { count: file.count.value, from })
}

fn name(text: &Spanned<String>, what: &str, example: &str) -> Result<String, FileError> {
    let name = text.value.trim();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        let message =
            format!("a {what}'s name has up to 64 lower-case letters, digits and hyphens, like {example}");
        return Err(at(text, &message));
    }
    Ok(name.to_owned())
}

fn check_size(content: &Value, place: &Spanned<String>, field: &str) -> Result<(), FileError> {
    match content.to_string().len() {
        0..=MAX_CONTENT => Ok(()),
        bytes => Err(at(
            place,
            &format!(
                "its `{field}` takes {bytes} bytes, more than {MAX_CONTENT}; put links in place of what they hold"
            ),
        )),
    }
}

impl Placements {
    /// Adds one; the error says that there is one of that name.
    pub fn add(&mut self, placement: Placement) -> Result<(), FileError> {
        if self.get(&placement.name).is_some() {
            let message =
                format!("there is another placement `{}`; give this one another name", placement.name);
            return Err(FileError { line: 1, column: 1, message });
        }
        self.insert(placement);
        Ok(())
    }
}
