#![doc = include_str!("../README.md")]

mod calendar;
mod campaigns;
mod catalogue;
mod catalogue_page;
mod chart;
mod cohorts;
mod gather;
mod handler;
mod learn;
mod money;
mod observed;
mod page;
mod people;
mod products;
mod quality;
mod quality_page;
mod refunds;
mod report;
mod run;
mod sales;
mod shape;

pub use catalogue::{Catalogue, CatalogueEvent, CatalogueField, CatalogueViolation, Planned};
pub use handler::{Built, Deps, handle, invoke};
pub use learn::{Learned, learn};
pub use products::{Products, Related};
pub use quality::{DataQuality, HourQuality, Measures, NullRate, SourceQuality, ViolationQuality};
pub use report::{
    CampaignResult, Cohort, Cohorts, CurrencyTotals, Day, FunnelStage, Period, Quality, Report, Totals,
};
pub use run::{Insight, ReportError, Settings, insight, run};
