//! What must have happened by when, and how much of it.

use super::Story;
use crate::history::{Fault, Heard, History, Millis, Outcome, Write};
use std::collections::{HashMap, HashSet};

/// A change is shown by then where nothing fails, on the node that took it.
const HERE: Millis = 1_000;

/// The same on other nodes.
const ELSEWHERE: Millis = 2_000;

/// The same on other nodes without a bus.
const WITHOUT_BUS: Millis = 6_000;

/// After a node or the database was away.
const AFTER_FAULT: Millis = 15_000;

/// Open files beyond those of a fresh start: the pool to the database at its full size, the bus,
/// mails, and connections that are kept for another request.
const FILES: u64 = 40;

/// Resident memory beyond that of a fresh start, in KiB: pages that an allocator keeps.
const MEMORY: u64 = 64 * 1024;

/// I0: a run in which nothing happened shows nothing.
pub fn something_happened(story: &Story) -> Vec<String> {
    let history = story.history;
    let done = |kind: &str| {
        history.writes.iter().any(|write| write.kind == kind && write.outcome == Outcome::Done)
    };
    let heard = |name: &str| history.heard.iter().any(|heard| heard.name == name);
    let too_slow = too_slow(history) > 0;
    [
        ("click was acknowledged", done("click")),
        ("update was acknowledged", done("kyc.updated")),
        ("user was described by the application", done("put")),
        ("log-out was acknowledged", done("log_out")),
        ("snapshot was heard", heard("snapshot")),
        ("change was heard", heard("kyc.updated")),
        ("poll was answered with news", heard("poll")),
        ("mail came", !history.mails.is_empty()),
        ("row was read", !history.rows.is_empty()),
        ("reader was too slow for its channel", too_slow),
        ("node was looked at", !history.left.is_empty()),
        ("client came back with a cursor", history.opened.iter().any(|one| one.resume.is_some())),
    ]
    .into_iter()
    .filter(|(_, happened)| !happened)
    .map(|(what, _)| format!("no {what}"))
    .collect()
}

/// How many times a stream was brought to the present by a snapshot, since it was not read as fast as
/// changes came.
pub fn too_slow(history: &History) -> usize {
    let mut known = HashSet::new();
    let gap = |heard: &&Heard| heard.name == "snapshot" && heard.raw.contains(r#""reason":"gap""#);
    let later = history.heard.iter().filter(|heard| !known.insert(heard.connection));
    later.filter(gap).count()
}

/// How long a change took to a client.
pub struct Delay {
    /// What failed at the time; `nothing` where nothing did.
    pub fault: String,
    /// Whether it was a click or a code that was typed.
    pub click: bool,
    /// Whether a stream showed it that is at another node than the write was.
    pub crossed: bool,
    /// From the acknowledgement, or from when the fault was over, until it was shown.
    pub took: Millis,
    /// Whether that was in time.
    pub in_time: bool,
    text: String,
}

/// I1: each acknowledged change is shown by every client that was there and stayed.
pub fn converges(story: &Story) -> Vec<String> {
    measure(story).into_iter().filter(|delay| !delay.in_time).map(|delay| delay.text).collect()
}

/// How long each acknowledged change took to each client that stayed.
pub fn delays(history: &History) -> Vec<Delay> {
    measure(&Story::of(history))
}

fn measure(story: &Story) -> Vec<Delay> {
    let history = story.history;
    let mut delays = Vec::new();
    for client in &history.clients {
        // What it had when: the time of each newest version.
        let mut seen: Vec<(&Heard, i64)> = Vec::new();
        for (index, told) in story.told(client.id) {
            let newer = seen.last().is_none_or(|(_, last)| *last < told.cursor.version);
            if told.document.is_some() && newer {
                seen.push((&history.heard[*index], told.cursor.version));
            }
        }
        let opened: Vec<(Millis, usize)> = history
            .opened
            .iter()
            .filter(|opened| opened.client == client.id)
            .map(|opened| (opened.at, opened.node))
            .collect();
        for write in history.writes.iter().filter(|write| write.user == client.user) {
            if write.outcome != Outcome::Done || write.ended < client.from {
                continue;
            }
            let Some(version) = story.version(write) else { continue };
            let connected = opened.iter().rfind(|(at, _)| *at <= write.ended);
            let here = connected.is_some_and(|(_, node)| *node == write.node);
            let usual = match &history.run {
                _ if here => HERE,
                Some(run) if run.bus => ELSEWHERE,
                _ => WITHOUT_BUS,
            };
            let due = due(history, write, usual);
            let first = seen.iter().find(|(_, seen)| *seen >= version).map(|(heard, _)| *heard);
            let shown = first.map(|heard| heard.at);
            // Whoever left before it was due is owed nothing.
            if shown.is_none() && client.until < due {
                continue;
            }
            let at = shown.unwrap_or(Millis::MAX);
            let fault = met(history, write, at.min(due));
            let since = fault.map_or(write.ended, |fault| fault.until.max(write.ended));
            delays.push(Delay {
                fault: fault.map_or_else(|| "nothing".to_owned(), |fault| fault.kind.clone()),
                click: write.mark.is_none(),
                crossed: !here && first.is_some_and(|heard| heard.name != "poll"),
                took: at.saturating_sub(since),
                in_time: at <= due,
                text: format!(
                    "client {} of {} was owed version {version} ({} on node {}, acknowledged at {} ms) \
                     by {} ms and was shown it {}",
                    client.id,
                    client.user,
                    write.kind,
                    write.node,
                    write.ended,
                    due,
                    shown.map_or_else(|| "never".to_owned(), |at| format!("at {at} ms")),
                ),
            });
        }
    }
    delays
}

/// When a write must have been shown: usually so long after it, and each fault puts that off.
fn due(history: &History, write: &Write, usual: Millis) -> Millis {
    history.faults.iter().fold(after(history, write.ended, usual), |due, fault| {
        let felt = fault.from <= due && fault.until >= write.began;
        if felt { due.max(after(history, fault.until, patience(&fault.kind))) } else { due }
    })
}

/// So long after `from` by a clock that stands while something under test waits for a processor, but
/// for a tenth: a busy machine puts off what is owed, to ten times as long at most.
fn after(history: &History, from: Millis, span: Millis) -> Millis {
    let (mut at, mut left) = (from, span);
    let first = history.paces.partition_point(|pace| pace.at <= from);
    for pace in &history.paces[first..] {
        let lasts = pace.at - at;
        let counts = lasts * (pace.lasted - pace.stood) / pace.lasted.max(1);
        let counts = counts.max(lasts / 10);
        if counts >= left {
            return at + left * lasts / counts.max(1);
        }
        (at, left) = (pace.at, left - counts);
    }
    at + left
}

/// The last fault between a write and when it was shown.
fn met<'a>(history: &'a History, write: &Write, shown: Millis) -> Option<&'a Fault> {
    let met = |fault: &&Fault| fault.from <= shown && fault.until >= write.began;
    history.faults.iter().rfind(met)
}

