//! What a run came to, in a few lines.

use crate::history::{History, Outcome};
use crate::invariants::{delays, too_slow};
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
        "\n{:<36} {:>6} {:>8} {:>6} {:>6} {:>6}",
        "shown after (ms)", "faults", "changes", "p50", "p99", "max"
    );
    for (what, mut all) in shown_after(history) {
        all.sort_unstable();
        let part = |hundredth: usize| all[(all.len() - 1) * hundredth / 100];
        let (count, p50, p99, most) = (all.len(), part(50), part(99), part(100));
        let times = faults.get(what.as_str()).copied().unwrap_or_default();
        let _ = writeln!(text, "{what:<36} {times:>6} {count:>8} {p50:>6} {p99:>6} {most:>6}");
    }
    let (stood, lasted) = history
        .paces
        .iter()
        .fold((0, 0), |(stood, lasted), pace| (stood + pace.stood, lasted + pace.lasted));
    let _ = write!(
        text,
        "\n{} times a stream was not read as fast as changes came; \
        something under test waited for a processor for {} % of the time",
        too_slow(history),
        100 * stood / lasted.max(1),
    );
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

/// How long each change took to each client, in milliseconds, by what failed at the time; and where
/// nothing did, what went to a stream at another node.
pub fn shown_after(history: &History) -> BTreeMap<String, Vec<u64>> {
    let mut took: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for delay in delays(history) {
        if delay.crossed && delay.fault == "nothing" {
            let what = if delay.click { "click" } else { "write" };
            took.entry(format!("{what}, at another node's stream")).or_default().push(delay.took);
        }
        took.entry(delay.fault).or_default().push(delay.took);
    }
    took
}
