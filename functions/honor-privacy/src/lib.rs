#![doc = include_str!("../README.md")]

mod access;
mod deps;
mod erase;
mod export;
mod handler;
mod job;
mod lake_rows;
mod neighbours;
mod page;
mod page_words;
mod quarantined;
mod receipt;
mod request;
mod requests;
mod restrict;
mod snapshots;
mod subject;

pub use deps::{Deps, PrivacyError, Stores};
pub use erase::{begin, conclude, erase, erase_part, kept_receipt, sweep};
pub use handler::{invoke, run};
pub use job::{Job, unfinished};
pub use page::page;
pub use receipt::Receipt;
pub use request::{Action, Request, Who};
pub use requests::{approved, close, due, open_requests};
