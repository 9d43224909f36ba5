//! What is written down while a run lasts, and all that the check afterwards knows.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Milliseconds since the run began.
pub type Millis = u64;

/// One thing that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Record {
    /// How the run was set up.
    Run(Run),
    /// A fault, when it is over.
    Fault(Fault),
    /// How this machine ran for a moment.
    Pace(Pace),
    /// A call that changes something, when its outcome is known.
    Write(Write),
    /// One listener of a user: a tab that reconnects, or polls again and again.
    Client(Client),
    /// A stream or a poll that a client opened.
    Opened(Opened),
    /// Something that a client received.
    Heard(Heard),
    /// A mail that reached the sink.
    Mail(Mail),
    /// A user's row at the end.
    Row(Row),
    /// A row of the log of changes at the end.
    Change(Change),
    /// A line that a node logged, where it holds what no log may.
    Logged { node: usize, line: String },
    /// What a node holds after everybody has left.
    Left(Left),
}

/// How the run was set up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    pub seed: u64,
    /// Whether the nodes tell each other over a bus.
    pub bus: bool,
}

/// A fault, from its beginning until it was healed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault {
    pub kind: String,
    pub target: String,
    pub from: Millis,
    pub until: Millis,
}

/// A moment, until `at`, of which whoever waited longest for a processor waited `stood`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pace {
    pub at: Millis,
    pub lasted: Millis,
    pub stood: Millis,
}

/// What is known of a call that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Acknowledged.
    Done,
    /// Refused with 4xx.
    Refused,
    /// No answer, or one that promises nothing.
    Unknown,
}

/// A call that changes something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Write {
    pub kind: String,
    pub user: String,
    pub node: usize,
    pub began: Millis,
    pub ended: Millis,
    pub outcome: Outcome,
    /// 0 where there was no answer.
    pub status: u16,
    /// The cursor that the answer gave.
    pub cursor: Option<String>,
    /// What the call wrote, twice over in one transaction.
    pub mark: Option<String>,
    /// Of a click or a code: whether the answer said that it was verified before.
    pub already: Option<bool>,
    /// Of a log-out: the session that it ended.
    pub session: Option<String>,
}

/// One listener of a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Client {
    pub id: u32,
    pub user: String,
    pub session: String,
    pub from: Millis,
    /// When it began to leave of its own accord, or by a log-out.
    pub until: Millis,
}

/// A stream or a poll.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opened {
    pub client: u32,
    /// Grows with each, over all clients.
    pub connection: u32,
    pub node: usize,
    pub at: Millis,
    /// The cursor that it resumes from, or that a poll has.
    pub resume: Option<String>,
    /// 0 where there was no answer.
    pub status: u16,
}

/// Something that a client received.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Heard {
    pub client: u32,
    pub connection: u32,
    pub at: Millis,
    /// The event's name; `poll` for an answer with news, and `nothing` for one without.
    pub name: String,
    /// Every byte of it.
    pub raw: String,
}

/// A mail that reached the sink.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mail {
    pub at: Millis,
    pub to: String,
    pub id: String,
    pub raw: String,
}

/// A user's row at the end; `epoch` is what the nodes made of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    pub user: String,
    pub epoch: String,
    pub version: i64,
    pub state: Value,
}

/// A row of the log of changes at the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Change {
    pub user: String,
    pub version: i64,
    pub kind: String,
    pub data: Value,
    pub state: Value,
}

/// What a node holds after everybody has left.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Left {
    pub node: usize,
    pub streams: u64,
    pub polls: u64,
    /// Open files when it had just started, and now.
    pub files: (u64, u64),
    /// Resident memory in KiB when it had just started, and now.
    pub memory: (u64, u64),
}

/// All that happened, by kind, each in the order of its time.
#[derive(Debug, Clone, Default)]
pub struct History {
    pub run: Option<Run>,
    pub faults: Vec<Fault>,
    pub paces: Vec<Pace>,
    pub writes: Vec<Write>,
    pub clients: Vec<Client>,
    pub opened: Vec<Opened>,
    pub heard: Vec<Heard>,
    pub mails: Vec<Mail>,
    pub rows: Vec<Row>,
    pub changes: Vec<Change>,
    pub logged: Vec<(usize, String)>,
    pub left: Vec<Left>,
}

impl FromIterator<Record> for History {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Self {
        let mut history = Self::default();
        for record in records {
            match record {
                Record::Run(run) => history.run = Some(run),
                Record::Fault(fault) => history.faults.push(fault),
                Record::Pace(pace) => history.paces.push(pace),
                Record::Write(write) => history.writes.push(write),
                Record::Client(client) => history.clients.push(client),
                Record::Opened(opened) => history.opened.push(opened),
                Record::Heard(heard) => history.heard.push(heard),
                Record::Mail(mail) => history.mails.push(mail),
                Record::Row(row) => history.rows.push(row),
                Record::Change(change) => history.changes.push(change),
                Record::Logged { node, line } => history.logged.push((node, line)),
                Record::Left(left) => history.left.push(left),
            }
        }
        history.faults.sort_by_key(|fault| fault.from);
        history.opened.sort_by_key(|opened| opened.connection);
        history
    }
}

impl History {
    /// Reads one that was kept.
    pub fn read(path: &Path) -> Self {
        let lines = BufReader::new(File::open(path).unwrap()).lines();
        lines.map(|line| serde_json::from_str::<Record>(&line.unwrap()).unwrap()).collect()
    }
}

/// Takes what happens, from every task at once.
pub struct Recorder {
    began: Instant,
    kept: Mutex<(BufWriter<File>, Vec<Record>)>,
}

impl Recorder {
    /// Writes to `path` as well, so that a run that is cut short leaves something to look at.
    pub fn create(path: &Path) -> Self {
        let file = BufWriter::new(File::create(path).unwrap());
        Self { began: Instant::now(), kept: Mutex::new((file, Vec::new())) }
    }

    /// The present instant.
    pub fn now(&self) -> Millis {
        u64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    /// Takes note of `record`.
    pub fn note(&self, record: Record) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_writer(&mut kept.0, &record).unwrap();
        kept.0.write_all(b"\n").unwrap();
        kept.1.push(record);
    }

    /// Whose sign-up was acknowledged until now.
    pub fn signed_up(&self) -> Vec<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let address = |record: &Record| match record {
            Record::Write(write) if write.kind == "sign_up" && write.outcome == Outcome::Done => {
                Some(write.user.clone())
            }
            _ => None,
        };
        kept.1.iter().filter_map(address).collect()
    }

    /// All that was noted until now.
    pub fn history(&self) -> History {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0.flush().unwrap();
        kept.1.iter().cloned().collect()
    }
}
