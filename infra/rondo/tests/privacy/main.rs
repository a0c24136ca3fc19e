//! What one person has a right to, over an installation at work.

mod crash;
mod erase;
mod requests;
mod restrict;
#[path = "../cli/rondo.rs"]
#[allow(dead_code)]
mod rondo;
mod search;
#[path = "../cli/server.rs"]
#[allow(dead_code)]
mod server;
mod shop;
