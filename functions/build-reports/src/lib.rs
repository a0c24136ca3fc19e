#![doc = include_str!("../README.md")]

mod calendar;
mod campaigns;
mod chart;
mod cohorts;
mod gather;
mod handler;
mod money;
mod page;
mod people;
mod report;
mod run;
mod sales;

pub use handler::{Deps, handle, invoke};
pub use report::{
    CampaignResult, Cohort, Cohorts, CurrencyTotals, Day, FunnelStage, Period, Quality, Report, Totals,
};
pub use run::{ReportError, Settings, run};
