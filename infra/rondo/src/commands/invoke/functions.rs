//! Each function's handler, over the installation.

use super::Call;
use super::objects::InboxFolder;
use crate::campaigns::Collected;
use crate::pump::Durable;
use anyhow::{Context, Result};
use decide_experience::{HotProfiles, KEPT_BYTES};
use embedded::LakeFolder;
use event::{Event, SECOND};
use import_data::Mappings;
use lambda::Failure;
use person::NothingShared;
use pollster::block_on;
use serde_json::Value;

pub fn collect_events(call: Call<'_>) -> Result<Value> {
    let intake = &call.durable()?.intake;
    let deps = collect_events::Deps {
        bus: intake,
        vault: intake,
        quarantine: intake,
        requests: &call.installation.privacy,
        parser: &call.installation.parser,
        write_keys: &call.write_keys.digests().and_digests(call.installation.write_keys.clone()),
    };
    answered(block_on(collect_events::invoke(&deps, call.event, call.now)))
}

pub fn import_data(call: Call<'_>) -> Result<Value> {
    let intake = &call.durable()?.intake;
    let deps = import_data::Deps {
        bus: intake,
        vault: intake,
        quarantine: intake,
        objects: &InboxFolder { root: call.installation.folder.join("inbox") },
        parser: &call.installation.parser,
        mappings: &Mappings::by_folder(&call.installation.mappings),
    };
    answered(block_on(import_data::invoke(&deps, &call.installation.pump.store, call.event, call.now)))
}

pub fn update_profiles(call: Call<'_>) -> Result<Value> {
    let pump = &call.installation.pump;
    let wanted = |event: &Event<'_>| pump.campaigns.wants(event);
    let deps = update_profiles::Deps { store: &pump.store, wanted: &wanted, rules: &pump.identity };
    answered(block_on(update_profiles::invoke(&deps, &call.durable()?.intake, call.event, call.now)))
}

pub fn archive_events(call: Call<'_>) -> Result<Value> {
    let durable = call.durable()?;
    let deps = archive_events::Deps {
        lake: &durable.lake,
        quarantine: &durable.intake,
        settings: Default::default(),
    };
    answered(block_on(archive_events::invoke(&deps, call.event, call.now)))
}

pub fn evaluate_triggers(call: Call<'_>) -> Result<Value> {
    let pump = &call.installation.pump;
    let deps = evaluate_triggers::Deps {
        journeys: &pump.store,
        sends: &pump.store,
        actions: &pump.store,
        profiles: &pump.store,
        campaigns: &pump.campaigns,
        zone: &call.installation.delivery.zone,
        lateness: pump.lateness,
        reading_history: false,
        privacy: Some(&pump.privacy),
    };
    answered(block_on(evaluate_triggers::invoke(&deps, &call.durable()?.intake, call.event, call.now)))
}

pub fn fire_timers(call: Call<'_>) -> Result<Value> {
    let store = &call.installation.pump.store;
    let deps = fire_timers::Deps { timers: store, due: store, held: store, actions: store };
    answered(block_on(fire_timers::invoke(&deps, call.event, call.now)))
}

pub fn run_campaigns(call: Call<'_>) -> Result<Value> {
    let pump = &call.installation.pump;
    let queue = Collected::default();
    let deps = pump.run_deps(&call.durable()?.lake, &queue);
    let answer = answered(block_on(run_campaigns::invoke(&deps, call.event, call.now, || true)))?;
    for starts in queue.starts() {
        pump.begin_journeys(&starts, call.now)?;
    }
    Ok(answer)
}

pub fn deliver_messages(call: Call<'_>) -> Result<Value> {
    let installation = call.installation;
    let pump = &installation.pump;
    let deps = deliver_messages::Deps {
        campaigns: &pump.campaigns,
        settings: &installation.delivery,
        profiles: &pump.store,
        ledger: &pump.store,
        vault: &pump.store,
        bus: &call.durable()?.intake,
        holding: &pump.store,
        email: &installation.outbox,
        webhook: &installation.webhook,
    };
    answered(block_on(deliver_messages::invoke(&deps, call.event, call.now)))
}

pub fn build_reports(call: Call<'_>) -> Result<Value> {
    let installation = call.installation;
    let settings = installation.report_settings();
    let reports = LakeFolder::new(&installation.folder);
    let deps = build_reports::Deps {
        lake: &call.durable()?.lake,
        reports: &reports,
        counts: &installation.pump.store,
        creatives: &reports,
        campaigns: &installation.pump.campaigns,
        placements: &installation.placements,
        settings,
    };
    answered(block_on(build_reports::invoke(&deps, call.event, call.now)))
}

pub fn honor_privacy(call: Call<'_>) -> Result<Value> {
    call.installation.with_deps(|deps| answered(block_on(honor_privacy::invoke(deps, call.event, call.now))))
}

pub fn decide_experience(call: Call<'_>) -> Result<Value> {
    let installation = call.installation;
    // What readers see is what was committed.
    installation.pump.store.commit()?;
    let products = std::fs::read(installation.folder.join("reports/latest/products.json")).ok();
    let products = products.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let deps = decide_experience::Deps {
        store: &installation.pump.store.reader(),
        shared: &NothingShared,
        hot: &HotProfiles::new(KEPT_BYTES, SECOND),
        placements: &installation.placements,
        campaigns: &installation.pump.campaigns,
        utm: installation.delivery.utm.as_ref(),
        products: products.as_ref(),
        learned: &installation.delivery.creatives,
        parser: &decide_experience::visitor_parser(&installation.parser),
        keys: &call.write_keys.read_keys(&installation.write_keys),
        holdout: installation.delivery.holdout,
    };
    answered(block_on(decide_experience::invoke(&deps, &call.durable()?.intake, call.event, call.now)))
}

impl<'i> Call<'i> {
    fn durable(&self) -> Result<&'i Durable> {
        self.installation.pump.durable.as_ref().context("the installation has no bus log")
    }
}

fn answered(answer: Result<Value, Failure>) -> Result<Value> {
    answer.map_err(anyhow::Error::msg)
}
