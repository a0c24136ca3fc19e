//! What is due is begun: a snapshot is taken where there is none that will do, and looked through part by part.

use crate::due::{after, due, first};
use crate::progress::{Progress, Row, Sweep, Taken};
use crate::snapshot::take_part;
use crate::{Deps, RunError};
use campaign::{Campaign, ProfileView, RunStore, Span, StartQueue, Starts, Trigger};
use event::{DAY, HOUR, Key};
use lake::{LakeErasure, Snapshot, scan_snapshot};
use person::ProfileScan;
use std::collections::BTreeSet;
use std::ops::AddAssign;

/// How old a snapshot may be that is looked through, ms.
const FRESH: i64 = HOUR;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Profiles written to a snapshot.
    pub snapshot: u64,
    /// Profiles looked at, once for each campaign.
    pub looked_at: u64,
    /// Starts put into the queue.
    pub selected: u64,
    /// Sweeps that came to their end.
    pub finished: u64,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Outcome) {
        self.snapshot += other.snapshot;
        self.looked_at += other.looked_at;
        self.selected += other.selected;
        self.finished += other.finished;
    }
}

/// Does what is due at `now` (UTC ms), step by step, until nothing is, or `go_on` says no.
///
/// # Errors
/// As [`step`].
pub async fn run<P: ProfileScan, L: LakeErasure, R: RunStore, Q: StartQueue>(
    deps: &Deps<'_, P, L, R, Q>,
    now: i64,
    go_on: impl Fn() -> bool,
) -> Result<Outcome, RunError> {
    let mut done = Outcome::default();
    while let Some(outcome) = step(deps, now).await? {
        done += outcome;
        if !go_on() {
            break;
        }
    }
    Ok(done)
}

/// Does the next bounded piece of what is due at `now` (UTC ms): one part of a snapshot is written, or looked through.
/// `None` where nothing is due. A step that a crash cut short is repeated, and does no harm: who begins a journey twice
/// as of one time begins it once, and each message has one id.
///
/// # Errors
/// A store, lake or queue that is not available: run again. [`RunError::Elsewhere`] where somebody else goes on with it.
pub async fn step<P: ProfileScan, L: LakeErasure, R: RunStore, Q: StartQueue>(
    deps: &Deps<'_, P, L, R, Q>,
    now: i64,
) -> Result<Option<Outcome>, RunError> {
    let mut used = BTreeSet::new();
    let mut next: Option<(&Campaign, Row<Progress>, Progress, Sweep)> = None;
    for campaign in deps.campaigns.iter().filter(|campaign| campaign.entry.is_selected()) {
        let mut row = Row::<Progress>::load(deps, &campaign.name).await?;
        let Some(progress) = row.value.take() else {
            let progress = first(campaign, now);
            row.write(deps, Some(&progress)).await?;
            return Ok(Some(Outcome::default()));
        };
        used.extend(progress.sweep.as_ref().and_then(|sweep| sweep.snapshot).map(|taken| taken.at));
        let under_way = progress.sweep.clone();
        let sweep = under_way.or_else(|| Some(Sweep::of(due(campaign, &progress, now)?, now - FRESH)));
        // Of several the one that has come furthest, so that each comes to its end.
        if let Some(sweep) = sweep
            && next.as_ref().is_none_or(|(.., other)| sweep.part > other.part)
        {
            next = Some((campaign, row, progress, sweep));
        }
    }
    match next {
        None => Ok(None),
        Some((campaign, row, progress, sweep)) => {
            sweep_part(deps, campaign, row, progress, sweep, &used, now).await.map(Some)
        }
    }
}

/// Begins a campaign as of a time (UTC ms), whatever its own times are: everybody in the audience of one by schedule,
/// and who has a time of their own in the day from then on for the others. [`step`] does the rest.
///
/// # Errors
/// A campaign that there is not, or that lets in otherwise; one that is under way.
pub async fn begin<P, L, R: RunStore, Q>(
    deps: &Deps<'_, P, L, R, Q>,
    name: &str,
    at: i64,
    now: i64,
) -> Result<Span, RunError> {
    let refused = |reason: String| Err(RunError::Refused(reason));
    let Some(campaign) = deps.campaigns.get(name) else {
        let names: Vec<&str> = deps.campaigns.iter().map(|campaign| campaign.name.as_str()).collect();
        return refused(format!("there is no campaign `{name}`; campaigns are: {}", names.join(", ")));
    };
    let span = match &campaign.entry.trigger {
        Trigger::Event(_) | Trigger::Segment(_) => {
            return refused(format!(
                "`{name}` lets people in by what they do; only campaigns by schedule, date or inactivity are run"
            ));
        }
        Trigger::Schedule(_) => Span::At(at),
        Trigger::Date(_) | Trigger::Inactive(_) => Span::Within { from: at, until: at + DAY },
    };
    if at < now - campaign.entry.max_age {
        return refused(format!(
            "`{name}` begins nothing that was due so long ago; give a later time, or a longer `max_age` in its entry"
        ));
    }
    if !campaign.runs_at(at) {
        return refused(format!("`{name}` does not run at that time: see its `starts` and `ends`"));
    }
    let mut row = Row::<Progress>::load(deps, name).await?;
    let mut progress = row.value.take().unwrap_or_else(|| first(campaign, now));
    if progress.sweep.is_some() {
        return refused(format!("`{name}` is under way already; run it again when it is through"));
    }
    progress.sweep = Some(Sweep { by_hand: true, ..Sweep::of(span, now) });
    row.write(deps, Some(&progress)).await?;
    Ok(span)
}

