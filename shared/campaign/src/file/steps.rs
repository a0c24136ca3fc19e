//! The nested steps of a campaign file, made into one list.

use super::creative::CreativeFile;
use super::experiment::{Design, NamespaceFile};
use super::values::{Conditions, at, clock, duration, place, shift};
use super::{ListenFile, listen};
use crate::calendar::{LocalTime, ProfileDate};
use crate::campaign::Listen;
use crate::file_error::FileError;
use crate::split::{Arm, Split};
use crate::steps::{ExperimentStep, Step, WaitForEvent};
use crate::{ChannelKind, Message, Share, Templates};
use jiff::civil::{Time, Weekday};
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

/// One step: what it does is told by which of the first fields it has; the others belong to some of these.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepFile {
    wait: Option<Spanned<String>>,
    wait_until: Option<Spanned<UntilFile>>,
    wait_for_date: Option<Spanned<DateFile>>,
    wait_for_event: Option<Spanned<ListenFile>>,
    #[serde(rename = "if")]
    when: Option<Spanned<String>>,
    split: Option<Spanned<String>>,
    experiment: Option<Spanned<String>>,
    send: Option<Spanned<String>>,
    exit: Option<Spanned<bool>>,
    timeout: Option<Spanned<String>>,
    then: Option<Spanned<Vec<StepFile>>>,
    #[serde(rename = "else")]
    otherwise: Option<Spanned<Vec<StepFile>>>,
    timed_out: Option<Spanned<Vec<StepFile>>>,
    arms: Option<Spanned<Vec<ArmFile>>>,
    seed: Option<Spanned<String>>,
    coverage: Option<Spanned<f64>>,
    namespace: Option<Spanned<NamespaceFile>>,
    channel: Option<ChannelKind>,
    pub(super) webhook: Option<Spanned<String>>,
    subject: Option<Spanned<String>>,
    template: Option<Spanned<String>>,
    creative: Option<Spanned<CreativeFile>>,
    pub(super) placement: Option<Spanned<String>>,
    pub(super) shows: Option<Spanned<u8>>,
    pub(super) expires: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UntilFile {
    time: Spanned<String>,
    #[serde(default)]
    days: Vec<Day>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DateFile {
    of: Spanned<String>,
    offset: Option<Spanned<String>>,
    at: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArmFile {
    /// Of a split.
    pub share: Option<Spanned<f64>>,
    /// Of an experiment.
    pub name: Option<Spanned<String>>,
    pub weight: Option<Spanned<f64>>,
    #[serde(default)]
    pub steps: Vec<StepFile>,
}

/// How deep steps may stand in steps.
const MAX_DEPTH: usize = 16;

/// How many steps a campaign may have.
const MAX_STEPS: usize = 1_000;

/// What the steps of a file become.
pub(super) struct Program {
    pub steps: Vec<Step>,
    pub awaited: Vec<Listen>,
}

/// Compiles the steps of a campaign of that name; `keyed` tells whether its journeys have keys.
pub(super) fn compile(
    files: &Spanned<Vec<StepFile>>,
    conditions: &Conditions<'_>,
    templates: &Templates,
    campaign: &str,
    keyed: bool,
) -> Result<Program, FileError> {
    let program = Program { steps: Vec::new(), awaited: Vec::new() };
    let mut compiler = Compiler { program, conditions, templates, campaign, keyed, splits: Vec::new() };
    compiler.block(&files.value, files.referenced, 0)?;
    let program = compiler.program;
    if !program.steps.iter().any(|step| matches!(step, Step::Send { .. })) {
        return Err(place(files.referenced, "no step sends anything; add one with `send`"));
    }
    Ok(program)
}

struct Compiler<'c> {
    program: Program,
    conditions: &'c Conditions<'c>,
    templates: &'c Templates,
    campaign: &'c str,
    keyed: bool,
    splits: Vec<String>,
}

impl Compiler<'_> {
    fn block(&mut self, files: &[StepFile], around: Location, depth: usize) -> Result<(), FileError> {
        if depth > MAX_DEPTH {
            return Err(place(around, "steps stand too deep in steps; make it two campaigns"));
        }
        for (at, file) in files.iter().enumerate() {
            self.step(file, around, depth)?;
            if let Some(exit) = file.exit.as_ref().filter(|_| at + 1 < files.len()) {
                let message = "nothing that stands after an `exit` is reached; drop it, or put the exit last";
                return Err(place(exit.referenced, message));
            }
            if self.program.steps.len() > MAX_STEPS {
                return Err(place(around, "a campaign has at most 1000 steps; make it two"));
            }
        }
        Ok(())
    }

    fn push(&mut self, step: Step) -> usize {
        self.program.steps.push(step);
        self.program.steps.len() - 1
    }

    fn here(&self) -> usize {
        self.program.steps.len()
    }

    fn step(&mut self, file: &StepFile, around: Location, depth: usize) -> Result<(), FileError> {
        file.check(around)?;
        if let Some(wait) = &file.wait {
            let wait = duration(wait)?;
            self.push(Step::Wait(wait));
        } else if let Some(until) = &file.wait_until {
            let days = until.value.days.iter().map(|day| day.weekday()).collect();
            let time = clock(&until.value.time)?;
            self.push(Step::WaitUntil(LocalTime { time, days }));
        } else if let Some(date) = &file.wait_for_date {
            let date = self.profile_date(&date.value)?;
            self.push(Step::WaitForDate(date));
        } else if let Some(event) = &file.wait_for_event {
            self.wait_for_event(file, event, depth)?;
        } else if let Some(when) = &file.when {
            self.branch(file, when, depth)?;
        } else if let Some(split) = &file.split {
            self.split(file, split, depth)?;
        } else if let Some(experiment) = &file.experiment {
            self.experiment(file, experiment, depth)?;
        } else if let Some(send) = &file.send {
            self.send(file, send)?;
        } else if let Some(exit) = &file.exit {
            if !exit.value {
                return Err(at(exit, "an exit that is none is no step; drop it, or write `exit: true`"));
            }
            self.push(Step::Exit);
        }
        Ok(())
    }

    fn profile_date(&self, date: &DateFile) -> Result<ProfileDate, FileError> {
        Ok(ProfileDate {
            of: self.conditions.read(&date.of)?,
            offset: date.offset.as_ref().map(shift).transpose()?.unwrap_or_default(),
            at: date.at.as_ref().map(clock).transpose()?.unwrap_or(Time::constant(9, 0, 0, 0)),
        })
    }

    fn wait_for_event(
        &mut self,
        file: &StepFile,
        event: &Spanned<ListenFile>,
        depth: usize,
    ) -> Result<(), FileError> {
        let Some(timeout) = &file.timeout else {
            return Err(at(
                event,
                "a wait for an event needs a `timeout`, like 3d, after which the journey goes on",
            ));
        };
        let timeout = duration(timeout)?;
        self.program.awaited.push(listen(&event.value, self.conditions, self.keyed)?);
        let awaited = self.program.awaited.len() - 1;
        let wait = self.push(Step::Exit);
        self.nested(&file.then, depth)?;
        let over = file.timed_out.is_some().then(|| self.push(Step::Exit));
        let timed_out = self.here();
        self.program.steps[wait] = Step::WaitForEvent(WaitForEvent { awaited, timeout, timed_out });
        self.nested(&file.timed_out, depth)?;
        if let Some(over) = over {
            self.program.steps[over] = Step::Goto(self.here());
        }
        Ok(())
    }

    fn branch(&mut self, file: &StepFile, when: &Spanned<String>, depth: usize) -> Result<(), FileError> {
        if file.then.is_none() && file.otherwise.is_none() {
            return Err(at(when, "an `if` needs steps: a `then`, an `else`, or both"));
        }
        let when = self.conditions.read(when)?;
        let branch = self.push(Step::Exit);
        self.nested(&file.then, depth)?;
        let over = file.otherwise.is_some().then(|| self.push(Step::Exit));
        self.program.steps[branch] = Step::If { when, otherwise: self.here() };
        self.nested(&file.otherwise, depth)?;
        if let Some(over) = over {
            self.program.steps[over] = Step::Goto(self.here());
        }
        Ok(())
    }

    fn split(&mut self, file: &StepFile, split: &Spanned<String>, depth: usize) -> Result<(), FileError> {
        let name = split.value.trim().to_owned();
        if name.is_empty() || self.splits.contains(&name) {
            return Err(at(
                split,
                "a split needs a name of its own, so that people fall independently of others",
            ));
        }
        let Some(arms) = &file.arms else {
            return Err(at(split, "a split needs `arms`, each with a `share` and its `steps`"));
        };
        let mut below = 0u32;
        let mut shares = Vec::new();
        for arm in &arms.value {
            if let Some(name) = arm.name.as_ref() {
                return Err(at(name, "the arms of a split have no names; those of an `experiment` do"));
            }
            let Some(share) = &arm.share else {
                return Err(at(arms, "each arm of a split needs a `share`, like 0.5"));
            };
            let share = Share::new(share.value).map_err(|message| at(share, &message))?;
            below += u32::from(share.ten_thousandths());
            shares.push(below);
        }
        if below != 10_000 || shares.is_empty() {
            let message =
                format!("the shares of the arms come to {}; make it 1", f64::from(below) / 10_000.0);
            return Err(at(arms, &message));
        }
        let salt = format!("{}/{name}", self.campaign);
        self.splits.push(name);
        let split = self.push(Step::Exit);
        let (mut to, mut ends) = (Vec::new(), Vec::new());
        for (arm, below) in arms.value.iter().zip(shares) {
            to.push(Arm { below: below as u16, to: self.here() });
            self.block(&arm.steps, arms.referenced, depth + 1)?;
            ends.push(self.push(Step::Exit));
        }
        self.join(ends);
        self.program.steps[split] = Step::Split(Split { salt, arms: to });
        Ok(())
    }

    /// Has the ends of arms go on here.
    fn join(&mut self, ends: Vec<usize>) {
        let after = self.here();
        for end in ends {
            self.program.steps[end] = Step::Goto(after);
        }
    }

    fn experiment(&mut self, file: &StepFile, name: &Spanned<String>, depth: usize) -> Result<(), FileError> {
        let taken = |step: &Step| matches!(step, Step::Experiment(other) if other.experiment.key == name.value.trim());
        if self.program.steps.iter().any(taken) {
            return Err(at(name, "the campaign has this experiment already; give each a name of its own"));
        }
        let Some(arms) = &file.arms else {
            return Err(at(
                name,
                "an experiment needs `arms`, each with a `name` and its `steps`; the first is the control",
            ));
        };
        let rest = Design {
            seed: file.seed.as_ref(),
            coverage: file.coverage.as_ref(),
            namespace: file.namespace.as_ref(),
        };
        let experiment = rest.read(name, arms)?;
        let step = self.push(Step::Exit);
        let (mut to, mut ends) = (Vec::new(), Vec::new());
        for arm in &arms.value {
            to.push(self.here());
            self.block(&arm.steps, arms.referenced, depth + 1)?;
            ends.push(self.push(Step::Exit));
        }
        self.join(ends);
        self.program.steps[step] = Step::Experiment(Box::new(ExperimentStep { experiment, arms: to }));
        Ok(())
    }

    fn send(&mut self, file: &StepFile, send: &Spanned<String>) -> Result<(), FileError> {
        let Some(template) = &file.template else {
            return Err(at(send, "a send needs a template: the name of a file in templates/"));
        };
        let webhook = file.webhook.as_ref().map(|webhook| webhook.value.as_str());
        let subject = file.subject.as_ref().map_or("", |subject| subject.value.as_str());
        let kind = file.channel.unwrap_or_default();
        let mut message = Message::new(kind, webhook, subject, &template.value, self.templates)
            .map_err(|error| at(template, &error.to_string()))?;
        let name = send.value.trim().to_owned();
        if name.is_empty() {
            return Err(at(send, "a send needs a name, for example reminder"));
        }
        let taken = |step: &Step| matches!(step, Step::Send { name: other, .. } if *other == name);
        if self.program.steps.iter().any(taken) {
            return Err(at(send, &format!("there are two sends `{name}`; give each a name of its own")));
        }
        if let Some(file) = &file.creative {
            let creative = file.value.read(format!("{}/{name}", self.campaign), self.conditions)?;
            message = message.with_creative(creative).map_err(|error| at(file, &error.to_string()))?;
        }
        message = file.on_site(kind, message, send, template)?;
        if let Some(slot) = message.unknown_slot() {
            let text = format!(
                "the template shows `creative.{slot}`, and the send has no such slot under `creative`"
            );
            return Err(at(template, &text));
        }
        self.push(Step::Send { name, message: Box::new(message) });
        Ok(())
    }

    fn nested(&mut self, steps: &Option<Spanned<Vec<StepFile>>>, depth: usize) -> Result<(), FileError> {
        match steps {
            Some(steps) => self.block(&steps.value, steps.referenced, depth + 1),
            None => Ok(()),
        }
    }
}