/// How long after a fault everything must be well.
fn patience(kind: &str) -> Millis {
    match kind {
        "bus" => WITHOUT_BUS,
        _ => AFTER_FAULT,
    }
}

/// I10: each acknowledged sign-up comes to a mail, which is sent again only where something failed,
/// and then under the same id.
pub fn mails(story: &Story) -> Vec<String> {
    let mut found = Vec::new();
    let mut by_address: HashMap<&str, Vec<&str>> = HashMap::new();
    for mail in &story.history.mails {
        by_address.entry(&mail.to).or_default().push(&mail.id);
    }
    let mut tries: HashMap<&str, usize> = HashMap::new();
    let mut acknowledged = HashSet::new();
    for write in story.history.writes.iter().filter(|write| write.kind == "sign_up") {
        *tries.entry(&write.user).or_default() += 1;
        if write.outcome == Outcome::Done {
            acknowledged.insert(write.user.as_str());
        }
    }
    for (address, tried) in tries {
        let ids = by_address.get(address).map_or(&[][..], Vec::as_slice);
        let different: HashSet<&&str> = ids.iter().collect();
        if ids.is_empty() && acknowledged.contains(address) {
            found.push(format!("no mail came to {address}"));
        }
        if different.len() > tried || ids.len() > different.len() + story.history.faults.len() {
            found.push(format!(
                "{} mails came to {address}, {} of them different",
                ids.len(),
                different.len()
            ));
        }
    }
    found
}

/// I11: 5 s after a log-out, 6 s without a bus, nothing more is told to its session, and it is
/// refused; and nobody is sent away who did not log out.
pub fn falls_silent(story: &Story) -> Vec<String> {
    let history = story.history;
    let mut found = Vec::new();
    let log_outs: HashMap<&str, &Write> = history
        .writes
        .iter()
        .filter_map(|write| Some((write.session.as_deref()?, write)))
        .collect();
    for write in log_outs.values().filter(|write| write.outcome == Outcome::Refused) {
        found.push(format!("a log-out was refused ({}) at {} ms", write.status, write.ended));
    }
    let patience =
        if history.run.as_ref().is_some_and(|run| run.bus) { 5_000 } else { WITHOUT_BUS };
    for client in &history.clients {
        let log_out = log_outs.get(client.session.as_str());
        let silent = log_out
            .filter(|write| write.outcome == Outcome::Done)
            .map(|write| due(history, write, patience));
        for (index, told) in story.told(client.id) {
            let heard = &history.heard[*index];
            if silent.is_some_and(|silent| heard.at > silent) {
                found.push(format!(
                    "client {} was told of {} ({}) at {} ms, after its log-out",
                    client.id, told.cursor, heard.name, heard.at
                ));
            }
        }
        for opened in history.opened.iter().filter(|opened| opened.client == client.id) {
            let welcome = (200..400).contains(&opened.status);
            if welcome && silent.is_some_and(|silent| opened.at > silent) {
                found.push(format!(
                    "client {} was let in at {} ms, after its log-out",
                    client.id, opened.at
                ));
            }
            if opened.status == 401 && log_out.is_none() {
                found.push(format!(
                    "client {} was refused at {} ms and had not logged out",
                    client.id, opened.at
                ));
            }
        }
        for heard in history.heard.iter().filter(|heard| heard.client == client.id) {
            let sent_away = heard.name == "goodbye"
                && (heard.raw.contains("session_revoked")
                    || heard.raw.contains("user_deleted")
                    || heard.raw.contains("token_expired"));
            if sent_away && log_out.is_none() {
                found.push(format!(
                    "client {} was sent away at {} ms: {}",
                    client.id, heard.at, heard.raw
                ));
            }
        }
    }
    found
}

/// I12: when everybody has left, a node holds what it held when it started.
pub fn holds_nothing_back(story: &Story) -> Vec<String> {
    let mut found = Vec::new();
    for left in &story.history.left {
        if left.streams + left.polls > 0 {
            found.push(format!(
                "node {} still counts {} streams and {} polls",
                left.node, left.streams, left.polls
            ));
        }
        if left.files.1 > left.files.0 + FILES {
            found.push(format!(
                "node {} had {} files open and has {}",
                left.node, left.files.0, left.files.1
            ));
        }
        if left.memory.1 > left.memory.0 + MEMORY {
            found.push(format!(
                "node {} held {} KiB and holds {}",
                left.node, left.memory.0, left.memory.1
            ));
        }
    }
    found
}
