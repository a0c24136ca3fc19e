//! What one person has a right to, over an installation at work.

mod crash;
mod erase;
mod requests;
mod restrict;
#[path = "../cli/rondo.rs"]
mod rondo;
mod search;
#[path = "../cli/server.rs"]
mod server;
mod shop;
