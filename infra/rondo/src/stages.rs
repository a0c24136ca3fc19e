//! CPU seconds by stage of the loop.

use std::cell::Cell;
use std::time::Duration;

/// A part of the work on a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Lines to clean events.
    Parse,
    /// The append to the bus log.
    Log,
    /// Identity, fold, encoding.
    Profiles,
    /// Campaigns on changed profiles.
    Triggers,
    /// Campaigns on due timers.
    Timers,
    /// Buffering for the lake, and writing its files.
    Lake,
    /// The store's commits.
    Commit,
}

impl Stage {
    pub const ALL: [Stage; 7] = [
        Stage::Parse,
        Stage::Log,
        Stage::Profiles,
        Stage::Triggers,
        Stage::Timers,
        Stage::Lake,
        Stage::Commit,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Parse => "parse",
            Stage::Log => "log",
            Stage::Profiles => "profiles",
            Stage::Triggers => "triggers",
            Stage::Timers => "timers",
            Stage::Lake => "lake",
            Stage::Commit => "commit",
        }
    }
}

/// The time spent in each, of this process's CPU.
#[derive(Debug, Clone, Default)]
pub struct Stages {
    spent: [Cell<Duration>; Stage::ALL.len()],
}

impl Stages {
    /// Runs `work` and counts what it took.
    pub fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let before = cpu_time();
        let result = work();
        self.add(stage, cpu_time().saturating_sub(before));
        result
    }

    /// Counts time that was taken elsewhere.
    pub fn add(&self, stage: Stage, spent: Duration) {
        let stage = &self.spent[stage as usize];
        stage.set(stage.get() + spent);
    }

    /// Seconds by stage.
    pub fn seconds(&self) -> impl Iterator<Item = (&'static str, f64)> {
        Stage::ALL.into_iter().map(|stage| (stage.as_str(), self.spent[stage as usize].get().as_secs_f64()))
    }
}

/// CPU time of this process so far, user and system, all threads.
#[allow(unsafe_code)] // the standard library has no way to ask
pub fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to the one structure that it is given, which outlives it.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The largest resident size of this process so far, in MB (10^6 bytes).
#[allow(unsafe_code)] // as above
pub fn peak_mb() -> f64 {
    // SAFETY: all-zero bytes are a valid `rusage`, and the call writes to nothing else.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let kilobytes = if cfg!(target_os = "macos") { usage.ru_maxrss / 1024 } else { usage.ru_maxrss };
    kilobytes as f64 * 1_024.0 / 1e6
}
