//! The commands as a user has them: the binary, its output and its exit codes.

mod bundle;
mod campaigns;
mod canary;
mod check;
mod clients;
mod consent;
mod copy;
mod decide;
mod decide_shared;
mod disk;
mod export_audience;
mod identity;
mod insight;
mod invoke;
mod key;
mod key_rotate;
mod learn;
mod look;
mod quarantine;
mod rondo;
mod samples;
mod serve;
mod server;
