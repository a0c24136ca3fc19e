//! `rondo unmerge`: undoes one merge.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::commands::identity::Graph;
use crate::commands::person::find_person;
use crate::installation::Installation;
use anyhow::{Context, Result, bail};
use clap::Args;
use embedded::LakeFolder;
use lake::History;
use person::Profile;
use pollster::block_on;

#[derive(Debug, Args)]
pub struct UnmergeArgs {
    /// A user id, anonymous id, e-mail address, phone number, or the 32 digits of a person's key
    id: String,
    /// Which merge, by its number in `rondo identity`; the last one that holds where none is named
    #[arg(long, value_name = "N")]
    merge: Option<usize>,
    #[command(flatten)]
    data: DataFolder,
}

/// Undoes one merge of a person, and prints who is who now.
pub fn unmerge(args: &UnmergeArgs) -> Result<()> {
    ask(&args.data.path, &Question::Unmerge { id: args.id.clone(), merge: args.merge })
}

/// Undoes it and says what came of it. `now` is UTC ms.
pub fn answer(installation: &mut Installation, id: &str, merge: Option<usize>, now: i64) -> Result<String> {
    let found = find_person(installation, id)?;
    let mut profile = Profile::default();
    profile.decode(&found.stored.blob).context("the person's stored profile is damaged")?;
    let graph = Graph::of(installation, found.person, &profile)?;
    let chosen = match merge {
        Some(number) => {
            let merge = number.checked_sub(1).and_then(|at| graph.merges.get(at));
            let merge = merge.with_context(|| {
                format!(
                    "there is no merge {number}: this person has {}; see `rondo identity`",
                    graph.merges.len()
                )
            })?;
            if !merge.holds {
                bail!("merge {number} was undone already; see `rondo identity`");
            }
            merge
        }
        None => graph.merges.iter().rev().find(|merge| merge.holds).context(
            "nobody was merged into this person, so that there is nothing to undo; see `rondo identity`",
        )?,
    };
    let (gone, into) = (chosen.gone, chosen.into);

    // The lake is to hold all that the profiles do.
    installation.pump.flush_lake()?;
    installation.pump.commit()?;
    let lake = LakeFolder::new(installation.folder.join("lake"));
    let (store, limits) = (&installation.pump.store, installation.pump.identity.limits);
    let unmerged = block_on(update_profiles::unmerge(store, &History(&lake), limits, (gone, into), now))?;
    store.part_sends(found.person, &[unmerged.gone, unmerged.into])?;
    installation.pump.commit()?;
    Ok(format!(
        "The merge of {} {} into {} {} is undone, and nothing will join the two again.\n  the one is now person {}\n  the \
         other is now person {}\n{} events of everybody concerned were replayed; {} profiles and {} identifiers changed. \
         Journeys and messages stay with person {}; what was sent counts against the caps of both.",
        gone.kind.as_str(),
        gone.person,
        into.kind.as_str(),
        into.person,
        unmerged.gone,
        unmerged.into,
        unmerged.events,
        unmerged.profiles,
        unmerged.identities,
        found.person,
    ))
}