async fn sweep_part<P: ProfileScan, L: LakeErasure, R: RunStore, Q: StartQueue>(
    deps: &Deps<'_, P, L, R, Q>,
    campaign: &Campaign,
    row: Row<Progress>,
    mut progress: Progress,
    mut sweep: Sweep,
    used: &BTreeSet<i64>,
    now: i64,
) -> Result<Outcome, RunError> {
    let mut outcome = Outcome::default();
    let too_old = matches!(sweep.span, Span::At(at) if at < now - campaign.entry.max_age);
    let is_through = sweep.snapshot.is_some_and(|taken| sweep.part >= taken.parts);
    if too_old || is_through {
        outcome.finished = 1;
        if !sweep.by_hand {
            progress.until = after(&progress, sweep.span, now);
        }
        progress.sweep = None;
        row.write(deps, Some(&progress)).await?;
        return Ok(outcome);
    }
    let path = sweep.snapshot.map(|taken| Snapshot::part(taken.at, sweep.part));
    let is_there = match (&path, sweep.snapshot) {
        (Some(path), Some(taken)) => deps.lake.list(&Snapshot::folder(taken.at)).await?.contains(path),
        _ => false,
    };
    let Some(path) = path.filter(|_| is_there) else {
        // There was none yet, or somebody removed it: from the beginning of one that is there.
        let latest = Snapshot::latest(deps.lake).await?;
        let Some(latest) = latest.filter(|latest| latest.taken_at >= sweep.not_before) else {
            return take_part(deps, used, now).await;
        };
        sweep.snapshot = Some(Taken { at: latest.taken_at, parts: latest.parts });
        sweep.part = 0;
        progress.sweep = Some(sweep);
        row.write(deps, Some(&progress)).await?;
        return Ok(outcome);
    };
    let mut selected: Vec<(i64, Key)> = Vec::new();
    let listed = (!deps.privacy.is_empty()).then(|| deps.privacy.list());
    scan_snapshot(&path, deps.lake.open(&path).await?, |person, _, blob| {
        outcome.looked_at += 1;
        let is_listed = listed.as_ref().and_then(|list| list.get(person));
        if is_listed.is_some_and(|listed| listed.restricted) {
            return;
        }
        let profile = ProfileView::stored(blob, now).in_zone(deps.zone.clone());
        selected.extend(campaign.selects(&profile, sweep.span).into_iter().map(|at| (at, person)));
    })?;
    outcome.selected = selected.len() as u64;
    let messages = Starts::of(&campaign.name, selected);
    if !messages.is_empty() {
        deps.queue.put(&messages).await?;
    }
    sweep.part += 1;
    sweep.looked_at += outcome.looked_at;
    sweep.selected += outcome.selected;
    progress.sweep = Some(sweep);
    row.write(deps, Some(&progress)).await?;
    Ok(outcome)
}

/// When there is something to do next, UTC ms: at once where something is under way, or was never looked at.
///
/// # Errors
/// A store that is not available, and a damaged row.
pub async fn next_due<P, L, R: RunStore, Q>(
    deps: &Deps<'_, P, L, R, Q>,
    now: i64,
) -> Result<Option<i64>, RunError> {
    let mut next: Option<i64> = None;
    for campaign in deps.campaigns.iter().filter(|campaign| campaign.entry.is_selected()) {
        let at = match Row::<Progress>::load(deps, &campaign.name).await?.value {
            None => Some(now),
            Some(progress) if progress.sweep.is_some() => Some(now),
            Some(progress) => crate::due::next(campaign, &progress, now),
        };
        next = next.into_iter().chain(at).min();
    }
    Ok(next)
}
