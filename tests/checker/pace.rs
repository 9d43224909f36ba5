//! How much of the time this machine runs what is under test at all.

use crate::history::{Millis, Pace, Record};
use crate::world::{Node, World};
use std::collections::HashMap;
use std::fs;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks.
const MOMENT: Duration = Duration::from_millis(250);

/// Takes note of how long the threads of the nodes, and our own, which are the ways between them,
/// waited for a processor: the kernel counts it, for each. What this machine does for others, or
/// another machine does instead of it, makes the look itself late.
pub async fn watch(world: &World) {
    let mut before = HashMap::new();
    let mut last = Instant::now();
    loop {
        tokio::time::sleep_until(last + MOMENT).await;
        let now = Instant::now();
        let lasted = now - last;
        let mut stood = lasted.saturating_sub(MOMENT);
        let mut waited = HashMap::new();
        let nodes = world.nodes.iter().filter_map(Node::process);
        for id in nodes.chain([std::process::id()]) {
            for (thread, so_far) in threads(id) {
                let was = before.get(&thread).copied().unwrap_or(so_far);
                stood = stood.max(so_far.saturating_sub(was));
                waited.insert(thread, so_far);
            }
        }
        before = waited;
        last = now;
        let millis = |time: Duration| Millis::try_from(time.as_millis()).unwrap();
        let (lasted, stood) = (millis(lasted), millis(stood.min(lasted)));
        world.recorder.note(Record::Pace(Pace { at: world.recorder.now(), lasted, stood }));
    }
}

/// How long each thread of a process has waited since it began.
fn threads(process: u32) -> Vec<(u32, Duration)> {
    let Ok(folder) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let waited = |entry: fs::DirEntry| {
        let thread = entry.file_name().to_str()?.parse().ok()?;
        // Time on a processor, time waited for one, both in nanoseconds, and how often.
        let figures = fs::read_to_string(entry.path().join("schedstat")).ok()?;
        let nanoseconds = figures.split_whitespace().nth(1)?.parse().ok()?;
        Some((thread, Duration::from_nanos(nanoseconds)))
    };
    folder.filter_map(Result::ok).filter_map(waited).collect()
}
