//! What a run came to, in a few lines.

use crate::history::{History, Outcome};
use crate::invariants::delays;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Operations, faults, and how long a change took to the clients by what failed at the time.
pub fn of(history: &History) -> String {
    let mut text = String::new();
    let mut writes: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for write in &history.writes {
        let column = match write.outcome {
            Outcome::Done => 0,
            Outcome::Refused => 1,
            Outcome::Unknown => 2,
        };
        writes.entry(&write.kind).or_default()[column] += 1;
    }
    let _ = writeln!(text, "{:<24} {:>6} {:>8} {:>8}", "writes", "done", "refused", "unknown");
    for (kind, [done, refused, unknown]) in writes {
        let _ = writeln!(text, "{kind:<24} {done:>6} {refused:>8} {unknown:>8}");
    }
    let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
    for fault in &history.faults {
        *faults.entry(&fault.kind).or_default() += 1;
    }
    let _ = writeln!(
        text,
        "\n{:<24} {:>6} {:>8} {:>8} {:>8}",
        "shown after (ms)", "faults", "changes", "p50", "max"
    );
    let mut took: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for delay in delays(history) {
        took.entry(delay.fault).or_default().push(delay.took);
    }
    for (fault, mut all) in took {
        all.sort_unstable();
        let (middle, last) = (all[all.len() / 2], all[all.len() - 1]);
        let times = faults.get(fault.as_str()).copied().unwrap_or_default();
        let _ = writeln!(text, "{fault:<24} {times:>6} {:>8} {middle:>8} {last:>8}", all.len());
    }
    let _ = write!(
        text,
        "\n{} clients of {} users opened {} streams and polls, and heard {} events; {} mails",
        history.clients.len(),
        history.rows.len(),
        history.opened.len(),
        history.heard.len(),
        history.mails.len(),
    );
    for left in &history.left {
        let _ = write!(
            text,
            "\nnode {}: {} files open at its start and {} at the end, {} and {} MiB",
            left.node,
            left.files.0,
            left.files.1,
            left.memory.0 / 1024,
            left.memory.1 / 1024
        );
    }
    text
}
