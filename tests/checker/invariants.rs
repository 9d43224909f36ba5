//! The promises, as functions from a history to its violations. Nothing here knows of sockets.
//!
//! I1 to I12 are the invariants of a run: clients converge, never go back, see nothing that was not
//! committed and nothing of others; a link verifies once; what was acknowledged is in the database.

mod clients;
mod database;
mod limits;
#[cfg(test)]
mod tests;

pub use clients::canaries;
pub use limits::{delays, too_slow};

use crate::history::{Change, History, Write};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// `I1` to `I12`, and `I0` for a run that shows nothing.
    pub invariant: &'static str,
    /// What was seen.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.invariant, self.text)
    }
}

/// Every promise that the history breaks.
pub fn check(history: &History) -> Vec<Violation> {
    let story = Story::of(history);
    let mut violations = Vec::new();
    for (invariant, check) in INVARIANTS {
        violations.extend(check(&story).into_iter().map(|text| Violation { invariant, text }));
    }
    violations
}

type Check = fn(&Story) -> Vec<String>;

const INVARIANTS: [(&str, Check); 13] = [
    ("I0", limits::something_happened),
    ("I1", limits::converges),
    ("I2", clients::never_goes_back),
    ("I3", clients::shows_only_what_was_committed),
    ("I4", clients::keeps_users_apart),
    ("I5", database::verifies_once),
    ("I6", database::keeps_what_it_acknowledged),
    ("I7", clients::shows_transactions_whole),
    ("I8", clients::resumes),
    ("I9", clients::reads_what_was_written),
    ("I10", limits::mails),
    ("I11", limits::falls_silent),
    ("I12", limits::holds_nothing_back),
];

/// `<epoch>.<version>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub epoch: String,
    pub version: i64,
}

impl Cursor {
    /// Reads one; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, version) = text.rsplit_once('.')?;
        Some(Self { epoch: epoch.to_owned(), version: version.parse().ok()? })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.epoch, self.version)
    }
}

/// What a piece that was heard says.
pub struct Told {
    pub cursor: Cursor,
    /// A change on a stream, which comes in version order without a hole.
    pub is_change: bool,
    /// The document, where it shows one.
    pub document: Option<Value>,
    /// The type, where it is a change.
    pub kind: Option<String>,
}

/// A history with what several promises ask of it.
pub struct Story<'a> {
    pub history: &'a History,
    /// Each client's user.
    users: HashMap<u32, &'a str>,
    /// What each client was told, in its order, with its place in `history.heard`.
    told: HashMap<u32, Vec<(usize, Told)>>,
    /// The cursor that a connection came back with.
    resumes: HashMap<u32, Cursor>,
    /// Each user's log of changes, by version.
    log: HashMap<(&'a str, i64), &'a Change>,
    /// The changes that bear a mark.
    marks: HashMap<&'a str, Vec<&'a Change>>,
}

impl<'a> Story<'a> {
    fn of(history: &'a History) -> Self {
        let users = history.clients.iter().map(|client| (client.id, client.user.as_str()));
        let mut told: HashMap<u32, Vec<(usize, Told)>> = HashMap::new();
        for (index, heard) in history.heard.iter().enumerate() {
            let all = told.entry(heard.client).or_default();
            all.extend(read(&heard.name, &heard.raw).into_iter().map(|one| (index, one)));
        }
        let resumes = history.opened.iter().filter_map(|opened| {
            Some((opened.connection, Cursor::parse(opened.resume.as_deref()?)?))
        });
        let log =
            history.changes.iter().map(|change| ((change.user.as_str(), change.version), change));
        let mut marks: HashMap<&str, Vec<&Change>> = HashMap::new();
        for change in &history.changes {
            if let Some(mark) = mark(&change.data) {
                marks.entry(mark).or_default().push(change);
            }
        }
        Self {
            history,
            users: users.collect(),
            told,
            resumes: resumes.collect(),
            log: log.collect(),
            marks,
        }
    }

    fn user(&self, client: u32) -> &'a str {
        self.users.get(&client).copied().unwrap_or_default()
    }

    fn told(&self, client: u32) -> &[(usize, Told)] {
        self.told.get(&client).map_or(&[], Vec::as_slice)
    }

    /// What a write with this mark left in the log.
    fn left_by(&self, mark: &str) -> &[&'a Change] {
        self.marks.get(mark).map_or(&[], Vec::as_slice)
    }

    /// The version that a write came to: by its answer, or by what a click left in the log.
    fn version(&self, write: &Write) -> Option<i64> {
        if let Some(cursor) = write.cursor.as_deref().and_then(Cursor::parse) {
            return Some(cursor.version);
        }
        if !matches!(write.kind.as_str(), "click" | "code") {
            return None;
        }
        let verified =
            |change: &&Change| change.user == write.user && change.kind == "email.verified";
        self.history.changes.iter().find(verified).map(|change| change.version)
    }
}

/// The mark that a change's data bears: an event's own, or in the documents that a call names.
fn mark(data: &Value) -> Option<&str> {
    [data, &data["kyc"], &data["attributes"]].iter().find_map(|part| part["left"].as_str())
}

/// Whether a call that wrote both documents is seen in both or in neither.
fn is_whole(state: &Value) -> bool {
    state["kyc"]["put"] == state["attributes"]["put"]
}

/// What of a document the database's row has as well.
pub fn state(document: &Value) -> Value {
    json!({
        "email": document["email"],
        "verified": document["email_verified"],
        "kyc": document["kyc"],
        "attributes": document["attributes"],
    })
}

/// What was told by an event or an answer. Changes that a poll shows come before its own state.
fn read(name: &str, raw: &str) -> Vec<Told> {
    let told = |value: &Value, document: Option<&Value>, is_change: bool| {
        Cursor::parse(value["cursor"].as_str()?).map(|cursor| Told {
            cursor,
            is_change,
            document: document.cloned(),
            kind: value["type"].as_str().map(ToOwned::to_owned),
        })
    };
    if name == "nothing" {
        return told(&json!({ "cursor": raw }), None, false).into_iter().collect();
    }
    let data = if name == "poll" { raw.to_owned() } else { data_of(raw) };
    let value: Value = serde_json::from_str(&data).unwrap_or_default();
    let shown = match name {
        "goodbye" => None,
        "heartbeat" => told(&value, None, false),
        "snapshot" => told(&value, Some(&value["user"]), false),
        "poll" => {
            let changes = value["changes"].as_array().cloned().unwrap_or_default();
            let changes =
                changes.iter().filter_map(|change| told(change, Some(&change["user"]), true));
            let all: Vec<Told> = changes.chain(told(&value, Some(&value["user"]), false)).collect();
            return all;
        }
        _ => told(&value, Some(&value["user"]), true),
    };
    shown.into_iter().collect()
}

/// The data of a stream's block.
pub fn data_of(block: &str) -> String {
    let lines = block.lines().filter_map(|line| line.strip_prefix("data:"));
    lines.map(|data| data.strip_prefix(' ').unwrap_or(data)).collect::<Vec<_>>().join("\n")
}