impl StepFile {
    /// The fields that say what a step does, with the place of each that it has.
    fn doings(&self) -> [(&'static str, Option<Location>); 9] {
        fn of<T>(field: &Option<Spanned<T>>) -> Option<Location> {
            field.as_ref().map(|field| field.referenced)
        }
        [
            ("wait", of(&self.wait)),
            ("wait_until", of(&self.wait_until)),
            ("wait_for_date", of(&self.wait_for_date)),
            ("wait_for_event", of(&self.wait_for_event)),
            ("if", of(&self.when)),
            ("split", of(&self.split)),
            ("experiment", of(&self.experiment)),
            ("send", of(&self.send)),
            ("exit", of(&self.exit)),
        ]
    }

    /// The fields that belong to one doing or two, with the place of each that the step has.
    fn belongings(&self) -> [(&'static str, Option<Location>, &'static [&'static str]); 15] {
        fn of<T>(field: &Option<Spanned<T>>) -> Option<Location> {
            field.as_ref().map(|field| field.referenced)
        }
        [
            ("timeout", of(&self.timeout), &["wait_for_event"]),
            ("then", of(&self.then), &["if", "wait_for_event"]),
            ("else", of(&self.otherwise), &["if"]),
            ("timed_out", of(&self.timed_out), &["wait_for_event"]),
            ("arms", of(&self.arms), &["split", "experiment"]),
            ("seed", of(&self.seed), &["experiment"]),
            ("coverage", of(&self.coverage), &["experiment"]),
            ("namespace", of(&self.namespace), &["experiment"]),
            ("subject", of(&self.subject), &["send"]),
            ("template", of(&self.template), &["send"]),
            ("creative", of(&self.creative), &["send"]),
            ("webhook", of(&self.webhook), &["send"]),
            ("placement", of(&self.placement), &["send"]),
            ("shows", of(&self.shows), &["send"]),
            ("expires", of(&self.expires), &["send"]),
        ]
    }

    /// Whether the step does one thing, and has nothing that belongs to another.
    fn check(&self, around: Location) -> Result<(), FileError> {
        let mut doings = self.doings().into_iter().filter_map(|(name, at)| Some((name, at?)));
        let Some((doing, first)) = doings.next() else {
            let message = "a step needs one of wait, wait_until, wait_for_date, wait_for_event, if, split, experiment, send and exit";
            return Err(place(around, message));
        };
        if let Some((second, _)) = doings.next() {
            let message = format!(
                "a step does one thing, and this one has `{doing}` and `{second}`; make it two steps"
            );
            return Err(place(first, &message));
        }
        for (name, at, owners) in self.belongings() {
            if let Some(at) = at
                && !owners.contains(&doing)
            {
                let owners = owners.join("` or `");
                return Err(place(
                    at,
                    &format!("`{name}` belongs to a step with `{owners}`, not to `{doing}`"),
                ));
            }
        }
        Ok(())
    }
}

impl Day {
    fn weekday(self) -> Weekday {
        match self {
            Day::Mon => Weekday::Monday,
            Day::Tue => Weekday::Tuesday,
            Day::Wed => Weekday::Wednesday,
            Day::Thu => Weekday::Thursday,
            Day::Fri => Weekday::Friday,
            Day::Sat => Weekday::Saturday,
            Day::Sun => Weekday::Sunday,
        }
    }
}
