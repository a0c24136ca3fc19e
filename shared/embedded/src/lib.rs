//! The ports on one machine: a bus log and a lake of plain files, and one redb file for all else.
//!
//! Whatever is accepted is one append to the [`BusLog`]; the loop carries it on into the [`Store`], whose
//! batches are durable as a whole together with the position in the log that they stand for. So a kill at
//! any point loses nothing that was acknowledged, and repeats nothing.

mod actions;
mod bus_log;
mod creatives;
mod duplicates;
mod erasure;
mod frame;
mod identity_log;
mod intake;
mod keys;
mod lake_folder;
mod ledger;
mod log_reader;
mod log_writer;
mod outbox;
mod overlay;
mod people;
mod privacy_folder;
mod quality;
mod reader;
mod reseal;
mod rewrite;
mod runs;
mod sealed;
mod sends;
mod store;
mod timers;
mod upgrade;

pub use actions::Queued;
pub use bus_log::BusLog;
pub use frame::{Frame, FrameBuilder};
pub use intake::Intake;
pub use keys::Keys;
pub use lake_folder::LakeFolder;
pub use log_reader::LogReader;
pub use outbox::Outbox;
pub use privacy_folder::PrivacyFolder;
pub use reader::Reader;
pub use reseal::Resealed;
pub use store::Store;
pub use vault::{Keyring, Sealer};
