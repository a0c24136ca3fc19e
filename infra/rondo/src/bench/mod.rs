//! `rondo bench`: each subject prints one JSON object.

mod campaign;
mod campaigns;
mod creative;
mod decide;
mod edge;
mod main_loop;
mod schedule;
mod scratch;
mod server;
mod sink;

pub use campaigns::{CampaignsArgs, campaigns};
pub use creative::{CreativeArgs, creative};
pub use decide::{DecideArgs, decide};
pub use edge::{EdgeArgs, edge};
pub use main_loop::{MainArgs, main_loop};
pub use schedule::{ScheduleArgs, schedule};
