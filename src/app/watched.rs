//! Files that are read again when they change, and upon SIGHUP.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Between two looks at the files.
pub(super) const LOOK: Duration = Duration::from_secs(3);

/// When a file was written, how long it is, and which it is; `None` where it is not there. What
/// replaces it differs in one of them.
type Stamp = Option<(SystemTime, u64, u64)>;

/// Files, and what each was when it was read.
#[derive(Debug)]
pub(super) struct Seen(Vec<(PathBuf, Stamp)>);

impl Seen {
    pub fn now(files: Vec<PathBuf>) -> Self {
        let seen = |file: PathBuf| {
            let stamp = stamp(&file);
            (file, stamp)
        };
        Self(files.into_iter().map(seen).collect())
    }

    /// Takes note of what the files are now; whether any is another than before.
    pub fn look(&mut self) -> bool {
        let mut changed = false;
        for (file, seen) in &mut self.0 {
            let now = stamp(file);
            changed |= std::mem::replace(seen, now) != now;
        }
        changed
    }

    /// What says that they are to be read again. With nothing to read there is none: SIGHUP is a
    /// terminal that was closed then, and ends the process.
    pub fn hangup(&self) -> Option<Signal> {
        if self.0.is_empty() { None } else { signal(SignalKind::hangup()).ok() }
    }
}

/// Waits for SIGHUP; for ever where it cannot be heard.
pub(super) async fn hung_up(signal: &mut Option<Signal>) -> bool {
    match signal {
        Some(signal) => signal.recv().await.is_some(),
        None => std::future::pending().await,
    }
}

fn stamp(file: &Path) -> Stamp {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}
