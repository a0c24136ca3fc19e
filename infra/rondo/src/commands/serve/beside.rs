//! Backtests of a running server, each on a thread of its own: neither intake nor messages wait for it.

use crate::commands::backtest::{Wanted, found};
use crate::installation::{Installation, clock};
use anyhow::Result;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};

/// The one that is under way. It ends with the process.
#[derive(Default)]
pub struct Backtests(Option<JoinHandle<()>>);

impl Backtests {
    /// Begins one over all that happened so far; the answer follows when it is through.
    pub fn begin(
        &mut self,
        installation: &mut Installation,
        wanted: Wanted,
        answer: Sender<Result<String, String>>,
    ) {
        if self.0.as_ref().is_some_and(|running| !running.is_finished()) {
            // It takes memory for everybody: one is enough.
            let _ =
                answer.send(Err("another backtest is under way; ask again when it is through".to_owned()));
            return;
        }
        match self.spawn(installation, wanted, answer.clone()) {
            Ok(running) => self.0 = Some(running),
            Err(error) => drop(answer.send(Err(format!("{error:#}")))),
        }
    }

    fn spawn(
        &self,
        installation: &mut Installation,
        wanted: Wanted,
        answer: Sender<Result<String, String>>,
    ) -> Result<JoinHandle<()>> {
        let (past, folder) = (installation.past(clock())?, installation.folder.clone());
        let run = move || {
            let text = found(&past, &folder, &wanted);
            // Who asked may have gone.
            let _ = answer.send(text.map_err(|error| format!("{error:#}")));
        };
        Ok(thread::Builder::new().name("backtest".into()).spawn(run)?)
    }
}
